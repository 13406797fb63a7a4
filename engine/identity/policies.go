package identity

import (
	"cmp"
	"context"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/store"
)

// A policy is a named document with up to five versions. It is in effect for a certificate that it
// is attached to, and for the certificates of things in a group that it is attached to, also from
// above. Whatever changes here makes connections ask again for what they may do (service.go).

// CreatePolicy creates a policy with its first version in force. A used name is refused, with an
// equal document too (R-ID-51).
func (s *Service) CreatePolicy(
	ctx context.Context, name, document string, given []registry.Tag,
) (p registry.Policy, err error) {
	tags, err := registry.CheckTags(given)
	if err != nil {
		return p, err
	}
	if _, err := policy.Parse(document); err != nil {
		return p, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if _, err = tx.Policy(name); err == nil {
			return registry.ExistsAlready(registry.KindPolicy, name)
		} else if !commit.Missing(err) {
			return err
		}
		p = registry.NewPolicy(name, document, tx.Now)
		tx.Changes.Registry.Policies = []registry.Policy{p}
		tx.TagNew(registry.KindPolicy, name, tags)
		return nil
	})
	return p, err
}

// GetPolicy returns a policy with all its versions.
func (s *Service) GetPolicy(ctx context.Context, name string) (p registry.Policy, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		p, err = r.Policy(name)
		return commit.OrNotFound(err, NoPolicy(name))
	})
	return p, err
}

// ListPolicies lists policies by creation.
func (s *Service) ListPolicies(
	ctx context.Context, q store.IdentityQuery,
) (found []registry.Policy, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.Policies(q)
		return err
	})
	return found, err
}

// DeletePolicy deletes a policy that has one version and is attached to nothing (R-ID-21).
func (s *Service) DeletePolicy(ctx context.Context, name string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		p, err := tx.Policy(name)
		if err != nil {
			return commit.OrNotFound(err, NoPolicy(name))
		}
		targets, err := tx.TargetsOf(name, registry.Attachment{}, 1)
		if err != nil {
			return err
		}
		if err := p.CheckDelete(targets); err != nil {
			return err
		}
		tx.Changes.Registry.DeletedPolicies = []string{name}
		tx.SetTags(registry.KindPolicy, name, nil)
		return nil
	})
}

// CreatePolicyVersion adds a version; at most five are kept (R-ID-21).
func (s *Service) CreatePolicyVersion(
	ctx context.Context, name, document string, setDefault bool,
) (v registry.PolicyVersion, err error) {
	if _, err := policy.Parse(document); err != nil {
		return v, err
	}
	return v, s.changePolicy(ctx, name, func(tx *commit.Tx, p *registry.Policy) (err error) {
		v, err = p.AddVersion(document, setDefault, tx.Now)
		return err
	})
}

// SetDefaultPolicyVersion puts a version in force.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, name string, number int) error {
	return s.changePolicy(ctx, name, func(tx *commit.Tx, p *registry.Policy) error {
		return p.SetDefault(number, tx.Now)
	})
}

// DeletePolicyVersion deletes a version that is not in force (R-ID-21).
func (s *Service) DeletePolicyVersion(ctx context.Context, name string, number int) error {
	return s.changePolicy(ctx, name, func(tx *commit.Tx, p *registry.Policy) error {
		return p.DeleteVersion(number, tx.Now)
	})
}

// changePolicy stores what change makes of a policy.
func (s *Service) changePolicy(
	ctx context.Context, name string, change func(*commit.Tx, *registry.Policy) error,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		p, err := tx.Policy(name)
		if err != nil {
			return commit.OrNotFound(err, NoPolicy(name))
		}
		if err := change(tx, &p); err != nil {
			return err
		}
		tx.Changes.Registry.Policies = []registry.Policy{p}
		return nil
	})
}

// Target is a certificate or a thing group that policies are attached to.
type Target struct {
	Kind registry.TargetKind
	// Key is the id of the certificate or the name of the group.
	Key string
	// ARN is the text as it was given, for messages.
	ARN string
}

// AttachPolicy attaches a policy to a certificate or a group, both of which must exist; at most ten
// to one target (R-ID-22, R-ID-56).
func (s *Service) AttachPolicy(ctx context.Context, policy string, target Target) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		attachment, err := attachment(tx, policy, target)
		if err != nil {
			return err
		}
		attached, err := tx.PoliciesOf(attachment.Kind, attachment.Key)
		if err != nil {
			return err
		}
		attaches, err := registry.CheckAttach(policy, target.ARN, attached)
		if err != nil || !attaches {
			return err
		}
		tx.Changes.Registry.Attached = []registry.Attachment{attachment}
		return nil
	})
}

// DetachPolicy detaches a policy; a pair that is not attached is no error (R-ID-22).
func (s *Service) DetachPolicy(ctx context.Context, policy string, target Target) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		attachment, err := attachment(tx, policy, target)
		if err == nil {
			tx.Changes.Registry.Detached = []registry.Attachment{attachment}
		}
		return err
	})
}

// attachment names a policy and a target that exist. A dynamic group is no target (R-ID-22).
func attachment(tx *commit.Tx, policy string, target Target) (a registry.Attachment, err error) {
	if _, err := tx.Policy(policy); err != nil {
		return a, commit.OrNotFound(err, NoPolicy(policy))
	}
	a = registry.Attachment{
		Policy:     policy,
		Kind:       target.Kind,
		Key:        target.Key,
		AttachedAt: tx.Now,
	}
	if err := targetExists(tx, target); err != nil || a.Kind != registry.GroupTarget {
		return a, err
	}
	_, err = fleet.StaticGroup(tx, a.Key)
	return a, err
}

// finder finds what policies are attached to. Both a read of the store and a commit in progress are
// such.
type finder interface {
	Certificate(id string) (registry.Certificate, error)
	GroupByName(name string) (registry.Group, error)
}

// targetExists refuses a target that does not exist.
func targetExists(r finder, t Target) error {
	if t.Kind == registry.CertificateTarget {
		_, err := r.Certificate(t.Key)
		return commit.OrNotFound(err, noCertificate(t.Key))
	}
	_, err := r.GroupByName(t.Key)
	return commit.OrNotFound(err, fleet.NoGroup(t.Key))
}

// PoliciesOfTarget lists the policies attached to a target, by name; recursive adds those of a
// group's ancestors (R-ID-22).
func (s *Service) PoliciesOfTarget(
	ctx context.Context, t Target, recursive bool,
) (found []registry.Policy, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if err := targetExists(r, t); err != nil {
			return err
		}
		if found, err = r.PoliciesOf(
			t.Kind, t.Key,
		); err != nil || !recursive || t.Kind != registry.GroupTarget {
			return err
		}
		g, err := r.GroupByName(t.Key)
		if err != nil {
			return err
		}
		found, err = policiesOfGroup(r, g)
		return err
	})
	return found, err
}

// PoliciesByCreation lists the policies attached to a target by their creation, then by name;
// without ascending the newest comes first. It begins after a place in this order (R-ID-62).
func (s *Service) PoliciesByCreation(
	ctx context.Context, t Target, ascending bool, after *store.IdentityCursor,
) ([]registry.Policy, error) {
	found, err := s.PoliciesOfTarget(ctx, t, false)
	order := func(a, b registry.Policy) int {
		if !ascending {
			a, b = b, a
		}
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.Name, b.Name))
	}
	slices.SortFunc(found, order)
	if after == nil {
		return found, err
	}
	last := registry.Policy{Name: after.Key, CreatedAt: after.CreatedAt}
	return slices.DeleteFunc(found, func(p registry.Policy) bool { return order(p, last) <= 0 }), err
}

// policiesOfGroup returns the policies of a group and its ancestors, each once, by name.
func policiesOfGroup(r store.Reader, g registry.Group) (found []registry.Policy, err error) {
	path, err := fleet.PathTo(r, g)
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
	return registry.UniquePolicies(found), nil
}

// TargetsOfPolicy lists what a policy is attached to.
func (s *Service) TargetsOfPolicy(
	ctx context.Context, policy string, after registry.Attachment, limit int,
) (found []registry.Attachment, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if _, err := r.Policy(policy); err != nil {
			return commit.OrNotFound(err, NoPolicy(policy))
		}
		found, err = r.TargetsOf(policy, after, limit)
		return err
	})
	return found, err
}

// TargetsByTime lists what a policy is attached to by the time when it was (R-ID-62).
func (s *Service) TargetsByTime(
	ctx context.Context, q store.TargetQuery,
) (found []registry.Attachment, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if _, err := r.Policy(q.Policy); err != nil {
			return commit.OrNotFound(err, NoPolicy(q.Policy))
		}
		found, err = r.TargetsByTime(q)
		return err
	})
	return found, err
}
