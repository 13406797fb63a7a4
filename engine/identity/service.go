package identity

import (
	"sync/atomic"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/parsed"
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
}

// Service is the use cases of identities. Its methods may be called concurrently.
type Service struct {
	Config
	// policies are the compiled documents, by their text: a fleet shares few of them.
	policies *parsed.Cache[policy.Document]
	version  atomic.Uint64 // see AccessVersion
}

// New returns the use cases over a configuration.
func New(c Config) *Service {
	return &Service{Config: c, policies: parsed.New(policy.ParseStored)}
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

// Applied notes whether changes may change what somebody is allowed to do. It is a hook of every
// commit.
func (s *Service) Applied(tx *commit.Tx, c *store.Changes) {
	if changesAccess(&c.Registry) {
		*commit.Local[accessChange](tx) = true
	}
}

// Committed makes connections ask again for what they may do. It is a hook of every commit.
func (s *Service) Committed(tx *commit.Tx) {
	if *commit.Local[accessChange](tx) {
		s.Invalidate()
	}
}

// Invalidate makes connections ask again for what they may do.
func (s *Service) Invalidate() { s.version.Add(1) }
