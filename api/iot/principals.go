package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// Whether a certificate belongs to this thing alone (R-ID-20).
type ThingPrincipalType string

func (ThingPrincipalType) Constraint() schema.Constraint {
	return schema.Enum("EXCLUSIVE_THING", "NON_EXCLUSIVE_THING")
}

// The ARN of a certificate.
type Principal string

type AttachThingPrincipalRequest struct {
	ThingName          ThingName           `json:"thingName" in:"path"`
	Principal          Principal           `json:"principal" in:"header" wire:"x-amzn-principal"`
	ThingPrincipalType *ThingPrincipalType `json:"thingPrincipalType" in:"query"`
}

// Attaches a certificate to a thing.
var AttachThingPrincipal = schema.Op[AttachThingPrincipalRequest, schema.Nothing]{
	Name: "AttachThingPrincipal", Route: "PUT /things/{thingName}/principals",
	Role:   schema.Admin,
	Change: schema.Changes("thing/{thingName}", ListThingPrincipalsV2),
	Errors: registryErrors(api.ResourceNotFound),
}

type DetachThingPrincipalRequest struct {
	ThingName ThingName `json:"thingName" in:"path"`
	Principal Principal `json:"principal" in:"header" wire:"x-amzn-principal"`
}

// Detaches a certificate from a thing.
var DetachThingPrincipal = schema.Op[DetachThingPrincipalRequest, schema.Nothing]{
	Name: "DetachThingPrincipal", Route: "DELETE /things/{thingName}/principals",
	Role:   schema.Admin,
	Change: schema.Changes("thing/{thingName}", ListThingPrincipalsV2),
	Errors: registryErrors(api.ResourceNotFound),
}

type ListThingPrincipalsRequest struct {
	NextToken  *NextToken  `json:"nextToken" in:"query"`
	MaxResults *MaxResults `json:"maxResults" in:"query"`
	ThingName  ThingName   `json:"thingName" in:"path"`
}

type ListThingPrincipalsResponse struct {
	Principals []Principal `json:"principals"`
	NextToken  *NextToken  `json:"nextToken"`
}

// Lists the certificates of a thing.
var ListThingPrincipals = schema.Op[ListThingPrincipalsRequest, ListThingPrincipalsResponse]{
	Name: "ListThingPrincipals", Route: "GET /things/{thingName}/principals",
	Role:   schema.Viewer,
	Page:   paged("principals"),
	Errors: registryErrors(api.ResourceNotFound),
}

type ListPrincipalThingsRequest struct {
	NextToken  *NextToken  `json:"nextToken" in:"query"`
	MaxResults *MaxResults `json:"maxResults" in:"query"`
	Principal  Principal   `json:"principal" in:"header" wire:"x-amzn-principal"`
}

// Lists the things of a certificate.
var ListPrincipalThings = schema.Op[ListPrincipalThingsRequest, ThingNames]{
	Name: "ListPrincipalThings", Route: "GET /principals/things",
	Role:   schema.Viewer,
	Page:   paged("things"),
	Errors: registryErrors(api.ResourceNotFound),
}

type ListThingPrincipalsV2Request struct {
	NextToken          *NextToken          `json:"nextToken" in:"query"`
	MaxResults         *MaxResults         `json:"maxResults" in:"query"`
	ThingName          ThingName           `json:"thingName" in:"path"`
	ThingPrincipalType *ThingPrincipalType `json:"thingPrincipalType" in:"query"`
}

type ListThingPrincipalsV2Response struct {
	ThingPrincipalObjects []ThingPrincipalObject `json:"thingPrincipalObjects"`
	NextToken             *NextToken             `json:"nextToken"`
}

// A certificate of a thing, and how it is attached.
type ThingPrincipalObject struct {
	Principal          Principal           `json:"principal"`
	ThingPrincipalType *ThingPrincipalType `json:"thingPrincipalType"`
}

// Lists the certificates of a thing, with the way each is attached.
var ListThingPrincipalsV2 = schema.Op[ListThingPrincipalsV2Request, ListThingPrincipalsV2Response]{
	Name: "ListThingPrincipalsV2", Route: "GET /things/{thingName}/principals-v2",
	Role: schema.Viewer,
	Page: paged("thingPrincipalObjects"), Errors: registryErrors(api.ResourceNotFound),
}

type ListPrincipalThingsV2Request struct {
	NextToken          *NextToken          `json:"nextToken" in:"query"`
	MaxResults         *MaxResults         `json:"maxResults" in:"query"`
	Principal          Principal           `json:"principal" in:"header" wire:"x-amzn-principal"`
	ThingPrincipalType *ThingPrincipalType `json:"thingPrincipalType" in:"query"`
}

type ListPrincipalThingsV2Response struct {
	PrincipalThingObjects []PrincipalThingObject `json:"principalThingObjects"`
	NextToken             *NextToken             `json:"nextToken"`
}

// A thing of a certificate, and how it is attached.
type PrincipalThingObject struct {
	ThingName          ThingName           `json:"thingName"`
	ThingPrincipalType *ThingPrincipalType `json:"thingPrincipalType"`
}

// Lists the things of a certificate, with the way each is attached.
var ListPrincipalThingsV2 = schema.Op[ListPrincipalThingsV2Request, ListPrincipalThingsV2Response]{
	Name: "ListPrincipalThingsV2", Route: "GET /principals/things-v2",
	Role:   schema.Viewer,
	Page:   paged("principalThingObjects"),
	Errors: registryErrors(api.ResourceNotFound),
}
