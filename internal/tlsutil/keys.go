package tlsutil

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"math/big"
)

// NewECKey makes a P-256 key: fast to make and to use.
func NewECKey() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

// NewRSAKey makes an RSA key of 2048 bits, which takes a while.
func NewRSAKey() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) }

// serial is a random positive serial number of at most 159 bits, so that it fits in the 20 bytes
// that RFC 5280 allows.
func serial() *big.Int {
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 159))
	if err != nil {
		panic(err) // crypto/rand ends the program instead of failing
	}
	return n
}

// Fingerprint is the SHA-256 of the DER form of a certificate, in lower-case hexadecimal. It is the
// id of the certificate (R-ID-14).
func Fingerprint(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

// EncodeCertificate returns the PEM form of a certificate.
func EncodeCertificate(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// encodeKey returns the PEM form of a private key, as PKCS #8.
func encodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
