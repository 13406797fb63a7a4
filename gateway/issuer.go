package gateway

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/tlsutil"
)

// Issuer is the device authority: it makes the certificates that operators ask for. Its own key is
// RSA and takes a while to make, so it is loaded or made when it is first needed and not at start.
type Issuer struct {
	load func() (*tlsutil.Authority, error)
	mu   sync.Mutex         // guards ca
	ca   *tlsutil.Authority // nil until it is first needed
}

// NewIssuer returns the device authority that a function loads or makes.
func NewIssuer(load func() (*tlsutil.Authority, error)) *Issuer { return &Issuer{load: load} }

// NewDeviceAuthority makes an authority for devices.
func NewDeviceAuthority() (*tlsutil.Authority, error) {
	return tlsutil.New(deviceAuthority, tlsutil.NewRSAKey)
}

const deviceAuthority = "Drover device CA"

// FolderAuthority loads or makes the device authority whose certificate and key are in a folder, as
// device-ca.pem and device-ca.key.
func FolderAuthority(dir string) func() (*tlsutil.Authority, error) {
	return func() (*tlsutil.Authority, error) {
		return tlsutil.Load(dir, "device-ca", deviceAuthority, tlsutil.NewRSAKey)
	}
}

func (i *Issuer) authority() (*tlsutil.Authority, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ca != nil {
		return i.ca, nil
	}
	ca, err := i.load()
	i.ca = ca
	return ca, err
}

// NewKey makes an RSA key of 2048 bits for a device (R-ID-15).
func (i *Issuer) NewKey() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// Issue makes a device certificate for a public key and returns its DER form.
func (i *Issuer) Issue(public any) ([]byte, error) {
	ca, err := i.authority()
	if err != nil {
		return nil, err
	}
	return ca.IssueDevice(public)
}

// IssueUntil is Issue for a certificate that is good until a time.
func (i *Issuer) IssueUntil(public any, until time.Time) ([]byte, error) {
	ca, err := i.authority()
	if err != nil {
		return nil, err
	}
	return ca.IssueDeviceUntil(public, until)
}

// Issued reports whether the device authority signed a certificate (R-ID-55). It is false for what
// is not a certificate.
func (i *Issuer) Issued(der []byte) (bool, error) {
	ca, err := i.authority()
	if err != nil {
		return false, err
	}
	parsed, err := x509.ParseCertificate(der)
	return err == nil && parsed.CheckSignatureFrom(ca.Certificate) == nil, nil
}
