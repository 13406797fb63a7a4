package app

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"sync"

	"github.com/drover-iot/drover/internal/tlsutil"
)

// issuer is the device authority. Its RSA key takes a while to make, so it is made when the first certificate is asked
// for, and not at start.
type issuer struct {
	dir string
	mu  sync.Mutex
	ca  *tlsutil.Authority // nil: not loaded yet
}

func (i *issuer) authority() (*tlsutil.Authority, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ca != nil {
		return i.ca, nil
	}
	ca, err := tlsutil.Load(i.dir, "device-ca", "Drover device CA", tlsutil.NewRSAKey)
	i.ca = ca
	return ca, err
}

// NewKey makes an RSA-2048 key.
func (i *issuer) NewKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// Issue makes a device certificate.
func (i *issuer) Issue(public any) ([]byte, error) {
	ca, err := i.authority()
	if err != nil {
		return nil, err
	}
	return ca.IssueDevice(public)
}

// Issued reports whether the device authority signed a certificate.
func (i *issuer) Issued(der []byte) bool {
	ca, err := i.authority()
	if err != nil {
		return false
	}
	parsed, err := x509.ParseCertificate(der)
	return err == nil && parsed.CheckSignatureFrom(ca.Certificate) == nil
}
