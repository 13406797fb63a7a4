package control

import (
	"context"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/schema"
)

// The operations by which operators find out what a device may do, and why.

func (p *Plane) bindAuthorization(r *schema.Router) {
	schema.Handle(r, iot.GetEffectivePolicies, p.GetEffectivePolicies)
	schema.Handle(r, iot.TestAuthorization, p.TestAuthorization)
	schema.Handle(r, drover.ExplainPermission, p.ExplainPermission)
}

// GetEffectivePolicies lists the policies in effect for a certificate and a thing, of which one
// must be given (R-ID-63). They are a few hundred at the most, so it does not page.
func (p *Plane) GetEffectivePolicies(
	ctx context.Context, in *iot.GetEffectivePoliciesRequest,
) (*iot.GetEffectivePoliciesResponse, error) {
	if in.Principal == nil && in.ThingName == nil {
		return nil, fault.New(fault.Invalid, "principal: required, when thingName is not given")
	}
	q := identity.EffectiveQuery{Thing: string(value(in.ThingName))}
	if in.Principal != nil {
		target, err := p.policyTarget("principal", string(*in.Principal))
		if err != nil {
			return nil, err
		}
		q.Principal = &target
	}
	found, err := p.Identity.EffectivePolicies(ctx, q)
	if err != nil {
		return nil, err
	}
	return &iot.GetEffectivePoliciesResponse{
		EffectivePolicies: convert(found, func(q registry.Policy) iot.EffectivePolicy {
			return iot.EffectivePolicy{
				PolicyName:     iot.PolicyName(q.Name),
				PolicyArn:      p.arn(ctx, registry.KindPolicy, q.Name),
				PolicyDocument: iot.PolicyDocument(q.Document()),
			}
		}),
	}, nil
}

// TestAuthorization tests what policies say of actions (R-ID-64).
func (p *Plane) TestAuthorization(
	ctx context.Context, in *iot.TestAuthorizationRequest,
) (*iot.TestAuthorizationResponse, error) {
	if in.Principal == nil && len(in.PolicyNamesToAdd) == 0 {
		return nil, fault.New(fault.Invalid,
			"principal: required, when policyNamesToAdd is not given")
	}
	plain := func(n iot.PolicyName) string { return string(n) }
	q := identity.AuthorizationQuery{
		ClientID: value(in.ClientID),
		Add:      convert(in.PolicyNamesToAdd, plain),
		Skip:     convert(in.PolicyNamesToSkip, plain),
	}
	var err error
	if in.Principal != nil {
		if q.Certificate, err = p.certificateOf(*in.Principal); err != nil {
			return nil, err
		}
	}
	if q.Tests, err = authorizationTests(in.AuthInfos); err != nil {
		return nil, err
	}
	results, err := p.Identity.TestAuthorization(ctx, q)
	if err != nil {
		return nil, err
	}
	out := &iot.TestAuthorizationResponse{}
	for i, result := range results {
		out.AuthResults = append(out.AuthResults, p.authResult(ctx, in.AuthInfos[i], result))
	}
	return out, nil
}

// ExplainPermission says whether a client may do something, and by which statement (R-ID-65).
func (p *Plane) ExplainPermission(
	ctx context.Context, in *drover.ExplainPermissionRequest,
) (*drover.ExplainPermissionResponse, error) {
	action := testedActions[in.Action]
	asked := policy.Request{
		Action:   action.name,
		Resource: p.arn(ctx, action.kind, in.Resource),
	}
	results, err := p.Identity.TestAuthorization(ctx, identity.AuthorizationQuery{
		Certificate: string(in.CertificateID),
		ClientID:    in.ClientID,
		Tests: []identity.AuthorizationTest{
			{Action: asked.Action, Resources: []string{asked.Resource}},
		},
	})
	if err != nil {
		return nil, err
	}
	return &drover.ExplainPermissionResponse{
		Decision: authDecisions[results[0].Decision],
		Text:     results[0].Text(asked),
	}, nil
}

// testedActions are the actions as policies name them, and the kind of resource that each is on
// (R-ID-27).
var testedActions = map[iot.AuthAction]struct{ name, kind string }{
	"CONNECT":   {"iot:Connect", "client"},
	"PUBLISH":   {"iot:Publish", "topic"},
	"SUBSCRIBE": {"iot:Subscribe", "topicfilter"},
	"RECEIVE":   {"iot:Receive", "topic"},
}

// authorizationTests reads what is to be tested. A resource that is no ARN, or of a kind that the
// action is never on, is refused: no device asks for it, so the result would mean nothing. One of
// another account or region is tested like any other; few policies match it (R-ID-2).
func authorizationTests(infos []iot.AuthInfo) ([]identity.AuthorizationTest, error) {
	tests := make([]identity.AuthorizationTest, len(infos))
	for i, info := range infos {
		if info.ActionType == nil {
			return nil, fault.New(fault.Invalid, "authInfos[%d].actionType: required, but missing", i)
		}
		action := testedActions[*info.ActionType]
		for j, resource := range info.Resources {
			if arn, ok := registry.ParseARN(resource); !ok || arn.Kind != action.kind {
				return nil, fault.New(fault.Invalid,
					"authInfos[%d].resources[%d]: %q is not an ARN of a %s, which %s is about",
					i, j, resource, action.kind, *info.ActionType)
			}
		}
		tests[i] = identity.AuthorizationTest{Action: action.name, Resources: info.Resources}
	}
	return tests, nil
}

// authDecisions are decisions as the API names them.
var authDecisions = map[policy.Decision]iot.AuthDecision{
	policy.Allowed:      "ALLOWED",
	policy.ExplicitDeny: "EXPLICIT_DENY",
	policy.ImplicitDeny: "IMPLICIT_DENY",
}

// authResult shows the result of one test. All lists are there, [] when they are empty.
func (p *Plane) authResult(
	ctx context.Context, info iot.AuthInfo, e policy.Explanation,
) iot.AuthResult {
	shown := func(names []string) iot.AllowingPolicies {
		return iot.AllowingPolicies{Policies: convert(names, func(name string) iot.Policy {
			return iot.Policy{
				PolicyName: iot.PolicyName(name),
				PolicyArn:  p.arn(ctx, registry.KindPolicy, name),
			}
		})}
	}
	return iot.AuthResult{
		AuthInfo: info,
		Allowed:  shown(e.Allowing),
		Denied: iot.DenyingPolicies{
			ImplicitDeny: new(shown(e.Silent)),
			ExplicitDeny: new(shown(e.Denying)),
		},
		AuthDecision:         authDecisions[e.Decision],
		MissingContextValues: convert(e.Unresolved, func(name string) string { return name }),
	}
}
