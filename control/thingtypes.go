package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

func (p *Plane) bindTypes(r *schema.Router) {
	schema.Handle(r, iot.CreateThingType, p.CreateThingType)
	schema.Handle(r, iot.DescribeThingType, p.DescribeThingType)
	schema.Handle(r, iot.ListThingTypes, p.ListThingTypes)
	schema.Handle(r, iot.DeprecateThingType, p.DeprecateThingType)
	schema.Handle(r, iot.DeleteThingType, p.DeleteThingType)
}

// CreateThingType creates a thing type.
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

func typeProperties(in iot.ThingTypeProperties) registry.TypeProperties {
	return registry.TypeProperties{
		Description: string(value(in.ThingTypeDescription)),
		Searchable:  in.SearchableAttributes,
		Propagating: convert(value(in.Mqtt5Configuration).PropagatingAttributes, func(a iot.PropagatingAttribute) registry.Propagated {
			return registry.Propagated{
				UserPropertyKey:     value(a.UserPropertyKey),
				ThingAttribute:      string(value(a.ThingAttribute)),
				ConnectionAttribute: value(a.ConnectionAttribute),
			}
		}),
	}
}

// showType is a thing type as answers show it: {} for properties that were not given (R-ID-48).
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
				PropagatingAttributes: convert(t.Properties.Propagating, func(a registry.Propagated) iot.PropagatingAttribute {
					return iot.PropagatingAttribute{
						UserPropertyKey:     optional(a.UserPropertyKey),
						ThingAttribute:      optional(iot.AttributeName(a.ThingAttribute)),
						ConnectionAttribute: optional(a.ConnectionAttribute),
					}
				}),
			}
		}
		return out
	}
}

// DescribeThingType describes a thing type.
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

// DeprecateThingType deprecates a thing type or takes that back.
func (p *Plane) DeprecateThingType(
	ctx context.Context, in *iot.DeprecateThingTypeRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Fleet.DeprecateThingType(ctx, string(in.ThingTypeName), value(in.UndoDeprecate))
}

// DeleteThingType deletes a thing type.
func (p *Plane) DeleteThingType(
	ctx context.Context, in *iot.DeleteThingTypeRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Fleet.DeleteThingType(ctx, string(in.ThingTypeName))
}
