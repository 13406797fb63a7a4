package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// registryErrors are the errors that most registry operations list, and those given.
func registryErrors(more ...schema.Exception) []schema.Exception {
	return append(more, api.InvalidRequest, api.Throttling, api.Unauthorized, api.ServiceUnavailable,
		api.InternalFailure)
}

// Attributes of a thing: names up to 128 characters, values up to 800.
type Attributes map[string]string

func (Attributes) Constraint() schema.Constraint {
	return schema.Constraint{}.
		Keys(schema.Length(0, 128).Matching(attributeName)).
		Each(schema.Length(0, 800).Matching(attributeValue))
}

const (
	attributeName  = `[a-zA-Z0-9_.,@/:#-]+`
	attributeValue = `[a-zA-Z0-9_.,@/:#=\[\]-]*`
)

// The name of an attribute.
type AttributeName string

func (AttributeName) Constraint() schema.Constraint {
	return schema.Length(0, 128).Matching(attributeName)
}

// The value of an attribute.
type AttributeValue string

func (AttributeValue) Constraint() schema.Constraint {
	return schema.Length(0, 800).Matching(attributeValue)
}

// Attributes to set.
type AttributePayload struct {
	Attributes Attributes `json:"attributes"`
	// Keeps the attributes that are not named here (R-ID-6).
	Merge *bool `json:"merge"`
}

type CreateThingRequest struct {
	ThingName        ThingName         `json:"thingName" in:"path"`
	ThingTypeName    *ThingTypeName    `json:"thingTypeName"`
	AttributePayload *AttributePayload `json:"attributePayload"`
	// The billing group that the thing is to be in. It must exist.
	BillingGroupName *BillingGroupName `json:"billingGroupName"`
}

type CreateThingResponse struct {
	ThingName ThingName `json:"thingName"`
	ThingArn  string    `json:"thingArn"`
	ThingID   string    `json:"thingId"`
}

// Registers a thing. Repeating it with the same content changes nothing (R-ID-5).
var CreateThing = schema.Op[CreateThingRequest, CreateThingResponse]{
	Name: "CreateThing", Route: "POST /things/{thingName}",
	Role:   schema.Operator,
	Change: schema.Creates("thing/{thingName}"),
	Errors: registryErrors(api.ResourceAlreadyExists, api.ResourceNotFound),
}

type DescribeThingRequest struct {
	ThingName ThingName `json:"thingName" in:"path"`
}

type DescribeThingResponse struct {
	DefaultClientID string         `json:"defaultClientId"`
	ThingName       ThingName      `json:"thingName"`
	ThingID         string         `json:"thingId"`
	ThingArn        string         `json:"thingArn"`
	ThingTypeName   *ThingTypeName `json:"thingTypeName"`
	// Always present, {} when there are none (R-ID-5).
	Attributes       Attributes        `json:"attributes"`
	Version          int64             `json:"version"`
	BillingGroupName *BillingGroupName `json:"billingGroupName"`
}

// Describes a thing.
var DescribeThing = schema.Op[DescribeThingRequest, DescribeThingResponse]{
	Name: "DescribeThing", Route: "GET /things/{thingName}",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound),
}

type UpdateThingRequest struct {
	ThingName        ThingName         `json:"thingName" in:"path"`
	ThingTypeName    *ThingTypeName    `json:"thingTypeName"`
	AttributePayload *AttributePayload `json:"attributePayload"`
	// The version that the thing must have.
	ExpectedVersion *int64 `json:"expectedVersion"`
	// Takes the thing out of its type.
	RemoveThingType *bool `json:"removeThingType"`
}

// Changes a thing's attributes or type (R-ID-6).
var UpdateThing = schema.Op[UpdateThingRequest, schema.Nothing]{
	Name: "UpdateThing", Route: "PATCH /things/{thingName}",
	Role:   schema.Operator,
	Change: schema.Changes("thing/{thingName}", DescribeThing),
	Errors: registryErrors(api.VersionConflict, api.ResourceNotFound),
}

type DeleteThingRequest struct {
	ThingName ThingName `json:"thingName" in:"path"`
	// The version that the thing must have.
	ExpectedVersion *int64 `json:"expectedVersion" in:"query"`
}

// Deletes a thing; its executions that are not done become REMOVED (R-ID-7).
var DeleteThing = schema.Op[DeleteThingRequest, schema.Nothing]{
	Name: "DeleteThing", Route: "DELETE /things/{thingName}",
	Role:   schema.Operator,
	Change: schema.Changes("thing/{thingName}", DescribeThing),
	Errors: registryErrors(api.ResourceNotFound, api.VersionConflict),
}

type ListThingsRequest struct {
	NextToken      *NextToken      `json:"nextToken" in:"query"`
	MaxResults     *MaxResults     `json:"maxResults" in:"query"`
	AttributeName  *AttributeName  `json:"attributeName" in:"query"`
	AttributeValue *AttributeValue `json:"attributeValue" in:"query"`
	ThingTypeName  *ThingTypeName  `json:"thingTypeName" in:"query"`
	// Takes attributeValue as the beginning of a value.
	UsePrefixAttributeValue *bool `json:"usePrefixAttributeValue" in:"query"`
}

type ListThingsResponse struct {
	Things    []ThingAttribute `json:"things"`
	NextToken *NextToken       `json:"nextToken"`
}

// Lists things by name; filters combine with AND (R-ID-9).
var ListThings = schema.Op[ListThingsRequest, ListThingsResponse]{
	Name: "ListThings", Route: "GET /things",
	Role: schema.Viewer,
	Page: paged("things"), Errors: registryErrors(),
}

// A thing in a list.
type ThingAttribute struct {
	ThingName     ThingName      `json:"thingName"`
	ThingTypeName *ThingTypeName `json:"thingTypeName"`
	ThingArn      string         `json:"thingArn"`
	Attributes    Attributes     `json:"attributes"`
	Version       int64          `json:"version"`
}
