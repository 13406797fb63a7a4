package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

type AddThingToThingGroupRequest struct {
	// The group, by name or ARN; both must agree (R-ID-11).
	ThingGroupName *ThingGroupName `json:"thingGroupName"`
	// The group by ARN.
	ThingGroupArn *string `json:"thingGroupArn"`
	// The thing, by name or ARN; both must agree.
	ThingName *ThingName `json:"thingName"`
	// The thing by ARN.
	ThingArn *string `json:"thingArn"`
	// At the limit of groups, leaves the newest dynamic one (R-ID-13).
	OverrideDynamicGroups *bool `json:"overrideDynamicGroups"`
}

// Adds a thing to a static group. A thing that is in it stays in it.
var AddThingToThingGroup = schema.Op[AddThingToThingGroupRequest, schema.Nothing]{
	Name: "AddThingToThingGroup", Route: "PUT /thing-groups/addThingToThingGroup",
	Role:   schema.Operator,
	Change: schema.Changes("thing/{thingName}", ListThingGroupsForThing),
	Errors: groupErrors(api.ResourceNotFound),
}

type RemoveThingFromThingGroupRequest struct {
	// The group, by name or ARN; both must agree (R-ID-11).
	ThingGroupName *ThingGroupName `json:"thingGroupName"`
	// The group by ARN.
	ThingGroupArn *string `json:"thingGroupArn"`
	// The thing, by name or ARN; both must agree.
	ThingName *ThingName `json:"thingName"`
	// The thing by ARN.
	ThingArn *string `json:"thingArn"`
}

// Takes a thing out of a static group.
var RemoveThingFromThingGroup = schema.Op[RemoveThingFromThingGroupRequest, schema.Nothing]{
	Name: "RemoveThingFromThingGroup", Route: "PUT /thing-groups/removeThingFromThingGroup",
	Role:   schema.Operator,
	Change: schema.Changes("thing/{thingName}", ListThingGroupsForThing),
	Errors: groupErrors(api.ResourceNotFound),
}

type ListThingsInThingGroupRequest struct {
	ThingGroupName ThingGroupName `json:"thingGroupName" in:"path"`
	// Also the things of descendants, each once (R-ID-12).
	Recursive  *bool       `json:"recursive" in:"query"`
	NextToken  *NextToken  `json:"nextToken" in:"query"`
	MaxResults *MaxResults `json:"maxResults" in:"query"`
}

// ThingNames is a page of names.
type ThingNames struct {
	Things    []ThingName `json:"things"`
	NextToken *NextToken  `json:"nextToken"`
}

// Lists the things of a group by name.
var ListThingsInThingGroup = schema.Op[ListThingsInThingGroupRequest, ThingNames]{
	Name: "ListThingsInThingGroup", Route: "GET /thing-groups/{thingGroupName}/things",
	Role:   schema.Viewer,
	Page:   paged("things"),
	Errors: groupErrors(api.ResourceNotFound),
}

type ListThingGroupsForThingRequest struct {
	ThingName  ThingName   `json:"thingName" in:"path"`
	NextToken  *NextToken  `json:"nextToken" in:"query"`
	MaxResults *MaxResults `json:"maxResults" in:"query"`
}

// Lists the groups that a thing is in.
var ListThingGroupsForThing = schema.Op[ListThingGroupsForThingRequest, ListThingGroupsResponse]{
	Name: "ListThingGroupsForThing", Route: "GET /things/{thingName}/thing-groups",
	Role:   schema.Viewer,
	Page:   paged("thingGroups"),
	Errors: groupErrors(api.ResourceNotFound),
}

type UpdateThingGroupsForThingRequest struct {
	ThingName *ThingName `json:"thingName"`
	// The groups that the thing enters.
	ThingGroupsToAdd []ThingGroupName `json:"thingGroupsToAdd"`
	// The groups that the thing leaves.
	ThingGroupsToRemove []ThingGroupName `json:"thingGroupsToRemove"`
	// At the limit of groups, leaves the newest dynamic ones (R-ID-13).
	OverrideDynamicGroups *bool `json:"overrideDynamicGroups"`
}

// Adds a thing to some groups and takes it out of others.
var UpdateThingGroupsForThing = schema.Op[UpdateThingGroupsForThingRequest, schema.Nothing]{
	Name: "UpdateThingGroupsForThing", Route: "PUT /thing-groups/updateThingGroupsForThing",
	Role:   schema.Operator,
	Change: schema.Changes("thing/{thingName}", ListThingGroupsForThing),
	Errors: groupErrors(api.ResourceNotFound),
}
