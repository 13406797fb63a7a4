package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// The operations of tags, on whatever resource may have some. Which kinds may is known to package
// engine/tags; the rules that tags obey are in registry.

func (p *Plane) bindTags(r *schema.Router) {
	schema.Handle(r, iot.TagResource, p.TagResource)
	schema.Handle(r, iot.UntagResource, p.UntagResource)
	schema.Handle(r, iot.ListTagsForResource, p.ListTagsForResource)
}

// givenTags reads the tags of a request. A tag without a value has the empty one (R-ID-43).
func givenTags(given []iot.Tag) []registry.Tag {
	return convert(given, func(t iot.Tag) registry.Tag {
		return registry.Tag{
			Key:   string(t.Key),
			Value: string(value(t.Value)),
		}
	})
}

// TagResource adds tags to a resource, or replaces the values of those that it has (R-API-37).
func (p *Plane) TagResource(
	ctx context.Context, in *iot.TagResourceRequest,
) (*schema.Nothing, error) {
	resource, err := p.taggable(string(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	nameOf(ctx, "resource", resource.Kind+"/"+resource.Name)
	return &schema.Nothing{}, p.Tags.Tag(ctx, resource.Kind, resource.Name, givenTags(in.Tags))
}

// UntagResource removes tags from a resource by their keys. Keys that it does not have are
// ignored (R-API-37).
func (p *Plane) UntagResource(
	ctx context.Context, in *iot.UntagResourceRequest,
) (*schema.Nothing, error) {
	resource, err := p.taggable(string(in.ResourceArn))
	if err != nil {
		return nil, err
	}
	nameOf(ctx, "resource", resource.Kind+"/"+resource.Name)
	keys := convert(in.TagKeys, func(k iot.TagKey) string { return string(k) })
	return &schema.Nothing{}, p.Tags.Untag(ctx, resource.Kind, resource.Name, keys)
}

// ListTagsForResource lists the tags of a resource by key, all at once. No answer has a token, so a
// request with one is refused (R-WIRE-24).
func (p *Plane) ListTagsForResource(
	ctx context.Context, in *iot.ListTagsForResourceRequest,
) (*iot.ListTagsForResourceResponse, error) {
	return list(p, iot.ListTagsForResource, in,
		func(*string, int) ([]registry.Tag, error) {
			resource, err := p.taggable(string(in.ResourceArn))
			if err != nil {
				return nil, err
			}
			return p.Tags.List(ctx, resource.Kind, resource.Name)
		},
		func(t registry.Tag) string { return t.Key },
		func(t registry.Tag) iot.Tag {
			return iot.Tag{Key: iot.TagKey(t.Key), Value: new(iot.TagValue(t.Value))}
		})
}
