package identity

import (
	"context"
	"fmt"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/store"
)

// Who connects. Identify says whether a certificate may be used at all, Access which thing a
// connection stands for and which policies are in effect. The answer of Access is cached by the
// caller for as long as AccessVersion stays the same, because it is needed for every message.

// Identify returns the certificate that a device presented, if it may connect: registered, ACTIVE
// and, by the real clock, within its validity (R-ID-14). Faults: Forbidden for an unknown one,
// CertificateInvalid for one that may not.
func (s *Service) Identify(
	ctx context.Context, id string, realNow time.Time,
) (c registry.Certificate, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		c, err = r.Certificate(id)
		return commit.OrNotFound(
			err, fault.New(fault.Forbidden, "the certificate %s is not registered", id))
	})
	if err != nil {
		return c, err
	}
	return c, c.CheckConnect(realNow)
}

// Access is what decides about a connection: its thing, and the policies in effect (R-ID-28,
// R-ID-29).
type Access struct {
	Thing    *registry.Thing // the connection thing, nil without one
	Attached bool            // a thing named like the client id is attached to the certificate
	Policies []*policy.Document
	Names    []string // of the policies
}

// Access returns what decides about a connection of a certificate with a client id; without one
// over HTTP.
func (s *Service) Access(ctx context.Context, certificate, clientID string) (a Access, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		policies, err := a.effective(r, certificate, clientID)
		if err != nil {
			return err
		}
		for _, p := range policies {
			document, err := s.compiled(p)
			if err != nil {
				return err
			}
			a.Policies, a.Names = append(a.Policies, document), append(a.Names, p.Name)
		}
		if len(policies) == 0 {
			return s.addClaim(&a, r, certificate)
		}
		return nil
	})
	return a, err
}

// addClaim adds what a temporary claim may do. Such a certificate has no policies attached; what an
// operator attaches to it takes the place of this (R-ID-86).
func (s *Service) addClaim(a *Access, r store.Reader, certificate string) error {
	claim, err := r.TemporaryCertificate(certificate)
	if commit.Missing(err) || err == nil && claim.Policy == "" {
		return nil
	}
	if err != nil {
		return err
	}
	document, err := s.policies.Get(claim.Policy)
	if err != nil {
		return fmt.Errorf("the claim %s: %w", certificate, err)
	}
	a.Policies, a.Names = append(a.Policies, document), append(a.Names, "(temporary claim)")
	return nil
}

// AccessByPolicies returns what decides about a connection of a key: the policies with these names,
// of which one that does not exist allows nothing, and as its thing the one that is named like the
// client id (R-BRK-32).
func (s *Service) AccessByPolicies(
	ctx context.Context, policies []string, clientID string,
) (a Access, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		thing, err := r.ThingByName(clientID)
		switch {
		case err == nil:
			a.Thing = &thing
		case !commit.Missing(err):
			return err
		}
		for _, name := range policies {
			p, err := r.Policy(name)
			if commit.Missing(err) {
				continue
			}
			if err != nil {
				return err
			}
			document, err := s.compiled(p)
			if err != nil {
				return err
			}
			a.Policies, a.Names = append(a.Policies, document), append(a.Names, p.Name)
		}
		return nil
	})
	return a, err
}

// compiled is the document of a policy that is in force, ready for evaluation.
func (s *Service) compiled(p registry.Policy) (*policy.Document, error) {
	document, err := s.policies.Get(p.Document())
	if err != nil {
		return nil, fmt.Errorf("policy %s: %w", p.Name, err)
	}
	return document, nil
}

// effective finds the connection thing and returns the policies in effect, each once: those of the
// certificate, and those of the groups of the thing (R-ID-28).
func (a *Access) effective(
	r store.Reader, certificate, clientID string,
) ([]registry.Policy, error) {
	if err := a.findThing(r, certificate, clientID); err != nil {
		return nil, err
	}
	policies, err := r.PoliciesOf(registry.CertificateTarget, certificate)
	if err != nil || a.Thing == nil {
		return policies, err
	}
	more, err := policiesOfThing(r, a.Thing.ID)
	return registry.UniquePolicies(append(policies, more...)), err
}

// findThing finds the connection thing: the one that the certificate is attached to exclusively,
// else the one that is named like the client id and attached to the certificate.
func (a *Access) findThing(r store.Reader, certificate, clientID string) error {
	attached, err := r.ThingsOfPrincipal(certificate, "", 1)
	if err != nil {
		return err
	}
	name := registry.ConnectionThing(attached, clientID)
	if name == "" {
		return nil
	}
	thing, err := r.ThingByName(name)
	if commit.Missing(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := r.Principal(thing.ID, certificate); err != nil {
		if commit.Missing(err) {
			return nil
		}
		return err
	}
	a.Thing, a.Attached = &thing, name == clientID
	return nil
}

// policiesOfThing returns the policies of all groups of a thing and of their ancestors.
func policiesOfThing(r store.Reader, thing registry.ThingID) (found []registry.Policy, err error) {
	memberships, err := r.Memberships(thing)
	if err != nil {
		return nil, err
	}
	for _, m := range memberships {
		g, err := r.Group(m.Group)
		if err != nil {
			return nil, err
		}
		more, err := policiesOfGroup(r, g)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	return found, nil
}

// AccessVersion changes whenever an answer of Access or Identify may have changed.
func (s *Service) AccessVersion() uint64 { return s.version.Load() }

// changesAccess reports whether registry changes can change what somebody may do. New things and
// groups cannot: nothing is attached to them yet.
func changesAccess(c *store.RegistryChanges) bool {
	things := len(c.UpdatedThings) + len(c.DeletedThings)
	groups := len(c.DeletedGroups) + len(c.AddedMemberships) + len(c.RemovedMemberships)
	certificates := len(c.Certificates) + len(c.DeletedCertificates)
	policies := len(c.Policies) + len(c.DeletedPolicies)
	attachments := len(c.Attached) + len(c.Detached) + len(c.Principals) + len(c.DeletedPrincipals)
	authorizers := len(c.Authorizers) + len(c.DeletedAuthorizers)
	return things+groups+certificates+policies+attachments+authorizers > 0
}
