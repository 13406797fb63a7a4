package engine

import (
	"context"
	"slices"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/store"
)

func noPolicy(name string) *fault.Error {
	return fault.New(fault.NotFound, "policy %s does not exist", name)
}

// CreatePolicy creates a policy with its first version in force. A used name is refused, with an equal document too
// (R-ID-51).
func (e *Engine) CreatePolicy(ctx context.Context, name, document string, given []registry.Tag) (p registry.Policy, err error) {
	tags, err := registry.CheckTags(given)
	if err != nil {
		return p, err
	}
	if _, err := policy.Parse(document); err != nil {
		return p, err
	}
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		if _, err = g.Policy(name); err == nil {
			return out, e.exists(registry.KindPolicy, name, name)
		} else if !missing(err) {
			return out, err
		}
		p = registry.Policy{
			Name: name, Default: 1, LastNumber: 1, CreatedAt: g.now, UpdatedAt: g.now,
			Versions: []registry.PolicyVersion{{Number: 1, Document: document, CreatedAt: g.now}},
		}
		out.Registry.Policies = []registry.Policy{p}
		out.label(registry.KindPolicy, name, tags)
		return out, nil
	})
	return p, err
}

// GetPolicy returns a policy with all its versions.
func (e *Engine) GetPolicy(ctx context.Context, name string) (p registry.Policy, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		p, err = r.Policy(name)
		return either(err, noPolicy(name))
	})
	return p, err
}

// ListPolicies lists policies by creation.
func (e *Engine) ListPolicies(ctx context.Context, q store.IdentityQuery) (found []registry.Policy, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.Policies(q)
		return err
	})
	return found, err
}

// DeletePolicy deletes a policy that has one version and is attached to nothing (R-ID-21).
func (e *Engine) DeletePolicy(ctx context.Context, name string) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		p, err := g.Policy(name)
		if err != nil {
			return out, either(err, noPolicy(name))
		}
		if len(p.Versions) > 1 {
			return out, fault.New(fault.DeleteConflict, "policy %s has %d versions; delete those that are not the default first",
				name, len(p.Versions))
		}
		targets, err := g.TargetsOf(name, registry.Attachment{}, 1)
		if err != nil {
			return out, err
		}
		if len(targets) > 0 {
			return out, fault.New(fault.DeleteConflict, "policy %s is attached to %s/%s; detach it first", name, targets[0].Kind, targets[0].Key)
		}
		out.Registry.DeletedPolicies = []string{name}
		out.tag(registry.KindPolicy, name, nil)
		return out, nil
	})
}

// CreatePolicyVersion adds a version; at most five are kept (R-ID-21).
func (e *Engine) CreatePolicyVersion(ctx context.Context, name, document string, setDefault bool) (v registry.PolicyVersion, err error) {
	if _, err := policy.Parse(document); err != nil {
		return v, err
	}
	return v, e.changePolicy(ctx, name, func(p *registry.Policy, g *group) error {
		if len(p.Versions) >= registry.MaxPolicyVersions {
			return fault.New(fault.VersionsLimit, "policy %s has %d versions, at most %d are kept",
				name, len(p.Versions), registry.MaxPolicyVersions)
		}
		p.LastNumber++
		v = registry.PolicyVersion{Number: p.LastNumber, Document: document, CreatedAt: g.now}
		p.Versions = append(slices.Clone(p.Versions), v)
		if setDefault {
			p.Default = v.Number
		}
		return nil
	})
}

// SetDefaultPolicyVersion puts a version in force.
func (e *Engine) SetDefaultPolicyVersion(ctx context.Context, name string, number int) error {
	return e.changePolicy(ctx, name, func(p *registry.Policy, _ *group) error {
		if !slices.ContainsFunc(p.Versions, func(v registry.PolicyVersion) bool { return v.Number == number }) {
			return fault.New(fault.NotFound, "policy %s has no version %d", name, number)
		}
		p.Default = number
		return nil
	})
}

// DeletePolicyVersion deletes a version that is not in force (R-ID-21).
func (e *Engine) DeletePolicyVersion(ctx context.Context, name string, number int) error {
	return e.changePolicy(ctx, name, func(p *registry.Policy, _ *group) error {
		if p.Default == number {
			return fault.New(fault.DeleteConflict, "version %d of policy %s is the default", number, name)
		}
		kept := slices.DeleteFunc(slices.Clone(p.Versions), func(v registry.PolicyVersion) bool { return v.Number == number })
		if len(kept) == len(p.Versions) {
			return fault.New(fault.NotFound, "policy %s has no version %d", name, number)
		}
		p.Versions = kept
		return nil
	})
}

func (e *Engine) changePolicy(ctx context.Context, name string, change func(*registry.Policy, *group) error) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		p, err := g.Policy(name)
		if err != nil {
			return out, either(err, noPolicy(name))
		}
		if err := change(&p, g); err != nil {
			return out, err
		}
		p.UpdatedAt = g.now
		out.Registry.Policies = []registry.Policy{p}
		return out, nil
	})
}

// AttachPolicy attaches a policy to a certificate or a group, both of which must exist; at most ten to one target
// (R-ID-22, R-ID-56).
func (e *Engine) AttachPolicy(ctx context.Context, policy, target string) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		attachment, err := g.attachment(e.Scope, policy, target)
		if err != nil {
			return out, err
		}
		attached, err := g.PoliciesOf(attachment.Kind, attachment.Key)
		if err != nil {
			return out, err
		}
		if slices.ContainsFunc(attached, func(p registry.Policy) bool { return p.Name == policy }) {
			return out, nil
		}
		if len(attached) >= registry.MaxPoliciesPerTarget {
			return out, fault.New(fault.Limit, "%s has %d policies, the most that are allowed", target, len(attached))
		}
		out.Registry.Attached = []registry.Attachment{attachment}
		return out, nil
	})
}

// DetachPolicy detaches a policy; a pair that is not attached is no error (R-ID-22).
func (e *Engine) DetachPolicy(ctx context.Context, policy, target string) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		attachment, err := g.attachment(e.Scope, policy, target)
		if err == nil {
			out.Registry.Detached = []registry.Attachment{attachment}
		}
		return out, err
	})
}

// attachment names a policy and a target that exist.
func (g *group) attachment(scope registry.Scope, policy, target string) (a registry.Attachment, err error) {
	if _, err := g.Policy(policy); err != nil {
		return a, either(err, noPolicy(policy))
	}
	arn, err := scope.Parse("target", target, registry.KindCert, registry.KindGroup)
	if err != nil {
		return a, err
	}
	a = registry.Attachment{Policy: policy, Kind: registry.TargetKind(arn.Kind), Key: arn.Name}
	if err := targetExists(g, a); err != nil || a.Kind != registry.GroupTarget {
		return a, err
	}
	_, err = g.staticGroup(a.Key) // R-ID-22
	return a, err
}

func targetExists(r store.Reader, a registry.Attachment) error {
	if a.Kind == registry.CertificateTarget {
		_, err := r.Certificate(a.Key)
		return either(err, noCertificate(a.Key))
	}
	_, err := r.GroupByName(a.Key)
	return either(err, noGroup(a.Key))
}

// detachAll detaches every policy from a target that goes.
func (g *group) detachAll(out *outcome, kind registry.TargetKind, key string) error {
	policies, err := g.PoliciesOf(kind, key)
	for _, p := range policies {
		out.Registry.Detached = append(out.Registry.Detached, registry.Attachment{Policy: p.Name, Kind: kind, Key: key})
	}
	return err
}

// PoliciesOfTarget lists the policies attached to a target, by name; recursive adds those of a group's ancestors
// (R-ID-22).
func (e *Engine) PoliciesOfTarget(ctx context.Context, target string, recursive bool) (found []registry.Policy, err error) {
	arn, err := e.Scope.Parse("target", target, registry.KindCert, registry.KindGroup)
	if err != nil {
		return nil, err
	}
	err = e.Store.Read(ctx, func(r store.Reader) error {
		a := registry.Attachment{Kind: registry.TargetKind(arn.Kind), Key: arn.Name}
		if err := targetExists(r, a); err != nil {
			return err
		}
		if found, err = r.PoliciesOf(a.Kind, a.Key); err != nil || !recursive || a.Kind != registry.GroupTarget {
			return err
		}
		g, err := r.GroupByName(a.Key)
		if err != nil {
			return err
		}
		found, err = policiesOfGroup(r, g)
		return err
	})
	return found, err
}

// policiesOfGroup returns the policies of a group and its ancestors, each once, by name.
func policiesOfGroup(r store.Reader, g registry.Group) (found []registry.Policy, err error) {
	path, err := pathTo(r, g)
	if err != nil {
		return nil, err
	}
	for _, at := range path {
		more, err := r.PoliciesOf(registry.GroupTarget, at.Name)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return sortedPolicies(found), nil
}

func sortedPolicies(found []registry.Policy) []registry.Policy {
	slices.SortFunc(found, func(a, b registry.Policy) int { return strings.Compare(a.Name, b.Name) })
	return slices.CompactFunc(found, func(a, b registry.Policy) bool { return a.Name == b.Name })
}

// TargetsOfPolicy lists what a policy is attached to.
func (e *Engine) TargetsOfPolicy(ctx context.Context, policy string, after registry.Attachment, limit int) (found []registry.Attachment, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		if _, err := r.Policy(policy); err != nil {
			return either(err, noPolicy(policy))
		}
		found, err = r.TargetsOf(policy, after, limit)
		return err
	})
	return found, err
}
