package identity

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A certificate identifies a device. It is known by the SHA-256 of its DER form, may be attached to
// things, and has policies attached, which decide what the device may do. Which certificates can be
// registered, connect or be deleted is decided in package registry.

// AddCertificate registers a certificate that the control plane has issued or read. One that is
// registered already is refused (R-ID-16). CreatedAt and UpdatedAt are filled in.
func (s *Service) AddCertificate(ctx context.Context, c registry.Certificate) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		return stageCertificate(tx, c)
	})
}

// stageCertificate stages a new certificate. fault.Exists: it is registered already.
func stageCertificate(tx *commit.Tx, c registry.Certificate) error {
	if _, err := tx.Certificate(c.ID); err == nil {
		return registry.ExistsAlready(registry.KindCert, c.ID)
	} else if !commit.Missing(err) {
		return err
	}
	c.CreatedAt, c.UpdatedAt = tx.Now, tx.Now
	tx.Changes.Registry.Certificates = []registry.Certificate{c}
	return nil
}

// DescribeCertificate returns a certificate.
func (s *Service) DescribeCertificate(
	ctx context.Context, id string,
) (c registry.Certificate, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		c, err = r.Certificate(id)
		return commit.OrNotFound(err, noCertificate(id))
	})
	return c, err
}

// ListCertificates lists certificates by creation.
func (s *Service) ListCertificates(
	ctx context.Context, q store.IdentityQuery,
) (found []registry.Certificate, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.Certificates(q)
		return err
	})
	return found, err
}

// SetCertificateStatus moves a certificate to ACTIVE, INACTIVE or REVOKED; repeating it has no
// effect (R-ID-17).
func (s *Service) SetCertificateStatus(
	ctx context.Context, id string, status registry.CertificateStatus,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		c, err := tx.Certificate(id)
		if err != nil {
			return commit.OrNotFound(err, noCertificate(id))
		}
		if !c.SetStatus(status, tx.Now) {
			return nil
		}
		tx.Changes.Registry.Certificates = []registry.Certificate{c}
		tx.AfterCommit(s.certificateChanged(id))
		return nil
	})
}

// certificateChanged returns the function that tells connections about a certificate, to be called
// after the commit.
func (s *Service) certificateChanged(id string) func() {
	return func() {
		if s.CertificateChanged != nil {
			s.CertificateChanged(id)
		}
	}
}

// DeleteCertificate deletes a certificate that is not ACTIVE and not attached to a thing. Policies
// are detached with force only (R-ID-18).
func (s *Service) DeleteCertificate(ctx context.Context, id string, force bool) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		c, err := tx.Certificate(id)
		if err != nil {
			return commit.OrNotFound(err, noCertificate(id))
		}
		things, err := tx.ThingsOfPrincipal(id, "", 1)
		if err != nil {
			return err
		}
		policies, err := tx.PoliciesOf(registry.CertificateTarget, id)
		if err != nil {
			return err
		}
		if err := c.CheckDelete(things, policies, force); err != nil {
			return err
		}
		tx.Changes.Registry.DeletedCertificates = []string{id}
		tx.Changes.Registry.KeptCertificates = []string{id} // nothing is left to be removed at a time
		tx.AfterCommit(s.certificateChanged(id))
		return fleet.DetachPolicies(tx, registry.CertificateTarget, id)
	})
}

// AttachPrincipal attaches a certificate to a thing (R-ID-20).
func (s *Service) AttachPrincipal(
	ctx context.Context, thingName, certificate string, exclusive bool,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		p, err := principal(tx, thingName, certificate)
		if err != nil {
			return err
		}
		attached, err := tx.ThingsOfPrincipal(certificate, "", 2)
		if err != nil {
			return err
		}
		p.Exclusive = exclusive
		if err := registry.CanAttachPrincipal(attached, p); err != nil {
			return err
		}
		tx.Changes.Registry.Principals = []registry.Principal{p}
		return nil
	})
}

// principal is the attachment of two that exist.
// Faults: NotFound for a thing or a certificate that does not exist.
func principal(tx *commit.Tx, thingName, certificate string) (p registry.Principal, err error) {
	thing, err := tx.ThingByName(thingName)
	if err != nil {
		return p, commit.OrNotFound(err, fleet.NoThing(thingName))
	}
	if _, err := tx.Certificate(certificate); err != nil {
		return p, commit.OrNotFound(err, noCertificate(certificate))
	}
	return registry.Principal{Thing: thing.ID, ThingName: thing.Name, Certificate: certificate}, nil
}

// DetachPrincipal detaches a certificate from a thing; a pair that is not attached is NotFound
// (R-ID-20).
func (s *Service) DetachPrincipal(ctx context.Context, thingName, certificate string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		p, err := principal(tx, thingName, certificate)
		if err != nil {
			return err
		}
		if p, err = tx.Principal(p.Thing, certificate); err != nil {
			return commit.OrNotFound(err, fault.New(fault.NotFound,
				"certificate %s is not attached to thing %s", certificate, thingName))
		}
		tx.Changes.Registry.DeletedPrincipals = []registry.Principal{p}
		if s.PrincipalDetached != nil {
			tx.AfterCommit(func() { s.PrincipalDetached(certificate, thingName) })
		}
		return nil
	})
}

// CertificatesOf returns up to limit certificates that are attached to a thing, by id; none for a
// thing that does not exist.
func (s *Service) CertificatesOf(
	ctx context.Context, thing string, limit int,
) (found []registry.Certificate, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		id, err := r.ThingID(thing)
		if commit.Missing(err) {
			return nil
		}
		if err != nil {
			return err
		}
		attached, err := r.PrincipalsOfThing(id, "", limit)
		if err != nil {
			return err
		}
		for _, p := range attached {
			c, err := r.Certificate(p.Certificate)
			if err != nil {
				return err
			}
			found = append(found, c)
		}
		return nil
	})
	return found, err
}

// PrincipalsOfThing lists the certificates attached to a thing, by id; with exclusive only those
// attached so, or not so. Where it stopped before the page was full, more is the id to go on after
// (R-WIRE-27).
func (s *Service) PrincipalsOfThing(
	ctx context.Context, thingName string, exclusive *bool, after string, limit int,
) (found []registry.Principal, more string, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		id, err := fleet.FindThing(r, thingName)
		if err != nil {
			return err
		}
		var stopped *registry.Principal
		found, stopped, err = store.Filter(ctx, limit,
			func(last *registry.Principal, limit int) ([]registry.Principal, error) {
				if last != nil {
					after = last.Certificate
				}
				return r.PrincipalsOfThing(id, after, limit)
			}, attachedSo(exclusive))
		if stopped != nil {
			more = stopped.Certificate
		}
		return err
	})
	return found, more, err
}

// ThingsOfPrincipal lists the things that a certificate is attached to, by name; with exclusive
// only those attached so, or not so. Where it stopped before the page was full, more is the name to
// go on after (R-WIRE-27).
func (s *Service) ThingsOfPrincipal(
	ctx context.Context, certificate string, exclusive *bool, after string, limit int,
) (found []registry.Principal, more string, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if _, err := r.Certificate(certificate); err != nil {
			return commit.OrNotFound(err, noCertificate(certificate))
		}
		var stopped *registry.Principal
		found, stopped, err = store.Filter(ctx, limit,
			func(last *registry.Principal, limit int) ([]registry.Principal, error) {
				if last != nil {
					after = last.ThingName
				}
				return r.ThingsOfPrincipal(certificate, after, limit)
			}, attachedSo(exclusive))
		if stopped != nil {
			more = stopped.ThingName
		}
		return err
	})
	return found, more, err
}

// attachedSo keeps the attachments of one kind; nil keeps both.
func attachedSo(exclusive *bool) func(registry.Principal) (bool, error) {
	if exclusive == nil {
		return nil
	}
	return func(p registry.Principal) (bool, error) { return p.Exclusive == *exclusive, nil }
}
