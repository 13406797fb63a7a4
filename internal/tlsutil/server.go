package tlsutil

import (
	"crypto/tls"
	"slices"
)

// ServerConfig is the TLS of a listener: 1.2 and 1.3, P-256 preferred for the key exchange, sessions resumed. A client's
// certificate is asked for with an empty list of authorities and its chain is not checked here: who it is is looked up
// in the registry (R-BRK-4). A client that offers only protocols we do not know is served without one (R-BRK-1).
func ServerConfig(certificate tls.Certificate, clients tls.ClientAuthType, protocols ...string) *tls.Config {
	config := &tls.Config{
		Certificates: []tls.Certificate{certificate}, ClientAuth: clients, NextProtos: protocols,
		MinVersion: tls.VersionTLS12, CurvePreferences: []tls.CurveID{tls.CurveP256, tls.X25519, tls.CurveP384},
	}
	plain := config.Clone()
	plain.NextProtos = nil
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if slices.ContainsFunc(hello.SupportedProtos, func(p string) bool { return slices.Contains(protocols, p) }) {
			return nil, nil
		}
		return plain, nil
	}
	return config
}
