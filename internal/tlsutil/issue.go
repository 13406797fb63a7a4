package tlsutil

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"net"
	"time"

	"github.com/drover-iot/drover/internal/clock"
)

// What an authority signs. A certificate is valid from some time before it is made, because the
// clock of whoever checks it may be behind: that of a device that has just been switched on, or the
// server's own after it was set back (R-ID-15).
const backdated = 30 * 24 * time.Hour

// endOfDevices is the end of the validity of device certificates, and of the authorities (R-ID-15).
var endOfDevices = time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)

// IssueServer makes a key and a certificate for a server with these host names and addresses, at
// least one. Both are PEM. The certificate is valid for ten years.
func (a *Authority) IssueServer(hosts []string) (certificate, key []byte, err error) {
	private, err := NewECKey()
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: serial(),
		Subject:      pkix.Name{CommonName: hosts[0]},
		NotBefore:    clock.Now().Add(-backdated),
		NotAfter:     clock.Now().AddDate(10, 0, 0),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	der, err := x509.CreateCertificate(
		rand.Reader, template, a.Certificate, private.Public(), a.key)
	if err != nil {
		return nil, nil, err
	}
	key, err = encodeKey(private)
	if err != nil {
		return nil, nil, err
	}
	return EncodeCertificate(der), key, nil
}

// IssueDevice makes a device certificate for a public key and returns its DER form. Its subject is
// always the same, and it is valid until the end of 2049 (R-ID-15). The authority must have an RSA
// key.
func (a *Authority) IssueDevice(public crypto.PublicKey) (der []byte, err error) {
	return a.IssueDeviceUntil(public, endOfDevices)
}

// IssueDeviceUntil is IssueDevice for a certificate that is good until a time.
func (a *Authority) IssueDeviceUntil(
	public crypto.PublicKey, until time.Time,
) (der []byte, err error) {
	template := &x509.Certificate{
		SerialNumber:          serial(),
		Subject:               pkix.Name{CommonName: "AWS IoT Certificate"},
		NotBefore:             clock.Now().Add(-backdated),
		NotAfter:              until,
		KeyUsage:              x509.KeyUsageDigitalSignature,
		BasicConstraintsValid: true,
		SignatureAlgorithm:    x509.SHA256WithRSA,
	}
	return x509.CreateCertificate(rand.Reader, template, a.Certificate, public, a.key)
}
