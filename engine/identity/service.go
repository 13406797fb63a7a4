package identity

import (
	"crypto/x509"
	"slices"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/parsed"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/policy"
	"github.com/drover-iot/drover/store"
)

// Config is what the use cases of identities work with.
type Config struct {
	Store   store.Store
	Commits *commit.Committer
	// CertificateChanged is called when the status of a certificate has changed or it was deleted,
	// so that connections that are not allowed any more end (R-BRK-19). May be nil.
	CertificateChanged func(id string)
	// PrincipalDetached is called when a certificate was detached from a thing, so that connections
	// in which it stands for the thing end. May be nil.
	PrincipalDetached func(certificate, thing string)
	// AuthorizerChanged is called when an authorizer was changed or deleted, so that connections that
	// are not allowed any more end (R-ID-95). May be nil.
	AuthorizerChanged func(name string)
	// Events makes the events that are published.
	Events EventRenderer
	// IDs makes the registration code.
	IDs ids.Source
	// Shared says that other nodes may be on the store, which must learn of changes too.
	Shared bool
}

// EventRenderer makes the events of certificates.
type EventRenderer interface {
	// CertificateRegistered is the event that a certificate was registered because its device has
	// connected (R-ID-72).
	CertificateRegistered(c registry.Certificate, now time.Time) (store.Event, error)
}

// Service is the use cases of identities. Its methods may be called concurrently.
type Service struct {
	Config
	// policies are the compiled documents, by their text: a fleet shares few of them.
	policies *parsed.Cache[policy.Document]
	version  atomic.Uint64 // see AccessVersion
	first    firstConnects

	// ProvisionFirst stages what the template of a CA asks for, for a certificate that is staged and
	// that a device has presented, and returns the status that it has then (R-ID-75). Set before the
	// first request.
	ProvisionFirst func(
		*commit.Tx, registry.RegistrationConfig, registry.Certificate, *x509.Certificate,
	) (registry.CertificateStatus, error)
}

// New returns the use cases over a configuration.
func New(c Config) *Service {
	s := &Service{Config: c, policies: parsed.New(policy.ParseStored)}
	s.first.rate = rates.PerSecond(FirstConnectsPerSecond)
	return s
}

// NoPolicy is the fault of a policy that does not exist.
func NoPolicy(name string) *fault.Error {
	return fault.New(fault.NotFound, "policy %s does not exist", name)
}

func noCertificate(id string) *fault.Error {
	return fault.New(fault.NotFound, "certificate %s does not exist", id)
}

// accessChange is whether an answer of Access may have changed in one commit.
type accessChange bool

// Applied notes whether changes may change what somebody is allowed to do, or which CA certificates
// there are. It is a hook of every commit.
func (s *Service) Applied(tx *commit.Tx, c *store.Changes) {
	s.noteAuthorities(tx, c)
	if !changesAccess(&c.Registry) {
		return
	}
	*commit.Local[accessChange](tx) = true
	if s.Shared {
		tx.TellNodes(accessNews(&c.Registry))
	}
}

// accessNews is what other nodes must learn of changes.
func accessNews(r *store.RegistryChanges) store.ForNodes {
	news := store.ForNodes{Access: true, Certificates: slices.Clone(r.DeletedCertificates)}
	for _, c := range r.Certificates {
		news.Certificates = append(news.Certificates, c.ID)
	}
	for _, a := range r.Authorizers {
		news.Authorizers = append(news.Authorizers, a.Name)
	}
	news.Authorizers = append(news.Authorizers, r.DeletedAuthorizers...)
	for _, p := range r.DeletedPrincipals {
		detached := store.Detached{Certificate: p.Certificate, Thing: p.ThingName}
		news.Detached = append(news.Detached, detached)
	}
	return news
}

// Learn does for the connections of this node what a change on another one requires.
func (s *Service) Learn(news store.ForNodes) {
	if news.Authorities {
		s.first.version.Add(1)
	}
	if !news.Access {
		return
	}
	s.version.Add(1)
	for _, id := range news.Certificates {
		s.certificateChanged(id)()
	}
	for _, name := range news.Authorizers {
		s.authorizerChanged(name)()
	}
	if s.PrincipalDetached == nil {
		return
	}
	for _, d := range news.Detached {
		s.PrincipalDetached(d.Certificate, d.Thing)
	}
}

// Committed makes connections ask again for what they may do, and has CA certificates read again. It
// is a hook of every commit.
func (s *Service) Committed(tx *commit.Tx) {
	if *commit.Local[authorityChange](tx) {
		s.first.version.Add(1)
	}
	if *commit.Local[accessChange](tx) {
		s.version.Add(1)
	}
}

// Invalidate makes connections ask again for what they may do, and has CA certificates read again:
// the whole store may be another one.
func (s *Service) Invalidate() {
	s.first.version.Add(1)
	s.version.Add(1)
}
