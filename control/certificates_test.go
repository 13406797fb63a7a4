package control

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
)

// Of a file with a certificate and its private key, only the certificate is registered (R-ID-16).
func TestRegisteredText(t *testing.T) {
	t.Parallel()
	ca, err := tlsutil.Load(t.TempDir(), "ca", "test", tlsutil.NewECKey)
	if err != nil {
		t.Fatal(err)
	}
	text, key, err := ca.IssueServer([]string{"pump-07"})
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := registry.CheckCertificate("pump 7\n"+string(text)+string(key), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	c := registry.NewCertificate(parsed, registry.CertificateActive, registry.ModeSNIOnly)
	if c.PEM != string(text) || strings.Contains(c.PEM, "PRIVATE") {
		t.Errorf("registered as %s", c.PEM)
	}
	if want := tlsutil.Fingerprint(parsed.Raw); c.ID != want {
		t.Errorf("the id is %s, want %s", c.ID, want)
	}
}

// testIssuer is a device authority with a key of its own.
type testIssuer struct{ ca *tlsutil.Authority }

// issuing is a plane with a device authority.
func issuing(t *testing.T) *Plane {
	t.Helper()
	ca, err := tlsutil.Load(t.TempDir(), "ca", "test", tlsutil.NewRSAKey)
	if err != nil {
		t.Fatal(err)
	}
	plane := newScenario(t).handler.plane
	plane.Issuer, plane.RealNow = testIssuer{ca}, time.Now
	return plane
}

func (i testIssuer) NewKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }
func (i testIssuer) Issue(k any) ([]byte, error)      { return i.ca.IssueDevice(k) }

func (i testIssuer) IssueUntil(k any, until time.Time) ([]byte, error) {
	return i.ca.IssueDeviceUntil(k, until)
}

func (i testIssuer) Issued(der []byte) (bool, error) {
	parsed, err := x509.ParseCertificate(der)
	return err == nil && parsed.CheckSignatureFrom(i.ca.Certificate) == nil, nil
}

// A key that is made is in the answer, belongs to the certificate, and is stored nowhere (R-ID-15,
// R-ID-54). The certificate has the status that was asked for.
func TestIssued(t *testing.T) {
	t.Parallel()
	p := issuing(t)
	made, err := p.CreateKeysAndCertificate(t.Context(),
		&iot.CreateKeysAndCertificateRequest{SetAsActive: new(true)})
	if err != nil {
		t.Fatal(err)
	}
	private := block(t, made.KeyPair.PrivateKey, "RSA PRIVATE KEY")
	key, err := x509.ParsePKCS1PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.ParsePKIXPublicKey(block(t, made.KeyPair.PublicKey, "PUBLIC KEY"))
	if err != nil || !key.PublicKey.Equal(public) {
		t.Errorf("the keys do not belong together: %v", err)
	}
	issued := parsedPEM(t, made.CertificatePem)
	if !key.PublicKey.Equal(issued.PublicKey) {
		t.Error("the certificate is of another key")
	}
	if id := tlsutil.Fingerprint(issued.Raw); string(made.CertificateID) != id ||
		made.CertificateArn != p.Scope.ARN(registry.KindCert, id) {
		t.Errorf("answered %s, %s; the fingerprint is %s",
			made.CertificateID, made.CertificateArn, id)
	}
	seen := describedCertificate(t, p, made.CertificateID)
	if seen.Status != "ACTIVE" || *seen.CertificateMode != "DEFAULT" ||
		seen.CertificatePem != made.CertificatePem {
		t.Errorf("described as %+v", seen)
	}
}

// A signing request may be used again, and gives another certificate for the same key (R-ID-15).
func TestSigningRequest(t *testing.T) {
	t.Parallel()
	p := issuing(t)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader,
		&x509.CertificateRequest{Subject: pkix.Name{CommonName: "pump-07"}}, key)
	if err != nil {
		t.Fatal(err)
	}
	csr := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
	in := &iot.CreateCertificateFromCsrRequest{
		CertificateSigningRequest: iot.SigningRequest(csr),
	}
	seen := map[iot.CertificateID]bool{}
	for range 2 {
		made, err := p.CreateCertificateFromCsr(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if !key.PublicKey.Equal(parsedPEM(t, made.CertificatePem).PublicKey) {
			t.Error("the certificate is of another key")
		}
		if status := describedCertificate(t, p, made.CertificateID).Status; status != "INACTIVE" {
			t.Errorf("the status is %s", status)
		}
		seen[made.CertificateID] = true
	}
	if len(seen) != 2 {
		t.Errorf("two requests made %d certificates", len(seen))
	}
	in.CertificateSigningRequest = "no request"
	if _, err := p.CreateCertificateFromCsr(t.Context(), in); !fault.Is(err, fault.Invalid) {
		t.Errorf("what is no request: %v, want Invalid", err)
	}
}

// A certificate of this server that was deleted can be registered again, with the status that is
// asked for in either way (R-ID-55). It needs no CA certificate.
func TestRegisteredAgain(t *testing.T) {
	t.Parallel()
	p := issuing(t)
	for _, tt := range []struct {
		name   string
		status *iot.CertificateStatus
		active *bool
		want   iot.CertificateStatus
	}{
		{"nothing said", nil, nil, "INACTIVE"},
		{"not active", nil, new(false), "INACTIVE"},
		{"active", nil, new(true), "ACTIVE"},
		{"a status", new(iot.CertificateStatus("ACTIVE")), nil, "ACTIVE"},
		{"both", new(iot.CertificateStatus("REVOKED")), new(true), "REVOKED"},
	} {
		made, err := p.CreateKeysAndCertificate(t.Context(), &iot.CreateKeysAndCertificateRequest{})
		if err != nil {
			t.Fatal(err)
		}
		in := &iot.RegisterCertificateRequest{
			CertificatePem: made.CertificatePem,
			Status:         tt.status,
			SetAsActive:    tt.active,
		}
		if _, err := p.RegisterCertificate(t.Context(), in); !fault.Is(err, fault.Exists) {
			t.Errorf("%s, before it was deleted: %v, want Exists", tt.name, err)
		}
		// Ids are read in either case.
		upper := iot.CertificateID(strings.ToUpper(string(made.CertificateID)))
		_, err = p.DeleteCertificate(t.Context(),
			&iot.DeleteCertificateRequest{CertificateID: upper})
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		again, err := p.RegisterCertificate(t.Context(), in)
		if err != nil || again.CertificateID != made.CertificateID {
			t.Fatalf("%s: %+v, %v", tt.name, again, err)
		}
		if got := describedCertificate(t, p, made.CertificateID).Status; got != tt.want {
			t.Errorf("%s: the status is %s, want %s", tt.name, got, tt.want)
		}
		in.CaCertificatePem = new(made.CertificatePem)
		_, err = p.RegisterCertificate(t.Context(), in)
		if !fault.Is(err, fault.CertificateInvalid) {
			t.Errorf("%s, with what is no CA certificate: %v, want CertificateInvalid", tt.name, err)
		}
	}
}

// A certificate is valid or not by the real time, whatever the clock of the engine shows.
func TestRealTime(t *testing.T) {
	t.Parallel()
	s := newScenario(t)
	in := &iot.RegisterCertificateWithoutCARequest{
		CertificatePem: iot.CertificatePem(strings.ReplaceAll(s.certificate, `\n`, "\n")),
	}
	year := func(n int) func() time.Time {
		return func() time.Time { return time.Date(n, 1, 1, 0, 0, 0, 0, time.UTC) }
	}
	s.handler.plane.RealNow = year(2050)
	_, err := s.handler.plane.RegisterCertificateWithoutCA(t.Context(), in)
	if err == nil || !strings.Contains(err.Error(), "certificatePem: ") {
		t.Errorf("an expired certificate: %v", err)
	}
	s.handler.plane.RealNow = year(2049)
	if _, err := s.handler.plane.RegisterCertificateWithoutCA(t.Context(), in); err != nil {
		t.Errorf("one that is valid: %v", err)
	}
}

// Nothing is registered when the device authority cannot sign.
func TestIssuerFails(t *testing.T) {
	t.Parallel()
	p := newScenario(t).handler.plane // with noIssuer
	_, err := p.CreateKeysAndCertificate(t.Context(), &iot.CreateKeysAndCertificateRequest{})
	if !errors.Is(err, errNoIssuer) {
		t.Errorf("%v, want %v", err, errNoIssuer)
	}
	list, err := p.ListCertificates(t.Context(), &iot.ListCertificatesRequest{})
	if err != nil || len(list.Certificates) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
}

// block is the content of a PEM text of one block of a type.
func block(t *testing.T, text, kind string) []byte {
	t.Helper()
	found, rest := pem.Decode([]byte(text))
	if found == nil || found.Type != kind || len(rest) > 0 {
		t.Fatalf("no PEM of a %s: %s", kind, text)
	}
	return found.Bytes
}

// parsedPEM is a certificate of an answer.
func parsedPEM(t *testing.T, text iot.CertificatePem) *x509.Certificate {
	t.Helper()
	parsed, err := x509.ParseCertificate(block(t, string(text), "CERTIFICATE"))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// describedCertificate is a certificate as DescribeCertificate shows it.
func describedCertificate(
	t *testing.T, p *Plane, id iot.CertificateID,
) iot.CertificateDescription {
	t.Helper()
	out, err := p.DescribeCertificate(t.Context(),
		&iot.DescribeCertificateRequest{CertificateID: id})
	if err != nil {
		t.Fatal(err)
	}
	return out.CertificateDescription
}
