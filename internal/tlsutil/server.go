package tlsutil

import (
	"crypto/tls"
	"slices"
)

// ServerConfig is the TLS of a listener: versions 1.2 and 1.3, the curve P-256 preferred for the
// key exchange. A certificate of the client is asked for with an empty list of authorities, and who
// has signed it is not checked here: the registry knows who it is (R-BRK-4).
//
// Of the protocols that a client offers, the first one in protocols is selected. A client that
// offers only others is served without a protocol, where crypto/tls would refuse it (R-BRK-1).
// Sessions can be resumed in both cases, because each has one configuration for all connections.
func ServerConfig(
	certificate tls.Certificate, clients tls.ClientAuthType, protocols ...string,
) *tls.Config {
	config := &tls.Config{
		Certificates:     []tls.Certificate{certificate},
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
