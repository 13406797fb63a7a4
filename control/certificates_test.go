package control

import (
	"strings"
	"testing"
	"time"

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
	c := certificate(parsed, registry.CertificateActive, "SNI_ONLY")
	if c.PEM != string(text) || strings.Contains(c.PEM, "PRIVATE") || c.ID != tlsutil.Fingerprint(parsed.Raw) {
		t.Errorf("registered as %s", c.PEM)
	}
}
