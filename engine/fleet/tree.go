package fleet

import (
	"slices"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Static thing groups form trees. The functions here walk them, in a read of the store or in a
// commit; a tree is bounded by registry.MaxGroupDepth and registry.MaxGroupChildren.

// PathTo returns the groups from the root down to and with the given one.
func PathTo(r store.GroupReader, g registry.Group) (registry.Path, error) {
	path := registry.Path{g}
	for g.Parent != 0 {
		var err error
		if g, err = r.Group(g.Parent); err != nil {
			return nil, err
		}
		path = append(path, g)
	}
	slices.Reverse(path)
	return path, nil
}

// WithDescendants returns a group and all groups below it: a group before its children, children by
// name.
// A tree has at most a few thousand groups, and each is read by one query.
func WithDescendants(r store.GroupReader, top registry.Group) ([]registry.Group, error) {
	tree := []registry.Group{top}
	children, err := r.Groups(store.GroupQuery{Children: &top.ID, Limit: registry.MaxGroupChildren})
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		below, err := WithDescendants(r, child)
		if err != nil {
			return nil, err
		}
		tree = append(tree, below...)
	}
	return tree, nil
}

// Reach returns the groups of memberships and all groups above them: through each of them a thing
// is a target (R-JOB-50).
func Reach(
	r store.GroupReader, memberships []registry.Membership,
) (groups []registry.GroupID, err error) {
	for _, m := range memberships {
		for at := m.Group; at != 0; {
			groups = append(groups, at)
			above, err := r.Group(at)
			if err != nil {
				return nil, err
			}
			at = above.Parent
		}
	}
	return groups, nil
}
