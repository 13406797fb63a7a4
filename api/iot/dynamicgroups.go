package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// A fleet query (R-ID-40).
type QueryString string

func (QueryString) Constraint() schema.Constraint { return schema.Length(1, schema.NoMax) }

// Whether a dynamic group's members are being worked out.
type DynamicGroupStatus string

func (DynamicGroupStatus) Constraint() schema.Constraint {
	return schema.Enum("ACTIVE", "BUILDING", "REBUILDING")
}

type CreateDynamicThingGroupRequest struct {
	ThingGroupName       ThingGroupName        `json:"thingGroupName" in:"path"`
	ThingGroupProperties *ThingGroupProperties `json:"thingGroupProperties"`
	// AWS_Things, the default (R-ID-38).
	IndexName   *IndexName  `json:"indexName"`
	QueryString QueryString `json:"queryString"`
	// 2017-09-30, the default.
	QueryVersion *string `json:"queryVersion"`
	Tags         Tags    `json:"tags"`
}

type CreateDynamicThingGroupResponse struct {
	ThingGroupName ThingGroupName `json:"thingGroupName"`
	ThingGroupArn  string         `json:"thingGroupArn"`
	ThingGroupID   ThingGroupID   `json:"thingGroupId"`
	IndexName      IndexName      `json:"indexName"`
	QueryString    QueryString    `json:"queryString"`
	QueryVersion   string         `json:"queryVersion"`
}

// Creates a thing group whose members are the things that a query matches.
var CreateDynamicThingGroup = schema.Op[CreateDynamicThingGroupRequest, CreateDynamicThingGroupResponse]{
	Name: "CreateDynamicThingGroup", Route: "POST /dynamic-thing-groups/{thingGroupName}",
	Role:   schema.Operator,
	Change: schema.Creates("thinggroup/{thingGroupName}", DescribeThingGroup),
	Errors: groupErrors(api.ResourceAlreadyExists, api.ResourceNotFound, api.InvalidQuery, api.LimitExceeded),
}

type UpdateDynamicThingGroupRequest struct {
	ThingGroupName       ThingGroupName       `json:"thingGroupName" in:"path"`
	ThingGroupProperties ThingGroupProperties `json:"thingGroupProperties"`
	// The version that the group must have.
	ExpectedVersion *int64       `json:"expectedVersion"`
	IndexName       *IndexName   `json:"indexName"`
	QueryString     *QueryString `json:"queryString"`
	// 2017-09-30, the default.
	QueryVersion *string `json:"queryVersion"`
}

// Changes a dynamic thing group's properties or query.
var UpdateDynamicThingGroup = schema.Op[UpdateDynamicThingGroupRequest, GroupVersion]{
	Name: "UpdateDynamicThingGroup", Route: "PATCH /dynamic-thing-groups/{thingGroupName}",
	Role:   schema.Operator,
	Change: schema.Changes("thinggroup/{thingGroupName}", DescribeThingGroup),
	Errors: groupErrors(api.VersionConflict, api.ResourceNotFound, api.InvalidQuery),
}

type DeleteDynamicThingGroupRequest struct {
	ThingGroupName ThingGroupName `json:"thingGroupName" in:"path"`
	// The version that the group must have.
	ExpectedVersion *int64 `json:"expectedVersion" in:"query"`
}

// Deletes a dynamic thing group.
var DeleteDynamicThingGroup = schema.Op[DeleteDynamicThingGroupRequest, schema.Nothing]{
	Name: "DeleteDynamicThingGroup", Route: "DELETE /dynamic-thing-groups/{thingGroupName}",
	Role:   schema.Operator,
	Change: schema.Changes("thinggroup/{thingGroupName}", DescribeThingGroup),
	Errors: groupErrors(api.VersionConflict),
}
