package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// The operations of billing groups, and of the things in them (R-ID-44).

func (p *Plane) bindBillingGroups(r *schema.Router) {
	schema.Handle(r, iot.CreateBillingGroup, p.CreateBillingGroup)
	schema.Handle(r, iot.DescribeBillingGroup, p.DescribeBillingGroup)
	schema.Handle(r, iot.UpdateBillingGroup, p.UpdateBillingGroup)
	schema.Handle(r, iot.DeleteBillingGroup, p.DeleteBillingGroup)
	schema.Handle(r, iot.ListBillingGroups, p.ListBillingGroups)
	schema.Handle(r, iot.AddThingToBillingGroup, p.AddThingToBillingGroup)
	schema.Handle(r, iot.RemoveThingFromBillingGroup, p.RemoveThingFromBillingGroup)
	schema.Handle(r, iot.ListThingsInBillingGroup, p.ListThingsInBillingGroup)
}

// CreateBillingGroup creates a billing group. Repeating it with the same description answers the
// same id.
func (p *Plane) CreateBillingGroup(
	ctx context.Context, in *iot.CreateBillingGroupRequest,
) (*iot.CreateBillingGroupResponse, error) {
	group, err := p.Fleet.CreateBillingGroup(ctx, fleet.NewBillingGroup{
		Name:        string(in.BillingGroupName),
		Description: string(value(value(in.BillingGroupProperties).BillingGroupDescription)),
		Tags:        givenTags(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &iot.CreateBillingGroupResponse{
		BillingGroupName: in.BillingGroupName,
		BillingGroupArn:  p.arn(ctx, registry.KindBillingGroup, group.Name),
		BillingGroupID:   iot.BillingGroupID(group.UUID),
	}, nil
}

// DescribeBillingGroup describes a billing group.
func (p *Plane) DescribeBillingGroup(
	ctx context.Context, in *iot.DescribeBillingGroupRequest,
) (*iot.DescribeBillingGroupResponse, error) {
	group, err := p.Fleet.DescribeBillingGroup(ctx, string(in.BillingGroupName))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeBillingGroupResponse{
		BillingGroupName: in.BillingGroupName,
		BillingGroupID:   iot.BillingGroupID(group.UUID),
		BillingGroupArn:  p.arn(ctx, registry.KindBillingGroup, group.Name),
		Version:          group.Version,
		BillingGroupProperties: iot.BillingGroupProperties{
			BillingGroupDescription: optional(iot.BillingGroupDescription(group.Description)),
		},
		BillingGroupMetadata: iot.BillingGroupMetadata{CreationDate: schema.At(group.CreatedAt)},
	}, nil
}

// UpdateBillingGroup changes the description of a billing group and answers its new version.
func (p *Plane) UpdateBillingGroup(
	ctx context.Context, in *iot.UpdateBillingGroupRequest,
) (*iot.GroupVersion, error) {
	version, err := p.Fleet.UpdateBillingGroup(ctx, string(in.BillingGroupName),
		text(in.BillingGroupProperties.BillingGroupDescription), in.ExpectedVersion)
	return &iot.GroupVersion{Version: version}, err
}

// DeleteBillingGroup deletes a billing group, also one that has things. Deleting one that does not
// exist succeeds.
func (p *Plane) DeleteBillingGroup(
	ctx context.Context, in *iot.DeleteBillingGroupRequest,
) (*schema.Nothing, error) {
	group := string(in.BillingGroupName)
	return &schema.Nothing{}, p.Fleet.DeleteBillingGroup(ctx, group, in.ExpectedVersion)
}

// ListBillingGroups lists billing groups by name.
func (p *Plane) ListBillingGroups(
	ctx context.Context, in *iot.ListBillingGroupsRequest,
) (*iot.ListBillingGroupsResponse, error) {
	return list(p, iot.ListBillingGroups, in,
		func(after *string, limit int) ([]registry.BillingGroup, error) {
			prefix := string(value(in.NamePrefixFilter))
			return p.Fleet.ListBillingGroups(ctx, prefix, value(after), limit)
		},
		func(g registry.BillingGroup) string { return g.Name },
		func(g registry.BillingGroup) iot.GroupNameAndArn {
			return iot.GroupNameAndArn{
				GroupName: iot.ThingGroupName(g.Name),
				GroupArn:  p.arn(ctx, registry.KindBillingGroup, g.Name),
			}
		})
}

// billed reads the billing group and the thing of a request about both. Each is given by name or by
// ARN (R-ID-11).
func (p *Plane) billed(
	ctx context.Context,
	group *iot.BillingGroupName, groupArn *string, thing *iot.ThingName, thingArn *string,
) (groupName, thingName string, err error) {
	groupName, err = named(p.Scope, registry.KindBillingGroup, "billingGroup", group, groupArn)
	if err != nil {
		return "", "", err
	}
	thingName, err = named(p.Scope, registry.KindThing, "thing", thing, thingArn)
	nameOf(ctx, "thingName", thingName)
	return groupName, thingName, err
}

// AddThingToBillingGroup adds a thing to a billing group. Repeating it succeeds.
func (p *Plane) AddThingToBillingGroup(
	ctx context.Context, in *iot.AddThingToBillingGroupRequest,
) (*schema.Nothing, error) {
	group, thing, err := p.billed(ctx,
		in.BillingGroupName, in.BillingGroupArn, in.ThingName, in.ThingArn)
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Fleet.BillThing(ctx, group, thing)
}

// RemoveThingFromBillingGroup removes a thing from a billing group. It succeeds for a thing that is
// not in the group.
func (p *Plane) RemoveThingFromBillingGroup(
	ctx context.Context, in *iot.RemoveThingFromBillingGroupRequest,
) (*schema.Nothing, error) {
	group, thing, err := p.billed(ctx,
		in.BillingGroupName, in.BillingGroupArn, in.ThingName, in.ThingArn)
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Fleet.UnbillThing(ctx, group, thing)
}

// ListThingsInBillingGroup lists the things of a billing group by name.
func (p *Plane) ListThingsInBillingGroup(
	ctx context.Context, in *iot.ListThingsInBillingGroupRequest,
) (*iot.ThingNames, error) {
	return list(p, iot.ListThingsInBillingGroup, in,
		func(after *string, limit int) ([]registry.Thing, error) {
			group := string(in.BillingGroupName)
			return p.Fleet.ListBilledThings(ctx, group, value(after), limit)
		},
		func(t registry.Thing) string { return t.Name },
		func(t registry.Thing) iot.ThingName { return iot.ThingName(t.Name) })
}
