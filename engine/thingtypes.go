package engine

import (
	"context"
	"time"

	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// NewThingType is what CreateThingType asks for.
type NewThingType struct {
	Name       string
	Properties registry.TypeProperties
	Tags       []registry.Tag
}

// CreateThingType creates a thing type. Creating an equal one again returns the one that exists (R-ID-48).
func (e *Engine) CreateThingType(ctx context.Context, in NewThingType) (created registry.ThingType, err error) {
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		created, err = g.ThingType(in.Name)
		if err == nil {
			if created.Properties.Equal(in.Properties) {
				return out, nil
			}
			return out, e.exists(registry.KindType, in.Name, created.UUID)
		}
		if !missing(err) {
			return out, err
		}
		created = registry.ThingType{Name: in.Name, UUID: e.IDs.UUID(), Properties: in.Properties, CreatedAt: g.now}
		out.Registry.ThingTypes = []registry.ThingType{created}
		out.label(registry.KindType, in.Name, tags)
		return out, nil
	})
	return created, err
}

// DescribeThingType returns a thing type.
func (e *Engine) DescribeThingType(ctx context.Context, name string) (found registry.ThingType, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.ThingType(name)
		return either(err, noThingType(name))
	})
	return found, err
}

// ListThingTypes lists thing types by name.
func (e *Engine) ListThingTypes(ctx context.Context, prefix, after string, limit int) (found []registry.ThingType, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.ThingTypes(prefix, after, limit)
		return err
	})
	return found, err
}

// DeprecateThingType deprecates a thing type, or with undo takes that back; what is so already is no change (R-ID-48).
func (e *Engine) DeprecateThingType(ctx context.Context, name string, undo bool) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		found, err := g.ThingType(name)
		if err != nil {
			return out, either(err, noThingType(name))
		}
		if found.Deprecated() != undo {
			return out, nil
		}
		found.DeprecatedAt = g.now
		if undo {
			found.DeprecatedAt = time.Time{}
		}
		out.Registry.ThingTypes = []registry.ThingType{found}
		return out, nil
	})
}

// DeleteThingType deletes a thing type that is deprecated and that no thing has (R-ID-10).
func (e *Engine) DeleteThingType(ctx context.Context, name string) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		found, err := g.ThingType(name)
		if err != nil {
			return out, either(err, noThingType(name))
		}
		things, err := g.Things(store.ThingQuery{Type: name, Limit: 1})
		if err != nil {
			return out, err
		}
		if err := found.CheckDelete(len(things) > 0); err != nil {
			return out, err
		}
		out.Registry.DeletedThingTypes = []string{name}
		out.tag(registry.KindType, name, nil)
		return out, nil
	})
}

// typeFor finds the type that a thing is to get; it must exist and take things. The empty name is none.
func (g *group) typeFor(name string) error {
	if name == "" {
		return nil
	}
	found, err := g.ThingType(name)
	if err != nil {
		return either(err, noThingType(name))
	}
	return found.CheckUsable()
}
