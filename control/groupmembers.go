package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// The operations of memberships: which things are in which groups. Things join and leave static
// groups only; the members of a dynamic group follow from its query.

func (p *Plane) bindGroupMembers(r *schema.Router) {
	schema.Handle(r, iot.AddThingToThingGroup, p.AddThingToThingGroup)
	schema.Handle(r, iot.RemoveThingFromThingGroup, p.RemoveThingFromThingGroup)
	schema.Handle(r, iot.UpdateThingGroupsForThing, p.UpdateThingGroupsForThing)
	schema.Handle(r, iot.ListThingsInThingGroup, p.ListThingsInThingGroup)
	schema.Handle(r, iot.ListThingGroupsForThing, p.ListThingGroupsForThing)
}

// member reads the group and the thing of a request about one membership. Each is given by name
// or by ARN (R-ID-11).
func (p *Plane) member(
	ctx context.Context,
	group *iot.ThingGroupName, groupArn *string, thing *iot.ThingName, thingArn *string,
) (groupName, thingName string, err error) {
	groupName, err = named(p.Scope, registry.KindGroup, "thingGroup", group, groupArn)
	if err != nil {
		return "", "", err
	}
	thingName, err = named(p.Scope, registry.KindThing, "thing", thing, thingArn)
	nameOf(ctx, "thingName", thingName)
	return groupName, thingName, err
}

// AddThingToThingGroup adds a thing to a static group. Repeating it succeeds. A thing that is in
// ten groups leaves the newest dynamic one of them if the request says that it may (R-ID-13).
func (p *Plane) AddThingToThingGroup(
	ctx context.Context, in *iot.AddThingToThingGroupRequest,
) (*schema.Nothing, error) {
	group, thing, err := p.member(ctx, in.ThingGroupName, in.ThingGroupArn, in.ThingName, in.ThingArn)
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Fleet.ChangeMemberships(ctx, thing, fleet.MembershipChange{
		Add:      []string{group},
		Override: value(in.OverrideDynamicGroups),
	})
}

// RemoveThingFromThingGroup removes a thing from a static group. It succeeds for a thing that is
// not in the group (R-ID-11).
func (p *Plane) RemoveThingFromThingGroup(
	ctx context.Context, in *iot.RemoveThingFromThingGroupRequest,
) (*schema.Nothing, error) {
	group, thing, err := p.member(ctx, in.ThingGroupName, in.ThingGroupArn, in.ThingName, in.ThingArn)
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Fleet.RemoveMember(ctx, group, thing)
}

// UpdateThingGroupsForThing adds a thing to groups and removes it from others, all or nothing.
func (p *Plane) UpdateThingGroupsForThing(
	ctx context.Context, in *iot.UpdateThingGroupsForThingRequest,
) (*schema.Nothing, error) {
	if in.ThingName == nil {
		return nil, fault.New(fault.Invalid, "thingName: required, but missing")
	}
	plain := func(n iot.ThingGroupName) string { return string(n) }
	thing := string(*in.ThingName)
	return &schema.Nothing{}, p.Fleet.ChangeMemberships(ctx, thing, fleet.MembershipChange{
		Add:      convert(in.ThingGroupsToAdd, plain),
		Remove:   convert(in.ThingGroupsToRemove, plain),
		Override: value(in.OverrideDynamicGroups),
	})
}

// ListThingsInThingGroup lists the things of a group by name; with recursive, those of the groups
// below it follow, group by group (R-ID-12). One request comes by a bounded number of groups, so a
// page may be short, or empty, and have a token.
func (p *Plane) ListThingsInThingGroup(
	ctx context.Context, in *iot.ListThingsInThingGroupRequest,
) (*iot.ThingNames, error) {
	group, recursive := string(in.ThingGroupName), value(in.Recursive)
	return scan(p, iot.ListThingsInThingGroup, in,
		func(after *fleet.GroupMember, limit int) ([]fleet.GroupMember, *fleet.GroupMember, error) {
			return p.Fleet.ListMembers(ctx, group, recursive, value(after), limit)
		},
		func(m fleet.GroupMember) fleet.GroupMember { return m },
		func(m fleet.GroupMember) iot.ThingName { return iot.ThingName(m.Name) })
}

// ListThingGroupsForThing lists the groups of a thing by name. They are ten at most, so they are
// loaded whole.
func (p *Plane) ListThingGroupsForThing(
	ctx context.Context, in *iot.ListThingGroupsForThingRequest,
) (*iot.ListThingGroupsResponse, error) {
	return list(p, iot.ListThingGroupsForThing, in,
		func(from *string, _ int) ([]registry.Group, error) {
			groups, err := p.Fleet.GroupsOfThing(ctx, string(in.ThingName))
			return after(groups, groupName, from), err
		},
		groupName, p.nameAndArn(ctx))
}
