package identity

import (
	"slices"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/registry/provisioning"
)

// What a provisioning template asks for about identities, staged as part of a use case that stages
// more.

// PutNew stages a certificate that is not registered yet, with the time of the commit.
func (s *Service) PutNew(tx *commit.Tx, c registry.Certificate) error {
	return stageCertificate(tx, c)
}

// PutStatus stages a status of a certificate that is registered or staged, and that it stays.
func (s *Service) PutStatus(
	tx *commit.Tx, c registry.Certificate, status registry.CertificateStatus,
) error {
	if _, err := tx.TemporaryCertificate(c.ID); err == nil {
		tx.Changes.Registry.KeptCertificates = append(tx.Changes.Registry.KeptCertificates, c.ID)
	} else if !commit.Missing(err) {
		return err
	}
	if !c.SetStatus(status, tx.Now) {
		return nil
	}
	staged := &tx.Changes.Registry.Certificates
	same := func(other registry.Certificate) bool { return other.ID == c.ID }
	if i := slices.IndexFunc(*staged, same); i >= 0 { // it is registered by the same commit
		(*staged)[i] = c
	} else {
		*staged = append(*staged, c)
	}
	tx.AfterCommit(s.certificateChanged(c.ID))
	return nil
}

// Remove stages that a certificate is removed with all that is attached to it.
func (s *Service) Remove(tx *commit.Tx, id string) error {
	r := &tx.Changes.Registry
	policies, err := tx.PoliciesOf(registry.CertificateTarget, id)
	if err != nil {
		return err
	}
	for _, p := range policies {
		detached := registry.Attachment{Policy: p.Name, Kind: registry.CertificateTarget, Key: id}
		r.Detached = append(r.Detached, detached)
	}
	for after := ""; ; {
		things, err := tx.ThingsOfPrincipal(id, after, removedTogether)
		if err != nil {
			return err
		}
		r.DeletedPrincipals = append(r.DeletedPrincipals, things...)
		if len(things) < removedTogether {
			break
		}
		after = things[len(things)-1].ThingName
	}
	r.KeptCertificates = append(r.KeptCertificates, id)
	r.DeletedCertificates = append(r.DeletedCertificates, id)
	tx.AfterCommit(s.certificateChanged(id))
	return nil
}

// removedTogether is how many attachments are read at once.
const removedTogether = 100

// AttachProvisioned stages that a certificate is attached to a thing.
func (s *Service) AttachProvisioned(
	tx *commit.Tx, thing registry.Thing, certificate string, exclusive bool,
) error {
	p := registry.Principal{
		Thing:       thing.ID,
		ThingName:   thing.Name,
		Certificate: certificate,
		Exclusive:   exclusive,
	}
	attached, err := tx.ThingsOfPrincipal(certificate, "", 2)
	if err != nil {
		return err
	}
	if err := registry.CanAttachPrincipal(attached, p); err != nil {
		return err
	}
	for _, has := range attached {
		if has == p {
			return nil
		}
	}
	tx.Changes.Registry.Principals = append(tx.Changes.Registry.Principals, p)
	return nil
}

// AttachPolicies stages that policies are attached to a certificate, and that those are created of
// which there is a document and no policy. arn is that of the certificate, for messages.
// fault.NotFound: a policy that is only named does not exist.
func (s *Service) AttachPolicies(
	tx *commit.Tx, wanted []provisioning.Policy, certificate, arn string,
) error {
	attached, err := tx.PoliciesOf(registry.CertificateTarget, certificate)
	if err != nil {
		return err
	}
	r := &tx.Changes.Registry
	for _, w := range wanted {
		attaches, err := registry.CheckAttach(w.Name, arn, attached)
		if err != nil {
			return err
		}
		if !attaches {
			continue
		}
		p, err := tx.Policy(w.Name)
		switch {
		case err == nil && w.Document != "" && p.Document() != w.Document:
			return fault.New(fault.RegistrationFailed, "policy %s, whose name is the hash of the "+
				"document in the template, has another document", w.Name)
		case commit.Missing(err) && w.Document != "":
			if _, err := policy.Parse(w.Document); err != nil {
				return err
			}
			p = registry.NewPolicy(w.Name, w.Document, tx.Now)
			r.Policies = append(r.Policies, p)
		case err != nil:
			return commit.OrNotFound(err, NoPolicy(w.Name))
		}
		attached = append(attached, p)
		r.Attached = append(r.Attached, registry.Attachment{
			Policy:     w.Name,
			Kind:       registry.CertificateTarget,
			Key:        certificate,
			AttachedAt: tx.Now,
		})
	}
	return nil
}
