package iot

import (
	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/schema"
)

// What a policy is attached to: the ARN of a certificate or of a static thing group (R-ID-22).
type PolicyTarget string

type AttachPolicyRequest struct {
	PolicyName PolicyName   `json:"policyName" in:"path"`
	Target     PolicyTarget `json:"target"`
}

// Attaches a policy to a certificate or thing group.
var AttachPolicy = schema.Op[AttachPolicyRequest, schema.Nothing]{
	Name: "AttachPolicy", Route: "PUT /target-policies/{policyName}",
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type DetachPolicyRequest struct {
	PolicyName PolicyName   `json:"policyName" in:"path"`
	Target     PolicyTarget `json:"target"`
}

// Detaches a policy from a certificate or thing group.
var DetachPolicy = schema.Op[DetachPolicyRequest, schema.Nothing]{
	Name: "DetachPolicy", Route: "POST /target-policies/{policyName}",
	Errors: registryErrors(api.LimitExceeded),
}

type ListAttachedPoliciesRequest struct {
	Target PolicyTarget `json:"target" in:"path"`
	// For a group, also the policies of its ancestors (R-ID-22).
	Recursive *bool     `json:"recursive" in:"query"`
	Marker    *Marker   `json:"marker" in:"query"`
	PageSize  *PageSize `json:"pageSize" in:"query"`
}

// Lists the policies of a certificate or thing group.
var ListAttachedPolicies = schema.Op[ListAttachedPoliciesRequest, PolicyList]{
	Name: "ListAttachedPolicies", Route: "POST /attached-policies/{target}",
	Page:   marked("policies"),
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type ListTargetsForPolicyRequest struct {
	PolicyName PolicyName `json:"policyName" in:"path"`
	Marker     *Marker    `json:"marker" in:"query"`
	PageSize   *PageSize  `json:"pageSize" in:"query"`
}

type ListTargetsForPolicyResponse struct {
	Targets    []PolicyTarget `json:"targets"`
	NextMarker *Marker        `json:"nextMarker"`
}

// Lists what a policy is attached to.
var ListTargetsForPolicy = schema.Op[ListTargetsForPolicyRequest, ListTargetsForPolicyResponse]{
	Name: "ListTargetsForPolicy", Route: "POST /policy-targets/{policyName}",
	Page:   marked("targets"),
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type GetEffectivePoliciesRequest struct {
	Principal *Principal `json:"principal"`
	// Accepted and without meaning: there are no identity pools.
	CognitoIdentityPoolID *string    `json:"cognitoIdentityPoolId"`
	ThingName             *ThingName `json:"thingName" in:"query"`
}

type GetEffectivePoliciesResponse struct {
	EffectivePolicies []EffectivePolicy `json:"effectivePolicies"`
}

// A policy that counts for a principal.
type EffectivePolicy struct {
	PolicyName     PolicyName     `json:"policyName"`
	PolicyArn      string         `json:"policyArn"`
	PolicyDocument PolicyDocument `json:"policyDocument"`
}

// Lists the policies that count for a certificate, with the thing it connects as (R-ID-28).
var GetEffectivePolicies = schema.Op[GetEffectivePoliciesRequest, GetEffectivePoliciesResponse]{
	Name: "GetEffectivePolicies", Route: "POST /effective-policies",
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type TestAuthorizationRequest struct {
	Principal *Principal `json:"principal"`
	// Accepted and without meaning: there are no identity pools.
	CognitoIdentityPoolID *string `json:"cognitoIdentityPoolId"`
	// What is to be tested.
	AuthInfos []AuthInfo `json:"authInfos" required:"true"`
	// The MQTT client id to test with.
	ClientID *string `json:"clientId" in:"query"`
	// Policies to test with as if they were attached.
	PolicyNamesToAdd []PolicyName `json:"policyNamesToAdd"`
	// Policies to test without.
	PolicyNamesToSkip []PolicyName `json:"policyNamesToSkip"`
}

type TestAuthorizationResponse struct {
	AuthResults []AuthResult `json:"authResults"`
}

// What to test: an action on resources.
type AuthInfo struct {
	ActionType *AuthAction `json:"actionType"`
	Resources  []string    `json:"resources" required:"true"`
}

// What a device does over MQTT.
type AuthAction string

func (AuthAction) Constraint() schema.Constraint {
	return schema.Enum("PUBLISH", "SUBSCRIBE", "RECEIVE", "CONNECT")
}

// The outcome of one test.
type AuthResult struct {
	AuthInfo             AuthInfo         `json:"authInfo"`
	Allowed              AllowingPolicies `json:"allowed"`
	Denied               DenyingPolicies  `json:"denied"`
	AuthDecision         AuthDecision     `json:"authDecision"`
	MissingContextValues []string         `json:"missingContextValues"`
}

// The policies that speak for one side.
type AllowingPolicies struct {
	Policies []Policy `json:"policies"`
}

// Why it was denied: no policy allows it, or one forbids it.
type DenyingPolicies struct {
	ImplicitDeny *AllowingPolicies `json:"implicitDeny"`
	ExplicitDeny *AllowingPolicies `json:"explicitDeny"`
}

// Whether the action may be done (R-ID-25).
type AuthDecision string

func (AuthDecision) Constraint() schema.Constraint {
	return schema.Enum("ALLOWED", "EXPLICIT_DENY", "IMPLICIT_DENY")
}

// Tests what policies say of actions, without doing them.
var TestAuthorization = schema.Op[TestAuthorizationRequest, TestAuthorizationResponse]{
	Name: "TestAuthorization", Route: "POST /test-authorization",
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}
