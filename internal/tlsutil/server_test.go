package tlsutil

import (
	"crypto/tls"
	"crypto/x509"
	"testing"
)

// The first of the server's protocols that a client offers is selected, none of a client that
// offers others, and a client that connects again resumes its session in all cases. The list of
// authorities that the client gets is empty, so that it presents whatever it has (R-BRK-1,
// R-BRK-4).
func TestServerConfig(t *testing.T) {
	t.Parallel()
	a := load(t, t.TempDir())
	certificate, key, err := a.IssueServer([]string{"localhost"})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(a.Certificate)
	server := ServerConfig(NewCurrent(pair), tls.RequireAnyClientCert, "first", "second")
	for name, row := range map[string]struct {
		offered []string
		want    string
	}{
		"nothing":             {nil, ""},
		"the first":           {[]string{"first"}, "first"},
		"the second":          {[]string{"second"}, "second"},
		"both":                {[]string{"second", "first"}, "first"},
		"one that is unknown": {[]string{"third", "second"}, "second"},
		"only unknown ones":   {[]string{"third"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := &tls.Config{
				RootCAs:            roots,
				ServerName:         "localhost",
				NextProtos:         row.offered,
				ClientSessionCache: tls.NewLRUClientSessionCache(1),
			}
			client.GetClientCertificate = func(
				r *tls.CertificateRequestInfo,
			) (*tls.Certificate, error) {
				if len(r.AcceptableCAs) > 0 {
					t.Errorf("%d authorities are named", len(r.AcceptableCAs))
				}
				return &pair, nil
			}
			for _, resumed := range []bool{false, true} {
				state := handshake(t, server, client)
				if state.NegotiatedProtocol != row.want || state.DidResume != resumed {
					t.Errorf("protocol %q, resumed %v, want %q, %v",
						state.NegotiatedProtocol, state.DidResume, row.want, resumed)
				}
			}
		})
	}
}

// handshake connects a client with a server on loopback, and returns what the client knows then.
func handshake(t *testing.T, server, client *tls.Config) tls.ConnectionState {
	t.Helper()
	l, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return // the test has ended
		}
		// A byte follows the handshake, and in TLS 1.3 the ticket. An error shows at the client.
		_, _ = conn.Write([]byte("x"))
		conn.Close()
	}()
	conn, err := tls.Dial("tcp", l.Addr().String(), client)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState()
}
