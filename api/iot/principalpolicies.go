package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// The four operations of this file are deprecated but still called by old scripts.

type AttachPrincipalPolicyRequest struct {
	PolicyName PolicyName `json:"policyName" in:"path"`
	Principal  Principal  `json:"principal" in:"header" wire:"x-amzn-iot-principal"`
}

// Attaches a policy to a certificate. Deprecated: use AttachPolicy.
var AttachPrincipalPolicy = schema.Op[AttachPrincipalPolicyRequest, schema.Nothing]{
	Name: "AttachPrincipalPolicy", Route: "PUT /principal-policies/{policyName}",
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type DetachPrincipalPolicyRequest struct {
	PolicyName PolicyName `json:"policyName" in:"path"`
	Principal  Principal  `json:"principal" in:"header" wire:"x-amzn-iot-principal"`
}

// Detaches a policy from a certificate. Deprecated: use DetachPolicy.
var DetachPrincipalPolicy = schema.Op[DetachPrincipalPolicyRequest, schema.Nothing]{
	Name: "DetachPrincipalPolicy", Route: "DELETE /principal-policies/{policyName}",
	Errors: registryErrors(api.ResourceNotFound),
}

type ListPrincipalPoliciesRequest struct {
	Principal Principal `json:"principal" in:"header" wire:"x-amzn-iot-principal"`
	Marker    *Marker   `json:"marker" in:"query"`
	PageSize  *PageSize `json:"pageSize" in:"query"`
	// Oldest first; the default is newest first (R-ID-3).
	AscendingOrder *bool `json:"ascendingOrder" in:"query" wire:"isAscendingOrder"`
}

// Lists the policies of a certificate. Deprecated: use ListAttachedPolicies.
var ListPrincipalPolicies = schema.Op[ListPrincipalPoliciesRequest, PolicyList]{
	Name: "ListPrincipalPolicies", Route: "GET /principal-policies", Page: marked("policies"),
	Errors: registryErrors(api.ResourceNotFound),
}

type ListPolicyPrincipalsRequest struct {
	PolicyName PolicyName `json:"policyName" in:"header" wire:"x-amzn-iot-policy"`
	Marker     *Marker    `json:"marker" in:"query"`
	PageSize   *PageSize  `json:"pageSize" in:"query"`
	// Oldest first; the default is newest first (R-ID-3).
	AscendingOrder *bool `json:"ascendingOrder" in:"query" wire:"isAscendingOrder"`
}

type ListPolicyPrincipalsResponse struct {
	Principals []Principal `json:"principals"`
	NextMarker *Marker     `json:"nextMarker"`
}

// Lists the certificates of a policy. Deprecated: use ListTargetsForPolicy.
var ListPolicyPrincipals = schema.Op[ListPolicyPrincipalsRequest, ListPolicyPrincipalsResponse]{
	Name: "ListPolicyPrincipals", Route: "GET /policy-principals", Page: marked("principals"),
	Errors: registryErrors(api.ResourceNotFound),
}
