package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// The older operations on attached policies. They call what policies are attached to a principal,
// have it in a header, and list by time instead of by name; what they read and write is the same as
// in attachments.go (R-ID-62).

func (p *Plane) bindPrincipalPolicies(r *schema.Router) {
	schema.Handle(r, iot.AttachPrincipalPolicy, p.AttachPrincipalPolicy)
	schema.Handle(r, iot.DetachPrincipalPolicy, p.DetachPrincipalPolicy)
	schema.Handle(r, iot.ListPrincipalPolicies, p.ListPrincipalPolicies)
	schema.Handle(r, iot.ListPolicyPrincipals, p.ListPolicyPrincipals)
}

// AttachPrincipalPolicy attaches a policy to a certificate or a group. Repeating it succeeds.
func (p *Plane) AttachPrincipalPolicy(
	ctx context.Context, in *iot.AttachPrincipalPolicyRequest,
) (*schema.Nothing, error) {
	target, err := p.targetOf(ctx, in.PolicyName, "principal", string(in.Principal))
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Identity.AttachPolicy(ctx, string(in.PolicyName), target)
}

// DetachPrincipalPolicy detaches a policy from a certificate or a group. It succeeds for one that
// is not attached.
func (p *Plane) DetachPrincipalPolicy(
	ctx context.Context, in *iot.DetachPrincipalPolicyRequest,
) (*schema.Nothing, error) {
	target, err := p.targetOf(ctx, in.PolicyName, "principal", string(in.Principal))
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Identity.DetachPolicy(ctx, string(in.PolicyName), target)
}

// ListPrincipalPolicies lists the policies of a certificate or a group by their creation, newest
// first unless asked otherwise (R-ID-3). They are few, so they are loaded whole.
func (p *Plane) ListPrincipalPolicies(
	ctx context.Context, in *iot.ListPrincipalPoliciesRequest,
) (*iot.PolicyList, error) {
	return list(p, iot.ListPrincipalPolicies, in,
		func(after *store.IdentityCursor, _ int) ([]registry.Policy, error) {
			target, err := p.policyTarget("principal", string(in.Principal))
			if err != nil {
				return nil, err
			}
			return p.Identity.PoliciesByCreation(ctx, target, value(in.AscendingOrder), after)
		},
		policyCursor, p.showPolicy(ctx))
}

// policyCursor is the cursor of a policy in a list by creation.
func policyCursor(q registry.Policy) store.IdentityCursor {
	return store.IdentityCursor{CreatedAt: q.CreatedAt, Key: q.Name}
}

// ListPolicyPrincipals lists the certificates and groups that a policy is attached to, the newest
// attachment first unless asked otherwise.
func (p *Plane) ListPolicyPrincipals(
	ctx context.Context, in *iot.ListPolicyPrincipalsRequest,
) (*iot.ListPolicyPrincipalsResponse, error) {
	return list(p, iot.ListPolicyPrincipals, in,
		func(after *registry.Attachment, limit int) ([]registry.Attachment, error) {
			return p.Identity.TargetsByTime(ctx, store.TargetQuery{
				Policy:    string(in.PolicyName),
				Ascending: value(in.AscendingOrder),
				After:     after,
				Limit:     limit,
			})
		},
		func(a registry.Attachment) registry.Attachment { return a },
		func(a registry.Attachment) iot.Principal {
			return iot.Principal(p.arn(ctx, string(a.Kind), a.Key))
		})
}
