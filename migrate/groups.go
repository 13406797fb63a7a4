package migrate

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// A group is a thing group of the source.
type group struct {
	*iot.DescribeThingGroupOutput
	name, parent string
	depth        int // how many groups are above it
}

// dynamic reports whether a query makes the group's members.
func (g group) dynamic() bool { return aws.ToString(g.QueryString) != "" }

// sourceGroups reads the groups of the source, parents before their children and static ones before
// dynamic ones. They are kept for the kinds that need them, as there are few beside the things.
func (c *copier) sourceGroups(ctx context.Context) ([]group, error) {
	if c.groups != nil {
		return c.groups, nil
	}
	groups := []group{}
	pages := iot.NewListThingGroupsPaginator(c.source,
		&iot.ListThingGroupsInput{MaxResults: aws.Int32(page)})
	of := func(p *iot.ListThingGroupsOutput) []types.GroupNameAndArn { return p.ThingGroups }
	for listed, err := range items(ctx, pages, of) {
		if err != nil {
			return nil, err
		}
		g, err := c.source.DescribeThingGroup(ctx,
			&iot.DescribeThingGroupInput{ThingGroupName: listed.GroupName})
		if missing(err) {
			continue // deleted since
		}
		if err != nil {
			return nil, err
		}
		parent, depth := placeOf(g)
		groups = append(groups, group{g, aws.ToString(g.ThingGroupName), parent, depth})
	}
	slices.SortStableFunc(groups, func(a, b group) int {
		if a.dynamic() != b.dynamic() {
			if a.dynamic() {
				return 1
			}
			return -1
		}
		return a.depth - b.depth
	})
	c.groups = groups
	return groups, nil
}

// placeOf is the parent of a group and how many groups are above it.
func placeOf(g *iot.DescribeThingGroupOutput) (parent string, depth int) {
	m := g.ThingGroupMetadata
	if m == nil {
		return "", 0
	}
	return aws.ToString(m.ParentGroupName), len(m.RootToParentThingGroups)
}

// copyGroups copies thing groups.
func (c *copier) copyGroups(ctx context.Context) error {
	groups, err := c.sourceGroups(ctx)
	if err != nil {
		return c.refuse(Groups, "*", err)
	}
	for _, g := range groups {
		if err := c.copyGroup(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copyGroup(ctx context.Context, g group) error {
	tags, err := c.tags(ctx, g.ThingGroupArn)
	if err != nil {
		return err
	}
	o := object{kind: Groups, name: g.name}
	there, err := c.target.DescribeThingGroup(ctx,
		&iot.DescribeThingGroupInput{ThingGroupName: &g.name})
	switch {
	case err == nil:
		o.there = true
		d := compareGroups(g, there)
		if err := c.compareTags(ctx, &d, tags, there.ThingGroupArn); err != nil {
			return err
		}
		o.differs = d.String()
	case !missing(err):
		return c.refuse(o.kind, o.name, err)
	}
	o.create = func() error { return c.createGroup(ctx, g, tags) }
	if g.dynamic() && c.Export {
		o.why = "is dynamic: the account needs fleet indexing for it"
	}
	return c.put(o)
}

// createGroup creates a group of either kind.
func (c *copier) createGroup(ctx context.Context, g group, tags []types.Tag) error {
	if g.dynamic() {
		_, err := c.target.CreateDynamicThingGroup(ctx, &iot.CreateDynamicThingGroupInput{
			ThingGroupName:       &g.name,
			QueryString:          g.QueryString,
			IndexName:            g.IndexName,
			QueryVersion:         g.QueryVersion,
			ThingGroupProperties: g.ThingGroupProperties,
			Tags:                 tags,
		})
		return err
	}
	in := &iot.CreateThingGroupInput{
		ThingGroupName:       &g.name,
		ThingGroupProperties: g.ThingGroupProperties,
		Tags:                 tags,
	}
	if g.parent != "" {
		in.ParentGroupName = &g.parent
	}
	_, err := c.target.CreateThingGroup(ctx, in)
	return err
}

// compareGroups compares what can be set of groups.
func compareGroups(source group, target *iot.DescribeThingGroupOutput) (d differences) {
	parent, _ := placeOf(target)
	d.text("parentGroupName", &source.parent, &parent)
	d.text("queryString", source.QueryString, target.QueryString)
	s, t := source.ThingGroupProperties, target.ThingGroupProperties
	if s == nil {
		s = &types.ThingGroupProperties{}
	}
	if t == nil {
		t = &types.ThingGroupProperties{}
	}
	d.text("description", s.ThingGroupDescription, t.ThingGroupDescription)
	d.attributes(groupAttributes(s), groupAttributes(t))
	return d
}

func groupAttributes(p *types.ThingGroupProperties) map[string]string {
	if p.AttributePayload == nil {
		return nil
	}
	return p.AttributePayload.Attributes
}
