package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The name of a policy.
type PolicyName string

func (PolicyName) Constraint() schema.Constraint {
	return schema.Length(1, 128).Matching(`[\w+=,.@-]+`)
}

// A policy in JSON, stored and shown byte for byte (R-ID-23).
type PolicyDocument string

func (PolicyDocument) Constraint() schema.Constraint { return schema.Constraint{}.Secret().AsDigest() }

// The number of a policy's version.
type PolicyVersionID string

func (PolicyVersionID) Constraint() schema.Constraint { return schema.Pattern(`[0-9]+`) }

type CreatePolicyRequest struct {
	PolicyName     PolicyName     `json:"policyName" in:"path"`
	PolicyDocument PolicyDocument `json:"policyDocument"`
	Tags           Tags           `json:"tags"`
}

type CreatePolicyResponse struct {
	PolicyName      PolicyName      `json:"policyName"`
	PolicyArn       string          `json:"policyArn"`
	PolicyDocument  PolicyDocument  `json:"policyDocument"`
	PolicyVersionID PolicyVersionID `json:"policyVersionId"`
}

// Creates a policy with its first version.
var CreatePolicy = schema.Op[CreatePolicyRequest, CreatePolicyResponse]{
	Name: "CreatePolicy", Route: "POST /policies/{policyName}",
	Role:   schema.Admin,
	Change: schema.Creates("policy/{policyName}", GetPolicy),
	Errors: registryErrors(api.ResourceAlreadyExists, api.MalformedPolicy),
}

type GetPolicyRequest struct {
	PolicyName PolicyName `json:"policyName" in:"path"`
}

type GetPolicyResponse struct {
	PolicyName       PolicyName       `json:"policyName"`
	PolicyArn        string           `json:"policyArn"`
	PolicyDocument   PolicyDocument   `json:"policyDocument"`
	DefaultVersionID PolicyVersionID  `json:"defaultVersionId"`
	CreationDate     schema.Timestamp `json:"creationDate"`
	LastModifiedDate schema.Timestamp `json:"lastModifiedDate"`
	GenerationID     *string          `json:"generationId"`
}

// Gets a policy with its default version.
var GetPolicy = schema.Op[GetPolicyRequest, GetPolicyResponse]{
	Name: "GetPolicy", Route: "GET /policies/{policyName}",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound),
}

type ListPoliciesRequest struct {
	Marker   *Marker   `json:"marker" in:"query"`
	PageSize *PageSize `json:"pageSize" in:"query"`
	// Oldest first; the default is newest first (R-ID-3).
	AscendingOrder *bool `json:"ascendingOrder" in:"query" wire:"isAscendingOrder"`
}

// PolicyList is a page of policies.
type PolicyList struct {
	Policies   []Policy `json:"policies"`
	NextMarker *Marker  `json:"nextMarker"`
}

// A policy in a list.
type Policy struct {
	PolicyName PolicyName `json:"policyName"`
	PolicyArn  string     `json:"policyArn"`
}

// Lists policies by creation date.
var ListPolicies = schema.Op[ListPoliciesRequest, PolicyList]{
	Name: "ListPolicies", Route: "GET /policies",
	Role: schema.Viewer,
	Page: marked("policies"), Errors: registryErrors(),
}

type DeletePolicyRequest struct {
	PolicyName PolicyName `json:"policyName" in:"path"`
}

// Deletes a policy that has one version and no attachment (R-ID-21).
var DeletePolicy = schema.Op[DeletePolicyRequest, schema.Nothing]{
	Name: "DeletePolicy", Route: "DELETE /policies/{policyName}",
	Role:   schema.Admin,
	Change: schema.Changes("policy/{policyName}", GetPolicy),
	Errors: registryErrors(api.DeleteConflict, api.ResourceNotFound),
}

type CreatePolicyVersionRequest struct {
	PolicyName     PolicyName     `json:"policyName" in:"path"`
	PolicyDocument PolicyDocument `json:"policyDocument"`
	// Puts the new version in force.
	SetAsDefault *bool `json:"setAsDefault" in:"query"`
}

type CreatePolicyVersionResponse struct {
	PolicyArn        string          `json:"policyArn"`
	PolicyDocument   PolicyDocument  `json:"policyDocument"`
	PolicyVersionID  PolicyVersionID `json:"policyVersionId"`
	IsDefaultVersion bool            `json:"isDefaultVersion"`
}

// Adds a version to a policy, which may have five.
var CreatePolicyVersion = schema.Op[CreatePolicyVersionRequest, CreatePolicyVersionResponse]{
	Name: "CreatePolicyVersion", Route: "POST /policies/{policyName}/version",
	Role:   schema.Admin,
	Change: schema.Changes("policy/{policyName}", GetPolicy, ListPolicyVersions),
	Errors: registryErrors(api.ResourceNotFound, api.MalformedPolicy, api.VersionsLimitExceeded),
}

type GetPolicyVersionRequest struct {
	PolicyName      PolicyName      `json:"policyName" in:"path"`
	PolicyVersionID PolicyVersionID `json:"policyVersionId" in:"path"`
}

type GetPolicyVersionResponse struct {
	PolicyArn        string           `json:"policyArn"`
	PolicyName       PolicyName       `json:"policyName"`
	PolicyDocument   PolicyDocument   `json:"policyDocument"`
	PolicyVersionID  PolicyVersionID  `json:"policyVersionId"`
	IsDefaultVersion bool             `json:"isDefaultVersion"`
	CreationDate     schema.Timestamp `json:"creationDate"`
	LastModifiedDate schema.Timestamp `json:"lastModifiedDate"`
	GenerationID     *string          `json:"generationId"`
}

// Gets one version of a policy.
var GetPolicyVersion = schema.Op[GetPolicyVersionRequest, GetPolicyVersionResponse]{
	Name: "GetPolicyVersion", Route: "GET /policies/{policyName}/version/{policyVersionId}",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound),
}

type ListPolicyVersionsRequest struct {
	PolicyName PolicyName `json:"policyName" in:"path"`
}

type ListPolicyVersionsResponse struct {
	PolicyVersions []PolicyVersion `json:"policyVersions"`
}

// A version of a policy in a list.
type PolicyVersion struct {
	VersionID        PolicyVersionID  `json:"versionId"`
	IsDefaultVersion bool             `json:"isDefaultVersion"`
	CreateDate       schema.Timestamp `json:"createDate"`
}

// Lists the versions of a policy.
var ListPolicyVersions = schema.Op[ListPolicyVersionsRequest, ListPolicyVersionsResponse]{
	Name: "ListPolicyVersions", Route: "GET /policies/{policyName}/version",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound),
}

type SetDefaultPolicyVersionRequest struct {
	PolicyName      PolicyName      `json:"policyName" in:"path"`
	PolicyVersionID PolicyVersionID `json:"policyVersionId" in:"path"`
}

// Puts a version of a policy in force.
var SetDefaultPolicyVersion = schema.Op[SetDefaultPolicyVersionRequest, schema.Nothing]{
	Name:   "SetDefaultPolicyVersion",
	Route:  "PATCH /policies/{policyName}/version/{policyVersionId}",
	Role:   schema.Admin,
	Change: schema.Changes("policy/{policyName}", GetPolicy, ListPolicyVersions),
	Errors: registryErrors(api.ResourceNotFound),
}

type DeletePolicyVersionRequest struct {
	PolicyName      PolicyName      `json:"policyName" in:"path"`
	PolicyVersionID PolicyVersionID `json:"policyVersionId" in:"path"`
}

// Deletes a version that is not the default one.
var DeletePolicyVersion = schema.Op[DeletePolicyVersionRequest, schema.Nothing]{
	Name: "DeletePolicyVersion", Route: "DELETE /policies/{policyName}/version/{policyVersionId}",
	Role:   schema.Admin,
	Change: schema.Changes("policy/{policyName}", GetPolicy, ListPolicyVersions),
	Errors: registryErrors(api.DeleteConflict, api.ResourceNotFound),
}
