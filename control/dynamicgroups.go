package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/schema"
)

// The operations that create, update and delete dynamic groups, whose members are the things that
// a query finds. The query language is in registry/fleetquery; the members follow in
// engine/fleet, in every commit that changes a thing.

func (p *Plane) bindDynamicGroups(r *schema.Router) {
	schema.Handle(r, iot.CreateDynamicThingGroup, p.CreateDynamicThingGroup)
	schema.Handle(r, iot.UpdateDynamicThingGroup, p.UpdateDynamicThingGroup)
	schema.Handle(r, iot.DeleteDynamicThingGroup, p.DeleteDynamicThingGroup)
}

// checkIndex refuses an index and a query version that this server does not have, and a query
// that it cannot read (R-ID-57). Members that were not sent are not checked.
func checkIndex(index *iot.IndexName, version *string, query *iot.QueryString) error {
	return fleetquery.CheckIndex(text(index), version, text(query))
}

// dynamicStatus is the status of a dynamic group: BUILDING and REBUILDING while its members are
// being worked out. A group that is being deleted has no status of its own.
func dynamicStatus(work registry.GroupWork) iot.DynamicGroupStatus {
	switch work {
	case registry.Building:
		return "BUILDING"
	case registry.Rebuilding, registry.Emptying:
		return "REBUILDING"
	}
	return "ACTIVE"
}

// CreateDynamicThingGroup creates a group whose members a query finds. In a large fleet they are
// found in the background, after the answer.
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

// UpdateDynamicThingGroup changes the properties or the query of a dynamic group and answers its
// new version.
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

// DeleteDynamicThingGroup deletes a dynamic group. Deleting one that does not exist succeeds.
func (p *Plane) DeleteDynamicThingGroup(
	ctx context.Context, in *iot.DeleteDynamicThingGroupRequest,
) (*schema.Nothing, error) {
	group := string(in.ThingGroupName)
	return &schema.Nothing{}, p.Fleet.DeleteDynamicGroup(ctx, group, in.ExpectedVersion)
}
