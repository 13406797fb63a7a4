package fleet

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
)

// NewDynamicGroup is what CreateDynamicThingGroup asks for.
type NewDynamicGroup struct {
	Name, Description string
	Attributes        map[string]string
	// Query is a fleet query, such as "attributes.fw<2.4 AND thingGroupNames:site-1".
	Query string
	Tags  []registry.Tag
}

// CreateDynamicGroup creates a dynamic thing group. In a small fleet it has its members when this
// returns, in a larger one they follow in the background. Creating an equal one again returns the
// one that exists (R-ID-57).
func (s *Service) CreateDynamicGroup(
	ctx context.Context, in NewDynamicGroup,
) (created registry.Group, err error) {
	in.Attributes = registry.MergeAttributes(nil, in.Attributes, false)
	if err := registry.CheckAttributes(in.Attributes, registry.MaxGroupAttributes); err != nil {
		return created, err
	}
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	if _, err := fleetquery.Parse(in.Query); err != nil {
		return created, err
	}
	wanted := registry.Group{
		Name:        in.Name,
		Description: in.Description,
		Attributes:  in.Attributes,
		Query:       in.Query,
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) (err error) {
		created, err = s.createGroup(tx, wanted, tags)
		return err
	})
	return created, err
}

// UpdateDynamicGroup changes the properties of a dynamic group, or with a query its members, and
// returns its new version.
func (s *Service) UpdateDynamicGroup(
	ctx context.Context, name string, u registry.GroupUpdate, query *string,
) (version int64, err error) {
	if query != nil {
		if _, err := fleetquery.Parse(*query); err != nil {
			return 0, err
		}
	}
	return s.updateGroup(ctx, name, func(g registry.Group) (registry.Group, error) {
		return g.UpdateDynamic(u, query)
	})
}

// DeleteDynamicGroup deletes a dynamic group: a small one is gone when this returns, a larger one
// when its last member has left it in the background. One that does not exist is no error.
func (s *Service) DeleteDynamicGroup(ctx context.Context, name string, expected *int64) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.GroupByName(name)
		if commit.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if found, err = found.DeleteDynamic(expected); err != nil {
			return err
		}
		tx.Changes.Registry.UpdatedGroups = []registry.Group{found}
		return nil
	})
}
