package memory

import (
	"github.com/drover-iot/drover/registry"
)

// identityState is the certificates, policies and authorizers of a state, and what policies are
// attached to.
type identityState struct{ *state }

func (s identityState) putCertificate(c registry.Certificate) error {
	if stored, ok := s.certificates.get(text(c.ID)); ok {
		c.CreatedAt = stored.CreatedAt
	}
	s.certificates = s.certificates.put(text(c.ID), cloneCertificate(c))
	return nil
}

func (s identityState) deleteCertificate(certificate string) error {
	if !s.certificates.has(text(certificate)) {
		return conflict("certificate", certificate)
	}
	s.certificates = s.certificates.remove(text(certificate))
	return nil
}

func (s identityState) putCACertificate(c registry.CACertificate) error {
	if stored, ok := s.authorities.get(text(c.ID)); ok {
		c.Subject, c.CreatedAt = stored.Subject, stored.CreatedAt
	}
	s.authorities = s.authorities.put(text(c.ID), cloneCACertificate(c))
	return nil
}

func (s identityState) deleteCACertificate(certificate string) error {
	if !s.authorities.has(text(certificate)) {
		return conflict("CA certificate", certificate)
	}
	s.authorities = s.authorities.remove(text(certificate))
	return nil
}

func (s identityState) putPolicy(p registry.Policy) error {
	if stored, ok := s.policies.get(text(p.Name)); ok {
		p.CreatedAt = stored.CreatedAt
	}
	s.policies = s.policies.put(text(p.Name), clonePolicy(p))
	return nil
}

func (s identityState) deletePolicy(name string) error {
	if !s.policies.has(text(name)) {
		return conflict("policy", name)
	}
	s.policies = s.policies.remove(text(name))
	return nil
}

func (s identityState) putAuthorizer(a registry.Authorizer) error {
	s.authorizers = s.authorizers.put(text(a.Name), cloneAuthorizer(a))
	return nil
}

func (s identityState) deleteAuthorizer(name string) error {
	if !s.authorizers.has(text(name)) {
		return conflict("authorizer", name)
	}
	s.authorizers = s.authorizers.remove(text(name))
	return nil
}

func (s identityState) attach(a registry.Attachment) error {
	if !s.attachments.has(attachedKey(a)) {
		a.AttachedAt = ms(a.AttachedAt)
		s.attachments = s.attachments.put(attachedKey(a), a)
	}
	return nil
}

func (s identityState) detach(a registry.Attachment) error {
	s.attachments = s.attachments.remove(attachedKey(a))
	return nil
}

func (s identityState) putPrincipal(p registry.Principal) error {
	name, ok := s.names.get(id(p.Thing))
	if !ok || !s.things.has(id(p.Thing)) {
		return conflict("principal", p)
	}
	p.ThingName = name
	s.principals = s.principals.put(principal{p.Thing, p.Certificate}, p)
	return nil
}

func (s identityState) deletePrincipal(p registry.Principal) error {
	key := principal{p.Thing, p.Certificate}
	if !s.principals.has(key) {
		return conflict("principal", p)
	}
	s.principals = s.principals.remove(key)
	return nil
}
