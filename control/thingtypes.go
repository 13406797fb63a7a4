package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// The operations of thing types. A type says which attributes of its things are meant for
// searching and which are meant to be added to their messages. It does not change once it was
// created, but may be deprecated.

func (p *Plane) bindTypes(r *schema.Router) {
	schema.Handle(r, iot.CreateThingType, p.CreateThingType)
	schema.Handle(r, iot.DescribeThingType, p.DescribeThingType)
	schema.Handle(r, iot.ListThingTypes, p.ListThingTypes)
	schema.Handle(r, iot.DeprecateThingType, p.DeprecateThingType)
	schema.Handle(r, iot.DeleteThingType, p.DeleteThingType)
}

// CreateThingType creates a thing type. Repeating it with the same properties answers the same id
// (R-ID-48).
func (p *Plane) CreateThingType(
	ctx context.Context, in *iot.CreateThingTypeRequest,
) (*iot.CreateThingTypeResponse, error) {
	created, err := p.Fleet.CreateThingType(ctx, fleet.NewThingType{
		Name:       string(in.ThingTypeName),
		Properties: typeProperties(value(in.ThingTypeProperties)),
		Tags:       givenTags(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &iot.CreateThingTypeResponse{
		ThingTypeName: in.ThingTypeName,
		ThingTypeArn:  p.arn(ctx, registry.KindType, created.Name),
		ThingTypeID:   created.UUID,
	}, nil
}

// typeProperties reads the properties of a type. An absent list is as an empty one.
func typeProperties(in iot.ThingTypeProperties) registry.TypeProperties {
	return registry.TypeProperties{
		Description: string(value(in.ThingTypeDescription)),
		Searchable:  in.SearchableAttributes,
		Propagating: convert(value(in.Mqtt5Configuration).PropagatingAttributes, propagated),
	}
}

// propagated reads an attribute that the broker adds to messages: where its value comes from, and
// under which key it is added.
func propagated(a iot.PropagatingAttribute) registry.Propagated {
	return registry.Propagated{
		UserPropertyKey:     value(a.UserPropertyKey),
		ThingAttribute:      string(value(a.ThingAttribute)),
		ConnectionAttribute: value(a.ConnectionAttribute),
	}
}

// showPropagated is the reverse of propagated.
func showPropagated(a registry.Propagated) iot.PropagatingAttribute {
	return iot.PropagatingAttribute{
		UserPropertyKey:     optional(a.UserPropertyKey),
		ThingAttribute:      optional(iot.AttributeName(a.ThingAttribute)),
		ConnectionAttribute: optional(a.ConnectionAttribute),
	}
}

// showType is a thing type as answers show it. Its properties are {} when none were given, and
// the list of propagated attributes is left out when it is empty (R-ID-48).
func (p *Plane) showType(ctx context.Context) func(registry.ThingType) iot.ThingTypeDefinition {
	return func(t registry.ThingType) iot.ThingTypeDefinition {
		out := iot.ThingTypeDefinition{
			ThingTypeName: iot.ThingTypeName(t.Name),
			ThingTypeArn:  p.arn(ctx, registry.KindType, t.Name),
			ThingTypeProperties: iot.ThingTypeProperties{
				ThingTypeDescription: optional(iot.Text(t.Properties.Description)),
				SearchableAttributes: t.Properties.Searchable,
			},
			ThingTypeMetadata: iot.ThingTypeMetadata{
				Deprecated:      t.Deprecated(),
				DeprecationDate: at(t.DeprecatedAt),
				CreationDate:    schema.At(t.CreatedAt),
			},
		}
		if len(t.Properties.Propagating) > 0 {
			out.ThingTypeProperties.Mqtt5Configuration = &iot.Mqtt5Configuration{
				PropagatingAttributes: convert(t.Properties.Propagating, showPropagated),
			}
		}
		return out
	}
}

// DescribeThingType describes a thing type: as lists do, and with its id.
func (p *Plane) DescribeThingType(
	ctx context.Context, in *iot.DescribeThingTypeRequest,
) (*iot.DescribeThingTypeResponse, error) {
	found, err := p.Fleet.DescribeThingType(ctx, string(in.ThingTypeName))
	if err != nil {
		return nil, err
	}
	shown := p.showType(ctx)(found)
	return &iot.DescribeThingTypeResponse{
		ThingTypeName:       shown.ThingTypeName,
		ThingTypeID:         found.UUID,
		ThingTypeArn:        shown.ThingTypeArn,
		ThingTypeProperties: shown.ThingTypeProperties,
		ThingTypeMetadata:   shown.ThingTypeMetadata,
	}, nil
}

// ListThingTypes lists thing types by name; the filter is a prefix (R-ID-58).
func (p *Plane) ListThingTypes(
	ctx context.Context, in *iot.ListThingTypesRequest,
) (*iot.ListThingTypesResponse, error) {
	return list(p, iot.ListThingTypes, in,
		func(after *string, limit int) ([]registry.ThingType, error) {
			prefix := string(value(in.ThingTypeName))
			return p.Fleet.ListThingTypes(ctx, prefix, value(after), limit)
		},
		func(t registry.ThingType) string { return t.Name },
		p.showType(ctx))
}

// DeprecateThingType deprecates a thing type, so that no thing gets it any more, or takes the
// deprecation back. Both may be repeated (R-ID-48).
func (p *Plane) DeprecateThingType(
	ctx context.Context, in *iot.DeprecateThingTypeRequest,
) (*schema.Nothing, error) {
	undo := value(in.UndoDeprecate)
	return &schema.Nothing{}, p.Fleet.DeprecateThingType(ctx, string(in.ThingTypeName), undo)
}

// DeleteThingType deletes a thing type that is deprecated and that no thing has (R-ID-10).
func (p *Plane) DeleteThingType(
	ctx context.Context, in *iot.DeleteThingTypeRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Fleet.DeleteThingType(ctx, string(in.ThingTypeName))
}
