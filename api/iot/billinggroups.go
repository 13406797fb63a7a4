package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// What a billing group says of itself.
type BillingGroupProperties struct {
	BillingGroupDescription *Text `json:"billingGroupDescription"`
}

// What the server knows of a billing group.
type BillingGroupMetadata struct {
	CreationDate schema.Timestamp `json:"creationDate"`
}

type CreateBillingGroupRequest struct {
	BillingGroupName       BillingGroupName        `json:"billingGroupName" in:"path"`
	BillingGroupProperties *BillingGroupProperties `json:"billingGroupProperties"`
	Tags                   Tags                    `json:"tags"`
}

type CreateBillingGroupResponse struct {
	BillingGroupName BillingGroupName `json:"billingGroupName"`
	BillingGroupArn  string           `json:"billingGroupArn"`
	BillingGroupID   string           `json:"billingGroupId"`
}

// Creates a billing group.
var CreateBillingGroup = schema.Op[CreateBillingGroupRequest, CreateBillingGroupResponse]{
	Name: "CreateBillingGroup", Route: "POST /billing-groups/{billingGroupName}",
	Errors: groupErrors(api.ResourceAlreadyExists),
}

type DescribeBillingGroupRequest struct {
	BillingGroupName BillingGroupName `json:"billingGroupName" in:"path"`
}

type DescribeBillingGroupResponse struct {
	BillingGroupName       BillingGroupName       `json:"billingGroupName"`
	BillingGroupID         string                 `json:"billingGroupId"`
	BillingGroupArn        string                 `json:"billingGroupArn"`
	Version                int64                  `json:"version"`
	BillingGroupProperties BillingGroupProperties `json:"billingGroupProperties"`
	BillingGroupMetadata   BillingGroupMetadata   `json:"billingGroupMetadata"`
}

// Describes a billing group.
var DescribeBillingGroup = schema.Op[DescribeBillingGroupRequest, DescribeBillingGroupResponse]{
	Name: "DescribeBillingGroup", Route: "GET /billing-groups/{billingGroupName}",
	Errors: groupErrors(api.ResourceNotFound),
}

type UpdateBillingGroupRequest struct {
	BillingGroupName       BillingGroupName       `json:"billingGroupName" in:"path"`
	BillingGroupProperties BillingGroupProperties `json:"billingGroupProperties"`
	// The version that the group must have.
	ExpectedVersion *int64 `json:"expectedVersion"`
}

// Changes a billing group's properties.
var UpdateBillingGroup = schema.Op[UpdateBillingGroupRequest, GroupVersion]{
	Name: "UpdateBillingGroup", Route: "PATCH /billing-groups/{billingGroupName}",
	Errors: groupErrors(api.VersionConflict, api.ResourceNotFound),
}

type DeleteBillingGroupRequest struct {
	BillingGroupName BillingGroupName `json:"billingGroupName" in:"path"`
	// The version that the group must have.
	ExpectedVersion *int64 `json:"expectedVersion" in:"query"`
}

// Deletes a billing group.
var DeleteBillingGroup = schema.Op[DeleteBillingGroupRequest, schema.Nothing]{
	Name: "DeleteBillingGroup", Route: "DELETE /billing-groups/{billingGroupName}",
	Errors: groupErrors(api.VersionConflict),
}

type ListBillingGroupsRequest struct {
	NextToken        *NextToken        `json:"nextToken" in:"query"`
	MaxResults       *MaxResults       `json:"maxResults" in:"query"`
	NamePrefixFilter *BillingGroupName `json:"namePrefixFilter" in:"query"`
}

type ListBillingGroupsResponse struct {
	BillingGroups []GroupNameAndArn `json:"billingGroups"`
	NextToken     *NextToken        `json:"nextToken"`
}

// Lists billing groups by name.
var ListBillingGroups = schema.Op[ListBillingGroupsRequest, ListBillingGroupsResponse]{
	Name: "ListBillingGroups", Route: "GET /billing-groups", Page: paged("billingGroups"),
	Errors: groupErrors(api.ResourceNotFound),
}

type AddThingToBillingGroupRequest struct {
	BillingGroupName *BillingGroupName `json:"billingGroupName"`
	// The billing group by ARN.
	BillingGroupArn *string    `json:"billingGroupArn"`
	ThingName       *ThingName `json:"thingName"`
	// The thing by ARN.
	ThingArn *string `json:"thingArn"`
}

// Adds a thing to a billing group.
var AddThingToBillingGroup = schema.Op[AddThingToBillingGroupRequest, schema.Nothing]{
	Name: "AddThingToBillingGroup", Route: "PUT /billing-groups/addThingToBillingGroup",
	Errors: groupErrors(api.ResourceNotFound),
}

type RemoveThingFromBillingGroupRequest struct {
	BillingGroupName *BillingGroupName `json:"billingGroupName"`
	// The billing group by ARN.
	BillingGroupArn *string    `json:"billingGroupArn"`
	ThingName       *ThingName `json:"thingName"`
	// The thing by ARN.
	ThingArn *string `json:"thingArn"`
}

// Takes a thing out of a billing group.
var RemoveThingFromBillingGroup = schema.Op[RemoveThingFromBillingGroupRequest, schema.Nothing]{
	Name: "RemoveThingFromBillingGroup", Route: "PUT /billing-groups/removeThingFromBillingGroup",
	Errors: groupErrors(api.ResourceNotFound),
}

type ListThingsInBillingGroupRequest struct {
	BillingGroupName BillingGroupName `json:"billingGroupName" in:"path"`
	NextToken        *NextToken       `json:"nextToken" in:"query"`
	MaxResults       *MaxResults      `json:"maxResults" in:"query"`
}

// Lists the things of a billing group by name.
var ListThingsInBillingGroup = schema.Op[ListThingsInBillingGroupRequest, ThingNames]{
	Name: "ListThingsInBillingGroup", Route: "GET /billing-groups/{billingGroupName}/things", Page: paged("things"),
	Errors: groupErrors(api.ResourceNotFound),
}
