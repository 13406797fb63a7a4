package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// What a thing type says of its things.
type ThingTypeProperties struct {
	ThingTypeDescription *Text `json:"thingTypeDescription"`
	// At most three; compared as a set (R-ID-48).
	SearchableAttributes SearchableAttributes `json:"searchableAttributes"`
	// Stored and shown, without effect.
	Mqtt5Configuration *Mqtt5Configuration `json:"mqtt5Configuration"`
}

// Names of attributes that can be searched, at most three.
type SearchableAttributes []string

func (SearchableAttributes) Constraint() schema.Constraint {
	return schema.Items(0, 3).Each(schema.Length(0, 128).Matching(attributeName))
}

// Properties that MQTT 5 messages of these things carry.
type Mqtt5Configuration struct {
	PropagatingAttributes []PropagatingAttribute `json:"propagatingAttributes"`
}

// One such property.
type PropagatingAttribute struct {
	UserPropertyKey     *string        `json:"userPropertyKey"`
	ThingAttribute      *AttributeName `json:"thingAttribute"`
	ConnectionAttribute *string        `json:"connectionAttribute"`
}

// What the server knows of a thing type.
type ThingTypeMetadata struct {
	Deprecated bool `json:"deprecated"`
	// Only while deprecated (R-ID-48).
	DeprecationDate *schema.Timestamp `json:"deprecationDate"`
	CreationDate    schema.Timestamp  `json:"creationDate"`
}

type CreateThingTypeRequest struct {
	ThingTypeName       ThingTypeName        `json:"thingTypeName" in:"path"`
	ThingTypeProperties *ThingTypeProperties `json:"thingTypeProperties"`
	Tags                Tags                 `json:"tags"`
}

type CreateThingTypeResponse struct {
	ThingTypeName ThingTypeName `json:"thingTypeName"`
	ThingTypeArn  string        `json:"thingTypeArn"`
	ThingTypeID   string        `json:"thingTypeId"`
}

// Creates a thing type. Repeating it with the same properties changes nothing (R-ID-48).
var CreateThingType = schema.Op[CreateThingTypeRequest, CreateThingTypeResponse]{
	Name: "CreateThingType", Route: "POST /thing-types/{thingTypeName}",
	Role:   schema.Operator,
	Change: schema.Creates("thingtype/{thingTypeName}", DescribeThingType),
	Errors: registryErrors(api.ResourceAlreadyExists),
}

type DescribeThingTypeRequest struct {
	ThingTypeName ThingTypeName `json:"thingTypeName" in:"path"`
}

type DescribeThingTypeResponse struct {
	ThingTypeName       ThingTypeName       `json:"thingTypeName"`
	ThingTypeID         string              `json:"thingTypeId"`
	ThingTypeArn        string              `json:"thingTypeArn"`
	ThingTypeProperties ThingTypeProperties `json:"thingTypeProperties"`
	ThingTypeMetadata   ThingTypeMetadata   `json:"thingTypeMetadata"`
}

// Describes a thing type.
var DescribeThingType = schema.Op[DescribeThingTypeRequest, DescribeThingTypeResponse]{
	Name: "DescribeThingType", Route: "GET /thing-types/{thingTypeName}",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound),
}

type ListThingTypesRequest struct {
	NextToken     *NextToken     `json:"nextToken" in:"query"`
	MaxResults    *MaxResults    `json:"maxResults" in:"query"`
	ThingTypeName *ThingTypeName `json:"thingTypeName" in:"query"`
}

type ListThingTypesResponse struct {
	ThingTypes []ThingTypeDefinition `json:"thingTypes"`
	NextToken  *NextToken            `json:"nextToken"`
}

// Lists thing types by name.
var ListThingTypes = schema.Op[ListThingTypesRequest, ListThingTypesResponse]{
	Name: "ListThingTypes", Route: "GET /thing-types",
	Role: schema.Viewer,
	Page: paged("thingTypes"), Errors: registryErrors(),
}

// A thing type in a list.
type ThingTypeDefinition struct {
	ThingTypeName       ThingTypeName       `json:"thingTypeName"`
	ThingTypeArn        string              `json:"thingTypeArn"`
	ThingTypeProperties ThingTypeProperties `json:"thingTypeProperties"`
	ThingTypeMetadata   ThingTypeMetadata   `json:"thingTypeMetadata"`
}

type DeprecateThingTypeRequest struct {
	ThingTypeName ThingTypeName `json:"thingTypeName" in:"path"`
	// Takes a deprecation back.
	UndoDeprecate *bool `json:"undoDeprecate"`
}

// Deprecates a thing type: no thing can take it any more.
var DeprecateThingType = schema.Op[DeprecateThingTypeRequest, schema.Nothing]{
	Name: "DeprecateThingType", Route: "POST /thing-types/{thingTypeName}/deprecate",
	Role:   schema.Operator,
	Change: schema.Changes("thingtype/{thingTypeName}", DescribeThingType),
	Errors: registryErrors(api.ResourceNotFound),
}

type DeleteThingTypeRequest struct {
	ThingTypeName ThingTypeName `json:"thingTypeName" in:"path"`
}

// Deletes a thing type that is deprecated and has no things (R-ID-10).
var DeleteThingType = schema.Op[DeleteThingTypeRequest, schema.Nothing]{
	Name: "DeleteThingType", Route: "DELETE /thing-types/{thingTypeName}",
	Role:   schema.Operator,
	Change: schema.Changes("thingtype/{thingTypeName}", DescribeThingType),
	Errors: registryErrors(api.ResourceNotFound),
}
