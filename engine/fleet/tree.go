package fleet

import (
	"slices"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Static thing groups form trees. The functions here walk them, in a read of the store or in a
// commit. A tree is bounded in depth by registry.MaxGroupDepth, and may have very many groups: no
// request reads all of them.

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

// NextGroup returns the place after a group in a walk through a group and all groups below it: the
// first group below it, else the next group beside it, else the one beside the group above it, and
// so on; ok is false after the last one. With site-1 above hall-a and hall-b, and line-1 below
// hall-a, the order is site-1, hall-a, line-1, hall-b. A place is the path from the top, which is
// not part of it. Groups on the path may have been deleted meanwhile: what comes after their names
// follows.
func NextGroup(
	r store.GroupReader, top registry.GroupID, path registry.GroupPath,
) (next registry.GroupPath, ok bool, err error) {
	for after := ""; ; path = path[:len(path)-1] {
		parent := path.Group(top)
		found, err := r.Groups(store.GroupQuery{Children: &parent, After: after, Limit: 1})
		if err != nil {
			return nil, false, err
		}
		if len(found) > 0 {
			below := registry.PathGroup{Group: found[0].ID, Name: found[0].Name}
			return append(slices.Clone(path), below), true, nil
		}
		if len(path) == 0 {
			return nil, false, nil
		}
		after = path[len(path)-1].Name
	}
}

// lineage answers whether groups lie below one group. It remembers what it has learned of their
// parents, which most groups share.
type lineage struct {
	store.GroupReader
	top   registry.GroupID
	below map[registry.GroupID]bool
}

// isBelow reports whether a group lies below the top.
func (l *lineage) isBelow(g registry.Group) (bool, error) {
	if g.Parent == 0 || g.Parent == l.top {
		return g.Parent == l.top, nil
	}
	if known, ok := l.below[g.Parent]; ok {
		return known, nil
	}
	parent, err := l.Group(g.Parent)
	if err != nil {
		return false, err
	}
	below, err := l.isBelow(parent)
	l.below[g.Parent] = below
	return below, err
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
