package registry

import (
	"crypto"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// testCA is an authority: its certificate, and the key of that.
type testCA struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// newCA makes an authority of a name, valid from morning to noon, after a change of its certificate.
func newCA(t *testing.T, key crypto.Signer, name string, change func(*x509.Certificate)) testCA {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: morning, NotAfter: noon, IsCA: true, BasicConstraintsValid: true,
	}
	if change != nil {
		change(c)
	}
	return testCA{signedBy(t, c, c, key.Public(), key), key}
}

// sign makes a certificate of a name that the authority has signed.
func (a testCA) sign(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	c := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name},
		NotBefore: morning, NotAfter: noon,
	}
	return signedBy(t, c, a.cert, ecKey(t, elliptic.P256()).Public(), a.key)
}

// authority is the authority as it is registered: ACTIVE, at a time.
func (a testCA) authority(t *testing.T, at time.Time) Authority {
	t.Helper()
	c := NewCACertificate(a.cert, ModeDefault)
	c.Status, c.AutoRegister, c.CreatedAt = CertificateActive, true, at
	read, err := ParseAuthority(c)
	if err != nil {
		t.Fatal(err)
	}
	return read
}

func signedBy(
	t *testing.T, c, parent *x509.Certificate, public crypto.PublicKey, key crypto.Signer,
) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, c, parent, public, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// Which certificates can be registered as those of a CA (R-ID-66).
func TestCheckCACertificate(t *testing.T) {
	t.Parallel()
	good := ecKey(t, elliptic.P256())
	rsaKey := func(bits int) crypto.Signer {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	shared, err := rsa2048()
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	byAnother := newCA(t, good, "root", nil)
	intermediate := func(key crypto.Signer) testCA {
		c := &x509.Certificate{
			SerialNumber: big.NewInt(3), Subject: pkix.Name{CommonName: "below"},
			NotBefore: morning, NotAfter: noon, IsCA: true, BasicConstraintsValid: true,
		}
		return testCA{signedBy(t, c, byAnother.cert, key.Public(), good), key}
	}
	usage := func(u x509.KeyUsage) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.KeyUsage = u }
	}
	for _, tt := range []struct {
		name string
		ca   testCA
		now  time.Time
		says string
	}{
		{"R-ID-66 P-256", newCA(t, good, "a", nil), morning, ""},
		{"R-ID-66 P-384", newCA(t, ecKey(t, elliptic.P384()), "a", nil), morning, ""},
		{"R-ID-66 P-521", newCA(t, ecKey(t, elliptic.P521()), "a", nil), morning, ""},
		{"R-ID-66 RSA 2048", newCA(t, shared, "a", nil), morning, ""},
		{"R-ID-66 RSA 2047", newCA(t, rsaKey(2047), "a", nil), morning,
			"caCertificate: an RSA key of 2047 bits, at least 2048 are needed"},
		{"R-ID-66 P-224", intermediate(ecKey(t, elliptic.P224())), morning,
			"caCertificate: an ECDSA key on P-224; P-256, P-384 or P-521 is needed"},
		{"R-ID-66 Ed25519", intermediate(edKey), morning, "caCertificate: the key must be RSA or ECDSA"},
		{"R-ID-66 signed by another", intermediate(ecKey(t, elliptic.P256())), morning, ""},
		{"R-ID-66 signed with Ed25519", newCA(t, edKey, "a", nil), morning, "caCertificate: signed " +
			"with Ed25519; RSA or ECDSA with SHA-256, SHA-384 or SHA-512 is needed"},
		{"R-ID-66 no CA", newCA(t, good, "a", func(c *x509.Certificate) { c.IsCA = false }), morning,
			"caCertificate: its basic constraints do not say that it is of a CA"},
		{"R-ID-66 no basic constraints", newCA(t, good, "a", func(c *x509.Certificate) {
			c.IsCA, c.BasicConstraintsValid = false, false
		}), morning, "caCertificate: its basic constraints do not say that it is of a CA"},
		{"R-ID-66 key usage", newCA(t, good, "a", usage(x509.KeyUsageCertSign)), morning, ""},
		{"R-ID-66 another key usage", newCA(t, good, "a", usage(x509.KeyUsageDigitalSignature)), morning,
			"caCertificate: its key usage does not allow to sign certificates"},
		{"R-ID-66 the last moment", newCA(t, good, "a", nil), noon, ""},
		{"R-ID-66 expired", newCA(t, good, "a", nil), noon.Add(1),
			"caCertificate: expired at 2026-03-01T12:00:00Z"},
	} {
		code := fault.Code("")
		if tt.says != "" {
			code = fault.CertificateInvalid
		}
		_, err := CheckCACertificate(encodeCertificate(tt.ca.cert), tt.now)
		refused(t, tt.name, err, code, tt.says)
	}
	_, err = CheckCACertificate("x", morning)
	refused(t, "R-ID-66 no PEM", err, fault.CertificateInvalid, "caCertificate: not a PEM certificate")
}

// What is kept of a CA certificate: not the private key that stood behind it (R-ID-66).
func TestNewCACertificate(t *testing.T) {
	t.Parallel()
	ca := newCA(t, ecKey(t, elliptic.P256()), "a", nil)
	der, err := x509.MarshalPKCS8PrivateKey(ca.key)
	if err != nil {
		t.Fatal(err)
	}
	text := encodeCertificate(ca.cert) +
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	parsed, err := CheckCACertificate(text, morning)
	if err != nil {
		t.Fatal(err)
	}
	c := NewCACertificate(parsed, ModeSNIOnly)
	if c.PEM != encodeCertificate(ca.cert) || strings.Contains(c.PEM, "PRIVATE") {
		t.Errorf("kept as %s", c.PEM)
	}
	if id, err := CertificateID("m", text); err != nil || c.ID != id || len(id) != 64 {
		t.Errorf("the id is %s, want %s, %v", c.ID, id, err)
	}
	if signed := ca.sign(t, "d"); c.Subject != SubjectOf(signed.RawIssuer) || c.Mode != ModeSNIOnly ||
		c.Status != CertificateInactive || c.AutoRegister {
		t.Errorf("kept as %+v", c)
	}
}

// Who registers a CA certificate shows to have its key, by the registration code (R-ID-67).
func TestCheckVerification(t *testing.T) {
	t.Parallel()
	key := ecKey(t, elliptic.P256())
	ca, other := newCA(t, key, "a", nil), newCA(t, ecKey(t, elliptic.P256()), "a", nil)
	const given = "verificationCertificate: must be given unless certificateMode is SNI_ONLY"
	by := func(a testCA, name string) string { return encodeCertificate(a.sign(t, name)) }
	for _, tt := range []struct {
		name, mode, text, registration string
		code                           fault.Code
		says                           string
	}{
		{"R-ID-67 with the code", ModeDefault, by(ca, "c0de"), "c0de", "", ""},
		{"R-ID-67 another code", ModeDefault, by(ca, "C0DE"), "c0de", fault.RegistrationCode,
			`verificationCertificate: its common name is "C0DE" and must be the registration code`},
		{"R-ID-67 no code", ModeDefault, by(ca, ""), "", fault.RegistrationCode,
			"verificationCertificate: there is no registration code; ask for it with GetRegistrationCode"},
		{"R-ID-67 another key", ModeDefault, by(other, "c0de"), "c0de", fault.CertificateInvalid,
			"verificationCertificate: the CA has not signed it: x509: ECDSA verification failure"},
		{"R-ID-67 no PEM", ModeDefault, "x", "c0de", fault.CertificateInvalid,
			"verificationCertificate: not a PEM certificate"},
		{"R-ID-67 DEFAULT without", ModeDefault, "", "c0de", fault.Invalid, given},
		{"R-ID-67 SNI_ONLY without", ModeSNIOnly, "", "", "", ""},
		{"R-ID-67 SNI_ONLY with", ModeSNIOnly, by(ca, "c0de"), "c0de", fault.Invalid,
			"verificationCertificate: must not be given when certificateMode is SNI_ONLY"},
	} {
		err := CheckVerification(tt.mode, tt.text, ca.cert, tt.registration)
		refused(t, tt.name, err, tt.code, tt.says)
	}
}

// How many CA certificates there can be (R-ID-66).
func TestCACertificateLimits(t *testing.T) {
	t.Parallel()
	refused(t, "R-ID-66 the last", CheckNewCACertificate(999, 9), "", "")
	refused(t, "R-ID-66 all", CheckNewCACertificate(1000, 0), fault.Limit,
		"there are 1000 CA certificates already")
	refused(t, "R-ID-66 of a subject", CheckNewCACertificate(10, 10), fault.Limit,
		"caCertificate: there are 10 CA certificates with its subject already")
}

// The form of a registrationConfig (R-ID-70).
func TestRegistrationConfig(t *testing.T) {
	t.Parallel()
	const neither = "registrationConfig: needs a templateName or a templateBody"
	for _, tt := range []struct {
		name string
		c    RegistrationConfig
		says string
	}{
		{"R-ID-70 a name", RegistrationConfig{TemplateName: "t", RoleARN: "r"}, ""},
		{"R-ID-70 a body", RegistrationConfig{TemplateBody: `{"Resources":{}}`}, ""},
		{"R-ID-70 both", RegistrationConfig{TemplateName: "t", TemplateBody: "{}"},
			"registrationConfig: templateName and templateBody cannot be given together"},
		{"R-ID-70 nothing", RegistrationConfig{}, neither},
		{"R-ID-70 a role", RegistrationConfig{RoleARN: "r"}, neither},
		{"R-ID-70 no object", RegistrationConfig{TemplateBody: "[]"},
			"registrationConfig.templateBody: is not a JSON object"},
		{"R-ID-70 no JSON", RegistrationConfig{TemplateBody: "{"},
			"registrationConfig.templateBody: is not a JSON object"},
	} {
		code := fault.Code("")
		if tt.says != "" {
			code = fault.Invalid
		}
		refused(t, tt.name, tt.c.Check(), code, tt.says)
	}
}

// What an update changes, and that one that changes nothing leaves the time (R-ID-69, R-ID-70).
func TestUpdateCACertificate(t *testing.T) {
	t.Parallel()
	config := RegistrationConfig{TemplateName: "t"}
	stored := CACertificate{ID: "c", Status: CertificateActive, AutoRegister: true, Registration: config}
	const excluded = "removeAutoRegistration: cannot be given with a registrationConfig or with " +
		"newAutoRegistrationStatus ENABLE"
	for _, tt := range []struct {
		name string
		u    CAUpdate
		want func(*CACertificate) // nil: nothing changes
		says string
	}{
		{"R-ID-69 nothing", CAUpdate{}, nil, ""},
		{"R-ID-69 as it is", CAUpdate{Status: CertificateActive, AutoRegister: ptr(true),
			Registration: &config}, nil, ""},
		{"R-ID-69 a status", CAUpdate{Status: CertificateInactive},
			func(c *CACertificate) { c.Status = CertificateInactive }, ""},
		{"R-ID-69 no registration by connecting", CAUpdate{AutoRegister: ptr(false)},
			func(c *CACertificate) { c.AutoRegister = false }, ""},
		{"R-ID-70 another template", CAUpdate{Registration: &RegistrationConfig{TemplateBody: "{}"}},
			func(c *CACertificate) { c.Registration = RegistrationConfig{TemplateBody: "{}"} }, ""},
		{"R-ID-70 a bad template", CAUpdate{Registration: &RegistrationConfig{}}, nil,
			"registrationConfig: needs a templateName or a templateBody"},
		{"R-ID-70 removed", CAUpdate{RemoveAutoRegistration: true, AutoRegister: ptr(false)},
			func(c *CACertificate) { c.AutoRegister, c.Registration = false, RegistrationConfig{} }, ""},
		{"R-ID-70 removed and another", CAUpdate{RemoveAutoRegistration: true, Registration: &config},
			nil, excluded},
		{"R-ID-70 removed and ENABLE", CAUpdate{RemoveAutoRegistration: true, AutoRegister: ptr(true)},
			nil, excluded},
	} {
		c, want := stored, stored
		if tt.want != nil {
			tt.want(&want)
			want.UpdatedAt = noon
		}
		changed, err := c.Update(tt.u, noon)
		code := fault.Code("")
		if tt.says != "" {
			code = fault.Invalid
		}
		refused(t, tt.name, err, code, tt.says)
		if c != want || changed != (tt.want != nil) {
			t.Errorf("%s: %+v, changed %v, want %+v", tt.name, c, changed, want)
		}
	}
}

// An ACTIVE CA certificate is not deleted (R-ID-69), and one that is not registers nothing, nor does
// one that has expired (R-ID-68).
func TestCACertificateStatus(t *testing.T) {
	t.Parallel()
	c := CACertificate{ID: "c", Status: CertificateActive, NotBefore: morning, NotAfter: noon}
	refused(t, "R-ID-69 ACTIVE", c.CheckDelete(), fault.CertificateState,
		"CA certificate c is ACTIVE; make it INACTIVE first")
	refused(t, "R-ID-68 ACTIVE", c.CheckRegisters(noon), "", "")
	refused(t, "R-ID-68 not valid yet", c.CheckRegisters(morning.Add(-time.Hour)), "", "")
	refused(t, "R-ID-68 expired", c.CheckRegisters(noon.Add(1)), fault.CertificateInvalid,
		"the CA certificate c expired at 2026-03-01T12:00:00Z")
	c.Status = CertificateInactive
	refused(t, "R-ID-69 INACTIVE", c.CheckDelete(), "", "")
	refused(t, "R-ID-68 INACTIVE", c.CheckRegisters(morning), fault.CertificateState,
		"the CA certificate c is INACTIVE")
	if CAMode("") != ModeDefault || CAMode(ModeSNIOnly) != ModeSNIOnly {
		t.Error("R-ID-67: no mode is DEFAULT")
	}
}

// With which CA certificate a certificate is registered (R-ID-68).
func TestSigner(t *testing.T) {
	t.Parallel()
	key := ecKey(t, elliptic.P256())
	ca := newCA(t, key, "a", nil)
	renewed := newCA(t, key, "a", func(c *x509.Certificate) { c.SerialNumber = big.NewInt(9) })
	sameName := newCA(t, ecKey(t, elliptic.P256()), "a", nil)
	otherName := newCA(t, key, "b", nil)
	of := func(all ...testCA) (list []Authority) {
		for _, one := range all {
			list = append(list, one.authority(t, morning))
		}
		return list
	}
	id := func(a testCA) string { return a.authority(t, morning).ID }
	const ambiguous = "certificatePem: 2 CA certificates have its issuer as their subject and the " +
		"same key; caCertificatePem must say which one"
	for _, tt := range []struct {
		name  string
		among []Authority
		given string
		want  string // an id
		says  string // of a conflict
	}{
		{"R-ID-68 none", nil, "", "", ""},
		{"R-ID-68 the one", of(ca), "", id(ca), ""},
		{"R-ID-68 the same name and another key", of(sameName), "", "", ""},
		{"R-ID-68 the same key and another name", of(otherName), "", "", ""},
		{"R-ID-68 one of two keys", of(sameName, ca), "", id(ca), ""},
		{"R-ID-68 two with one key", of(ca, renewed), "", "", ambiguous},
		{"R-ID-68 two, and which", of(ca, renewed), id(renewed), id(renewed), ""},
		{"R-ID-68 another is named", of(ca, sameName), id(sameName), "",
			"caCertificatePem: the CA certificate " + id(sameName) + " has not signed the certificate"},
	} {
		a, ok, err := Signer(ca.sign(t, "d"), tt.among, tt.given)
		code := fault.Code("")
		if tt.says != "" {
			code = fault.CertificateTaken
		}
		refused(t, tt.name, err, code, tt.says)
		if ok != (tt.want != "") || a.ID != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.name, a.ID, ok, tt.want)
		}
	}
}

// Which CA certificate is asked whether it has signed a certificate that somebody presents: at most
// one, and only one that may have (R-ID-73).
func TestMayHaveSigned(t *testing.T) {
	t.Parallel()
	key, another := ecKey(t, elliptic.P256()), ecKey(t, elliptic.P256())
	ca := newCA(t, key, "a", nil)
	renewed := newCA(t, key, "a", func(c *x509.Certificate) { c.SerialNumber = big.NewInt(9) })
	other := newCA(t, another, "a", nil)
	unnamed := func(a testCA) testCA { // its certificate does not name its key
		a.cert.SubjectKeyId = nil
		return a
	}
	noHint := func(c *x509.Certificate) *x509.Certificate {
		c.AuthorityKeyId = nil
		return c
	}
	early, late := ca.authority(t, morning), renewed.authority(t, noon)
	plain := ca.authority(t, morning)
	plain.Parsed = unnamed(testCA{cert: plain.Parsed}).cert
	for _, tt := range []struct {
		name  string
		c     *x509.Certificate
		among []Authority
		want  string
	}{
		{"R-ID-73 none", ca.sign(t, "d"), nil, ""},
		{"R-ID-73 the one", ca.sign(t, "d"), []Authority{early}, early.ID},
		{"R-ID-73 another key is named", other.sign(t, "d"), []Authority{early}, ""},
		{"R-ID-73 of two keys the one that is named", other.sign(t, "d"),
			[]Authority{early, other.authority(t, morning)}, other.authority(t, morning).ID},
		{"R-ID-73 no key is named, one CA", noHint(ca.sign(t, "d")), []Authority{early}, early.ID},
		{"R-ID-73 no key is named, two keys", noHint(ca.sign(t, "d")),
			[]Authority{early, other.authority(t, morning)}, ""},
		{"R-ID-73 the CA does not name its key", ca.sign(t, "d"), []Authority{plain}, plain.ID},
		{"R-ID-73 the newest of one key", ca.sign(t, "d"), []Authority{late, early}, late.ID},
	} {
		a, ok := MayHaveSigned(tt.c, tt.among)
		if ok != (tt.want != "") || a.ID != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.name, a.ID, ok, tt.want)
		}
	}
}

// Who is registered by connecting (R-ID-71).
func TestCheckFirst(t *testing.T) {
	t.Parallel()
	key := ecKey(t, elliptic.P256())
	ca, forger := newCA(t, key, "a", nil), newCA(t, ecKey(t, elliptic.P256()), "a", nil)
	a := ca.authority(t, morning)
	inactive := a
	inactive.Status = CertificateInactive
	large := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: morning, NotAfter: noon,
		Subject: pkix.Name{CommonName: strings.Repeat("a", 50_000)},
	}
	for _, tt := range []struct {
		name string
		c    *x509.Certificate
		by   Authority
		now  time.Time
		code fault.Code
		says string
	}{
		{"R-ID-71 signed", ca.sign(t, "d"), a, noon, "", ""},
		{"R-ID-71 expired", ca.sign(t, "d"), a, noon.Add(1), fault.CertificateInvalid,
			"the certificate: expired at 2026-03-01T12:00:00Z"},
		{"R-ID-71 forged", forger.sign(t, "d"), a, noon, fault.CertificateInvalid,
			"the certificate is not signed by the CA certificate " + a.ID},
		{"R-ID-71 INACTIVE", ca.sign(t, "d"), inactive, noon, fault.CertificateState,
			"the CA certificate " + a.ID + " is INACTIVE"},
		{"R-ID-71 large", signedBy(t, large, ca.cert, key.Public(), key), a, noon,
			fault.CertificateInvalid, "the certificate has more than 65536 bytes in PEM form"},
	} {
		refused(t, tt.name, CheckFirst(tt.c, tt.by, tt.now), tt.code, tt.says)
	}
}
