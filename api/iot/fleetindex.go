package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The modes of indexing. They are stored and shown, without effect: the registry can always be
// searched (R-ID-39).
type (
	// What is indexed of things.
	ThingIndexingMode string
	// Whether it is indexed that things are connected.
	ThingConnectivityIndexingMode string
	// Whether violations of security profiles are indexed.
	DeviceDefenderIndexingMode string
	// Whether named shadows are indexed.
	NamedShadowIndexingMode string
	// Whether thing groups are indexed.
	ThingGroupIndexingMode string
	// The type of an indexed field.
	FieldType string
	// The order of the two numbers of a place.
	TargetFieldOrder string
)

func (ThingIndexingMode) Constraint() schema.Constraint {
	return schema.Enum("OFF", "REGISTRY", "REGISTRY_AND_SHADOW")
}
func (ThingConnectivityIndexingMode) Constraint() schema.Constraint {
	return schema.Enum("OFF", "STATUS")
}
func (DeviceDefenderIndexingMode) Constraint() schema.Constraint {
	return schema.Enum("OFF", "VIOLATIONS")
}
func (NamedShadowIndexingMode) Constraint() schema.Constraint { return schema.Enum("OFF", "ON") }
func (ThingGroupIndexingMode) Constraint() schema.Constraint  { return schema.Enum("OFF", "ON") }
func (FieldType) Constraint() schema.Constraint {
	return schema.Enum("Number", "String", "Boolean")
}
func (TargetFieldOrder) Constraint() schema.Constraint { return schema.Enum("LatLon", "LonLat") }

// A field of an index.
type Field struct {
	Name *string    `json:"name"`
	Type *FieldType `json:"type"`
}

// The name of a shadow.
type ShadowName string

func (ShadowName) Constraint() schema.Constraint {
	return schema.Length(1, 64).Chars("$a-zA-Z0-9:_-")
}

// A field that holds a place.
type GeoLocationTarget struct {
	Name  *string           `json:"name"`
	Order *TargetFieldOrder `json:"order"`
}

// What of shadows is indexed.
type IndexingFilter struct {
	NamedShadowNames []ShadowName        `json:"namedShadowNames"`
	GeoLocations     []GeoLocationTarget `json:"geoLocations"`
}

// What is indexed of things.
type ThingIndexingConfiguration struct {
	ThingIndexingMode             ThingIndexingMode              `json:"thingIndexingMode"`
	ThingConnectivityIndexingMode *ThingConnectivityIndexingMode `json:"thingConnectivityIndexingMode"`
	DeviceDefenderIndexingMode    *DeviceDefenderIndexingMode    `json:"deviceDefenderIndexingMode"`
	NamedShadowIndexingMode       *NamedShadowIndexingMode       `json:"namedShadowIndexingMode"`
	ManagedFields                 []Field                        `json:"managedFields"`
	CustomFields                  []Field                        `json:"customFields"`
	Filter                        *IndexingFilter                `json:"filter"`
}

// What is indexed of thing groups.
type ThingGroupIndexingConfiguration struct {
	ThingGroupIndexingMode ThingGroupIndexingMode `json:"thingGroupIndexingMode"`
	ManagedFields          []Field                `json:"managedFields"`
	CustomFields           []Field                `json:"customFields"`
}

// IndexingConfiguration is both configurations.
type IndexingConfiguration struct {
	// What is not given stays as it is.
	ThingIndexingConfiguration *ThingIndexingConfiguration `json:"thingIndexingConfiguration"`
	// What is not given stays as it is.
	ThingGroupIndexingConfiguration *ThingGroupIndexingConfiguration `json:"thingGroupIndexingConfiguration"`
}

// Stores what is to be indexed. It has no effect: the registry can always be searched (R-ID-39).
var UpdateIndexingConfiguration = schema.Op[IndexingConfiguration, schema.Nothing]{
	Name: "UpdateIndexingConfiguration", Route: "POST /indexing/config",
	Role:   schema.Admin,
	Change: schema.Changes("configuration/indexing", GetIndexingConfiguration),
	Errors: registryErrors(),
}

// Shows what was stored by update-indexing-configuration.
var GetIndexingConfiguration = schema.Op[schema.Nothing, IndexingConfiguration]{
	Name: "GetIndexingConfiguration", Route: "GET /indexing/config",
	Role:   schema.Viewer,
	Errors: registryErrors(),
}

// The number of results in one page, 1 to 500; the default is 500 (R-ID-41).
type SearchMaxResults int32

func (SearchMaxResults) Constraint() schema.Constraint { return schema.Range(1, 500) }

type SearchIndexRequest struct {
	// AWS_Things, the default (R-ID-38).
	IndexName   *IndexName        `json:"indexName"`
	QueryString QueryString       `json:"queryString"`
	NextToken   *NextToken        `json:"nextToken"`
	MaxResults  *SearchMaxResults `json:"maxResults"`
	// 2017-09-30, the default.
	QueryVersion *string `json:"queryVersion"`
}

// What is known of the connection of a thing's client.
type ThingConnectivity struct {
	Connected *bool `json:"connected"`
	// When it came or went, in milliseconds since 1970.
	Timestamp        *int64  `json:"timestamp"`
	DisconnectReason *string `json:"disconnectReason"`
}

// A thing that was found.
type ThingDocument struct {
	ThingName     ThingName      `json:"thingName"`
	ThingID       string         `json:"thingId"`
	ThingTypeName *ThingTypeName `json:"thingTypeName"`
	// The static groups that it is in, and their ancestors.
	ThingGroupNames []ThingGroupName   `json:"thingGroupNames"`
	Attributes      Attributes         `json:"attributes"`
	Connectivity    *ThingConnectivity `json:"connectivity"`
}

// A thing group that was found: none is, since only things are indexed.
type ThingGroupDocument struct {
	ThingGroupName        ThingGroupName   `json:"thingGroupName"`
	ThingGroupID          ThingGroupID     `json:"thingGroupId"`
	ThingGroupDescription *Text            `json:"thingGroupDescription"`
	Attributes            Attributes       `json:"attributes"`
	ParentGroupNames      []ThingGroupName `json:"parentGroupNames"`
}

type SearchIndexResponse struct {
	NextToken   *NextToken           `json:"nextToken"`
	Things      []ThingDocument      `json:"things"`
	ThingGroups []ThingGroupDocument `json:"thingGroups"`
}

// Finds the things that a query matches, by name. In a large fleet a page may be short, or empty,
// and have a token.
var SearchIndex = schema.Op[SearchIndexRequest, SearchIndexResponse]{
	Name: "SearchIndex", Route: "POST /indices/search",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound, api.InvalidQuery, api.IndexNotReady),
}
