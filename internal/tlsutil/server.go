package tlsutil

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"slices"
	"sync/atomic"
)

// ServerConfig is the TLS of a listener: versions 1.2 and 1.3, the curve P-256 preferred for the
// key exchange. A certificate of the client is asked for with an empty list of authorities, and who
// has signed it is not checked here: the registry knows who it is (R-BRK-4).
//
// Of the protocols that a client offers, the first one in protocols is selected. A client that
// offers only others is served without a protocol, where crypto/tls would refuse it (R-BRK-1).
// Sessions can be resumed in both cases, because each has one configuration for all connections.
func ServerConfig(
	certificate *Current, clients tls.ClientAuthType, protocols ...string,
) *tls.Config {
	config := &tls.Config{
		GetCertificate:   certificate.get,
		ClientAuth:       clients,
		NextProtos:       protocols,
		MinVersion:       tls.VersionTLS12,
		CurvePreferences: []tls.CurveID{tls.CurveP256, tls.X25519, tls.CurveP384},
	}
	noProtocols := config.Clone()
	noProtocols.NextProtos = nil
	known := func(protocol string) bool { return slices.Contains(protocols, protocol) }
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.ContainsFunc(hello.SupportedProtos, known) {
			return nil, nil // config itself
		}
		return noProtocols, nil
	}
	return config
}

// Current is the certificate of a server, which can be replaced while connections are served by it:
// those that there are keep the one that they began with.
type Current struct {
	certificate atomic.Pointer[tls.Certificate]
}

// NewCurrent returns a Current that begins with a certificate.
func NewCurrent(certificate tls.Certificate) *Current {
	c := &Current{}
	c.Set(certificate)
	return c
}

// Set has new connections get another certificate.
func (c *Current) Set(certificate tls.Certificate) { c.certificate.Store(&certificate) }

// Leaf is the certificate that new connections get; nil when it was not parsed.
func (c *Current) Leaf() *x509.Certificate { return c.certificate.Load().Leaf }

// Is reports whether new connections get this certificate already.
func (c *Current) Is(certificate tls.Certificate) bool {
	return slices.EqualFunc(c.certificate.Load().Certificate, certificate.Certificate, bytes.Equal)
}

// get is what crypto/tls asks.
func (c *Current) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return c.certificate.Load(), nil
}
