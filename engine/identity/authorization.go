package identity

import (
	"context"
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/store"
)

// What operators ask about authorization: which policies are in effect, and what they say. The
// answers come from what decides about connections (access.go), so that they are true of devices
// (R-ID-33).

// EffectiveQuery says whose policies are asked for. At least one of the two is given.
type EffectiveQuery struct {
	Principal *Target // a certificate or a group; nil for none
	Thing     string  // name of a thing, empty for none
}

// EffectivePolicies lists the policies in effect, by name: for a certificate those of a connection
// with the name of the thing as its client id; without a certificate those of the groups of the
// thing, and those of the group (R-ID-63).
func (s *Service) EffectivePolicies(
	ctx context.Context, q EffectiveQuery,
) (found []registry.Policy, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if q.Principal != nil {
			if err := targetExists(r, *q.Principal); err != nil {
				return err
			}
		}
		var thing registry.ThingID
		if q.Thing != "" {
			if thing, err = fleet.FindThing(r, q.Thing); err != nil {
				return err
			}
		}
		if q.Principal != nil && q.Principal.Kind == registry.CertificateTarget {
			found, err = new(Access).effective(r, q.Principal.Key, q.Thing)
			return err
		}
		found, err = policiesOfGroups(r, q, thing)
		return err
	})
	return found, err
}

// policiesOfGroups returns the policies of the group of a query and of the groups of its thing, as
// far as it names them.
func policiesOfGroups(
	r store.Reader, q EffectiveQuery, thing registry.ThingID,
) (found []registry.Policy, err error) {
	if q.Principal != nil {
		group, err := r.GroupByName(q.Principal.Key)
		if err != nil {
			return nil, err
		}
		if found, err = policiesOfGroup(r, group); err != nil {
			return nil, err
		}
	}
	if q.Thing != "" {
		more, err := policiesOfThing(r, thing)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return registry.UniquePolicies(found), nil
}

// AuthorizationQuery is what is to be tested, and with which policies.
type AuthorizationQuery struct {
	Certificate string // id; empty to test with the added policies only
	ClientID    string // MQTT client id, empty for none
	// Add and Skip are the names of policies that count as attached, and as not attached.
	Add, Skip []string
	Tests     []AuthorizationTest
}

// AuthorizationTest is an action on resources.
type AuthorizationTest struct {
	Action    string   // iot:Publish
	Resources []string // ARNs
}

// TestAuthorization says of each test what the policies in effect for a connection say of it
// (R-ID-64).
func (s *Service) TestAuthorization(
	ctx context.Context, q AuthorizationQuery,
) (results []policy.Explanation, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		connection, policies, err := s.tested(r, q)
		if err != nil {
			return err
		}
		for _, test := range q.Tests {
			requests := make([]policy.Request, len(test.Resources))
			for i, resource := range test.Resources {
				requests[i] = policy.Request{
					Action:   test.Action,
					Resource: resource,
					Context:  connection,
				}
			}
			results = append(results, policy.Explain(policies, requests))
		}
		return nil
	})
	return results, err
}

// tested returns what is known about the connection that is tested, and the policies in effect for
// it.
func (s *Service) tested(
	r store.Reader, q AuthorizationQuery,
) (c policy.Context, named []policy.Named, err error) {
	c.ClientID = q.ClientID
	var policies []registry.Policy
	if q.Certificate != "" {
		certificate, err := r.Certificate(q.Certificate)
		if err != nil {
			return c, nil, commit.OrNotFound(err, noCertificate(q.Certificate))
		}
		if c.Certificate, err = registry.ParseCertificate(certificate.PEM); err != nil {
			return c, nil, err
		}
		var access Access
		if policies, err = access.effective(r, certificate.ID, q.ClientID); err != nil {
			return c, nil, err
		}
		c.CertificateID, c.Thing, c.Attached = certificate.ID, access.Thing, access.Attached
	}
	if policies, err = changedPolicies(r, policies, q.Add, q.Skip); err != nil {
		return c, nil, err
	}
	for _, p := range policies {
		document, err := s.compiled(p)
		if err != nil {
			return c, nil, err
		}
		named = append(named, policy.Named{Name: p.Name, Document: document})
	}
	return c, named, nil
}

// changedPolicies returns policies with those to be added and without those to be skipped, each
// once, by name. A policy that is to be both is skipped. Each must exist.
func changedPolicies(
	r store.Reader, policies []registry.Policy, add, skip []string,
) ([]registry.Policy, error) {
	for _, name := range slices.Concat(add, skip) {
		p, err := r.Policy(name)
		if err != nil {
			return nil, commit.OrNotFound(err, NoPolicy(name))
		}
		policies = append(policies, p)
	}
	return slices.DeleteFunc(registry.UniquePolicies(policies), func(p registry.Policy) bool {
		return slices.Contains(skip, p.Name)
	}), nil
}
