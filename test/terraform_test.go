package test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// The calls that Terraform's provider hashicorp/aws makes for the resources of a fleet, with the
// members that it sends and in its order: create, read, update, read as an import does, delete, and
// a read that must not find it. What it does next hangs on the type of an error, and in two places
// on its message, so both are compared. The provider makes them with the same SDK.
func TestTerraform(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for name, resource := range map[string]func(*testing.T, *server){
		"aws_iot_thing":                      terraformThing,
		"aws_iot_thing_type":                 terraformThingType,
		"aws_iot_thing_group":                terraformThingGroup,
		"aws_iot_thing_group_membership":     terraformMembership,
		"aws_iot_billing_group":              terraformBillingGroup,
		"aws_iot_policy":                     terraformPolicy,
		"aws_iot_policy_attachment":          terraformPolicyAttachment,
		"aws_iot_certificate":                terraformCertificate,
		"aws_iot_thing_principal_attachment": terraformPrincipalAttachment,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resource(t, s)
		})
	}
}

// ok ends the test when a call has failed. It is for calls whose answers the provider does not read.
func ok[T any](t *testing.T) func(T, error) {
	return func(_ T, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
}

// notFound ends the test unless a call has been answered with the error by which the provider takes
// a resource out of its state.
func notFound[T any](t *testing.T) func(T, error) {
	return func(_ T, err error) {
		t.Helper()
		var gone *types.ResourceNotFoundException
		if !errors.As(err, &gone) {
			t.Fatalf("error %v, want ResourceNotFoundException", err)
		}
	}
}

// same compares what was read with what was applied: a difference would be a plan that never ends.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-applied +read):\n%s", what, diff)
	}
}

// tags are those of a resource, as the provider reads them after each read.
func tags(t *testing.T, c *iot.Client, arn *string) map[string]string {
	t.Helper()
	answer := must[*iot.ListTagsForResourceOutput](t)(c.ListTagsForResource(
		within(t, time.Minute), &iot.ListTagsForResourceInput{ResourceArn: arn}))
	read := map[string]string{}
	for _, tag := range answer.Tags {
		read[*tag.Key] = *tag.Value
	}
	return read
}

// retagged changes the tags from team=north, site=1 to team=south, as the provider does: first what
// goes, then what is new or has another value.
func retagged(t *testing.T, c *iot.Client, arn *string) {
	t.Helper()
	ctx := within(t, time.Minute)
	same(t, "tags", tags(t, c, arn), map[string]string{"team": "north", "site": "1"})
	ok[*iot.UntagResourceOutput](t)(c.UntagResource(ctx, &iot.UntagResourceInput{
		ResourceArn: arn, TagKeys: []string{"site"}}))
	ok[*iot.TagResourceOutput](t)(c.TagResource(ctx, &iot.TagResourceInput{
		ResourceArn: arn,
		Tags:        []types.Tag{{Key: aws.String("team"), Value: aws.String("south")}}}))
	same(t, "tags", tags(t, c, arn), map[string]string{"team": "south"})
}

// newTags are the tags that resources are created with.
var newTags = []types.Tag{
	{Key: aws.String("team"), Value: aws.String("north")},
	{Key: aws.String("site"), Value: aws.String("1")},
}

func terraformThing(t *testing.T, s *server) { // R-ID-5, R-ID-6, R-ID-7
	ctx, c, name, typ := within(t, time.Minute), s.Control(), aws.String("tf-thing"), "tf-of-thing"
	ok[*iot.CreateThingTypeOutput](t)(c.CreateThingType(
		ctx, &iot.CreateThingTypeInput{ThingTypeName: &typ}))
	read := func() *iot.DescribeThingOutput {
		t.Helper()
		return must[*iot.DescribeThingOutput](t)(
			c.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: name}))
	}
	made := must[*iot.CreateThingOutput](t)(c.CreateThing(ctx, &iot.CreateThingInput{
		ThingName:        name,
		ThingTypeName:    &typ,
		AttributePayload: &types.AttributePayload{Attributes: map[string]string{"fw": "1", "hw": "b"}},
	}))
	same(t, "name", *made.ThingName, *name)
	got := read()
	same(t, "arn", *got.ThingArn, s.ARN("thing", *name))
	same(t, "default_client_id", *got.DefaultClientId, *name)
	same(t, "attributes", got.Attributes, map[string]string{"fw": "1", "hw": "b"})
	same(t, "thing_type_name", *got.ThingTypeName, typ)
	same(t, "version", got.Version, int64(1))

	// Only what has changed is sent. An attribute that is not there any more is not named.
	ok[*iot.UpdateThingOutput](t)(c.UpdateThing(ctx, &iot.UpdateThingInput{
		ThingName:        name,
		AttributePayload: &types.AttributePayload{Attributes: map[string]string{"fw": "2"}},
	}))
	same(t, "attributes", read().Attributes, map[string]string{"fw": "2"})
	ok[*iot.UpdateThingOutput](t)(c.UpdateThing(
		ctx, &iot.UpdateThingInput{ThingName: name, RemoveThingType: true}))
	ok[*iot.UpdateThingOutput](t)(c.UpdateThing(ctx, &iot.UpdateThingInput{
		ThingName: name, AttributePayload: &types.AttributePayload{Attributes: map[string]string{}}}))
	got = read()
	same(t, "thing_type_name", got.ThingTypeName, (*string)(nil))
	same(t, "attributes", len(got.Attributes), 0)
	same(t, "version", got.Version, int64(4))

	ok[*iot.DeleteThingOutput](t)(c.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: name}))
	notFound[*iot.DescribeThingOutput](t)(
		c.DescribeThing(ctx, &iot.DescribeThingInput{ThingName: name}))
}

// The provider deprecates a type, tries to delete it for six minutes, and takes only a message about
// five minutes for a reason to try again. There is no wait here (R-ID-10), so it has no need to.
func terraformThingType(t *testing.T, s *server) { // R-ID-10, R-ID-48
	ctx, c, name := within(t, time.Minute), s.Control(), aws.String("tf-type")
	read := func() *iot.DescribeThingTypeOutput {
		t.Helper()
		return must[*iot.DescribeThingTypeOutput](t)(
			c.DescribeThingType(ctx, &iot.DescribeThingTypeInput{ThingTypeName: name}))
	}
	ok[*iot.CreateThingTypeOutput](t)(c.CreateThingType(ctx, &iot.CreateThingTypeInput{
		ThingTypeName: name,
		ThingTypeProperties: &types.ThingTypeProperties{
			ThingTypeDescription: aws.String("a lamp"), SearchableAttributes: []string{"fw", "hw"}},
		Tags: newTags,
	}))
	got := read()
	same(t, "arn", *got.ThingTypeArn, s.ARN("thingtype", *name))
	same(t, "deprecated", got.ThingTypeMetadata.Deprecated, false)
	same(t, "description", *got.ThingTypeProperties.ThingTypeDescription, "a lamp")
	slices.Sort(got.ThingTypeProperties.SearchableAttributes)
	same(t, "searchable_attributes",
		got.ThingTypeProperties.SearchableAttributes, []string{"fw", "hw"})
	retagged(t, c, got.ThingTypeArn)
	for _, deprecated := range []bool{true, false} {
		ok[*iot.DeprecateThingTypeOutput](t)(c.DeprecateThingType(ctx, &iot.DeprecateThingTypeInput{
			ThingTypeName: name, UndoDeprecate: !deprecated}))
		same(t, "deprecated", read().ThingTypeMetadata.Deprecated, deprecated)
	}
	ok[*iot.DeprecateThingTypeOutput](t)(c.DeprecateThingType(
		ctx, &iot.DeprecateThingTypeInput{ThingTypeName: name}))
	ok[*iot.DeleteThingTypeOutput](t)(c.DeleteThingType(
		ctx, &iot.DeleteThingTypeInput{ThingTypeName: name}))
	notFound[*iot.DescribeThingTypeOutput](t)(
		c.DescribeThingType(ctx, &iot.DescribeThingTypeInput{ThingTypeName: name}))
	notFound[*iot.DeleteThingTypeOutput](t)(
		c.DeleteThingType(ctx, &iot.DeleteThingTypeInput{ThingTypeName: name}))
}

func terraformThingGroup(t *testing.T, s *server) { // R-ID-12, R-ID-13, R-ID-49, R-ID-50
	ctx, c := within(t, time.Minute), s.Control()
	parent, name := aws.String("tf-parent"), aws.String("tf-group")
	read := func() *iot.DescribeThingGroupOutput {
		t.Helper()
		return must[*iot.DescribeThingGroupOutput](t)(
			c.DescribeThingGroup(ctx, &iot.DescribeThingGroupInput{ThingGroupName: name}))
	}
	remove := func(name *string) error {
		_, err := c.DeleteThingGroup(ctx, &iot.DeleteThingGroupInput{ThingGroupName: name})
		return err
	}
	ok[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(
		ctx, &iot.CreateThingGroupInput{ThingGroupName: parent}))
	ok[*iot.CreateThingGroupOutput](t)(c.CreateThingGroup(ctx, &iot.CreateThingGroupInput{
		ThingGroupName:  name,
		ParentGroupName: parent,
		ThingGroupProperties: &types.ThingGroupProperties{
			ThingGroupDescription: aws.String("the first"),
			AttributePayload:      &types.AttributePayload{Attributes: map[string]string{"a": "1"}},
		},
		Tags: newTags,
	}))
	got := read()
	same(t, "arn", *got.ThingGroupArn, s.ARN("thinggroup", *name))
	same(t, "parent_group_name", *got.ThingGroupMetadata.ParentGroupName, *parent)
	same(t, "root_to_parent_groups",
		*got.ThingGroupMetadata.RootToParentThingGroups[0].GroupName, *parent)
	same(t, "attributes",
		got.ThingGroupProperties.AttributePayload.Attributes, map[string]string{"a": "1"})
	retagged(t, c, got.ThingGroupArn)

	// Properties that are gone are sent as an empty set of attributes and no description.
	ok[*iot.UpdateThingGroupOutput](t)(c.UpdateThingGroup(ctx, &iot.UpdateThingGroupInput{
		ThingGroupName:  name,
		ExpectedVersion: aws.Int64(got.Version),
		ThingGroupProperties: &types.ThingGroupProperties{
			AttributePayload: &types.AttributePayload{Attributes: map[string]string{}}},
	}))
	got = read()
	same(t, "version", got.Version, int64(2))
	same(t, "attribute_payload",
		got.ThingGroupProperties.AttributePayload == nil, true)

	// The message is the one after which the provider tries again.
	var invalid *types.InvalidRequestException
	err := remove(parent)
	if !errors.As(err, &invalid) ||
		!strings.Contains(invalid.ErrorMessage(), "there are still child groups attached") {
		t.Errorf("delete a parent: %v", err)
	}
	for _, group := range []*string{name, parent} {
		if err := remove(group); err != nil {
			t.Error(err)
		}
	}
	notFound[*iot.DescribeThingGroupOutput](t)(
		c.DescribeThingGroup(ctx, &iot.DescribeThingGroupInput{ThingGroupName: name}))
}
