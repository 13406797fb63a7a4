package registry

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// rsa2048 is a key of the smallest allowed size. Making one takes a tenth of a second, so the tests
// share it.
var rsa2048 = sync.OnceValues(func() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, 2048)
})

// ecKey makes a key on a curve.
func ecKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// request is a signing request for a key, as PEM.
func request(t *testing.T, key crypto.Signer) string {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
}

// Signing requests are for keys that devices may have, and signed by those (R-ID-15).
func TestCheckCSR(t *testing.T) {
	t.Parallel()
	rsaKey := func(bits int) *rsa.PrivateKey {
		key, err := rsa2048()
		if bits != 2048 {
			key, err = rsa.GenerateKey(rand.Reader, bits)
		}
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		key  crypto.Signer
		says string
	}{
		{"R-ID-15 RSA 2048", rsaKey(2048), ""},
		{"R-ID-15 RSA 2047", rsaKey(2047),
			"certificateSigningRequest: an RSA key of 2047 bits, at least 2048 are needed"},
		{"R-ID-15 RSA 1024", rsaKey(1024),
			"certificateSigningRequest: an RSA key of 1024 bits, at least 2048 are needed"},
		{"R-ID-15 P-224", ecKey(t, elliptic.P224()),
			"certificateSigningRequest: an ECDSA key on P-224; P-256, P-384 or P-521 is needed"},
		{"R-ID-15 P-256", ecKey(t, elliptic.P256()), ""},
		{"R-ID-15 P-384", ecKey(t, elliptic.P384()), ""},
		{"R-ID-15 P-521", ecKey(t, elliptic.P521()), ""},
		{"R-ID-15 Ed25519", edKey, "certificateSigningRequest: the key must be RSA or ECDSA"},
	} {
		public, err := CheckCSR(request(t, tt.key))
		code := fault.Code("")
		if tt.says != "" {
			code = fault.Invalid
		}
		refused(t, tt.name, err, code, tt.says)
		if same, ok := tt.key.Public().(interface{ Equal(crypto.PublicKey) bool }); err == nil &&
			(!ok || !same.Equal(public)) {
			t.Errorf("%s: another key", tt.name)
		}
	}
}

// What is no signing request (R-ID-15).
func TestBadCSR(t *testing.T) {
	t.Parallel()
	good := request(t, ecKey(t, elliptic.P256()))
	block, _ := pem.Decode([]byte(good))
	forged := append([]byte(nil), block.Bytes...)
	forged[len(forged)-1] ^= 1 // the last byte of the signature
	asPEM := func(der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	}
	for name, text := range map[string]string{
		"empty": "", "no PEM": "no PEM", "no request": asPEM([]byte("x")),
		"cut off": asPEM(block.Bytes[:50]), "forged": asPEM(forged),
	} {
		_, err := CheckCSR(text)
		if f := fault.Of(err); f == nil || f.Code != fault.Invalid ||
			!strings.HasPrefix(f.Message, "certificateSigningRequest: ") {
			t.Errorf("R-ID-15 %s: %v", name, err)
		}
	}
}

// issued is a certificate that is valid between two times, as PEM.
func issued(t *testing.T, from, to time.Time) string {
	t.Helper()
	key := ecKey(t, elliptic.P256())
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: from, NotAfter: to}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// Which certificates can be registered: not one that has expired, on both sides of its last moment
// (R-ID-16).
func TestCheckCertificate(t *testing.T) {
	t.Parallel()
	text := issued(t, morning, noon)
	for _, tt := range []struct {
		name string
		now  time.Time
		says string
	}{
		{"R-ID-16 before it is valid", morning.Add(-time.Hour), ""},
		{"R-ID-16 the last moment", noon, ""},
		{"R-ID-16 a nanosecond later", noon.Add(1),
			"certificatePem: expired at 2026-03-01T12:00:00Z"},
	} {
		parsed, err := CheckCertificate(text, tt.now)
		code := fault.Code("")
		if tt.says != "" {
			code = fault.CertificateInvalid
		}
		refused(t, tt.name, err, code, tt.says)
		if err == nil && !parsed.NotAfter.Equal(noon) {
			t.Errorf("%s: another certificate", tt.name)
		}
	}
	if _, err := CheckCertificate("pump 7\n"+text, morning); err != nil {
		t.Errorf("text before the certificate: %v", err)
	}
}

// Each signature that a certificate may have: RSA, by either padding, and ECDSA, with SHA-256 or
// better (R-ID-16).
func TestCertificateSignatures(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa2048()
	if err != nil {
		t.Fatal(err)
	}
	for key, algorithms := range map[crypto.Signer][]x509.SignatureAlgorithm{
		rsaKey: {
			x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA,
			x509.SHA256WithRSAPSS, x509.SHA384WithRSAPSS, x509.SHA512WithRSAPSS,
		},
		ecKey(t, elliptic.P256()): {
			x509.ECDSAWithSHA256, x509.ECDSAWithSHA384, x509.ECDSAWithSHA512,
		},
	} {
		for _, algorithm := range algorithms {
			c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: morning, NotAfter: noon}
			c.SignatureAlgorithm = algorithm
			der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
			if err != nil {
				t.Fatal(err)
			}
			text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
			parsed, err := CheckCertificate(string(text), morning)
			if err != nil || parsed.SignatureAlgorithm != algorithm {
				t.Errorf("R-ID-16 %s: %v", algorithm, err)
			}
		}
	}
}

// What is no certificate, or has a signature that is not supported (R-ID-16).
func TestBadCertificate(t *testing.T) {
	t.Parallel()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: morning, NotAfter: noon}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, bytes []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}))
	}
	for _, tt := range []struct{ name, text, says string }{
		{"empty", "", "not a PEM certificate"},
		{"a key", block("PRIVATE KEY", der), "not a PEM certificate"},
		{"no certificate", block("CERTIFICATE", []byte("x")), "certificatePem: "},
		{"Ed25519", block("CERTIFICATE", der), "signed with Ed25519; RSA or ECDSA with SHA-256"},
	} {
		_, err := CheckCertificate(tt.text, morning)
		if f := fault.Of(err); f == nil || f.Code != fault.CertificateInvalid ||
			!strings.Contains(f.Message, tt.says) {
			t.Errorf("R-ID-16 %s: %v, want %s", tt.name, err, tt.says)
		}
	}
}

// Who may connect: ACTIVE and within the validity, its first and last moment included (R-ID-14).
func TestCheckConnect(t *testing.T) {
	t.Parallel()
	const outside = "the certificate c is valid from 2026-03-01T08:00:00Z to 2026-03-01T12:00:00Z"
	for _, tt := range []struct {
		name   string
		status CertificateStatus
		now    time.Time
		says   string
	}{
		{"R-ID-14 within", CertificateActive, morning.Add(time.Hour), ""},
		{"R-ID-14 the first moment", CertificateActive, morning, ""},
		{"R-ID-14 before it", CertificateActive, morning.Add(-1), outside},
		{"R-ID-14 the last moment", CertificateActive, noon, ""},
		{"R-ID-14 after it", CertificateActive, noon.Add(1), outside},
		{"R-ID-14 INACTIVE", CertificateInactive, morning, "the certificate c is INACTIVE"},
		{"R-ID-14 REVOKED and expired", CertificateRevoked, noon.Add(1),
			"the certificate c is REVOKED"},
	} {
		c := Certificate{ID: "c", Status: tt.status, NotBefore: morning, NotAfter: noon}
		code := fault.Code("")
		if tt.says != "" {
			code = fault.CertificateInvalid
		}
		refused(t, tt.name, c.CheckConnect(tt.now), code, tt.says)
	}
}

// Statuses: which can be given, and that giving the same again changes nothing (R-ID-16, R-ID-17).
func TestCertificateStatus(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"ACTIVE", "INACTIVE", "REVOKED"} {
		if status, err := ParseStatus("newStatus", text); err != nil || string(status) != text {
			t.Errorf("R-ID-17 %s: %s, %v", text, status, err)
		}
	}
	for _, text := range []string{"PENDING_TRANSFER", "REGISTER_INACTIVE", "PENDING_ACTIVATION",
		"active", ""} {
		_, err := ParseStatus("newStatus", text)
		refused(t, "R-ID-17 "+text, err, fault.Invalid,
			"newStatus: "+text+" is not one of ACTIVE, INACTIVE, REVOKED")
	}
	c := Certificate{Status: CertificateActive, UpdatedAt: morning}
	for _, tt := range []struct {
		status  CertificateStatus
		changed bool
		at      time.Time
	}{
		{CertificateActive, false, morning},
		{CertificateRevoked, true, noon},
		{CertificateActive, true, noon}, // a revoked one may come back
	} {
		if changed := c.SetStatus(tt.status, noon); changed != tt.changed ||
			c.Status != tt.status || !c.UpdatedAt.Equal(tt.at) {
			t.Errorf("R-ID-17 %s: changed %v, %+v", tt.status, changed, c)
		}
	}
}

// DeleteCertificate: what must be undone first, in which order, and what force does (R-ID-18).
func TestDeleteCertificate(t *testing.T) {
	t.Parallel()
	things, policies := []Principal{{ThingName: "t"}}, []Policy{{Name: "p"}}
	const active = "certificate c is ACTIVE; make it INACTIVE first"
	for _, tt := range []struct {
		name     string
		status   CertificateStatus
		things   []Principal
		policies []Policy
		force    bool
		code     fault.Code
		says     string
	}{
		{"R-ID-18 free", CertificateInactive, nil, nil, false, "", ""},
		{"R-ID-18 REVOKED", CertificateRevoked, nil, nil, false, "", ""},
		{"R-ID-18 ACTIVE", CertificateActive, nil, nil, true, fault.CertificateState, active},
		{"R-ID-18 ACTIVE and attached", CertificateActive, things, policies, false,
			fault.CertificateState, active},
		{"R-ID-18 attached to a thing", CertificateInactive, things, policies, true,
			fault.DeleteConflict, "certificate c is attached to thing t"},
		{"R-ID-18 with a policy", CertificateInactive, nil, policies, false, fault.DeleteConflict,
			"policy p is attached to certificate c"},
		{"R-ID-18 with a policy and force", CertificateInactive, nil, policies, true, "", ""},
	} {
		c := Certificate{ID: "c", Status: tt.status}
		refused(t, tt.name, c.CheckDelete(tt.things, tt.policies, tt.force), tt.code, tt.says)
	}
}

// Exclusive attachments: neither a new one beside others, nor another beside one (R-ID-20).
func TestCanAttachPrincipal(t *testing.T) {
	t.Parallel()
	at := func(thing ThingID, exclusive bool) Principal {
		return Principal{Thing: thing, ThingName: string(rune('a' + thing)), Certificate: "c",
			Exclusive: exclusive}
	}
	const taken = "certificate c is attached to thing b, and one of the attachments is exclusive"
	for _, tt := range []struct {
		name     string
		existing []Principal
		given    Principal
		says     string
	}{
		{"R-ID-20 the first", nil, at(1, false), ""},
		{"R-ID-20 the first, exclusive", nil, at(1, true), ""},
		{"R-ID-20 a second", []Principal{at(1, false)}, at(2, false), ""},
		{"R-ID-20 a second, exclusive", []Principal{at(1, false)}, at(2, true), taken},
		{"R-ID-20 beside an exclusive one", []Principal{at(1, true)}, at(2, false), taken},
		{"R-ID-20 the same again", []Principal{at(1, true)}, at(1, true), ""},
		{"R-ID-20 the same, not exclusive any more", []Principal{at(1, true)}, at(1, false), ""},
		{"R-ID-20 the same, exclusive from now on", []Principal{at(1, false)}, at(1, true), ""},
		{"R-ID-20 the same of two", []Principal{at(1, false), at(2, false)}, at(2, true), taken},
	} {
		code := fault.Code("")
		if tt.says != "" {
			code = fault.Invalid
		}
		refused(t, tt.name, CanAttachPrincipal(tt.existing, tt.given), code, tt.says)
	}
}

// Which thing a connection may stand for (R-ID-29).
func TestConnectionThing(t *testing.T) {
	t.Parallel()
	exclusive, plain := Principal{ThingName: "x", Exclusive: true}, Principal{ThingName: "p"}
	for _, tt := range []struct {
		name     string
		attached []Principal
		clientID string
		want     string
	}{
		{"R-ID-29 exclusive, whatever the client id", []Principal{exclusive}, "other", "x"},
		{"R-ID-29 exclusive, without a client id", []Principal{exclusive}, "", "x"},
		{"R-ID-29 named like the client id", []Principal{plain}, "p", "p"},
		{"R-ID-29 one of several", []Principal{plain, {ThingName: "q"}}, "q", "q"},
		{"R-ID-29 without a client id", []Principal{plain}, "", ""},
		{"R-ID-29 attached to nothing", nil, "p", "p"}, // what is not attached is found out later
	} {
		if got := ConnectionThing(tt.attached, tt.clientID); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}
