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
	Role:   schema.Admin,
	Change: schema.Changes("{resource}", ListAttachedPolicies),
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type DetachPolicyRequest struct {
	PolicyName PolicyName   `json:"policyName" in:"path"`
	Target     PolicyTarget `json:"target"`
}

// Detaches a policy from a certificate or thing group.
var DetachPolicy = schema.Op[DetachPolicyRequest, schema.Nothing]{
	Name: "DetachPolicy", Route: "POST /target-policies/{policyName}",
	Role:   schema.Admin,
	Change: schema.Changes("{resource}", ListAttachedPolicies),
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
	Role:   schema.Viewer,
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
	Role:   schema.Viewer,
	Page:   marked("targets"),
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type GetEffectivePoliciesRequest struct {
	// The ARN of the certificate with which a device connects, or of a thing group.
	Principal *Principal `json:"principal"`
	// Accepted and without meaning: there are no identity pools.
	CognitoIdentityPoolID *string `json:"cognitoIdentityPoolId"`
	// The name of the thing, with which the device connects as its client id.
	ThingName *ThingName `json:"thingName" in:"query"`
}

type GetEffectivePoliciesResponse struct {
	EffectivePolicies []EffectivePolicy `json:"effectivePolicies"`
}

// A policy that is in effect, with its default version.
type EffectivePolicy struct {
	PolicyName     PolicyName     `json:"policyName"`
	PolicyArn      string         `json:"policyArn"`
	PolicyDocument PolicyDocument `json:"policyDocument"`
}

// Lists the policies in effect for a device that connects with a certificate as a thing: those of
// the certificate, and those of the groups that the thing is in, when the certificate is attached
// to the thing. With a thing alone, the policies of its groups (R-ID-63).
var GetEffectivePolicies = schema.Op[GetEffectivePoliciesRequest, GetEffectivePoliciesResponse]{
	Name: "GetEffectivePolicies", Route: "POST /effective-policies",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}

type TestAuthorizationRequest struct {
	// The ARN of the certificate with which a device connects. Without it only policyNamesToAdd are
	// tested.
	Principal *Principal `json:"principal"`
	// Accepted and without meaning: there are no identity pools.
	CognitoIdentityPoolID *string `json:"cognitoIdentityPoolId"`
	// The actions to test, 1 to 10. Each has its own result.
	AuthInfos AuthInfos `json:"authInfos" required:"true"`
	// The MQTT client id with which the device connects.
	ClientID *string `json:"clientId" in:"query"`
	// Policies to test with as if they were attached, at most 100.
	PolicyNamesToAdd PolicyNames `json:"policyNamesToAdd"`
	// Policies to test without as if they were not attached, at most 100.
	PolicyNamesToSkip PolicyNames `json:"policyNamesToSkip"`
}

// Names of policies.
type PolicyNames []PolicyName

func (PolicyNames) Constraint() schema.Constraint { return schema.Items(0, 100) }

type TestAuthorizationResponse struct {
	// A result for each action, in their order.
	AuthResults []AuthResult `json:"authResults"`
}

// Actions to test.
type AuthInfos []AuthInfo

func (AuthInfos) Constraint() schema.Constraint { return schema.Items(1, 10) }

// An action on resources. It is allowed when it is allowed on each of them.
type AuthInfo struct {
	// What the device does: CONNECT, PUBLISH, SUBSCRIBE or RECEIVE. It is required.
	ActionType *AuthAction `json:"actionType"`
	// The ARNs that the action is on, 1 to 100: of a client for CONNECT, a topic for PUBLISH and
	// RECEIVE, and a topicfilter for SUBSCRIBE.
	Resources AuthResources `json:"resources" required:"true"`
}

// ARNs of clients, topics or topic filters.
type AuthResources []string

func (AuthResources) Constraint() schema.Constraint { return schema.Items(1, 100) }

// What a device does over MQTT.
type AuthAction string

func (AuthAction) Constraint() schema.Constraint {
	return schema.Enum("PUBLISH", "SUBSCRIBE", "RECEIVE", "CONNECT")
}

// The result of one test.
type AuthResult struct {
	AuthInfo AuthInfo `json:"authInfo"`
	// The policies that allow the action.
	Allowed AllowingPolicies `json:"allowed"`
	// The policies that do not.
	Denied DenyingPolicies `json:"denied"`
	// The decision of all policies together.
	AuthDecision AuthDecision `json:"authDecision"`
	// The policy variables and condition keys that the policies ask for and that have no value in
	// the test, such as iot:ClientId without a client id.
	MissingContextValues []string `json:"missingContextValues"`
}

// Policies that say the same of an action.
type AllowingPolicies struct {
	Policies []Policy `json:"policies"`
}

// Policies that do not allow an action.
type DenyingPolicies struct {
	// The policies that neither allow nor forbid it.
	ImplicitDeny *AllowingPolicies `json:"implicitDeny"`
	// The policies that forbid it.
	ExplicitDeny *AllowingPolicies `json:"explicitDeny"`
}

// The decision on an action: ALLOWED, EXPLICIT_DENY when a policy forbids it, IMPLICIT_DENY when no
// policy allows it (R-ID-25).
type AuthDecision string

func (AuthDecision) Constraint() schema.Constraint {
	return schema.Enum("ALLOWED", "EXPLICIT_DENY", "IMPLICIT_DENY")
}

// Tests what the policies in effect for a device say of MQTT actions, without doing them. The same
// code decides as for a device that is connected (R-ID-64).
var TestAuthorization = schema.Op[TestAuthorizationRequest, TestAuthorizationResponse]{
	Name: "TestAuthorization", Route: "POST /test-authorization",
	Role:   schema.Viewer,
	Errors: registryErrors(api.ResourceNotFound, api.LimitExceeded),
}
