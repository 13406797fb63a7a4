package provision

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Certificates that are there for a time. A device gets one by a claim, and has an hour to be
// provisioned with it; an operator makes a temporary claim, which lasts five minutes. Both are
// removed in the background. Their time is that of the machine or the store, not that of a virtual
// clock.

// AddPending registers a certificate that a device is given by a claim, and returns until when it
// can be provisioned with it (R-ID-81).
func (s *Service) AddPending(
	ctx context.Context, c registry.Certificate,
) (until time.Time, err error) {
	c.Status = registry.CertificatePending
	return s.add(ctx, c, registry.CertificateLasts, "")
}

// AddClaim registers a temporary claim to a template, and returns its end. policy is the document
// that says what the claim may do (R-ID-86).
func (s *Service) AddClaim(
	ctx context.Context, template string, c registry.Certificate, policy string,
) (until time.Time, err error) {
	if _, err := s.DescribeTemplate(ctx, template); err != nil {
		return until, err
	}
	c.Status = registry.CertificateActive
	return s.add(ctx, c, registry.ClaimLasts, policy)
}

func (s *Service) add(
	ctx context.Context, c registry.Certificate, lasts time.Duration, policy string,
) (until time.Time, err error) {
	return until, s.Commits.Do(ctx, func(tx *commit.Tx) error {
		until = tx.RealTime().Add(lasts)
		tx.Changes.Registry.TemporaryCertificates = []registry.TemporaryCertificate{
			{Certificate: c.ID, Until: until, Policy: policy},
		}
		return s.Identity.PutNew(tx, c)
	})
}

const (
	// removedAtOnce is how many certificates one commit removes.
	removedAtOnce = 100
	// removeEvery is how often RemoveExpired looks whether there are some.
	removeEvery = 5 * time.Second
)

// RemoveExpired removes certificates whose time is over, a few at once, and reports whether there
// were any. It looks every few seconds: a certificate whose time is over is refused before.
func (s *Service) RemoveExpired(ctx context.Context) (removed bool, err error) {
	if !s.looks() {
		return false, nil
	}
	var found []registry.TemporaryCertificate
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.TemporaryCertificates(clock.Real{}.Now(), 1)
		return err
	})
	if err != nil || len(found) == 0 {
		return false, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		// The clock of the store decides. Where it is behind that of the machine there may be none yet.
		found, err = tx.TemporaryCertificates(tx.RealTime(), removedAtOnce)
		if err != nil {
			return err
		}
		return s.removeExpired(tx, found)
	})
	if err == nil && len(found) == removedAtOnce {
		s.lookAgain()
	}
	return len(found) > 0, err
}

// removeExpired stages that certificates are removed. One that an operator has given a status of its
// own meanwhile, and that is no claim, stays.
func (s *Service) removeExpired(tx *commit.Tx, found []registry.TemporaryCertificate) error {
	for _, temporary := range found {
		c, err := tx.Certificate(temporary.Certificate)
		switch {
		case commit.Missing(err) ||
			err == nil && temporary.Policy == "" && c.Status != registry.CertificatePending:
			tx.Changes.Registry.KeptCertificates = append(
				tx.Changes.Registry.KeptCertificates, temporary.Certificate)
		case err != nil:
			return err
		default:
			if err := s.Identity.Remove(tx, c.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// looks reports whether it is time to look, and takes note that somebody does. The clock may have
// gone back.
func (s *Service) looks() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock.Now()
	if now.Sub(s.looked).Abs() < removeEvery {
		return false
	}
	s.looked = now
	return true
}

// lookAgain has the next RemoveExpired look at once.
func (s *Service) lookAgain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looked = time.Time{}
}
