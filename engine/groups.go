package engine

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// NewGroup is what CreateThingGroup asks for.
type NewGroup struct {
	Name, Parent, Description string // Parent is a name, empty for a root group
	Attributes                map[string]string
	Tags                      []registry.Tag
}

func noGroup(name string) *fault.Error {
	return fault.New(fault.NotFound, "thing group %s does not exist", name)
}

// CreateGroup creates a static thing group. Creating an equal one again returns the one that exists (R-ID-49).
func (e *Engine) CreateGroup(ctx context.Context, in NewGroup) (created registry.Group, err error) {
	in.Attributes = registry.MergeAttributes(nil, in.Attributes, false)
	if err := registry.CheckAttributes(in.Attributes, registry.MaxAttributes); err != nil {
		return created, err
	}
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		parent, err := g.parentFor(in.Parent)
		if err != nil {
			return out, err
		}
		created, err = g.GroupByName(in.Name)
		if err == nil {
			equal := created.Parent == parent && created.Description == in.Description && maps.Equal(created.Attributes, in.Attributes)
			if equal && !created.Dynamic() && created.Work != registry.Emptying {
				return out, nil
			}
			return out, e.exists(registry.KindGroup, in.Name, created.UUID)
		}
		if !missing(err) {
			return out, err
		}
		created = registry.Group{
			ID: g.keys.Group(), Name: in.Name, UUID: e.IDs.UUID(), Parent: parent,
			Description: in.Description, Attributes: in.Attributes, Version: 1, CreatedAt: g.now,
		}
		out.Registry.CreatedGroups = []registry.Group{created}
		out.label(registry.KindGroup, in.Name, tags)
		return out, nil
	})
	return created, err
}

// parentFor finds the parent of a new group and checks that it may have one more child (R-ID-11).
func (g *group) parentFor(name string) (registry.GroupID, error) {
	if name == "" {
		return 0, nil
	}
	parent, err := g.GroupByName(name)
	if err != nil {
		return 0, either(err, fault.New(fault.Invalid, "parentGroupName: thing group %s does not exist", name))
	}
	if parent.Work == registry.Emptying {
		return 0, beingDeleted(name)
	}
	if parent.Dynamic() { // R-ID-38
		return 0, fault.New(fault.Invalid, "parentGroupName: thing group %s is dynamic and has no children", name)
	}
	path, err := pathTo(g, parent)
	if err != nil {
		return 0, err
	}
	if len(path) >= registry.MaxGroupDepth {
		return 0, fault.New(fault.Invalid, "parentGroupName: %s is %d groups deep, at most %d are allowed", name, len(path), registry.MaxGroupDepth)
	}
	children, err := g.Groups(store.GroupQuery{Children: &parent.ID, Limit: registry.MaxGroupChildren})
	if err == nil && len(children) >= registry.MaxGroupChildren {
		err = fault.New(fault.Invalid, "parentGroupName: %s has %d children, the most that are allowed", name, len(children))
	}
	return parent.ID, err
}

// pathTo returns the groups from the root down to and with the given one.
func pathTo(r store.GroupReader, g registry.Group) ([]registry.Group, error) {
	path := []registry.Group{g}
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

// withDescendants returns a group and all groups below it: a group before its children, children by name.
func withDescendants(r store.GroupReader, top registry.Group) ([]registry.Group, error) {
	tree := []registry.Group{top}
	children, err := r.Groups(store.GroupQuery{Children: &top.ID, Limit: registry.MaxGroupChildren})
	if err != nil {
		return nil, err
	}
	for _, child := range children {
		below, err := withDescendants(r, child)
		if err != nil {
			return nil, err
		}
		tree = append(tree, below...)
	}
	return tree, nil
}

// GroupView is a group with its ancestors, the root first (R-ID-50).
type GroupView struct {
	registry.Group
	Ancestors []registry.Group
}

// DescribeGroup returns a group.
func (e *Engine) DescribeGroup(ctx context.Context, name string) (view GroupView, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		found, err := r.GroupByName(name)
		if err != nil {
			return either(err, noGroup(name))
		}
		path, err := pathTo(r, found)
		if err == nil {
			view = GroupView{Group: found, Ancestors: path[:len(path)-1]}
		}
		return err
	})
	return view, err
}

// GroupUpdate is what UpdateThingGroup asks for. Description and Attributes are nil when absent.
type GroupUpdate struct {
	Description     *string
	Attributes      map[string]string
	Merge           bool
	ExpectedVersion *int64
}

// apply returns the group after the update, one version further (R-ID-13).
func (u GroupUpdate) apply(g registry.Group) (registry.Group, error) {
	if err := expect(u.ExpectedVersion, g.Version); err != nil {
		return g, err
	}
	if u.Description != nil {
		g.Description = *u.Description
	}
	if u.Attributes != nil {
		g.Attributes = registry.MergeAttributes(g.Attributes, u.Attributes, u.Merge)
	}
	g.Version++
	return g, registry.CheckAttributes(g.Attributes, registry.MaxAttributes)
}

// UpdateGroup changes the properties of a static group and returns its new version.
func (e *Engine) UpdateGroup(ctx context.Context, name string, u GroupUpdate) (version int64, err error) {
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		found, err := g.GroupByName(name)
		if err != nil {
			return out, either(err, noGroup(name))
		}
		if found.Dynamic() {
			return out, fault.New(fault.Invalid, "thing group %s is dynamic; use UpdateDynamicThingGroup", name)
		}
		if found.Work == registry.Emptying {
			return out, beingDeleted(name)
		}
		if found, err = u.apply(found); err != nil {
			return out, err
		}
		version = found.Version
		out.Registry.UpdatedGroups = []registry.Group{found}
		return out, nil
	})
	return version, err
}

// GroupFilter is what ListThingGroups filters by. Parent is nil without one.
type GroupFilter struct {
	Parent    *string
	Recursive *bool
	Prefix    string
	After     string
	Limit     int
}

// ListGroups lists groups by name (R-ID-12, R-ID-52).
func (e *Engine) ListGroups(ctx context.Context, f GroupFilter) (groups []registry.Group, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		q := store.GroupQuery{Prefix: f.Prefix, After: f.After, Limit: f.Limit}
		if f.Parent == nil {
			if f.Recursive != nil && !*f.Recursive {
				q.Children = new(registry.GroupID)
			}
			groups, err = r.Groups(q)
			return err
		}
		parent, err := r.GroupByName(*f.Parent)
		if err != nil {
			return either(err, noGroup(*f.Parent))
		}
		if f.Recursive == nil || !*f.Recursive {
			q.Children = &parent.ID
			groups, err = r.Groups(q)
			return err
		}
		groups, err = descendants(r, parent, q)
		return err
	})
	return groups, err
}

// descendants lists all groups below a parent by name.
func descendants(r store.GroupReader, parent registry.Group, q store.GroupQuery) ([]registry.Group, error) {
	tree, err := withDescendants(r, parent)
	if err != nil {
		return nil, err
	}
	below := slices.DeleteFunc(tree[1:], func(g registry.Group) bool {
		return g.Name <= q.After || !strings.HasPrefix(g.Name, q.Prefix)
	})
	slices.SortFunc(below, func(a, b registry.Group) int { return strings.Compare(a.Name, b.Name) })
	return below[:min(q.Limit, len(below))], nil
}

// DeleteGroup deletes a group without children: its things leave it and its attachments go (R-ID-12). A small group is gone
// when this returns, a larger one when its last member has left it in the background (R-JOB-61). A group that does not
// exist is deleted already.
func (e *Engine) DeleteGroup(ctx context.Context, name string, expected *int64) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		found, err := g.GroupByName(name)
		if missing(err) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		if found.Dynamic() { // R-ID-12
			return out, fault.New(fault.Invalid, "thing group %s is dynamic; use DeleteDynamicThingGroup", name)
		}
		children, err := g.Groups(store.GroupQuery{Children: &found.ID, Limit: 1})
		if err != nil {
			return out, err
		}
		if len(children) > 0 {
			return out, fault.New(fault.Invalid, "thing group %s has child groups; delete them first", name)
		}
		if err := expect(expected, found.Version); err != nil { // after the state, R-ERR-9
			return out, err
		}
		found.Work = registry.Emptying
		out.Registry.UpdatedGroups = []registry.Group{found}
		return out, g.detachAll(&out, registry.GroupTarget, name)
	})
}

// beingDeleted is the fault of what cannot be done with a group any more.
func beingDeleted(name string) *fault.Error {
	return fault.New(fault.Invalid, "thing group %s is being deleted", name)
}

// leave takes one member out of a group.
func (g *group) leave(out *outcome, left registry.GroupID, member registry.Member) error {
	before, err := g.Memberships(member.Thing)
	if err != nil {
		return err
	}
	after := slices.DeleteFunc(slices.Clone(before), func(m registry.Membership) bool { return m.Group == left })
	thing, err := g.Thing(member.Thing)
	if err != nil {
		return err
	}
	if after, err = g.classify(thing, after); err != nil {
		return err
	}
	return g.regroup(out, member.Thing, before, after)
}
