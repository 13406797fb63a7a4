package registry

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// A device is known by its certificate. Which certificates can be registered, which may connect,
// and which can be deleted is decided here. Times are given; for what secures connections the
// caller gives the real time, also where the server runs on a virtual clock.

// ParseStatus reads a status that a certificate can be given; member names it in the fault. The API
// has more statuses, for transfers between accounts, which are refused (R-ID-16, R-ID-17).
func ParseStatus(member, text string) (CertificateStatus, error) {
	switch status := CertificateStatus(text); status {
	case CertificateActive, CertificateInactive, CertificateRevoked:
		return status, nil
	}
	return "", fault.New(fault.Invalid,
		"%s: %s is not one of ACTIVE, INACTIVE, REVOKED", member, text)
}

// CheckCSR reads a certificate signing request in PEM form and returns its public key. The request
// must be signed by that key, which must be RSA with 2048 bits or more, or ECDSA on P-256, P-384 or
// P-521 (R-ID-15). With which hash it is signed does not matter (R-ID-54).
func CheckCSR(text string) (publicKey any, err error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		return nil, fault.New(fault.Invalid, "certificateSigningRequest: not PEM")
	}
	request, err := x509.ParseCertificateRequest(block.Bytes)
	if err != nil {
		return nil, fault.New(fault.Invalid, "certificateSigningRequest: %v", err)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, fault.New(fault.Invalid, "certificateSigningRequest: %v", err)
	}
	switch key := request.PublicKey.(type) {
	case *rsa.PublicKey:
		if key.N.BitLen() < 2048 {
			return nil, fault.New(fault.Invalid,
				"certificateSigningRequest: an RSA key of %d bits, at least 2048 are needed",
				key.N.BitLen())
		}
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P224() {
			return nil, fault.New(fault.Invalid,
				"certificateSigningRequest: an ECDSA key on P-224; P-256, P-384 or P-521 is needed")
		}
	default:
		return nil, fault.New(fault.Invalid,
			"certificateSigningRequest: the key must be RSA or ECDSA")
	}
	return request.PublicKey, nil
}

// CheckCertificate reads a certificate in PEM form that a device could use at this time: signed by
// RSA or ECDSA with SHA-256 or better, and not expired (R-ID-16). One that is not valid yet is
// accepted; whether its device may connect is asked when it does.
func CheckCertificate(text string, now time.Time) (*x509.Certificate, error) {
	return checkCertificate("certificatePem", text, now)
}

// checkCertificate does that; member names the certificate in faults.
func checkCertificate(member, text string, now time.Time) (*x509.Certificate, error) {
	parsed, err := parseCertificate(member, text)
	if err != nil {
		return nil, err
	}
	return parsed, checkUsable(member, parsed, now)
}

// checkUsable refuses a certificate that is signed in another way than R-ID-16 says, or that has
// expired.
func checkUsable(member string, parsed *x509.Certificate, now time.Time) error {
	switch parsed.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
		x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512:
	default:
		return fault.New(fault.CertificateInvalid, "%s: signed with %s; "+
			"RSA or ECDSA with SHA-256, SHA-384 or SHA-512 is needed",
			member, parsed.SignatureAlgorithm)
	}
	if now.After(parsed.NotAfter) {
		return fault.New(fault.CertificateInvalid, "%s: expired at %s", member,
			parsed.NotAfter.UTC().Format(time.RFC3339))
	}
	return nil
}

// NewCertificate is a certificate as it is registered. Its PEM form is written anew from the DER
// form: a file that was sent may hold more than the certificate, for instance its private key, which
// must not be stored.
func NewCertificate(
	parsed *x509.Certificate, status CertificateStatus, mode string,
) Certificate {
	return Certificate{
		ID:        fingerprint(parsed),
		PEM:       encodeCertificate(parsed),
		Status:    status,
		Mode:      mode,
		NotBefore: parsed.NotBefore.UTC(),
		NotAfter:  parsed.NotAfter.UTC(),
	}
}

// CertificateID is the id that a certificate in PEM form has; member names it in the fault.
func CertificateID(member, text string) (string, error) {
	parsed, err := parseCertificate(member, text)
	if err != nil {
		return "", err
	}
	return fingerprint(parsed), nil
}

// fingerprint is the id of a certificate (R-ID-14).
func fingerprint(parsed *x509.Certificate) string {
	sum := sha256.Sum256(parsed.Raw)
	return hex.EncodeToString(sum[:])
}

func encodeCertificate(parsed *x509.Certificate) string {
	block := &pem.Block{Type: "CERTIFICATE", Bytes: parsed.Raw}
	return string(pem.EncodeToMemory(block))
}

// ParseCertificate reads a certificate in PEM form.
func ParseCertificate(text string) (*x509.Certificate, error) {
	return parseCertificate("certificatePem", text)
}

func parseCertificate(member, text string) (*x509.Certificate, error) {
	block, _ := pem.Decode([]byte(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, fault.New(fault.CertificateInvalid, "%s: not a PEM certificate", member)
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fault.New(fault.CertificateInvalid, "%s: %v", member, err)
	}
	return parsed, nil
}

// CheckConnect refuses a certificate with which no device may connect now: one that is not ACTIVE,
// or outside its validity, of which the first and the last moment are inside (R-ID-14).
func (c Certificate) CheckConnect(now time.Time) error {
	if c.Status != CertificateActive {
		return fault.New(fault.CertificateInvalid, "the certificate %s is %s", c.ID, c.Status)
	}
	if now.Before(c.NotBefore) || now.After(c.NotAfter) {
		return fault.New(fault.CertificateInvalid,
			"the certificate %s is valid from %s to %s", c.ID,
			c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339))
	}
	return nil
}

// SetStatus gives the certificate a status; changed is false when it has that status already
// (R-ID-17).
func (c *Certificate) SetStatus(status CertificateStatus, now time.Time) (changed bool) {
	if c.Status == status {
		return false
	}
	c.Status, c.UpdatedAt = status, now
	return true
}

// CheckDelete refuses to delete a certificate that is ACTIVE, attached to a thing, or, without
// force, has policies attached (R-ID-18). things and policies are what it is attached to and what
// is attached to it; the first of each is enough.
func (c Certificate) CheckDelete(things []Principal, policies []Policy, force bool) error {
	switch {
	case c.Status == CertificateActive:
		return fault.New(fault.CertificateState,
			"certificate %s is ACTIVE; make it INACTIVE first", c.ID)
	case len(things) > 0:
		return fault.New(fault.DeleteConflict,
			"certificate %s is attached to thing %s", c.ID, things[0].ThingName)
	case len(policies) > 0 && !force:
		return fault.New(fault.DeleteConflict,
			"policy %s is attached to certificate %s", policies[0].Name, c.ID)
	}
	return nil
}

// CanAttachPrincipal refuses to attach a certificate to a thing when it is attached to another one
// and one of the two attachments is exclusive (R-ID-20). existing are the attachments that the
// certificate has; two are enough. Attaching it to the same thing again is possible, also to change
// exclusiveness.
func CanAttachPrincipal(existing []Principal, p Principal) error {
	for _, other := range existing {
		if other.Thing != p.Thing && (p.Exclusive || other.Exclusive) {
			return fault.New(fault.Invalid,
				"certificate %s is attached to thing %s, and one of the attachments is exclusive",
				p.Certificate, other.ThingName)
		}
	}
	return nil
}

// ConnectionThing is the name of the thing that a connection may stand for, empty for none
// (R-ID-29). It is the thing that the certificate is attached to exclusively, whatever the client
// id, else the one that is named like the client id. Whether such a thing is attached to the
// certificate is looked up then.
func ConnectionThing(attached []Principal, clientID string) string {
	if len(attached) == 1 && attached[0].Exclusive {
		return attached[0].ThingName
	}
	return clientID
}
