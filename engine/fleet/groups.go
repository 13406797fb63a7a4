package fleet

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Static thing groups. A new group has no members, so that creating one is one row. Deleting one
// may take long: its row is marked at once, and its members leave in steps (memberwork.go).

// NewGroup is what CreateThingGroup asks for.
type NewGroup struct {
	Name, Parent, Description string // Parent is a name, empty for a root group
	Attributes                map[string]string
	Tags                      []registry.Tag
}

// CreateGroup creates a static thing group. Creating an equal one again returns the one that exists
// (R-ID-49).
func (s *Service) CreateGroup(
	ctx context.Context, in NewGroup,
) (created registry.Group, err error) {
	in.Attributes = registry.MergeAttributes(nil, in.Attributes, false)
	if err := registry.CheckAttributes(in.Attributes, registry.MaxGroupAttributes); err != nil {
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
		wanted := registry.Group{
			Name:        in.Name,
			Parent:      parent,
			Description: in.Description,
			Attributes:  in.Attributes,
		}
		created, err = s.createGroup(tx, wanted, tags)
		return err
	})
	return created, err
}

// createGroup creates a group, unless the same one is there already. Another one of the name is in
// its way.
func (s *Service) createGroup(
	tx *commit.Tx, wanted registry.Group, tags map[string]string,
) (registry.Group, error) {
	there, err := tx.GroupByName(wanted.Name)
	if err == nil && there.SameAs(wanted) {
		return there, nil
	}
	if err == nil {
		return there, there.Taken()
	}
	if !commit.Missing(err) {
		return there, err
	}
	if wanted.Dynamic() {
		others, err := tx.DynamicGroups()
		if err != nil {
			return there, err
		}
		if err := registry.CheckDynamicGroups(len(others)); err != nil {
			return there, err
		}
		wanted.Work = registry.Building
	}
	wanted.ID, wanted.UUID, wanted.Version, wanted.CreatedAt = tx.Keys.Group(), s.IDs.UUID(), 1, tx.Now
	tx.Changes.Registry.CreatedGroups = []registry.Group{wanted}
	tx.TagNew(registry.KindGroup, wanted.Name, tags)
	return wanted, nil
}

// parentFor finds the parent of a new group and checks that it may have one more child.
func parentFor(tx *commit.Tx, name string) (registry.GroupID, error) {
	if name == "" {
		return 0, nil
	}
	parent, err := tx.GroupByName(name)
	if err != nil {
		absent := fault.New(fault.Invalid, "parentGroupName: thing group %s does not exist", name)
		return 0, commit.OrNotFound(err, absent)
	}
	path, err := PathTo(tx, parent)
	if err != nil {
		return 0, err
	}
	children, err := tx.Groups(
		store.GroupQuery{Children: &parent.ID, Limit: registry.MaxGroupChildren})
	if err != nil {
		return 0, err
	}
	return parent.ID, registry.CanNest(parent, len(path), len(children))
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

// UpdateGroup changes the properties of a static group and returns its new version.
func (s *Service) UpdateGroup(
	ctx context.Context, name string, u registry.GroupUpdate,
) (version int64, err error) {
	return s.updateGroup(ctx, name, func(g registry.Group) (registry.Group, error) { return g.Update(u) })
}

// updateGroup stores what update makes of a group, and returns its new version.
func (s *Service) updateGroup(
	ctx context.Context, name string, update func(registry.Group) (registry.Group, error),
) (version int64, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.GroupByName(name)
		if err != nil {
			return commit.OrNotFound(err, NoGroup(name))
		}
		if found, err = update(found); err != nil {
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
	// Parent is the name of the group whose children are listed; with Recursive also those below.
	// Without a parent, Recursive false keeps root groups only.
	Parent    *string
	Recursive *bool
	Prefix    string
	After     string
	Limit     int
}

// ListGroups lists groups by name (R-ID-12, R-ID-52). Where it stopped before the page was full,
// after so many groups, more is the name to go on after (R-WIRE-27).
func (s *Service) ListGroups(
	ctx context.Context, f GroupFilter,
) (groups []registry.Group, more string, err error) {
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
		groups, more, err = descendants(ctx, r, parent.ID, q)
		return err
	})
	return groups, more, err
}

// descendants lists the groups below a group, by name: it goes through all groups and leaves out
// those that are not below it.
func descendants(
	ctx context.Context, r store.GroupReader, top registry.GroupID, q store.GroupQuery,
) (below []registry.Group, more string, err error) {
	tree := lineage{GroupReader: r, top: top, below: map[registry.GroupID]bool{}}
	below, stopped, err := store.Filter(ctx, q.Limit,
		func(after *registry.Group, limit int) ([]registry.Group, error) {
			if q.Limit = limit; after != nil {
				q.After = after.Name
			}
			return r.Groups(q)
		}, tree.isBelow)
	if stopped != nil {
		more = stopped.Name
	}
	return below, more, err
}

// DeleteGroup deletes a static group without children: its things leave it and its attachments go
// (R-ID-12). A small group is gone when this returns, a larger one when its last member has left it
// in the background (R-JOB-61). A group that does not exist is no error.
func (s *Service) DeleteGroup(ctx context.Context, name string, expected *int64) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.GroupByName(name)
		if commit.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		children, err := tx.Groups(store.GroupQuery{Children: &found.ID, Limit: 1})
		if err != nil {
			return err
		}
		if found, err = found.Delete(len(children) > 0, expected); err != nil {
			return err
		}
		tx.Changes.Registry.UpdatedGroups = []registry.Group{found}
		return DetachPolicies(tx, registry.GroupTarget, name)
	})
}
