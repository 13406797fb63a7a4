package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// What a billing group says of itself.
type BillingGroupProperties struct {
	BillingGroupDescription *BillingGroupDescription `json:"billingGroupDescription"`
}

// The description of a billing group: at most 2028 characters, without control characters. An empty
// one is none.
type BillingGroupDescription string

func (BillingGroupDescription) Constraint() schema.Constraint {
	return schema.Length(0, 2028).Matching(`[^\p{C}]*`)
}

// What the server says of a billing group.
type BillingGroupMetadata struct {
	CreationDate schema.Timestamp `json:"creationDate"`
}

// The id that the server gave a billing group.
type BillingGroupID string

func (BillingGroupID) Constraint() schema.Constraint {
	return schema.Length(1, 128).Chars(`a-zA-Z0-9\-`)
}

type CreateBillingGroupRequest struct {
	BillingGroupName       BillingGroupName        `json:"billingGroupName" in:"path"`
	BillingGroupProperties *BillingGroupProperties `json:"billingGroupProperties"`
	Tags                   Tags                    `json:"tags"`
}

type CreateBillingGroupResponse struct {
	BillingGroupName BillingGroupName `json:"billingGroupName"`
	BillingGroupArn  string           `json:"billingGroupArn"`
	BillingGroupID   BillingGroupID   `json:"billingGroupId"`
}

// Creates a billing group: a name, with tags, under which the cost of things is counted together.
// Repeating it with the same description changes nothing.
var CreateBillingGroup = schema.Op[CreateBillingGroupRequest, CreateBillingGroupResponse]{
	Name: "CreateBillingGroup", Route: "POST /billing-groups/{billingGroupName}",
	Role:   schema.Operator,
	Change: schema.Creates("billinggroup/{billingGroupName}", DescribeBillingGroup),
	Errors: groupErrors(api.ResourceAlreadyExists),
}

type DescribeBillingGroupRequest struct {
	BillingGroupName BillingGroupName `json:"billingGroupName" in:"path"`
}

type DescribeBillingGroupResponse struct {
	BillingGroupName       BillingGroupName       `json:"billingGroupName"`
	BillingGroupID         BillingGroupID         `json:"billingGroupId"`
	BillingGroupArn        string                 `json:"billingGroupArn"`
	Version                int64                  `json:"version"`
	BillingGroupProperties BillingGroupProperties `json:"billingGroupProperties"`
	BillingGroupMetadata   BillingGroupMetadata   `json:"billingGroupMetadata"`
}

// Describes a billing group.
var DescribeBillingGroup = schema.Op[DescribeBillingGroupRequest, DescribeBillingGroupResponse]{
	Name: "DescribeBillingGroup", Route: "GET /billing-groups/{billingGroupName}",
	Role:   schema.Viewer,
	Errors: groupErrors(api.ResourceNotFound),
}

type UpdateBillingGroupRequest struct {
	BillingGroupName BillingGroupName `json:"billingGroupName" in:"path"`
	// The properties to change. One that is left out stays as it is.
	BillingGroupProperties BillingGroupProperties `json:"billingGroupProperties"`
	// The version that the group must have.
	ExpectedVersion *int64 `json:"expectedVersion"`
}

// Changes the description of a billing group and answers its new version.
var UpdateBillingGroup = schema.Op[UpdateBillingGroupRequest, GroupVersion]{
	Name: "UpdateBillingGroup", Route: "PATCH /billing-groups/{billingGroupName}",
	Role:   schema.Operator,
	Change: schema.Changes("billinggroup/{billingGroupName}", DescribeBillingGroup),
	Errors: groupErrors(api.VersionConflict, api.ResourceNotFound),
}

type DeleteBillingGroupRequest struct {
	BillingGroupName BillingGroupName `json:"billingGroupName" in:"path"`
	// The version that the group must have.
	ExpectedVersion *int64 `json:"expectedVersion" in:"query"`
}

// Deletes a billing group. It may have things, which are in no billing group then. Deleting one
// that does not exist is no error.
var DeleteBillingGroup = schema.Op[DeleteBillingGroupRequest, schema.Nothing]{
	Name: "DeleteBillingGroup", Route: "DELETE /billing-groups/{billingGroupName}",
	Role:   schema.Operator,
	Change: schema.Changes("billinggroup/{billingGroupName}", DescribeBillingGroup),
	Errors: groupErrors(api.VersionConflict),
}

type ListBillingGroupsRequest struct {
	NextToken  *NextToken  `json:"nextToken" in:"query"`
	MaxResults *MaxResults `json:"maxResults" in:"query"`
	// Lists only the groups whose names begin with this text.
	NamePrefixFilter *BillingGroupName `json:"namePrefixFilter" in:"query"`
}

type ListBillingGroupsResponse struct {
	BillingGroups []GroupNameAndArn `json:"billingGroups"`
	NextToken     *NextToken        `json:"nextToken"`
}

// Lists billing groups by name.
var ListBillingGroups = schema.Op[ListBillingGroupsRequest, ListBillingGroupsResponse]{
	Name: "ListBillingGroups", Route: "GET /billing-groups",
	Role:   schema.Viewer,
	Page:   paged("billingGroups"),
	Errors: groupErrors(api.ResourceNotFound),
}

type AddThingToBillingGroupRequest struct {
	BillingGroupName *BillingGroupName `json:"billingGroupName"`
	// The ARN of the billing group, instead of its name.
	BillingGroupArn *string    `json:"billingGroupArn"`
	ThingName       *ThingName `json:"thingName"`
	// The ARN of the thing, instead of its name.
	ThingArn *string `json:"thingArn"`
}

// Adds a thing to a billing group. A thing is in one at most: remove it from another one first.
var AddThingToBillingGroup = schema.Op[AddThingToBillingGroupRequest, schema.Nothing]{
	Name: "AddThingToBillingGroup", Route: "PUT /billing-groups/addThingToBillingGroup",
	Role:   schema.Operator,
	Change: schema.Changes("thing/{thingName}", DescribeThing),
	Errors: groupErrors(api.ResourceNotFound),
}

type RemoveThingFromBillingGroupRequest struct {
	BillingGroupName *BillingGroupName `json:"billingGroupName"`
	// The ARN of the billing group, instead of its name.
	BillingGroupArn *string    `json:"billingGroupArn"`
	ThingName       *ThingName `json:"thingName"`
	// The ARN of the thing, instead of its name.
	ThingArn *string `json:"thingArn"`
}

// Removes a thing from a billing group. Removing one that is not in the group is no error.
var RemoveThingFromBillingGroup = schema.Op[RemoveThingFromBillingGroupRequest, schema.Nothing]{
	Name: "RemoveThingFromBillingGroup", Route: "PUT /billing-groups/removeThingFromBillingGroup",
	Role:   schema.Operator,
	Change: schema.Changes("thing/{thingName}", DescribeThing),
	Errors: groupErrors(api.ResourceNotFound),
}

type ListThingsInBillingGroupRequest struct {
	BillingGroupName BillingGroupName `json:"billingGroupName" in:"path"`
	NextToken        *NextToken       `json:"nextToken" in:"query"`
	MaxResults       *MaxResults      `json:"maxResults" in:"query"`
}

// Lists the things of a billing group by name.
var ListThingsInBillingGroup = schema.Op[ListThingsInBillingGroupRequest, ThingNames]{
	Name: "ListThingsInBillingGroup", Route: "GET /billing-groups/{billingGroupName}/things",
	Role: schema.Viewer,
	Page: paged("things"), Errors: groupErrors(api.ResourceNotFound),
}
