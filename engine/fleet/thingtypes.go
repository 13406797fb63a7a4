package fleet

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// NewThingType is what CreateThingType asks for.
type NewThingType struct {
	Name       string
	Properties registry.TypeProperties
	Tags       []registry.Tag
}

// CreateThingType creates a thing type. Creating an equal one again returns the one that exists
// (R-ID-48).
func (s *Service) CreateThingType(
	ctx context.Context, in NewThingType,
) (created registry.ThingType, err error) {
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		created, err = tx.ThingType(in.Name)
		if err == nil {
			if created.Properties.Equal(in.Properties) {
				return nil
			}
			return registry.Exists(registry.KindType, in.Name, created.UUID)
		}
		if !commit.Missing(err) {
			return err
		}
		created = registry.ThingType{
			Name:       in.Name,
			UUID:       s.IDs.UUID(),
			Properties: in.Properties,
			CreatedAt:  tx.Now,
		}
		tx.Changes.Registry.ThingTypes = []registry.ThingType{created}
		tx.TagNew(registry.KindType, in.Name, tags)
		return nil
	})
	return created, err
}

// DescribeThingType returns a thing type.
func (s *Service) DescribeThingType(
	ctx context.Context, name string,
) (found registry.ThingType, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.ThingType(name)
		return commit.OrNotFound(err, NoThingType(name))
	})
	return found, err
}

// ListThingTypes lists thing types by name.
func (s *Service) ListThingTypes(
	ctx context.Context, prefix, after string, limit int,
) (found []registry.ThingType, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.ThingTypes(prefix, after, limit)
		return err
	})
	return found, err
}

// DeprecateThingType deprecates a thing type, or with undo takes that back; repeating it has no
// effect (R-ID-48).
func (s *Service) DeprecateThingType(ctx context.Context, name string, undo bool) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.ThingType(name)
		if err != nil {
			return commit.OrNotFound(err, NoThingType(name))
		}
		if !found.Deprecate(undo, tx.Now) {
			return nil
		}
		tx.Changes.Registry.ThingTypes = []registry.ThingType{found}
		return nil
	})
}

// DeleteThingType deletes a thing type that is deprecated and that no thing has (R-ID-10).
func (s *Service) DeleteThingType(ctx context.Context, name string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found, err := tx.ThingType(name)
		if err != nil {
			return commit.OrNotFound(err, NoThingType(name))
		}
		things, err := tx.Things(store.ThingQuery{Type: name, Limit: 1})
		if err != nil {
			return err
		}
		if err := found.CheckDelete(len(things) > 0); err != nil {
			return err
		}
		tx.Changes.Registry.DeletedThingTypes = []string{name}
		tx.SetTags(registry.KindType, name, nil)
		return nil
	})
}

// typeFor finds the type that a thing is to get; it must exist and take things. The empty name is
// none.
// Faults: NotFound for a type that does not exist, Invalid for a deprecated one (R-ID-5).
func typeFor(tx *commit.Tx, name string) error {
	if name == "" {
		return nil
	}
	found, err := tx.ThingType(name)
	if err != nil {
		return commit.OrNotFound(err, NoThingType(name))
	}
	return found.CheckUsable()
}
