package control

import (
	"context"
	"strconv"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// The operations of policies and their versions. A policy has up to five versions, one of which
// is the default: its document is the one in force (R-ID-21).

func (p *Plane) bindPolicies(r *schema.Router) {
	schema.Handle(r, iot.CreatePolicy, p.CreatePolicy)
	schema.Handle(r, iot.GetPolicy, p.GetPolicy)
	schema.Handle(r, iot.ListPolicies, p.ListPolicies)
	schema.Handle(r, iot.DeletePolicy, p.DeletePolicy)
	schema.Handle(r, iot.CreatePolicyVersion, p.CreatePolicyVersion)
	schema.Handle(r, iot.GetPolicyVersion, p.GetPolicyVersion)
	schema.Handle(r, iot.ListPolicyVersions, p.ListPolicyVersions)
	schema.Handle(r, iot.SetDefaultPolicyVersion, p.SetDefaultPolicyVersion)
	schema.Handle(r, iot.DeletePolicyVersion, p.DeletePolicyVersion)
}

// CreatePolicy creates a policy. Its document becomes version 1, the default. Unlike with things
// and groups, repeating it is an error (R-ID-51).
func (p *Plane) CreatePolicy(
	ctx context.Context, in *iot.CreatePolicyRequest,
) (*iot.CreatePolicyResponse, error) {
	name, document := string(in.PolicyName), string(in.PolicyDocument)
	policy, err := p.Identity.CreatePolicy(ctx, name, document, givenTags(in.Tags))
	if err != nil {
		return nil, err
	}
	return &iot.CreatePolicyResponse{
		PolicyName:      in.PolicyName,
		PolicyArn:       p.arn(ctx, registry.KindPolicy, policy.Name),
		PolicyDocument:  in.PolicyDocument,
		PolicyVersionID: versionID(policy.Default),
	}, nil
}

// versionID is the number of a version as the API writes it.
func versionID(number int) iot.PolicyVersionID { return iot.PolicyVersionID(strconv.Itoa(number)) }

// versionNumber reads a version id. Its description has checked that it consists of digits; what
// is too large for a number names no version.
func versionNumber(policy iot.PolicyName, id iot.PolicyVersionID) (int, error) {
	number, err := strconv.Atoi(string(id))
	if err != nil {
		return 0, fault.New(fault.NotFound, "policy %s has no version %s", policy, id)
	}
	return number, nil
}

// GetPolicy returns a policy with the document that is in force.
func (p *Plane) GetPolicy(
	ctx context.Context, in *iot.GetPolicyRequest,
) (*iot.GetPolicyResponse, error) {
	policy, err := p.Identity.GetPolicy(ctx, string(in.PolicyName))
	if err != nil {
		return nil, err
	}
	return &iot.GetPolicyResponse{
		PolicyName:       in.PolicyName,
		PolicyArn:        p.arn(ctx, registry.KindPolicy, policy.Name),
		PolicyDocument:   iot.PolicyDocument(policy.Document()),
		DefaultVersionID: versionID(policy.Default),
		CreationDate:     schema.At(policy.CreatedAt),
		LastModifiedDate: schema.At(policy.UpdatedAt),
	}, nil
}

// ListPolicies lists policies by creation, newest first unless asked otherwise (R-ID-3).
func (p *Plane) ListPolicies(
	ctx context.Context, in *iot.ListPoliciesRequest,
) (*iot.PolicyList, error) {
	return list(p, iot.ListPolicies, in,
		func(after *store.IdentityCursor, limit int) ([]registry.Policy, error) {
			return p.Identity.ListPolicies(ctx, store.IdentityQuery{
				Ascending: value(in.AscendingOrder),
				After:     after,
				Limit:     limit,
			})
		},
		policyCursor, p.showPolicy(ctx))
}

// showPolicy is a policy as lists show it.
func (p *Plane) showPolicy(ctx context.Context) func(registry.Policy) iot.Policy {
	return func(q registry.Policy) iot.Policy {
		return iot.Policy{
			PolicyName: iot.PolicyName(q.Name),
			PolicyArn:  p.arn(ctx, registry.KindPolicy, q.Name),
		}
	}
}

// DeletePolicy deletes a policy that is attached to nothing and has no version beside the default
// (R-ID-21).
func (p *Plane) DeletePolicy(
	ctx context.Context, in *iot.DeletePolicyRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Identity.DeletePolicy(ctx, string(in.PolicyName))
}

// CreatePolicyVersion adds a version to a policy, and puts it in force if the request says so.
func (p *Plane) CreatePolicyVersion(
	ctx context.Context, in *iot.CreatePolicyVersionRequest,
) (*iot.CreatePolicyVersionResponse, error) {
	name, document := string(in.PolicyName), string(in.PolicyDocument)
	version, err := p.Identity.CreatePolicyVersion(ctx, name, document, value(in.SetAsDefault))
	if err != nil {
		return nil, err
	}
	return &iot.CreatePolicyVersionResponse{
		PolicyArn:        p.arn(ctx, registry.KindPolicy, name),
		PolicyDocument:   in.PolicyDocument,
		PolicyVersionID:  versionID(version.Number),
		IsDefaultVersion: value(in.SetAsDefault),
	}, nil
}

// GetPolicyVersion returns one version of a policy. A version never changes, so it was last
// modified when it was created.
func (p *Plane) GetPolicyVersion(
	ctx context.Context, in *iot.GetPolicyVersionRequest,
) (*iot.GetPolicyVersionResponse, error) {
	policy, err := p.Identity.GetPolicy(ctx, string(in.PolicyName))
	if err != nil {
		return nil, err
	}
	number, err := versionNumber(in.PolicyName, in.PolicyVersionID)
	if err != nil {
		return nil, err
	}
	for _, v := range policy.Versions {
		if v.Number == number {
			return &iot.GetPolicyVersionResponse{
				PolicyArn:        p.arn(ctx, registry.KindPolicy, policy.Name),
				PolicyName:       in.PolicyName,
				PolicyDocument:   iot.PolicyDocument(v.Document),
				PolicyVersionID:  versionID(v.Number),
				IsDefaultVersion: v.Number == policy.Default,
				CreationDate:     schema.At(v.CreatedAt),
				LastModifiedDate: schema.At(v.CreatedAt),
			}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "policy %s has no version %d", policy.Name, number)
}

// ListPolicyVersions lists the versions of a policy. They are five at most, so the operation does
// not page.
func (p *Plane) ListPolicyVersions(
	ctx context.Context, in *iot.ListPolicyVersionsRequest,
) (*iot.ListPolicyVersionsResponse, error) {
	policy, err := p.Identity.GetPolicy(ctx, string(in.PolicyName))
	if err != nil {
		return nil, err
	}
	return &iot.ListPolicyVersionsResponse{
		PolicyVersions: convert(policy.Versions, func(v registry.PolicyVersion) iot.PolicyVersion {
			return iot.PolicyVersion{
				VersionID:        versionID(v.Number),
				IsDefaultVersion: v.Number == policy.Default,
				CreateDate:       schema.At(v.CreatedAt),
			}
		}),
	}, nil
}

// SetDefaultPolicyVersion puts a version in force.
func (p *Plane) SetDefaultPolicyVersion(
	ctx context.Context, in *iot.SetDefaultPolicyVersionRequest,
) (*schema.Nothing, error) {
	number, err := versionNumber(in.PolicyName, in.PolicyVersionID)
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Identity.SetDefaultPolicyVersion(ctx, string(in.PolicyName), number)
}

// DeletePolicyVersion deletes a version that is not the default.
func (p *Plane) DeletePolicyVersion(
	ctx context.Context, in *iot.DeletePolicyVersionRequest,
) (*schema.Nothing, error) {
	number, err := versionNumber(in.PolicyName, in.PolicyVersionID)
	if err != nil {
		return nil, err
	}
	return &schema.Nothing{}, p.Identity.DeletePolicyVersion(ctx, string(in.PolicyName), number)
}
