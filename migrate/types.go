package migrate

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// copyTypes copies thing types. They are deprecated later, because no thing can be created with a
// type that is.
func (c *copier) copyTypes(ctx context.Context) error {
	pages := iot.NewListThingTypesPaginator(c.source,
		&iot.ListThingTypesInput{MaxResults: aws.Int32(page)})
	of := func(p *iot.ListThingTypesOutput) []types.ThingTypeDefinition { return p.ThingTypes }
	for t, err := range items(ctx, pages, of) {
		if err != nil {
			return c.refuse(Types, "*", err)
		}
		if t.ThingTypeMetadata != nil && t.ThingTypeMetadata.Deprecated {
			c.deprecated = append(c.deprecated, aws.ToString(t.ThingTypeName))
		}
		if err := c.copyType(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func (c *copier) copyType(ctx context.Context, t types.ThingTypeDefinition) error {
	tags, err := c.tags(ctx, t.ThingTypeArn)
	if err != nil {
		return err
	}
	o := object{kind: Types, name: aws.ToString(t.ThingTypeName)}
	there, err := c.target.DescribeThingType(ctx,
		&iot.DescribeThingTypeInput{ThingTypeName: t.ThingTypeName})
	switch {
	case err == nil:
		o.there = true
		d := compareTypes(t.ThingTypeProperties, there.ThingTypeProperties)
		if err := c.compareTags(ctx, &d, tags, there.ThingTypeArn); err != nil {
			return err
		}
		o.differs = d.String()
	case !missing(err):
		return c.refuse(o.kind, o.name, err)
	}
	o.create = func() error {
		_, err := c.target.CreateThingType(ctx, &iot.CreateThingTypeInput{
			ThingTypeName:       t.ThingTypeName,
			ThingTypeProperties: t.ThingTypeProperties,
			Tags:                tags,
		})
		c.madeTypes[o.name] = err == nil
		return err
	}
	return c.put(o)
}

// compareTypes compares what can be set of thing types.
func compareTypes(source, target *types.ThingTypeProperties) (d differences) {
	if source == nil {
		source = &types.ThingTypeProperties{}
	}
	if target == nil {
		target = &types.ThingTypeProperties{}
	}
	d.text("description", source.ThingTypeDescription, target.ThingTypeDescription)
	d.texts("searchableAttributes", source.SearchableAttributes, target.SearchableAttributes)
	return d
}

// deprecateTypes deprecates the types that are deprecated in the source, now that their things are
// there. In an account only those that this copy has made: a type that was there is not changed.
func (c *copier) deprecateTypes(ctx context.Context) error {
	for _, name := range c.deprecated {
		there, err := c.target.DescribeThingType(ctx,
			&iot.DescribeThingTypeInput{ThingTypeName: &name})
		if c.Plan && missing(err) {
			continue // creating it was reported
		}
		if err != nil {
			if err := c.refuse(Types, name, err); err != nil {
				return err
			}
			continue
		}
		if there.ThingTypeMetadata != nil && there.ThingTypeMetadata.Deprecated {
			continue
		}
		o := object{kind: Types, name: name, why: "is deprecated in the source, and now here"}
		if c.Export && !c.madeTypes[name] {
			o.there, o.differs = true, "is deprecated in the source, and not in the target"
		}
		o.create = func() error {
			_, err := c.target.DeprecateThingType(ctx,
				&iot.DeprecateThingTypeInput{ThingTypeName: &name})
			return err
		}
		if err := c.put(o); err != nil {
			return err
		}
	}
	return nil
}
