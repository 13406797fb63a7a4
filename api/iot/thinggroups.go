package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// groupErrors are the errors that every operation on groups and tags lists, and those given.
func groupErrors(more ...schema.Exception) []schema.Exception {
	return append(more, api.InvalidRequest, api.Throttling, api.InternalFailure)
}

// What a thing group says of itself.
type ThingGroupProperties struct {
	ThingGroupDescription *Text             `json:"thingGroupDescription"`
	AttributePayload      *AttributePayload `json:"attributePayload"`
}

// Where a thing group stands in its hierarchy.
type ThingGroupMetadata struct {
	ParentGroupName *ThingGroupName `json:"parentGroupName"`
	// From the root down to the direct parent (R-ID-50).
	RootToParentThingGroups []GroupNameAndArn `json:"rootToParentThingGroups"`
	CreationDate            schema.Timestamp  `json:"creationDate"`
}

// A group in a list.
type GroupNameAndArn struct {
	GroupName ThingGroupName `json:"groupName"`
	GroupArn  string         `json:"groupArn"`
}

type CreateThingGroupRequest struct {
	ThingGroupName ThingGroupName `json:"thingGroupName" in:"path"`
	// Set now and never changed (R-ID-11).
	ParentGroupName      *ThingGroupName       `json:"parentGroupName"`
	ThingGroupProperties *ThingGroupProperties `json:"thingGroupProperties"`
	Tags                 Tags                  `json:"tags"`
}

type CreateThingGroupResponse struct {
	ThingGroupName ThingGroupName `json:"thingGroupName"`
	ThingGroupArn  string         `json:"thingGroupArn"`
	ThingGroupID   ThingGroupID   `json:"thingGroupId"`
}

// Creates a static thing group. Repeating it with the same content changes nothing (R-ID-49).
var CreateThingGroup = schema.Op[CreateThingGroupRequest, CreateThingGroupResponse]{
	Name: "CreateThingGroup", Route: "POST /thing-groups/{thingGroupName}",
	Role:   schema.Operator,
	Change: schema.Creates("thinggroup/{thingGroupName}", DescribeThingGroup),
	Errors: groupErrors(api.ResourceAlreadyExists),
}

type DescribeThingGroupRequest struct {
	ThingGroupName ThingGroupName `json:"thingGroupName" in:"path"`
}

type DescribeThingGroupResponse struct {
	ThingGroupName       ThingGroupName       `json:"thingGroupName"`
	ThingGroupID         ThingGroupID         `json:"thingGroupId"`
	ThingGroupArn        string               `json:"thingGroupArn"`
	Version              int64                `json:"version"`
	ThingGroupProperties ThingGroupProperties `json:"thingGroupProperties"`
	ThingGroupMetadata   ThingGroupMetadata   `json:"thingGroupMetadata"`
	IndexName            *IndexName           `json:"indexName"`
	QueryString          *QueryString         `json:"queryString"`
	QueryVersion         *string              `json:"queryVersion"`
	Status               *DynamicGroupStatus  `json:"status"`
}

// Describes a thing group.
var DescribeThingGroup = schema.Op[DescribeThingGroupRequest, DescribeThingGroupResponse]{
	Name: "DescribeThingGroup", Route: "GET /thing-groups/{thingGroupName}",
	Role:   schema.Viewer,
	Errors: groupErrors(api.ResourceNotFound),
}

type UpdateThingGroupRequest struct {
	ThingGroupName       ThingGroupName       `json:"thingGroupName" in:"path"`
	ThingGroupProperties ThingGroupProperties `json:"thingGroupProperties"`
	// The version that the group must have.
	ExpectedVersion *int64 `json:"expectedVersion"`
}

// GroupVersion is what the updates of groups answer.
type GroupVersion struct {
	Version int64 `json:"version"`
}

// Changes a thing group's properties.
var UpdateThingGroup = schema.Op[UpdateThingGroupRequest, GroupVersion]{
	Name: "UpdateThingGroup", Route: "PATCH /thing-groups/{thingGroupName}",
	Role:   schema.Operator,
	Change: schema.Changes("thinggroup/{thingGroupName}", DescribeThingGroup),
	Errors: groupErrors(api.VersionConflict, api.ResourceNotFound),
}

type DeleteThingGroupRequest struct {
	ThingGroupName ThingGroupName `json:"thingGroupName" in:"path"`
	// The version that the group must have.
	ExpectedVersion *int64 `json:"expectedVersion" in:"query"`
}

// Deletes a thing group without child groups (R-ID-12).
var DeleteThingGroup = schema.Op[DeleteThingGroupRequest, schema.Nothing]{
	Name: "DeleteThingGroup", Route: "DELETE /thing-groups/{thingGroupName}",
	Role:   schema.Operator,
	Change: schema.Changes("thinggroup/{thingGroupName}", DescribeThingGroup),
	Errors: groupErrors(api.VersionConflict),
}

type ListThingGroupsRequest struct {
	NextToken  *NextToken  `json:"nextToken" in:"query"`
	MaxResults *MaxResults `json:"maxResults" in:"query"`
	// Only groups under this one.
	ParentGroup      *ThingGroupName `json:"parentGroup" in:"query"`
	NamePrefixFilter *ThingGroupName `json:"namePrefixFilter" in:"query"`
	// All descendants, not only children (R-ID-12, R-ID-52).
	Recursive *bool `json:"recursive" in:"query"`
}

type ListThingGroupsResponse struct {
	ThingGroups []GroupNameAndArn `json:"thingGroups"`
	NextToken   *NextToken        `json:"nextToken"`
}

// Lists thing groups by name.
var ListThingGroups = schema.Op[ListThingGroupsRequest, ListThingGroupsResponse]{
	Name: "ListThingGroups", Route: "GET /thing-groups",
	Role:   schema.Viewer,
	Page:   paged("thingGroups"),
	Errors: groupErrors(api.ResourceNotFound),
}
