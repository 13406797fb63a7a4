package engine

import (
	"context"
	"maps"
	"slices"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// taggable lists the kinds of resource that may have tags, in the words of their ARNs, and how each is looked up
// (R-API-36, R-ID-43).
var taggable = map[string]func(r store.Reader, name string) error{
	registry.KindJob: func(r store.Reader, id string) error {
		_, err := r.JobByID(id)
		return either(err, noJob(id))
	},
	registry.KindTemplate: func(r store.Reader, id string) error {
		_, err := r.Template(id)
		return either(err, noTemplate(id))
	},
	registry.KindGroup: func(r store.Reader, name string) error {
		_, err := r.GroupByName(name)
		return either(err, noGroup(name))
	},
	registry.KindType: func(r store.Reader, name string) error {
		_, err := r.ThingType(name)
		return either(err, noThingType(name))
	},
	registry.KindPolicy: func(r store.Reader, name string) error {
		_, err := r.Policy(name)
		return either(err, noPolicy(name))
	},
}

// tagged names the resource of an ARN, if its kind may have tags.
func (e *Engine) tagged(text string) (registry.ARN, error) {
	return e.Scope.Parse("resourceArn", text, slices.Sorted(maps.Keys(taggable))...)
}

// TagResource adds tags to a resource, or overwrites those it has by key (R-API-37).
func (e *Engine) TagResource(ctx context.Context, resource string, given []registry.Tag) error {
	arn, err := e.tagged(resource)
	if err != nil {
		return err
	}
	tags, err := registry.CheckTags(given)
	if err != nil {
		return err
	}
	return e.retag(ctx, arn, func(stored map[string]string) (map[string]string, error) { return registry.AddTags(stored, tags) })
}

// UntagResource takes tags off a resource (R-API-37).
func (e *Engine) UntagResource(ctx context.Context, resource string, keys []string) error {
	arn, err := e.tagged(resource)
	if err != nil {
		return err
	}
	return e.retag(ctx, arn, func(stored map[string]string) (map[string]string, error) {
		return registry.RemoveTags(stored, keys), nil
	})
}

func (e *Engine) retag(ctx context.Context, arn registry.ARN, change func(map[string]string) (map[string]string, error)) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		if err := taggable[arn.Kind](g, arn.Name); err != nil {
			return out, err
		}
		stored, err := g.Tags(arn.Kind, arn.Name)
		if err != nil {
			return out, err
		}
		tags, err := change(stored)
		if err == nil && !maps.Equal(stored, tags) {
			out.tag(arn.Kind, arn.Name, tags)
		}
		return out, err
	})
}

// Tags returns the tags of a resource, by key (R-WIRE-24).
func (e *Engine) Tags(ctx context.Context, resource string) (tags []registry.Tag, err error) {
	arn, err := e.tagged(resource)
	if err != nil {
		return nil, err
	}
	err = e.Store.Read(ctx, func(r store.Reader) error {
		if err := taggable[arn.Kind](r, arn.Name); err != nil {
			return err
		}
		stored, err := r.Tags(arn.Kind, arn.Name)
		for _, key := range slices.Sorted(maps.Keys(stored)) {
			tags = append(tags, registry.Tag{Key: key, Value: stored[key]})
		}
		return err
	})
	return tags, err
}

// tag sets the tags of a resource; none takes all away, as whoever deletes a resource must (R-JOB-37).
func (o *outcome) tag(kind, name string, tags map[string]string) {
	o.Registry.Tagged = append(o.Registry.Tagged, registry.Tagged{Kind: kind, Name: name, Tags: tags})
}

// label sets the tags that a new resource was given.
func (o *outcome) label(kind, name string, tags map[string]string) {
	if len(tags) > 0 {
		o.tag(kind, name, tags)
	}
}

func noThingType(name string) *fault.Error {
	return fault.New(fault.NotFound, "thing type %s does not exist", name)
}
