package fleet

import (
	"context"
	"maps"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// NewDynamicGroup is what CreateDynamicThingGroup asks for.
type NewDynamicGroup struct {
	Name, Description string
	Attributes        map[string]string
	Query             string
	Tags              []registry.Tag
}

// CreateDynamicGroup creates a dynamic thing group. In a small fleet it has its members when this returns, in a larger
// one they follow in the background. Creating an equal one again returns the one that exists (R-ID-57).
func (s *Service) CreateDynamicGroup(ctx context.Context, in NewDynamicGroup) (created registry.Group, err error) {
	in.Attributes = registry.MergeAttributes(nil, in.Attributes, false)
	if err := registry.CheckAttributes(in.Attributes, registry.MaxAttributes); err != nil {
		return created, err
	}
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	if _, err := registry.ParseQuery(in.Query); err != nil {
		return created, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		created, err = tx.GroupByName(in.Name)
		if err == nil {
			equal := created.Query == in.Query && created.Description == in.Description && maps.Equal(created.Attributes, in.Attributes)
			if equal && created.Work != registry.Emptying {
				return nil
			}
			return Exists(registry.KindGroup, in.Name, created.UUID)
		}
		if !commit.Missing(err) {
			return err
		}
		others, err := tx.DynamicGroups()
		if err != nil {
			return err
		}
		if len(others) >= registry.MaxDynamicGroups {
			return fault.New(fault.Limit, "there are %d dynamic thing groups, the most that are allowed", len(others))
		}
		created = registry.Group{
			ID: tx.Keys.Group(), Name: in.Name, UUID: s.IDs.UUID(), Description: in.Description, Attributes: in.Attributes,
			Query: in.Query, Version: 1, CreatedAt: tx.Now, Work: registry.Building,
		}
		tx.Changes.Registry.CreatedGroups = []registry.Group{created}
		tx.TagNew(registry.KindGroup, in.Name, tags)
		return nil
	})
	return created, err
}

// UpdateDynamicGroup changes the properties of a dynamic group, or with a query its members, and returns its new version.
func (s *Service) UpdateDynamicGroup(ctx context.Context, name string, u GroupUpdate, query *string) (version int64, err error) {
	if query != nil {
		if _, err := registry.ParseQuery(*query); err != nil {
			return 0, err
		}
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.GroupByName(name)
		if err != nil {
			return commit.OrNotFound(err, NoGroup(name))
		}
		if !found.Dynamic() {
			return fault.New(fault.Invalid, "thing group %s is static; use UpdateThingGroup", name)
		}
		if found.Work == registry.Emptying {
			return beingDeleted(name)
		}
		if found, err = u.apply(found); err != nil {
			return err
		}
		if query != nil && *query != found.Query {
			found.Query, found.Work, found.Scanned = *query, registry.Rebuilding, ""
		}
		version = found.Version
		tx.Changes.Registry.UpdatedGroups = []registry.Group{found}
		return nil
	})
	return version, err
}

// DeleteDynamicGroup deletes a dynamic group: a small one is gone when this returns, a larger one when its last member
// has left it in the background. One that does not exist is no error.
func (s *Service) DeleteDynamicGroup(ctx context.Context, name string, expected *int64) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.GroupByName(name)
		if commit.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if !found.Dynamic() {
			return fault.New(fault.Invalid, "thing group %s is static; use DeleteThingGroup", name)
		}
		if err := checkVersion(expected, found.Version); err != nil { // after the state, R-ERR-9
			return err
		}
		found.Work, found.Scanned = registry.Emptying, ""
		tx.Changes.Registry.UpdatedGroups = []registry.Group{found}
		return nil
	})
}
