// Package tlsutil makes keys, certificates and TLS settings. It uses the real clock: what secures a connection does not
// follow a virtual one.
package tlsutil

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/drover-iot/drover/internal/disk"
)

// forever is the notAfter of everything that is issued for devices (R-ID-15).
var forever = time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)

// Authority is a certificate authority whose key lies in a folder.
type Authority struct {
	Certificate *x509.Certificate
	PEM         []byte
	key         crypto.Signer
}

// Load reads the authority called name from dir (name.pem, name.key), or makes it with a key from newKey. Its key file
// is readable by its owner only.
func Load(dir, name, subject string, newKey func() (crypto.Signer, error)) (*Authority, error) {
	certificate, err := os.ReadFile(filepath.Join(dir, name+".pem"))
	if errors.Is(err, fs.ErrNotExist) {
		return create(dir, name, subject, newKey)
	}
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(filepath.Join(dir, name+".key"))
	if err != nil {
		return nil, err
	}
	return parse(certificate, key)
}

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

func create(dir, name, subject string, newKey func() (crypto.Signer, error)) (*Authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: subject}, NotBefore: time.Now().Add(-time.Hour), NotAfter: forever,
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, err
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	keyPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	certificate := EncodeCertificate(der)
	if err := disk.Write(filepath.Join(dir, name+".key"), keyPEM, 0o600); err != nil {
		return nil, err
	}
	if err := disk.Write(filepath.Join(dir, name+".pem"), certificate, 0o644); err != nil {
		return nil, err
	}
	return parse(certificate, keyPEM)
}

// NewECKey makes a P-256 key: fast to make and to use.
func NewECKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// NewRSAKey makes an RSA-2048 key, which takes a while.
func NewRSAKey() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// serial is a random positive serial number of 159 bits.
func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	if err != nil {
		panic(err) // crypto/rand ends the program instead of failing
	}
	return n
}

// IssueServer makes a key and a certificate for a server with these host names and addresses.
func (a *Authority) IssueServer(hosts []string) (certificate, key []byte, err error) {
	private, err := NewECKey()
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: hosts[0]}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(10, 0, 0),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.Certificate, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return EncodeCertificate(der), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}

// IssueDevice makes a device certificate for a public key: fixed subject, valid until the end of 2049 (R-ID-15).
func (a *Authority) IssueDevice(public crypto.PublicKey) (der []byte, err error) {
	template := &x509.Certificate{
		SerialNumber: serial(), Subject: pkix.Name{CommonName: "AWS IoT Certificate"}, NotBefore: time.Now().Add(-2 * time.Minute), NotAfter: forever,
		KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true, SignatureAlgorithm: x509.SHA256WithRSA,
	}
	return x509.CreateCertificate(rand.Reader, template, a.Certificate, public, a.key)
}

// Fingerprint is the lower-case hexadecimal SHA-256 of a certificate's DER form: its id (R-ID-14).
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// EncodeCertificate writes a certificate as PEM.
func EncodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
