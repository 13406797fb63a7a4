package registry

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// An operator may have an authority that signs the certificates of devices. Its certificate is
// registered as a CA certificate, after the operator has shown that the authority's key is theirs;
// from then on certificates that it has signed are registered by their signature, also when a
// device connects with one. Which CA certificates can be registered, and which of them has signed a
// certificate, is decided here.

// The modes of CA certificates, and of certificates (R-ID-68).
const (
	ModeDefault = "DEFAULT"
	ModeSNIOnly = "SNI_ONLY"
)

const (
	// MaxCACertificates is how many CA certificates there can be. Those that register certificates by
	// themselves are kept in memory (R-ID-66).
	MaxCACertificates = 1000
	// MaxCACertificatesOfSubject is how many can have one subject.
	MaxCACertificatesOfSubject = 10
	// maxPEM is how many bytes a certificate has in PEM form at most, as the API has it.
	maxPEM = 65536
)

// CheckCACertificate reads the certificate of an authority in PEM form: it must be one of a CA, with
// an RSA key of 2048 bits or more or an ECDSA key on P-256, P-384 or P-521, be signed with SHA-256 or
// better, and not have expired (R-ID-66).
func CheckCACertificate(text string, now time.Time) (*x509.Certificate, error) {
	parsed, err := checkCertificate("caCertificate", text, now)
	if err != nil {
		return nil, err
	}
	invalid := func(format string, args ...any) error {
		return fault.New(fault.CertificateInvalid, "caCertificate: "+format, args...)
	}
	if !parsed.BasicConstraintsValid || !parsed.IsCA {
		return nil, invalid("its basic constraints do not say that it is of a CA")
	}
	if parsed.KeyUsage != 0 && parsed.KeyUsage&x509.KeyUsageCertSign == 0 {
		return nil, invalid("its key usage does not allow to sign certificates")
	}
	switch key := parsed.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return nil, invalid("an RSA key of %d bits, at least 2048 are needed", key.N.BitLen())
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P224() {
			return nil, invalid("an ECDSA key on P-224; P-256, P-384 or P-521 is needed")
		}
	default:
		return nil, invalid("the key must be RSA or ECDSA")
	}
	return parsed, nil
}

// NewCACertificate is a CA certificate as it is registered: INACTIVE, and its PEM form written anew
// as that of NewCertificate.
func NewCACertificate(parsed *x509.Certificate, mode string) CACertificate {
	return CACertificate{
		ID:        fingerprint(parsed),
		Subject:   SubjectOf(parsed.RawSubject),
		PEM:       encodeCertificate(parsed),
		Status:    CertificateInactive,
		Mode:      mode,
		NotBefore: parsed.NotBefore.UTC(),
		NotAfter:  parsed.NotAfter.UTC(),
	}
}

// CheckVerification decides whether the operator who registers a CA certificate has its key: in mode
// DEFAULT it must have signed a certificate whose common name is the registration code of this
// server; in mode SNI_ONLY there must be none (R-ID-67). The code is empty when none was asked for.
func CheckVerification(mode, verification string, ca *x509.Certificate, code string) error {
	switch {
	case mode == ModeSNIOnly && verification != "":
		return fault.New(fault.Invalid, "verificationCertificate: must not be given when "+
			"certificateMode is SNI_ONLY")
	case mode == ModeSNIOnly:
		return nil
	case verification == "":
		return fault.New(fault.Invalid, "verificationCertificate: must be given unless "+
			"certificateMode is SNI_ONLY")
	}
	parsed, err := parseCertificate("verificationCertificate", verification)
	if err != nil {
		return err
	}
	if err := parsed.CheckSignatureFrom(ca); err != nil {
		return fault.New(fault.CertificateInvalid,
			"verificationCertificate: the CA has not signed it: %v", err)
	}
	if code == "" {
		return fault.New(fault.RegistrationCode, "verificationCertificate: there is no registration "+
			"code; ask for it with GetRegistrationCode")
	}
	if name := parsed.Subject.CommonName; name != code {
		return fault.New(fault.RegistrationCode, "verificationCertificate: its common name is %q "+
			"and must be the registration code", name)
	}
	return nil
}

// CheckNewCACertificate refuses a CA certificate beyond those that there can be (R-ID-66): all, and
// ofSubject are those with its subject.
func CheckNewCACertificate(all, ofSubject int) error {
	switch {
	case all >= MaxCACertificates:
		return fault.New(fault.Limit, "there are %d CA certificates already", MaxCACertificates)
	case ofSubject >= MaxCACertificatesOfSubject:
		return fault.New(fault.Limit, "caCertificate: there are %d CA certificates with its subject "+
			"already", MaxCACertificatesOfSubject)
	}
	return nil
}

// Check decides whether a registrationConfig can be kept: it names a template or holds one, which is
// a JSON object (R-ID-70).
func (c RegistrationConfig) Check() error {
	var object map[string]any
	switch {
	case c.TemplateName != "" && c.TemplateBody != "":
		return fault.New(fault.Invalid,
			"registrationConfig: templateName and templateBody cannot be given together")
	case c.TemplateName == "" && c.TemplateBody == "":
		return fault.New(fault.Invalid,
			"registrationConfig: needs a templateName or a templateBody")
	case c.TemplateBody != "" && json.Unmarshal([]byte(c.TemplateBody), &object) != nil:
		return fault.New(fault.Invalid,
			"registrationConfig.templateBody: is not a JSON object")
	}
	return nil
}

// CAUpdate is what UpdateCACertificate asks for; nil and the zero value leave a member as it is.
type CAUpdate struct {
	Status       CertificateStatus
	AutoRegister *bool
	Registration *RegistrationConfig
	// RemoveAutoRegistration switches registration by connecting off, and removes its template.
	RemoveAutoRegistration bool
}

// Update changes a CA certificate; changed is false when it was so already (R-ID-69).
func (c *CACertificate) Update(u CAUpdate, now time.Time) (changed bool, err error) {
	if u.RemoveAutoRegistration && (u.Registration != nil || u.AutoRegister != nil && *u.AutoRegister) {
		return false, fault.New(fault.Invalid, "removeAutoRegistration: cannot be given with a "+
			"registrationConfig or with newAutoRegistrationStatus ENABLE")
	}
	if u.Registration != nil {
		if err := u.Registration.Check(); err != nil {
			return false, err
		}
	}
	after := *c
	if u.Status != "" {
		after.Status = u.Status
	}
	if u.AutoRegister != nil {
		after.AutoRegister = *u.AutoRegister
	}
	if u.Registration != nil {
		after.Registration = *u.Registration
	}
	if u.RemoveAutoRegistration {
		after.AutoRegister, after.Registration = false, RegistrationConfig{}
	}
	if after == *c {
		return false, nil
	}
	after.UpdatedAt = now
	*c = after
	return true, nil
}

// CheckDelete refuses to delete a CA certificate that is ACTIVE (R-ID-69).
func (c CACertificate) CheckDelete() error {
	if c.Status == CertificateActive {
		return fault.New(fault.CertificateState,
			"CA certificate %s is ACTIVE; make it INACTIVE first", c.ID)
	}
	return nil
}

// CheckRegisters refuses to register a certificate with a CA certificate that is not ACTIVE, or has
// expired (R-ID-68).
func (c CACertificate) CheckRegisters(now time.Time) error {
	if c.Status != CertificateActive {
		return fault.New(fault.CertificateState, "the CA certificate %s is %s", c.ID, c.Status)
	}
	if now.After(c.NotAfter) {
		return fault.New(fault.CertificateInvalid, "the CA certificate %s expired at %s",
			c.ID, c.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// CheckFirst decides whether a certificate that nobody knows and that a client has presented is
// registered with an authority: it is one that can be registered, and the authority has signed it
// and may register (R-ID-71).
func CheckFirst(c *x509.Certificate, a Authority, now time.Time) error {
	if err := checkUsable("the certificate", c, now); err != nil {
		return err
	}
	if err := a.CheckRegisters(now); err != nil {
		return err
	}
	if len(encodeCertificate(c)) > maxPEM {
		return fault.New(fault.CertificateInvalid,
			"the certificate has more than %d bytes in PEM form", maxPEM)
	}
	if !a.HasSigned(c) {
		return fault.New(fault.CertificateInvalid,
			"the certificate is not signed by the CA certificate %s", a.ID)
	}
	return nil
}

// CAMode reads a mode that a CA certificate can be given; nothing is DEFAULT.
func CAMode(text string) string {
	if text == "" {
		return ModeDefault
	}
	return text
}

// SubjectOf is the Subject of CA certificates with a name, which is given in DER form. That of the
// issuer of a certificate finds the CA certificates that can have signed it.
func SubjectOf(name []byte) string {
	sum := sha256.Sum256(name)
	return hex.EncodeToString(sum[:])
}

// An Authority is a CA certificate that was read.
type Authority struct {
	CACertificate
	Parsed *x509.Certificate
}

// ParseAuthority reads a CA certificate that is stored.
func ParseAuthority(c CACertificate) (Authority, error) {
	parsed, err := parseCertificate("CA certificate "+c.ID, c.PEM)
	return Authority{CACertificate: c, Parsed: parsed}, err
}

// HasSigned reports whether the authority has signed a certificate.
func (a Authority) HasSigned(c *x509.Certificate) bool {
	return bytes.Equal(c.RawIssuer, a.Parsed.RawSubject) && c.CheckSignatureFrom(a.Parsed) == nil
}

// Signer finds the authority with which a certificate is registered, among those that have its
// issuer as their subject; given is the id of the one that the operator names, empty for none
// (R-ID-68). ok is false when none of them has signed it.
func Signer(c *x509.Certificate, among []Authority, given string) (a Authority, ok bool, err error) {
	var signers []Authority
	for _, one := range among {
		if one.HasSigned(c) {
			signers = append(signers, one)
		}
	}
	if given != "" {
		for _, one := range signers {
			if one.ID == given {
				return one, true, nil
			}
		}
		return a, false, fault.New(fault.CertificateTaken,
			"caCertificatePem: the CA certificate %s has not signed the certificate", given)
	}
	switch len(signers) {
	case 0:
		return a, false, nil
	case 1:
		return signers[0], true, nil
	}
	return a, false, fault.New(fault.CertificateTaken, "certificatePem: %d CA certificates have its "+
		"issuer as their subject and the same key; caCertificatePem must say which one", len(signers))
}

// MayHaveSigned finds the one authority whose signature is worth a check when somebody presents a
// certificate that nobody knows, among those that have its issuer as their subject: whoever asks has
// proved nothing yet, so there is one check and not one for each of them. Where both name their
// keys, these must be the same. Of several with one key it is the newest; of several with different
// keys there is none (R-ID-73).
func MayHaveSigned(c *x509.Certificate, among []Authority) (a Authority, ok bool) {
	fits := slices.DeleteFunc(slices.Clone(among), func(one Authority) bool {
		theirs, ours := c.AuthorityKeyId, one.Parsed.SubjectKeyId
		return len(theirs) > 0 && len(ours) > 0 && !bytes.Equal(theirs, ours)
	})
	if len(fits) == 0 {
		return a, false
	}
	for _, one := range fits {
		if !bytes.Equal(one.Parsed.RawSubjectPublicKeyInfo, fits[0].Parsed.RawSubjectPublicKeyInfo) {
			return a, false
		}
	}
	return slices.MaxFunc(fits, func(x, y Authority) int {
		return x.CreatedAt.Compare(y.CreatedAt)
	}), true
}
