package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// The operations that attach policies to what they apply to: certificates and static thing groups
// (R-ID-22).

func (p *Plane) bindAttachments(r *schema.Router) {
	schema.Handle(r, iot.AttachPolicy, p.AttachPolicy)
	schema.Handle(r, iot.DetachPolicy, p.DetachPolicy)
	schema.Handle(r, iot.ListAttachedPolicies, p.ListAttachedPolicies)
	schema.Handle(r, iot.ListTargetsForPolicy, p.ListTargetsForPolicy)
}

// AttachPolicy attaches a policy to a certificate or a group. Repeating it succeeds.
func (p *Plane) AttachPolicy(
	ctx context.Context, in *iot.AttachPolicyRequest,
) (*schema.Nothing, error) {
	target, err := p.targetOf(ctx, in.PolicyName, "target", string(in.Target))
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Identity.AttachPolicy(ctx, string(in.PolicyName), target)
}

// DetachPolicy detaches a policy from a certificate or a group. It succeeds for one that is not
// attached.
func (p *Plane) DetachPolicy(
	ctx context.Context, in *iot.DetachPolicyRequest,
) (*schema.Nothing, error) {
	target, err := p.targetOf(ctx, in.PolicyName, "target", string(in.Target))
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Identity.DetachPolicy(ctx, string(in.PolicyName), target)
}

// targetOf reads the target of a request that names a policy too. If both are wrong, the fault is
// that of the policy: it is looked up before the form of the target is judged (R-ID-56).
func (p *Plane) targetOf(
	ctx context.Context, policy iot.PolicyName, member, text string,
) (identity.Target, error) {
	target, err := p.policyTarget(member, text)
	if err == nil {
		nameOf(ctx, "resource", string(target.Kind)+"/"+target.Key)
		return target, nil // the use case looks the policy up
	}
	if _, missing := p.Identity.GetPolicy(ctx, string(policy)); missing != nil {
		return target, missing
	}
	return target, err
}

// ListAttachedPolicies lists the policies of a target by name; with recursive, those of the
// groups above it too. They are few, so they are loaded whole.
func (p *Plane) ListAttachedPolicies(
	ctx context.Context, in *iot.ListAttachedPoliciesRequest,
) (*iot.PolicyList, error) {
	name := func(q registry.Policy) string { return q.Name }
	return list(p, iot.ListAttachedPolicies, in,
		func(from *string, _ int) ([]registry.Policy, error) {
			target, err := p.policyTarget("target", string(in.Target))
			if err != nil {
				return nil, err
			}
			found, err := p.Identity.PoliciesOfTarget(ctx, target, value(in.Recursive))
			return after(found, name, from), err
		},
		name, p.showPolicy(ctx))
}

// ListTargetsForPolicy lists the certificates and groups that a policy is attached to.
func (p *Plane) ListTargetsForPolicy(
	ctx context.Context, in *iot.ListTargetsForPolicyRequest,
) (*iot.ListTargetsForPolicyResponse, error) {
	return list(p, iot.ListTargetsForPolicy, in,
		func(after *registry.Attachment, limit int) ([]registry.Attachment, error) {
			return p.Identity.TargetsOfPolicy(ctx, string(in.PolicyName), value(after), limit)
		},
		func(a registry.Attachment) registry.Attachment { return a },
		func(a registry.Attachment) iot.PolicyTarget {
			return iot.PolicyTarget(p.arn(ctx, string(a.Kind), a.Key))
		})
}
