package gateway_test

import (
	"crypto/x509"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/drover-iot/drover/gateway"
)

// The device authority is made when it is first needed, and the same after a restart. It knows the
// certificates that it has signed from all others.
func TestIssuer(t *testing.T) { // R-ID-15, R-ID-55
	t.Parallel()
	dir := t.TempDir()
	issuer := gateway.NewIssuer(gateway.FolderAuthority(dir))
	if files, err := os.ReadDir(dir); err != nil || len(files) != 0 {
		t.Fatalf("made before it is needed: %v, %v", files, err)
	}
	key, err := issuer.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	if bits := key.N.BitLen(); bits != 2048 {
		t.Errorf("a key of %d bits", bits)
	}
	der, err := issuer.Issue(key.Public())
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	if !key.PublicKey.Equal(c.PublicKey) {
		t.Error("the certificate is for another key")
	}
	if want := time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC); !c.NotAfter.Equal(want) {
		t.Errorf("valid until %s, want %s", c.NotAfter, want)
	}
	again := gateway.NewIssuer(gateway.FolderAuthority(dir))
	for name, row := range map[string]struct {
		der  []byte
		want bool
	}{
		"its own":                     {der, true},
		"one that signs itself":       {newCertificate(t, valid).Certificate[0], false},
		"what is not a certificate":   {[]byte("no"), false},
		"its own with a byte changed": {append([]byte{der[0] ^ 1}, der[1:]...), false},
	} {
		if got, err := again.Issued(row.der); got != row.want || err != nil {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, row.want)
		}
	}
}

// An authority that cannot be read issues nothing and says of no certificate whether it is its own.
func TestDamagedIssuer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"device-ca.pem", "device-ca.key"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("no PEM"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	issuer, certificate := gateway.NewIssuer(gateway.FolderAuthority(dir)), newCertificate(t, valid)
	if _, err := issuer.Issue(certificate.Leaf.PublicKey); err == nil {
		t.Error("a damaged authority has issued a certificate")
	}
	if issued, err := issuer.Issued(certificate.Certificate[0]); issued || err == nil {
		t.Error("a damaged authority says whether it knows a certificate")
	}
}
