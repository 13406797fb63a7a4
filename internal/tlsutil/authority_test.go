package tlsutil

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// load reads or makes an authority with an EC key.
func load(t *testing.T, dir string) *Authority {
	t.Helper()
	a, err := Load(dir, "ca", "a test", NewECKey)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// An authority is made once. Its key is for the owner only, its certificate for everybody.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	made := load(t, dir)
	c := made.Certificate
	if c.Subject.CommonName != "a test" || !c.IsCA || c.CheckSignatureFrom(c) != nil {
		t.Errorf("the authority is %s, CA %v", c.Subject, c.IsCA)
	}
	if now := time.Now(); c.NotBefore.After(now) || c.NotAfter.Before(now.AddDate(20, 0, 0)) {
		t.Errorf("valid from %s to %s", c.NotBefore, c.NotAfter)
	}
	again, err := Load(dir, "ca", "another subject", func() (crypto.Signer, error) {
		t.Error("a second key was made")
		return NewECKey()
	})
	if err != nil || !again.Certificate.Equal(c) || string(again.PEM) != string(made.PEM) {
		t.Errorf("read again: another authority, %v", err)
	}
	for file, want := range map[string]os.FileMode{"ca.key": 0o600, "ca.pem": 0o644} {
		info, err := os.Stat(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != want {
			t.Errorf("%s has mode %v, want %v", file, mode, want)
		}
	}
}

// Damaged files are errors and are not replaced. A key without a certificate is what a crash leaves
// while they are made, so both are made again.
func TestLoadDamaged(t *testing.T) {
	t.Parallel()
	block := func(kind string) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: []byte("no")}))
	}
	noCertificate, noKey := block("CERTIFICATE"), block("PRIVATE KEY")
	for name, row := range map[string]struct {
		file, content string // an empty content removes the file
		works         bool
	}{
		"no PEM":              {"ca.pem", "damaged", false},
		"not a certificate":   {"ca.pem", noCertificate, false},
		"no PEM of the key":   {"ca.key", "damaged", false},
		"not a key":           {"ca.key", noKey, false},
		"the key is missing":  {"ca.key", "", false},
		"no certificate, yet": {"ca.pem", "", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			load(t, dir)
			path := filepath.Join(dir, row.file)
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if row.content != "" {
				if err := os.WriteFile(path, []byte(row.content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := Load(dir, "ca", "a test", NewECKey); (err == nil) != row.works {
				t.Errorf("got %v, want that it works: %v", err, row.works)
			}
			if text, err := os.ReadFile(path); !row.works && string(text) != row.content {
				t.Errorf("replaced by %q, %v", text, err)
			}
		})
	}
}

// An authority is the same one when it is read as it was encoded: its certificate, and the key that
// signs. Half of it is none.
func TestEncode(t *testing.T) { // R-NODE-1
	t.Parallel()
	for name, newKey := range map[string]func() (crypto.Signer, error){
		"EC": NewECKey, "RSA": NewRSAKey,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			made, err := New("a test", newKey)
			if err != nil {
				t.Fatal(err)
			}
			text, err := made.Encode()
			if err != nil {
				t.Fatal(err)
			}
			read, err := Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if !read.Certificate.Equal(made.Certificate) || string(read.PEM) != string(made.PEM) {
				t.Error("another certificate")
			}
			issued, _, err := read.IssueServer([]string{"localhost"})
			if err != nil {
				t.Fatal(err)
			}
			if err := decode(t, issued).CheckSignatureFrom(made.Certificate); err != nil {
				t.Errorf("signed with another key: %v", err)
			}
			for what, half := range map[string][]byte{
				"nothing":        nil,
				"no key":         made.PEM,
				"no certificate": text[len(made.PEM):],
				"damaged":        []byte("damaged"),
			} {
				if _, err := Parse(half); err == nil {
					t.Errorf("%s was read as an authority", what)
				}
			}
		})
	}
}

// A server's certificate carries its hosts as names or addresses, and is signed by the authority.
func TestIssueServer(t *testing.T) {
	t.Parallel()
	a := load(t, t.TempDir())
	certificate, key, err := a.IssueServer([]string{"drover.example.org", "127.0.0.1", "::1"})
	if err != nil {
		t.Fatal(err)
	}
	c := decode(t, certificate)
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate)
	for host, want := range map[string]bool{
		"drover.example.org": true,
		"127.0.0.1":          true,
		"::1":                true,
		"127.0.0.2":          false,
		"example.org":        false,
	} {
		_, err := c.Verify(x509.VerifyOptions{DNSName: host, Roots: roots})
		if (err == nil) != want {
			t.Errorf("%s: got %v, want that it is valid: %v", host, err, want)
		}
	}
	if name := c.Subject.CommonName; name != "drover.example.org" {
		t.Errorf("the common name is %s", name)
	}
	if !strings.Contains(string(key), "PRIVATE KEY") {
		t.Error("the key is not PEM")
	}
}

// A device's certificate has the subject and the validity that clients know (R-ID-15).
func TestIssueDevice(t *testing.T) {
	t.Parallel()
	a, err := Load(t.TempDir(), "ca", "a test", NewRSAKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := NewECKey()
	if err != nil {
		t.Fatal(err)
	}
	serials := map[string]bool{}
	for range 10 {
		der, err := a.IssueDevice(key.Public())
		if err != nil {
			t.Fatal(err)
		}
		c := decode(t, EncodeCertificate(der))
		if c.Subject.String() != "CN=AWS IoT Certificate" || c.IsCA ||
			c.CheckSignatureFrom(a.Certificate) != nil {
			t.Errorf("subject %s, CA %v", c.Subject, c.IsCA)
		}
		if !c.NotAfter.Equal(endOfDevices) || !c.NotBefore.Before(time.Now()) {
			t.Errorf("valid from %s to %s", c.NotBefore, c.NotAfter)
		}
		if n := c.SerialNumber; n.Sign() <= 0 || n.BitLen() > 159 || serials[n.String()] {
			t.Errorf("serial number %s", n)
		}
		serials[c.SerialNumber.String()] = true
	}
}

// The id of a certificate is the SHA-256 of its DER form (R-ID-14).
func TestFingerprint(t *testing.T) {
	t.Parallel()
	const want = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" // FIPS 180-2
	if got := Fingerprint([]byte("abc")); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// decode reads the PEM of a certificate.
func decode(t *testing.T, text []byte) *x509.Certificate {
	t.Helper()
	block, rest := pem.Decode(text)
	if block == nil || len(rest) > 0 {
		t.Fatalf("not one PEM block: %s", text)
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return c
}
