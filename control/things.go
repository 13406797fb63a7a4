package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// The operations of things. A thing has a type and attributes, or neither; its groups,
// certificates and executions have operations of their own.

func (p *Plane) bindThings(r *schema.Router) {
	schema.Handle(r, iot.CreateThing, p.CreateThing)
	schema.Handle(r, iot.DescribeThing, p.DescribeThing)
	schema.Handle(r, iot.UpdateThing, p.UpdateThing)
	schema.Handle(r, iot.DeleteThing, p.DeleteThing)
	schema.Handle(r, iot.ListThings, p.ListThings)
}

// CreateThing registers a thing. Repeating it with the same type and attributes answers the same
// id (R-ID-5, R-ID-44).
func (p *Plane) CreateThing(
	ctx context.Context, in *iot.CreateThingRequest,
) (*iot.CreateThingResponse, error) {
	attributes, _ := payload(in.AttributePayload)
	thing, err := p.Fleet.CreateThing(ctx, fleet.NewThing{
		Name:       string(in.ThingName),
		Type:       string(value(in.ThingTypeName)),
		Attributes: attributes,

		BillingGroup: string(value(in.BillingGroupName)),
	})
	if err != nil {
		return nil, err
	}
	return &iot.CreateThingResponse{
		ThingName: in.ThingName,
		ThingArn:  p.arn(ctx, registry.KindThing, thing.Name),
		ThingID:   thing.UUID,
	}, nil
}

// payload reads the attributes of a request, nil when none were given, and whether they are
// merged into those that are stored instead of replacing them (R-ID-6).
func payload(a *iot.AttributePayload) (attributes map[string]string, merge bool) {
	if a == nil {
		return nil, false
	}
	return a.Attributes, value(a.Merge)
}

// shown is attributes as answers show them: {} when there are none, because they are never left
// out (R-ID-5).
func shown(attributes map[string]string) iot.Attributes {
	if attributes == nil {
		return iot.Attributes{}
	}
	return attributes
}

// DescribeThing describes a thing. Its default client id is its name.
func (p *Plane) DescribeThing(
	ctx context.Context, in *iot.DescribeThingRequest,
) (*iot.DescribeThingResponse, error) {
	thing, err := p.Fleet.DescribeThing(ctx, string(in.ThingName))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeThingResponse{
		DefaultClientID: thing.Name,
		ThingName:       in.ThingName,
		ThingID:         thing.UUID,
		ThingArn:        p.arn(ctx, registry.KindThing, thing.Name),
		ThingTypeName:   optional(iot.ThingTypeName(thing.Type)),
		Attributes:      shown(thing.Attributes),
		Version:         thing.Version,

		BillingGroupName: optional(iot.BillingGroupName(thing.BillingGroup)),
	}, nil
}

// UpdateThing changes the attributes or the type of a thing. The empty type removes the type; it
// is what removeThingType stands for, which therefore excludes a type (R-ID-6).
func (p *Plane) UpdateThing(
	ctx context.Context, in *iot.UpdateThingRequest,
) (*schema.Nothing, error) {
	if in.ThingTypeName != nil && value(in.RemoveThingType) { // R-ID-6
		return nil, fault.New(fault.Invalid, "thingTypeName and removeThingType exclude each other")
	}
	kind := text(in.ThingTypeName)
	if value(in.RemoveThingType) {
		kind = new(string)
	}
	attributes, merge := payload(in.AttributePayload)
	return &schema.Nothing{}, p.Fleet.UpdateThing(ctx, string(in.ThingName), registry.ThingUpdate{
		Type:            kind,
		Attributes:      attributes,
		Merge:           merge,
		ExpectedVersion: in.ExpectedVersion,
	})
}

// DeleteThing deletes a thing. Deleting one that does not exist succeeds (R-ID-7).
func (p *Plane) DeleteThing(
	ctx context.Context, in *iot.DeleteThingRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Fleet.DeleteThing(ctx, string(in.ThingName), in.ExpectedVersion)
}

// ListThings lists things by name; filters combine with AND (R-ID-9). A filter by an attribute
// looks at a bounded number of things for each page, so a page may be short, or empty, and have a
// token (R-WIRE-27).
func (p *Plane) ListThings(
	ctx context.Context, in *iot.ListThingsRequest,
) (*iot.ListThingsResponse, error) {
	return scan(p, iot.ListThings, in,
		func(after *string, limit int) ([]registry.Thing, *string, error) {
			by, err := attributeFilter(in)
			if err != nil {
				return nil, nil, err
			}
			q := store.ThingQuery{
				Type:  string(value(in.ThingTypeName)),
				After: value(after),
				Limit: limit,
			}
			things, stopped, err := p.Fleet.ListThings(ctx, q, by)
			return things, optional(stopped), err
		},
		func(t registry.Thing) string { return t.Name },
		func(t registry.Thing) iot.ThingAttribute {
			return iot.ThingAttribute{
				ThingName:     iot.ThingName(t.Name),
				ThingTypeName: optional(iot.ThingTypeName(t.Type)),
				ThingArn:      p.arn(ctx, registry.KindThing, t.Name),
				Attributes:    shown(t.Attributes),
				Version:       t.Version,
			}
		})
}

// attributeFilter is the filter of ListThings by an attribute. An attribute without a value stands
// for things that have the attribute, whatever its value: every value begins with the empty text. A
// value without an attribute is refused (R-ID-9, R-ID-59).
func attributeFilter(in *iot.ListThingsRequest) (by registry.AttributeFilter, err error) {
	if in.AttributeName == nil && in.AttributeValue != nil {
		return by, fault.New(fault.Invalid, "attributeName: required with attributeValue")
	}
	return registry.AttributeFilter{
		Name:   string(value(in.AttributeName)),
		Value:  string(value(in.AttributeValue)),
		Prefix: value(in.UsePrefixAttributeValue) || in.AttributeValue == nil,
	}, nil
}
