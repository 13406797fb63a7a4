package migrate

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"golang.org/x/sync/errgroup"
)

// Memberships are compared group by group: the names of the members of one group in the target are in
// memory, those of the source pass by. A thing that is in a group of the target only stays there.

// members goes through the things that are in a static group itself, not below it.
func members(
	ctx context.Context, client *iot.Client, group string, recursive bool,
) iter.Seq2[string, error] {
	pages := iot.NewListThingsInThingGroupPaginator(client, &iot.ListThingsInThingGroupInput{
		ThingGroupName: &group,
		Recursive:      recursive,
		MaxResults:     aws.Int32(page),
	})
	return items(ctx, pages, func(p *iot.ListThingsInThingGroupOutput) []string { return p.Things })
}

// billed goes through the things in a billing group.
func billed(ctx context.Context, client *iot.Client, group string) iter.Seq2[string, error] {
	pages := iot.NewListThingsInBillingGroupPaginator(client, &iot.ListThingsInBillingGroupInput{
		BillingGroupName: &group,
		MaxResults:       aws.Int32(page),
	})
	return items(ctx, pages,
		func(p *iot.ListThingsInBillingGroupOutput) []string { return p.Things })
}

// copyMemberships puts things into their static groups and billing groups.
func (c *copier) copyMemberships(ctx context.Context) error {
	groups, err := c.sourceGroups(ctx)
	if err != nil {
		return c.refuse(Memberships, "*", err)
	}
	for _, g := range groups {
		if g.dynamic() {
			continue
		}
		err := c.copyMembers(ctx, membership{
			group: g.name,
			here:  members(ctx, c.source, g.name, false),
			there: members(ctx, c.target, g.name, false),
			add: func(thing string) error {
				_, err := c.target.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{
					ThingName: &thing, ThingGroupName: &g.name,
				})
				return err
			},
		})
		if err != nil {
			return err
		}
	}
	return c.copyBilled(ctx)
}

// copyBilled puts things into their billing groups.
func (c *copier) copyBilled(ctx context.Context) error {
	for listed, err := range c.billingGroups(ctx) {
		if err != nil {
			return c.refuse(Memberships, "*", err)
		}
		name := aws.ToString(listed.GroupName)
		err := c.copyMembers(ctx, membership{
			group: "billing group " + name,
			here:  billed(ctx, c.source, name),
			there: billed(ctx, c.target, name),
			other: func(thing string) (string, error) { return c.otherBilling(ctx, thing) },
			add: func(thing string) error {
				_, err := c.target.AddThingToBillingGroup(ctx, &iot.AddThingToBillingGroupInput{
					ThingName: &thing, BillingGroupName: &name,
				})
				return err
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// otherBilling is the billing group that a thing of the target is in, "" for none.
func (c *copier) otherBilling(ctx context.Context, thing string) (string, error) {
	there, err := c.target.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: &thing})
	if missing(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return aws.ToString(there.BillingGroupName), nil
}

// A membership is how the members of one group are copied.
type membership struct {
	group       string
	here, there iter.Seq2[string, error] // members in the source and in the target
	// other is the group that a thing is in instead, "" for none; nil where it may be in several.
	other func(thing string) (string, error)
	add   func(thing string) error
}

// copyMembers copies the members of one group. What the target has is only counted; the others are
// looked at and added several at once.
func (c *copier) copyMembers(ctx context.Context, m membership) error {
	there, err := set(m.there)
	if err != nil {
		return c.refuse(Memberships, m.group, err)
	}
	var work errgroup.Group
	work.SetLimit(workers)
	for thing, err := range m.here {
		if err != nil {
			_ = work.Wait() // the error of the list says more
			return c.refuse(Memberships, m.group, err)
		}
		o := object{kind: Memberships, name: thing + " in " + m.group}
		if _, o.there = there[thing]; o.there {
			if err := c.put(o); err != nil {
				_ = work.Wait()
				return err
			}
			continue
		}
		work.Go(func() error { return c.addMember(m, thing, o) })
	}
	return work.Wait()
}

// addMember adds one thing to a group, unless it is in another that excludes this one.
func (c *copier) addMember(m membership, thing string, o object) error {
	if m.other != nil {
		other, err := m.other(thing)
		if err != nil {
			return c.refuse(o.kind, o.name, err)
		}
		if other != "" {
			o.there, o.differs = true, "is in billing group "+other+" in the target"
		}
	}
	o.create = func() error { return m.add(thing) }
	return c.put(o)
}
