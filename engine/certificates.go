package engine

import (
	"context"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// AddCertificate registers a certificate that the control plane has issued or read. One that is registered already is
// refused (R-ID-16). CreatedAt and UpdatedAt are filled in.
func (e *Engine) AddCertificate(ctx context.Context, c registry.Certificate) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		if _, err := g.Certificate(c.ID); err == nil {
			return out, e.exists(registry.KindCert, c.ID, c.ID)
		} else if !missing(err) {
			return out, err
		}
		c.CreatedAt, c.UpdatedAt = g.now, g.now
		out.Registry.Certificates = []registry.Certificate{c}
		return out, nil
	})
}

func noCertificate(id string) *fault.Error {
	return fault.New(fault.NotFound, "certificate %s does not exist", id)
}

// DescribeCertificate returns a certificate.
func (e *Engine) DescribeCertificate(ctx context.Context, id string) (c registry.Certificate, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		c, err = r.Certificate(id)
		return either(err, noCertificate(id))
	})
	return c, err
}

// ListCertificates lists certificates by creation.
func (e *Engine) ListCertificates(ctx context.Context, q store.IdentityQuery) (found []registry.Certificate, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.Certificates(q)
		return err
	})
	return found, err
}

// SetCertificateStatus moves a certificate to ACTIVE, INACTIVE or REVOKED; the status it has already is no change
// (R-ID-17).
func (e *Engine) SetCertificateStatus(ctx context.Context, id string, status registry.CertificateStatus) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		c, err := g.Certificate(id)
		if err != nil {
			return out, either(err, noCertificate(id))
		}
		if c.Status == status {
			return out, nil
		}
		c.Status, c.UpdatedAt = status, g.now
		out.Registry.Certificates = []registry.Certificate{c}
		out.after = e.certificateChanged(id)
		return out, nil
	})
}

func (e *Engine) certificateChanged(id string) func() {
	return func() {
		if e.CertificateChanged != nil {
			e.CertificateChanged(id)
		}
	}
}

// DeleteCertificate deletes a certificate that is not ACTIVE and not attached to a thing. Policies are detached with
// force only (R-ID-18).
func (e *Engine) DeleteCertificate(ctx context.Context, id string, force bool) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		c, err := g.Certificate(id)
		if err != nil {
			return out, either(err, noCertificate(id))
		}
		if c.Status == registry.CertificateActive {
			return out, fault.New(fault.CertificateState, "certificate %s is ACTIVE; make it INACTIVE first", id)
		}
		things, err := g.ThingsOfPrincipal(id, "", 1)
		if err != nil {
			return out, err
		}
		if len(things) > 0 {
			return out, fault.New(fault.DeleteConflict, "certificate %s is attached to thing %s", id, things[0].ThingName)
		}
		policies, err := g.PoliciesOf(registry.CertificateTarget, id)
		if err != nil {
			return out, err
		}
		if len(policies) > 0 && !force {
			return out, fault.New(fault.DeleteConflict, "policy %s is attached to certificate %s", policies[0].Name, id)
		}
		out.Registry.DeletedCertificates = []string{id}
		out.after = e.certificateChanged(id)
		return out, g.detachAll(&out, registry.CertificateTarget, id)
	})
}

// AttachPrincipal attaches a certificate to a thing (R-ID-20).
func (e *Engine) AttachPrincipal(ctx context.Context, thingName, certificate string, exclusive bool) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		p, err := g.principal(thingName, certificate)
		if err != nil {
			return out, err
		}
		attached, err := g.ThingsOfPrincipal(certificate, "", 2)
		if err != nil {
			return out, err
		}
		for _, other := range attached {
			if other.Thing != p.Thing && (exclusive || other.Exclusive) {
				return out, fault.New(fault.Invalid, "certificate %s is attached to thing %s, and one of the attachments is exclusive",
					certificate, other.ThingName)
			}
		}
		p.Exclusive = exclusive
		out.Registry.Principals = []registry.Principal{p}
		return out, nil
	})
}

// principal is the attachment of two that exist.
func (g *group) principal(thingName, certificate string) (p registry.Principal, err error) {
	thing, err := g.ThingByName(thingName)
	if err != nil {
		return p, either(err, noThing(thingName))
	}
	if _, err := g.Certificate(certificate); err != nil {
		return p, either(err, noCertificate(certificate))
	}
	return registry.Principal{Thing: thing.ID, ThingName: thing.Name, Certificate: certificate}, nil
}

// DetachPrincipal detaches a certificate from a thing; a pair that is not attached is NotFound (R-ID-20).
func (e *Engine) DetachPrincipal(ctx context.Context, thingName, certificate string) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		p, err := g.principal(thingName, certificate)
		if err != nil {
			return out, err
		}
		if p, err = g.Principal(p.Thing, certificate); err != nil {
			return out, either(err, fault.New(fault.NotFound, "certificate %s is not attached to thing %s", certificate, thingName))
		}
		out.Registry.DeletedPrincipals = []registry.Principal{p}
		return out, nil
	})
}

// PrincipalsOfThing lists the certificates attached to a thing, by id; with exclusive only those attached so, or not so.
func (e *Engine) PrincipalsOfThing(ctx context.Context, thingName string, exclusive *bool, after string, limit int) (found []registry.Principal, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		id, err := thingID(r, thingName)
		if err != nil {
			return err
		}
		found, err = filtered(exclusive, after, limit, func(after string) ([]registry.Principal, string, error) {
			page, err := r.PrincipalsOfThing(id, after, limit)
			if len(page) > 0 {
				after = page[len(page)-1].Certificate
			}
			return page, after, err
		})
		return err
	})
	return found, err
}

// ThingsOfPrincipal lists the things that a certificate is attached to, by name; with exclusive only those attached so, or
// not so.
func (e *Engine) ThingsOfPrincipal(ctx context.Context, certificate string, exclusive *bool, after string, limit int) (found []registry.Principal, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		if _, err := r.Certificate(certificate); err != nil {
			return either(err, noCertificate(certificate))
		}
		found, err = filtered(exclusive, after, limit, func(after string) ([]registry.Principal, string, error) {
			page, err := r.ThingsOfPrincipal(certificate, after, limit)
			if len(page) > 0 {
				after = page[len(page)-1].ThingName
			}
			return page, after, err
		})
		return err
	})
	return found, err
}

// filtered reads pages of a list until so many were kept. next returns the page after a place, and the place of its end.
func filtered(exclusive *bool, after string, limit int, next func(after string) ([]registry.Principal, string, error)) (kept []registry.Principal, err error) {
	for {
		page, end, err := next(after)
		if err != nil {
			return nil, err
		}
		for _, p := range page {
			if exclusive == nil || *exclusive == p.Exclusive {
				kept = append(kept, p)
			}
		}
		if len(page) < limit || len(kept) >= limit {
			return kept[:min(limit, len(kept))], nil
		}
		after = end
	}
}
