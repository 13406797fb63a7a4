package identity

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/store"
)

// Registration by connecting. A device may connect with a certificate that nobody has registered;
// when an authority that is known has signed it, it is registered then, PENDING_ACTIVATION, and an
// event says so. Its connection ends all the same: an operator who hears the event decides what
// becomes of it (R-ID-71, R-ID-72).
//
// Everybody who reaches the server can present certificates. So those of unknown issuers cost one
// look into a map in memory, those that name a known one as their issuer one check of a signature,
// and only those that are really signed by it a write (R-ID-73).

// FirstConnectsPerSecond is how many certificates a server registers in a second because their
// devices have connected (R-ID-73).
const FirstConnectsPerSecond = 100

// firstConnects is what a server needs for registration by connecting.
type firstConnects struct {
	rate    *rates.Limit
	version atomic.Uint64 // changes whenever CA certificates do
	known   atomic.Pointer[knownAuthorities]
	loading sync.Mutex // held while known is read from the store
}

// knownAuthorities are the CA certificates that register certificates when their devices connect, by
// their subject, as they were at a version.
type knownAuthorities struct {
	version   uint64
	bySubject map[string][]registry.Authority
}

// RegisterFirst registers a certificate that is not registered and that a client has presented, if
// an authority that is ACTIVE and registers by itself has signed it. TLS has proved that the client
// has its key. The answer is the status that it has now, or from another connection meanwhile; empty:
// it was not registered. fault.Throttled: too many are registered in this second. ErrNotProvisioned:
// the authority has a provisioning template, and that cannot be carried out.
func (s *Service) RegisterFirst(
	ctx context.Context, leaf *x509.Certificate, realNow time.Time,
) (status registry.CertificateStatus, err error) {
	authorities, err := s.firstConnectAuthorities(ctx)
	if err != nil || len(authorities) == 0 {
		return "", err
	}
	ca, ok := registry.MayHaveSigned(leaf, authorities[registry.SubjectOf(leaf.RawIssuer)])
	if !ok || registry.CheckFirst(leaf, ca, realNow) != nil {
		return "", nil
	}
	if !s.first.rate.Allow() {
		return "", fault.New(fault.Throttled,
			"more than %d certificates would be registered in a second", FirstConnectsPerSecond)
	}
	c := registry.NewCertificate(leaf, registry.CertificatePending, ca.Mode)
	c.CA = ca.ID
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		status, err = s.registerFirst(tx, c, leaf, realNow)
		return err
	})
	return status, err
}

// ErrNotProvisioned says that a certificate was not registered, because what the template of its CA
// asks for cannot be done.
var ErrNotProvisioned = errors.New("the provisioning template of its CA cannot be carried out")

// registerFirst stages a certificate whose device has connected, the event that says so, and the
// record in the audit log; also, in the same commit, what the provisioning template of its CA makes of
// the device (R-ID-75). The CA certificate is read again: an operator may have changed it just now.
func (s *Service) registerFirst(
	tx *commit.Tx, c registry.Certificate, leaf *x509.Certificate, realNow time.Time,
) (status registry.CertificateStatus, err error) {
	ca, err := tx.CACertificate(c.CA)
	if commit.Missing(err) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	if !ca.AutoRegister || ca.CheckRegisters(realNow) != nil {
		return "", nil
	}
	if other, err := tx.Certificate(c.ID); !commit.Missing(err) {
		return other.Status, err // registered by another connection
	}
	c.CreatedAt, c.UpdatedAt = tx.Now, tx.Now
	tx.Changes.Registry.Certificates = []registry.Certificate{c}
	if ca.Registration != (registry.RegistrationConfig{}) {
		if c.Status, err = s.ProvisionFirst(tx, ca.Registration, c, leaf); err != nil {
			return "", fmt.Errorf("%w: %w", ErrNotProvisioned, err)
		}
	}
	return c.Status, s.recordFirst(tx, c)
}

// recordFirst stages the event and the record of a registration by connecting.
func (s *Service) recordFirst(tx *commit.Tx, c registry.Certificate) error {
	after, err := json.Marshal(map[string]string{
		"caCertificateId": c.CA,
		"status":          string(c.Status),
	})
	if err != nil {
		return err
	}
	tx.Record(audit.Entry{
		Operator:  audit.Operator{Name: audit.Server},
		Operation: "RegisterCertificateOnConnect",
		Resource:  registry.KindCert + "/" + c.ID,
		After:     after,
	})
	event, err := s.Events.CertificateRegistered(c, tx.Now)
	if err != nil {
		return err
	}
	tx.Publish(event)
	return nil
}

// authorityChange is whether CA certificates have changed in one commit.
type authorityChange bool

// noteAuthorities notes that a commit changes CA certificates, also for other nodes.
func (s *Service) noteAuthorities(tx *commit.Tx, c *store.Changes) {
	if len(c.Registry.CACertificates)+len(c.Registry.DeletedCACertificates) == 0 {
		return
	}
	*commit.Local[authorityChange](tx) = true
	if s.Shared {
		tx.TellNodes(store.ForNodes{Authorities: true})
	}
}

// firstConnectAuthorities returns the authorities that register certificates by themselves, by their
// subject. They are read from the store when they have changed.
func (s *Service) firstConnectAuthorities(
	ctx context.Context,
) (map[string][]registry.Authority, error) {
	f := &s.first
	if known := f.known.Load(); known != nil && known.version == f.version.Load() {
		return known.bySubject, nil
	}
	f.loading.Lock()
	defer f.loading.Unlock()
	version := f.version.Load() // before the read: a change during it makes it stale
	if known := f.known.Load(); known != nil && known.version == version {
		return known.bySubject, nil
	}
	known := &knownAuthorities{version, map[string][]registry.Authority{}}
	err := s.Store.Read(ctx, func(r store.Reader) error {
		stored, err := r.CACertificates(store.IdentityQuery{Limit: registry.MaxCACertificates})
		if err != nil {
			return err
		}
		for _, c := range stored {
			if c.Status != registry.CertificateActive || !c.AutoRegister {
				continue
			}
			a, err := registry.ParseAuthority(c)
			if err != nil {
				return err
			}
			known.bySubject[c.Subject] = append(known.bySubject[c.Subject], a)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	f.known.Store(known)
	return known.bySubject, nil
}
