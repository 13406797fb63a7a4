package identity

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/provisioning"
	"github.com/drover-iot/drover/store"
)

// CA certificates are those of authorities that sign certificates of devices. Which can be
// registered, and which one has signed a certificate, is decided in package registry.

// codeSetting is the name of the setting that holds the registration code.
const codeSetting = "registration code"

// RegistrationCode returns the code that a verification certificate must name, and makes it when
// there is none (R-ID-67). It is 64 hexadecimal digits.
func (s *Service) RegistrationCode(ctx context.Context) (code string, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		code, err = registrationCode(r)
		return err
	})
	if err != nil || code != "" {
		return code, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if code, err = registrationCode(tx); err != nil || code != "" {
			return err // another request has made it
		}
		sum := sha256.Sum256([]byte(s.IDs.UUID()))
		code = hex.EncodeToString(sum[:])
		tx.Changes.Settings = []store.Setting{{Name: codeSetting, Value: []byte(code)}}
		return nil
	})
	return code, err
}

// registrationCode is the code that there is, empty for none.
func registrationCode(r interface {
	Setting(name string) ([]byte, error)
},
) (string, error) {
	code, err := r.Setting(codeSetting)
	if commit.Missing(err) {
		return "", nil
	}
	return string(code), err
}

// DeleteRegistrationCode deletes the code, so that the next one that is asked for is another one.
// fault.NotFound: there is none.
func (s *Service) DeleteRegistrationCode(ctx context.Context) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		code, err := registrationCode(tx)
		if err != nil {
			return err
		}
		if code == "" {
			return fault.New(fault.NotFound, "there is no registration code")
		}
		tx.Changes.Settings = []store.Setting{{Name: codeSetting}}
		return nil
	})
}

// NewCACertificate is what RegisterCACertificate asks for.
type NewCACertificate struct {
	registry.CACertificate // CreatedAt and UpdatedAt are filled in
	Parsed                 *x509.Certificate
	Verification           string // PEM, empty for none
	Tags                   []registry.Tag
}

// AddCACertificate registers a CA certificate of whose key the operator has shown to have it
// (R-ID-66, R-ID-67). Faults: RegistrationCode, Exists, Limit and those of form.
func (s *Service) AddCACertificate(ctx context.Context, in NewCACertificate) error {
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return err
	}
	if in.Registration != (registry.RegistrationConfig{}) {
		if err := in.Registration.Check(); err != nil {
			return err
		}
	}
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if err := checkTemplate(tx, in.Registration); err != nil {
			return err
		}
		code, err := registrationCode(tx)
		if err != nil {
			return err
		}
		err = registry.CheckVerification(in.Mode, in.Verification, in.Parsed, code)
		if err != nil {
			return err
		}
		if _, err := tx.CACertificate(in.ID); err == nil {
			return registry.ExistsAlready(registry.KindCACert, in.ID)
		} else if !commit.Missing(err) {
			return err
		}
		all, err := tx.CACertificates(store.IdentityQuery{Limit: registry.MaxCACertificates})
		if err != nil {
			return err
		}
		ofSubject, err := tx.CACertificatesOf(in.Subject)
		if err != nil {
			return err
		}
		if err := registry.CheckNewCACertificate(len(all), len(ofSubject)); err != nil {
			return err
		}
		c := in.CACertificate
		c.CreatedAt, c.UpdatedAt = tx.Now, tx.Now
		tx.Changes.Registry.CACertificates = []registry.CACertificate{c}
		tx.TagNew(registry.KindCACert, c.ID, tags)
		return nil
	})
}

// checkTemplate refuses a registrationConfig whose template could never provision a device (R-ID-75).
func checkTemplate(tx *commit.Tx, c registry.RegistrationConfig) error {
	if c.TemplateBody != "" {
		_, err := provisioning.Parse(c.TemplateBody)
		return err
	}
	if c.TemplateName == "" {
		return nil
	}
	t, err := tx.ProvisioningTemplate(c.TemplateName)
	if err != nil {
		return commit.OrNotFound(err, fault.New(fault.NotFound,
			"registrationConfig.templateName: provisioning template %s does not exist", c.TemplateName))
	}
	if t.Kind != registry.JITProvisioning {
		return fault.New(fault.Invalid, "registrationConfig.templateName: provisioning template %s is of "+
			"type %s, not %s", t.Name, t.Kind, registry.JITProvisioning)
	}
	return nil
}

// NoCACertificate is the fault of a CA certificate that does not exist.
func NoCACertificate(id string) *fault.Error {
	return fault.New(fault.NotFound, "CA certificate %s does not exist", id)
}

// DescribeCACertificate returns a CA certificate.
func (s *Service) DescribeCACertificate(
	ctx context.Context, id string,
) (c registry.CACertificate, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		c, err = r.CACertificate(id)
		return commit.OrNotFound(err, NoCACertificate(id))
	})
	return c, err
}

// ListCACertificates lists CA certificates by creation; with a template only those whose
// registrationConfig names it. Where it stopped before the page was full, more is the place to go on
// after (R-WIRE-27).
func (s *Service) ListCACertificates(
	ctx context.Context, q store.IdentityQuery, template string,
) (found []registry.CACertificate, more *store.IdentityCursor, err error) {
	var keep func(registry.CACertificate) (bool, error)
	if template != "" {
		keep = func(c registry.CACertificate) (bool, error) {
			return c.Registration.TemplateName == template, nil
		}
	}
	err = s.Store.Read(ctx, func(r store.Reader) error {
		var stopped *registry.CACertificate
		found, stopped, err = store.Filter(ctx, q.Limit,
			func(last *registry.CACertificate, limit int) ([]registry.CACertificate, error) {
				if last != nil {
					q.After = &store.IdentityCursor{CreatedAt: last.CreatedAt, Key: last.ID}
				}
				q.Limit = limit
				return r.CACertificates(q)
			}, keep)
		if stopped != nil {
			more = &store.IdentityCursor{CreatedAt: stopped.CreatedAt, Key: stopped.ID}
		}
		return err
	})
	return found, more, err
}

// UpdateCACertificate changes the status of a CA certificate, and whether and by which template it
// registers certificates by itself (R-ID-69, R-ID-70).
func (s *Service) UpdateCACertificate(
	ctx context.Context, id string, update registry.CAUpdate,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		c, err := tx.CACertificate(id)
		if err != nil {
			return commit.OrNotFound(err, NoCACertificate(id))
		}
		changed, err := c.Update(update, tx.Now)
		if err == nil && update.Registration != nil {
			err = checkTemplate(tx, *update.Registration)
		}
		if err == nil && changed {
			tx.Changes.Registry.CACertificates = []registry.CACertificate{c}
		}
		return err
	})
}

// DeleteCACertificate deletes a CA certificate that is not ACTIVE. The certificates that were
// registered with it stay as they are (R-ID-69).
func (s *Service) DeleteCACertificate(ctx context.Context, id string) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		c, err := tx.CACertificate(id)
		if err != nil {
			return commit.OrNotFound(err, NoCACertificate(id))
		}
		if err := c.CheckDelete(); err != nil {
			return err
		}
		tx.Changes.Registry.DeletedCACertificates = []string{id}
		tx.SetTags(registry.KindCACert, id, nil)
		return nil
	})
}

// ListCertificatesByCA lists the certificates that were registered with a CA certificate, by
// creation; none with one that does not exist.
func (s *Service) ListCertificatesByCA(
	ctx context.Context, ca string, q store.IdentityQuery,
) (found []registry.Certificate, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.CertificatesOfCA(ca, q)
		return err
	})
	return found, err
}

// AddSignedCertificate registers a certificate with the CA certificate that has signed it, in the
// mode of that (R-ID-68). given is the id of the one that the operator names, empty for none. It is
// false when none is named and none has signed it; then nothing is registered.
func (s *Service) AddSignedCertificate(
	ctx context.Context, c registry.Certificate, parsed *x509.Certificate, given string,
	realNow time.Time,
) (signed bool, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		var found registry.Certificate
		found, signed, err = s.SignedBy(tx, c, parsed, given, realNow)
		if err != nil || !signed {
			return err
		}
		return stageCertificate(tx, found)
	})
	return signed, err
}

// SignedBy returns a certificate as it is registered with the CA certificate that has signed it. It
// is what AddSignedCertificate does before it registers, for use cases that do more in one commit.
func (s *Service) SignedBy(
	tx *commit.Tx, c registry.Certificate, parsed *x509.Certificate, given string, realNow time.Time,
) (_ registry.Certificate, signed bool, err error) {
	if _, err := tx.CACertificate(given); given != "" && err != nil {
		return c, false, commit.OrNotFound(err, fault.New(fault.CertificateInvalid,
			"caCertificatePem: the CA certificate %s is not registered", given))
	}
	among, err := authoritiesOf(tx, registry.SubjectOf(parsed.RawIssuer))
	if err != nil {
		return c, false, err
	}
	ca, ok, err := registry.Signer(parsed, among, given)
	if err != nil || !ok {
		return c, false, err
	}
	if err := ca.CheckRegisters(realNow); err != nil {
		return c, true, err
	}
	c.CA, c.Mode = ca.ID, ca.Mode
	return c, true, nil
}

// authoritiesOf are the CA certificates with a subject.
func authoritiesOf(r store.IdentityReader, subject string) (found []registry.Authority, err error) {
	stored, err := r.CACertificatesOf(subject)
	if err != nil {
		return nil, err
	}
	for _, c := range stored {
		a, err := registry.ParseAuthority(c)
		if err != nil {
			return nil, fmt.Errorf("CA certificate %s: %w", c.ID, err)
		}
		found = append(found, a)
	}
	return found, nil
}
