package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/schema"
)

func (p *Plane) bindDynamicGroups(r *schema.Router) {
	schema.Handle(r, iot.CreateDynamicThingGroup, p.CreateDynamicThingGroup)
	schema.Handle(r, iot.UpdateDynamicThingGroup, p.UpdateDynamicThingGroup)
	schema.Handle(r, iot.DeleteDynamicThingGroup, p.DeleteDynamicThingGroup)
}

// checkIndex refuses an index, a query version and a query that this server does not have or cannot read.
func checkIndex(index *iot.IndexName, version *string, query *iot.QueryString) error {
	return fleetquery.CheckIndex(text(index), version, text(query))
}

// dynamicStatus is what a group whose members are being worked out shows. One that is being deleted has no status of its
// own.
func dynamicStatus(work registry.GroupWork) iot.DynamicGroupStatus {
	switch work {
	case registry.Building:
		return "BUILDING"
	case registry.Rebuilding, registry.Emptying:
		return "REBUILDING"
	}
	return "ACTIVE"
}

// CreateDynamicThingGroup creates a group whose members a query finds.
func (p *Plane) CreateDynamicThingGroup(
	ctx context.Context, in *iot.CreateDynamicThingGroupRequest,
) (*iot.CreateDynamicThingGroupResponse, error) {
	if err := checkIndex(in.IndexName, in.QueryVersion, &in.QueryString); err != nil {
		return nil, err
	}
	properties := value(in.ThingGroupProperties)
	attributes, _ := payload(properties.AttributePayload)
	group, err := p.Fleet.CreateDynamicGroup(ctx, fleet.NewDynamicGroup{
		Name:        string(in.ThingGroupName),
		Description: string(value(properties.ThingGroupDescription)),
		Attributes:  attributes,
		Query:       string(in.QueryString),
		Tags:        givenTags(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &iot.CreateDynamicThingGroupResponse{
		ThingGroupName: in.ThingGroupName,
		ThingGroupArn:  p.arn(ctx, registry.KindGroup, group.Name),
		ThingGroupID:   iot.ThingGroupID(group.UUID),
		IndexName:      fleetquery.IndexName,
		QueryString:    in.QueryString,
		QueryVersion:   fleetquery.Version,
	}, nil
}

// UpdateDynamicThingGroup changes a dynamic group's properties or query.
func (p *Plane) UpdateDynamicThingGroup(
	ctx context.Context, in *iot.UpdateDynamicThingGroupRequest,
) (*iot.GroupVersion, error) {
	if err := checkIndex(in.IndexName, in.QueryVersion, in.QueryString); err != nil {
		return nil, err
	}
	version, err := p.Fleet.UpdateDynamicGroup(ctx, string(in.ThingGroupName),
		groupUpdate(in.ThingGroupProperties, in.ExpectedVersion), text(in.QueryString))
	return &iot.GroupVersion{Version: version}, err
}

// DeleteDynamicThingGroup deletes a dynamic group.
func (p *Plane) DeleteDynamicThingGroup(
	ctx context.Context, in *iot.DeleteDynamicThingGroupRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Fleet.DeleteDynamicGroup(ctx, string(in.ThingGroupName), in.ExpectedVersion)
}
