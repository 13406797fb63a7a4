package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The four operations of this file are deprecated but still called by old scripts. They read and
// write the same attachments as those that replace them (R-ID-62).

type AttachPrincipalPolicyRequest struct {
	PolicyName PolicyName `json:"policyName" in:"path"`
	// The ARN of the certificate or static thing group.
	Principal Principal `json:"principal" in:"header" wire:"x-amzn-iot-principal"`
}

// Attaches a policy to a certificate or thing group. Attaching it again changes nothing.
// Deprecated: use AttachPolicy.
var AttachPrincipalPolicy = schema.Op[AttachPrincipalPolicyRequest, schema.Nothing]{
	Name: "AttachPrincipalPolicy", Route: "PUT /principal-policies/{policyName}",
	Role:   schema.Admin,
	Change: schema.Changes("{resource}", ListPrincipalPolicies),
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type DetachPrincipalPolicyRequest struct {
	PolicyName PolicyName `json:"policyName" in:"path"`
	// The ARN of the certificate or static thing group.
	Principal Principal `json:"principal" in:"header" wire:"x-amzn-iot-principal"`
}

// Detaches a policy from a certificate or thing group. It is no error when the policy is not
// attached. Deprecated: use DetachPolicy.
var DetachPrincipalPolicy = schema.Op[DetachPrincipalPolicyRequest, schema.Nothing]{
	Name: "DetachPrincipalPolicy", Route: "DELETE /principal-policies/{policyName}",
	Role:   schema.Admin,
	Change: schema.Changes("{resource}", ListPrincipalPolicies),
	Errors: registryErrors(api.ResourceNotFound),
}

type ListPrincipalPoliciesRequest struct {
	// The ARN of the certificate or static thing group.
	Principal Principal `json:"principal" in:"header" wire:"x-amzn-iot-principal"`
	Marker    *Marker   `json:"marker" in:"query"`
	PageSize  *PageSize `json:"pageSize" in:"query"`
	// Lists the policy that was created first at the beginning; the default is at the end.
	AscendingOrder *bool `json:"ascendingOrder" in:"query" wire:"isAscendingOrder"`
}

// Lists the policies that are attached to a certificate or thing group, by the time when they were
// created. Deprecated: use ListAttachedPolicies.
var ListPrincipalPolicies = schema.Op[ListPrincipalPoliciesRequest, PolicyList]{
	Name: "ListPrincipalPolicies", Route: "GET /principal-policies",
	Role:   schema.Viewer,
	Page:   marked("policies"),
	Errors: registryErrors(api.ResourceNotFound),
}

type ListPolicyPrincipalsRequest struct {
	PolicyName PolicyName `json:"policyName" in:"header" wire:"x-amzn-iot-policy"`
	Marker     *Marker    `json:"marker" in:"query"`
	PageSize   *PageSize  `json:"pageSize" in:"query"`
	// Lists what the policy was attached to first at the beginning; the default is at the end.
	AscendingOrder *bool `json:"ascendingOrder" in:"query" wire:"isAscendingOrder"`
}

type ListPolicyPrincipalsResponse struct {
	Principals []Principal `json:"principals"`
	NextMarker *Marker     `json:"nextMarker"`
}

// Lists the certificates and thing groups that a policy is attached to, by the time when it was
// attached. Deprecated: use ListTargetsForPolicy.
var ListPolicyPrincipals = schema.Op[ListPolicyPrincipalsRequest, ListPolicyPrincipalsResponse]{
	Name: "ListPolicyPrincipals", Route: "GET /policy-principals",
	Role:   schema.Viewer,
	Page:   marked("principals"),
	Errors: registryErrors(api.ResourceNotFound),
}
