package migrate

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"golang.org/x/sync/errgroup"
)

// workers is how many things are looked up and created at once. A Drover writes what arrives
// together with one sync; an account is held to the rate that was asked for anyway.
const workers = 8

// copyThings copies things with their type and attributes, page by page.
func (c *copier) copyThings(ctx context.Context) error {
	pages := iot.NewListThingsPaginator(c.source,
		&iot.ListThingsInput{MaxResults: aws.Int32(page)})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			return c.refuse(Things, "*", err)
		}
		work, ctx := errgroup.WithContext(ctx)
		work.SetLimit(workers)
		for _, thing := range p.Things {
			work.Go(func() error { return c.copyThing(ctx, thing) })
		}
		if err := work.Wait(); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copyThing(ctx context.Context, thing types.ThingAttribute) error {
	o := object{kind: Things, name: aws.ToString(thing.ThingName)}
	there, err := c.target.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: thing.ThingName})
	switch {
	case err == nil:
		o.there = true
		var d differences
		d.text("thingTypeName", thing.ThingTypeName, there.ThingTypeName)
		d.attributes(thing.Attributes, there.Attributes)
		o.differs = d.String()
	case !missing(err):
		return c.refuse(o.kind, o.name, err)
	}
	o.create = func() error {
		in := &iot.CreateThingInput{ThingName: thing.ThingName, ThingTypeName: thing.ThingTypeName}
		if len(thing.Attributes) > 0 {
			in.AttributePayload = &types.AttributePayload{Attributes: thing.Attributes}
		}
		_, err := c.target.CreateThing(ctx, in)
		return err
	}
	return c.put(o)
}
