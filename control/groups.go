package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/schema"
)

// The operations of thing groups. Those that show groups serve static and dynamic groups alike;
// creating, updating and deleting a dynamic group has operations of its own, in dynamicgroups.go.

func (p *Plane) bindGroups(r *schema.Router) {
	schema.Handle(r, iot.CreateThingGroup, p.CreateThingGroup)
	schema.Handle(r, iot.DescribeThingGroup, p.DescribeThingGroup)
	schema.Handle(r, iot.UpdateThingGroup, p.UpdateThingGroup)
	schema.Handle(r, iot.DeleteThingGroup, p.DeleteThingGroup)
	schema.Handle(r, iot.ListThingGroups, p.ListThingGroups)
}

// CreateThingGroup creates a static group, below a parent if one is given. Repeating it with the
// same parent and properties answers the same id (R-ID-49).
func (p *Plane) CreateThingGroup(
	ctx context.Context, in *iot.CreateThingGroupRequest,
) (*iot.CreateThingGroupResponse, error) {
	properties := value(in.ThingGroupProperties)
	attributes, _ := payload(properties.AttributePayload)
	group, err := p.Fleet.CreateGroup(ctx, fleet.NewGroup{
		Name:        string(in.ThingGroupName),
		Parent:      string(value(in.ParentGroupName)),
		Description: string(value(properties.ThingGroupDescription)),
		Attributes:  attributes,
		Tags:        givenTags(in.Tags),
	})
	if err != nil {
		return nil, err
	}
	return &iot.CreateThingGroupResponse{
		ThingGroupName: in.ThingGroupName,
		ThingGroupArn:  p.arn(ctx, registry.KindGroup, group.Name),
		ThingGroupID:   iot.ThingGroupID(group.UUID),
	}, nil
}

// DescribeThingGroup describes a group. One that has a parent shows the way from the root down to
// it (R-ID-50); a dynamic one shows its query and whether its members are being worked out.
func (p *Plane) DescribeThingGroup(
	ctx context.Context, in *iot.DescribeThingGroupRequest,
) (*iot.DescribeThingGroupResponse, error) {
	group, err := p.Fleet.DescribeGroup(ctx, string(in.ThingGroupName))
	if err != nil {
		return nil, err
	}
	out := &iot.DescribeThingGroupResponse{
		ThingGroupName:     in.ThingGroupName,
		ThingGroupID:       iot.ThingGroupID(group.UUID),
		ThingGroupArn:      p.arn(ctx, registry.KindGroup, group.Name),
		Version:            group.Version,
		ThingGroupMetadata: iot.ThingGroupMetadata{CreationDate: schema.At(group.CreatedAt)},
		ThingGroupProperties: iot.ThingGroupProperties{
			ThingGroupDescription: optional(iot.Text(group.Description)),
		},
	}
	if len(group.Attributes) > 0 {
		out.ThingGroupProperties.AttributePayload = &iot.AttributePayload{
			Attributes: group.Attributes,
		}
	}
	if n := len(group.Ancestors); n > 0 { // R-ID-50
		out.ThingGroupMetadata.ParentGroupName = new(iot.ThingGroupName(group.Ancestors[n-1].Name))
		out.ThingGroupMetadata.RootToParentThingGroups = convert(group.Ancestors, p.nameAndArn(ctx))
	}
	if group.Dynamic() {
		out.IndexName = new(iot.IndexName(fleetquery.IndexName))
		out.QueryString = new(iot.QueryString(group.Query))
		out.QueryVersion = new(fleetquery.Version)
		out.Status = new(dynamicStatus(group.Work))
	}
	return out, nil
}

// nameAndArn is a group as lists show it.
func (p *Plane) nameAndArn(ctx context.Context) func(registry.Group) iot.GroupNameAndArn {
	return func(g registry.Group) iot.GroupNameAndArn {
		return iot.GroupNameAndArn{
			GroupName: iot.ThingGroupName(g.Name),
			GroupArn:  p.arn(ctx, registry.KindGroup, g.Name),
		}
	}
}

// UpdateThingGroup changes the description or the attributes of a static group and answers its
// new version.
func (p *Plane) UpdateThingGroup(
	ctx context.Context, in *iot.UpdateThingGroupRequest,
) (*iot.GroupVersion, error) {
	version, err := p.Fleet.UpdateGroup(ctx, string(in.ThingGroupName),
		groupUpdate(in.ThingGroupProperties, in.ExpectedVersion))
	return &iot.GroupVersion{Version: version}, err
}

// groupUpdate reads what an update says about the properties of a group, static or dynamic. A
// description that was not sent stays as it is. expected is the version that the group must have;
// nil is any.
func groupUpdate(properties iot.ThingGroupProperties, expected *int64) registry.GroupUpdate {
	attributes, merge := payload(properties.AttributePayload)
	return registry.GroupUpdate{
		Description:     text(properties.ThingGroupDescription),
		Attributes:      attributes,
		Merge:           merge,
		ExpectedVersion: expected,
	}
}

// DeleteThingGroup deletes a static group that has no groups below it. Deleting one that does not
// exist succeeds (R-ID-12).
func (p *Plane) DeleteThingGroup(
	ctx context.Context, in *iot.DeleteThingGroupRequest,
) (*schema.Nothing, error) {
	group := string(in.ThingGroupName)
	return &schema.Nothing{}, p.Fleet.DeleteGroup(ctx, group, in.ExpectedVersion)
}

// ListThingGroups lists groups by name: all, those below a parent, or those whose names begin
// with a prefix (R-ID-52). Those below a parent at any depth are looked for among a bounded number
// of groups for each page, so a page may be short, or empty, and have a token.
func (p *Plane) ListThingGroups(
	ctx context.Context, in *iot.ListThingGroupsRequest,
) (*iot.ListThingGroupsResponse, error) {
	return scan(p, iot.ListThingGroups, in,
		func(after *string, limit int) ([]registry.Group, *string, error) {
			groups, stopped, err := p.Fleet.ListGroups(ctx, fleet.GroupFilter{
				Parent:    text(in.ParentGroup),
				Recursive: in.Recursive,
				Prefix:    string(value(in.NamePrefixFilter)),
				After:     value(after),
				Limit:     limit,
			})
			return groups, optional(stopped), err
		},
		groupName, p.nameAndArn(ctx))
}

// groupName is the cursor of a group in a list that is sorted by name.
func groupName(g registry.Group) string { return g.Name }
