package fleet

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/drover-iot/drover/engine/commit"
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

// CreateGroup creates a static thing group. Creating an equal one again returns the one that exists (R-ID-49).
func (s *Service) CreateGroup(ctx context.Context, in NewGroup) (created registry.Group, err error) {
	in.Attributes = registry.MergeAttributes(nil, in.Attributes, false)
	if err := registry.CheckAttributes(in.Attributes, registry.MaxAttributes); err != nil {
		return created, err
	}
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		parent, err := parentFor(tx, in.Parent)
		if err != nil {
			return err
		}
		created, err = tx.GroupByName(in.Name)
		if err == nil {
			equal := created.Parent == parent && created.Description == in.Description && maps.Equal(created.Attributes, in.Attributes)
			if equal && !created.Dynamic() && created.Work != registry.Emptying {
				return nil
			}
			return Exists(registry.KindGroup, in.Name, created.UUID)
		}
		if !commit.Missing(err) {
			return err
		}
		created = registry.Group{
			ID: tx.Keys.Group(), Name: in.Name, UUID: s.IDs.UUID(), Parent: parent,
			Description: in.Description, Attributes: in.Attributes, Version: 1, CreatedAt: tx.Now,
		}
		tx.Changes.Registry.CreatedGroups = []registry.Group{created}
		tx.TagNew(registry.KindGroup, in.Name, tags)
		return nil
	})
	return created, err
}

// parentFor finds the parent of a new group and checks that it may have one more child (R-ID-11).
func parentFor(tx *commit.Tx, name string) (registry.GroupID, error) {
	if name == "" {
		return 0, nil
	}
	parent, err := tx.GroupByName(name)
	if err != nil {
		return 0, commit.OrNotFound(err, fault.New(fault.Invalid, "parentGroupName: thing group %s does not exist", name))
	}
	if parent.Work == registry.Emptying {
		return 0, beingDeleted(name)
	}
	if parent.Dynamic() { // R-ID-38
		return 0, fault.New(fault.Invalid, "parentGroupName: thing group %s is dynamic and has no children", name)
	}
	path, err := PathTo(tx, parent)
	if err != nil {
		return 0, err
	}
	if len(path) >= registry.MaxGroupDepth {
		return 0, fault.New(fault.Invalid, "parentGroupName: %s is %d groups deep, at most %d are allowed", name, len(path), registry.MaxGroupDepth)
	}
	children, err := tx.Groups(store.GroupQuery{Children: &parent.ID, Limit: registry.MaxGroupChildren})
	if err == nil && len(children) >= registry.MaxGroupChildren {
		err = fault.New(fault.Invalid, "parentGroupName: %s has %d children, the most that are allowed", name, len(children))
	}
	return parent.ID, err
}

// GroupView is a group with its ancestors, the root first (R-ID-50).
type GroupView struct {
	registry.Group
	Ancestors []registry.Group
}

// DescribeGroup returns a group.
func (s *Service) DescribeGroup(ctx context.Context, name string) (view GroupView, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err := r.GroupByName(name)
		if err != nil {
			return commit.OrNotFound(err, NoGroup(name))
		}
		path, err := PathTo(r, found)
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
	if err := checkVersion(u.ExpectedVersion, g.Version); err != nil {
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
func (s *Service) UpdateGroup(ctx context.Context, name string, u GroupUpdate) (version int64, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.GroupByName(name)
		if err != nil {
			return commit.OrNotFound(err, NoGroup(name))
		}
		if found.Dynamic() {
			return fault.New(fault.Invalid, "thing group %s is dynamic; use UpdateDynamicThingGroup", name)
		}
		if found.Work == registry.Emptying {
			return beingDeleted(name)
		}
		if found, err = u.apply(found); err != nil {
			return err
		}
		version = found.Version
		tx.Changes.Registry.UpdatedGroups = []registry.Group{found}
		return nil
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
func (s *Service) ListGroups(ctx context.Context, f GroupFilter) (groups []registry.Group, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
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
			return commit.OrNotFound(err, NoGroup(*f.Parent))
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
	tree, err := WithDescendants(r, parent)
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
// exist is no error.
func (s *Service) DeleteGroup(ctx context.Context, name string, expected *int64) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.GroupByName(name)
		if commit.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if found.Dynamic() { // R-ID-12
			return fault.New(fault.Invalid, "thing group %s is dynamic; use DeleteDynamicThingGroup", name)
		}
		children, err := tx.Groups(store.GroupQuery{Children: &found.ID, Limit: 1})
		if err != nil {
			return err
		}
		if len(children) > 0 {
			return fault.New(fault.Invalid, "thing group %s has child groups; delete them first", name)
		}
		if err := checkVersion(expected, found.Version); err != nil { // after the state, R-ERR-9
			return err
		}
		found.Work = registry.Emptying
		tx.Changes.Registry.UpdatedGroups = []registry.Group{found}
		return DetachPolicies(tx, registry.GroupTarget, name)
	})
}
