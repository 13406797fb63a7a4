package control

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/tlsutil"
	"github.com/drover-iot/drover/registry"
)

// Signing requests are for keys that devices may have (R-ID-15).
func TestSigningRequest(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		curve   elliptic.Curve
		refused bool
	}{{elliptic.P224(), true}, {elliptic.P256(), false}, {elliptic.P384(), false}, {elliptic.P521(), false}} {
		key, err := ecdsa.GenerateKey(tt.curve, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{}, key)
		if err != nil {
			t.Fatal(err)
		}
		_, err = signingRequest(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})))
		if fault.Is(err, fault.Invalid) != tt.refused || err != nil && !tt.refused {
			t.Errorf("%s: %v", tt.curve.Params().Name, err)
		}
	}
	if _, err := signingRequest("no PEM"); !fault.Is(err, fault.Invalid) {
		t.Errorf("no PEM: %v", err)
	}
}

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
	parsed, err := parseCertificate("pump 7\n" + string(text) + string(key))
	if err != nil {
		t.Fatal(err)
	}
	c := certificate(parsed, registry.CertificateActive, "SNI_ONLY")
	if c.PEM != string(text) || strings.Contains(c.PEM, "PRIVATE") || c.ID != tlsutil.Fingerprint(parsed.Raw) {
		t.Errorf("registered as %s", c.PEM)
	}
}
