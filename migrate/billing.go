package migrate

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// billingGroups goes through the billing groups of the source.
func (c *copier) billingGroups(ctx context.Context) iter.Seq2[types.GroupNameAndArn, error] {
	pages := iot.NewListBillingGroupsPaginator(c.source,
		&iot.ListBillingGroupsInput{MaxResults: aws.Int32(page)})
	return items(ctx, pages,
		func(p *iot.ListBillingGroupsOutput) []types.GroupNameAndArn { return p.BillingGroups })
}

// copyBillingGroups copies billing groups.
func (c *copier) copyBillingGroups(ctx context.Context) error {
	for listed, err := range c.billingGroups(ctx) {
		if err != nil {
			return c.refuse(BillingGroups, "*", err)
		}
		if err := c.copyBillingGroup(ctx, listed); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copyBillingGroup(ctx context.Context, listed types.GroupNameAndArn) error {
	o := object{kind: BillingGroups, name: aws.ToString(listed.GroupName)}
	in := &iot.DescribeBillingGroupInput{BillingGroupName: listed.GroupName}
	here, err := c.source.DescribeBillingGroup(ctx, in)
	if err != nil {
		return c.refuse(o.kind, o.name, err)
	}
	tags, err := c.tags(ctx, here.BillingGroupArn)
	if err != nil {
		return err
	}
	there, err := c.target.DescribeBillingGroup(ctx, in)
	switch {
	case err == nil:
		o.there = true
		var d differences
		d.text("description", billingDescription(here), billingDescription(there))
		if err := c.compareTags(ctx, &d, tags, there.BillingGroupArn); err != nil {
			return err
		}
		o.differs = d.String()
	case !missing(err):
		return c.refuse(o.kind, o.name, err)
	}
	o.create = func() error {
		_, err := c.target.CreateBillingGroup(ctx, &iot.CreateBillingGroupInput{
			BillingGroupName:       listed.GroupName,
			BillingGroupProperties: here.BillingGroupProperties,
			Tags:                   tags,
		})
		return err
	}
	return c.put(o)
}

func billingDescription(g *iot.DescribeBillingGroupOutput) *string {
	if g.BillingGroupProperties == nil {
		return nil
	}
	return g.BillingGroupProperties.BillingGroupDescription
}
