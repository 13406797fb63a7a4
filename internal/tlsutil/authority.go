package tlsutil

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/disk"
)

// Authority is a certificate authority with its key. Load has it in two files of a folder; New, Encode
// and Parse leave it to the caller where it is kept.
type Authority struct {
	Certificate *x509.Certificate
	PEM         []byte // the certificate as its file has it
	key         crypto.Signer
}

// Load reads the authority called name from dir (name.pem and name.key). When there is no name.pem
// it makes both, with a key from newKey and the common name subject. Only the owner of the key file
// can read it.
func Load(
	dir, name, subject string, newKey func() (crypto.Signer, error),
) (*Authority, error) {
	certificate, err := os.ReadFile(filepath.Join(dir, name+".pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return create(dir, name, subject, newKey)
	}
	if err != nil {
		return nil, err
	}
	key, err := disk.ReadPrivate(filepath.Join(dir, name+".key"))
	if err != nil {
		return nil, err
	}
	return parse(certificate, key)
}

// parse reads an authority from the PEM of its certificate and of its PKCS #8 key.
func parse(certificate, key []byte) (*Authority, error) {
	block, _ := pem.Decode(certificate)
	keyBlock, _ := pem.Decode(key)
	if block == nil || keyBlock == nil {
		return nil, errors.New("certificate authority: not PEM")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	private, err := x509.ParsePKCS8PrivateKey(keyBlock.Bytes)
	if err != nil {
		return nil, fmt.Errorf("certificate authority: %w", err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return nil, errors.New("certificate authority: its key cannot sign")
	}
	return &Authority{Certificate: parsed, PEM: certificate, key: signer}, nil
}

// create makes an authority and its files. The key is written first: after a crash between the two
// there is no certificate, and Load makes both again.
func create(
	dir, name, subject string, newKey func() (crypto.Signer, error),
) (*Authority, error) {
	a, err := New(subject, newKey)
	if err != nil {
		return nil, err
	}
	key, err := encodeKey(a.key)
	if err != nil {
		return nil, err
	}
	if err := disk.Write(filepath.Join(dir, name+".key"), key, 0o600); err != nil {
		return nil, err
	}
	if err := disk.Write(filepath.Join(dir, name+".pem"), a.PEM, 0o644); err != nil {
		return nil, err
	}
	return a, nil
}

// New makes an authority that signs itself, with a key from newKey and the common name subject.
func New(subject string, newKey func() (crypto.Signer, error)) (*Authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: subject},
		NotBefore:             clock.Now().Add(-backdated),
		NotAfter:              endOfDevices,
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	parsed, err := x509.ParseCertificate(der)
	return &Authority{Certificate: parsed, PEM: EncodeCertificate(der), key: key}, err
}

// Encode returns the certificate and behind it the key, both as PEM.
func (a *Authority) Encode() ([]byte, error) {
	key, err := encodeKey(a.key)
	return append(EncodeCertificate(a.Certificate.Raw), key...), err
}

// Parse reads what Encode has returned.
func Parse(text []byte) (*Authority, error) {
	_, key := pem.Decode(text)
	return parse(text[:len(text)-len(key)], key)
}
