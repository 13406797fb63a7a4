package gateway

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"math/big"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/internal/tlsutil"
)

// starved is a listener that has no file descriptors left a few times, then accepts.
type starved struct {
	net.Listener
	failures int
}

func (l *starved) Accept() (net.Conn, error) {
	if l.failures > 0 {
		l.failures--
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

// A client that opens many connections does not end the server. It waits 5 ms before it tries
// again, then twice as long each time.
func TestAcceptGoesOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newQueue()
		_, ended, cancel := runSplit(t, &starved{Listener: l, failures: 3})
		client, server := net.Pipe()
		began := time.Now()
		l.conns <- server
		// It is no TLS connection, so it is closed as soon as it is accepted.
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the end of the connection", err)
		}
		if after := time.Since(began); after != 35*time.Millisecond {
			t.Errorf("accepted after %s, want 5 + 10 + 20 ms", after)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the split ended with %v", err)
		}
	})
}

// What a client offers decides between MQTT and HTTP, and never makes the handshake fail.
func TestProtocolDecides(t *testing.T) { // R-BRK-1, R-BRK-2, R-CLI-2
	t.Parallel()
	certificate, roots := serverPair(t)
	s, _, _ := runSplit(t, tls.NewListener(listen(t), HTTPSConfig(tlsutil.NewCurrent(certificate))))
	sendEach(s.MQTT(), "MQTT")
	sendEach(s.HTTP(), "HTTP")
	mutual := tls.NewListener(listen(t), MQTTConfig(tlsutil.NewCurrent(certificate)))
	t.Cleanup(func() { mutual.Close() })
	sendEach(mutual, "MQTTS")
	for _, row := range []struct {
		to      net.Listener
		offered string
		chosen  string
		want    string // what the listener sends
	}{
		{s, "", "", "HTTP"},
		{s, "http/1.1", "http/1.1", "HTTP"},
		{s, "x-amzn-http-ca", "x-amzn-http-ca", "HTTP"},
		{s, "x-amzn-mqtt-ca", "x-amzn-mqtt-ca", "MQTT"},
		{s, "http/1.1 x-amzn-mqtt-ca", "x-amzn-mqtt-ca", "MQTT"},
		{s, "h2 http/1.1", "http/1.1", "HTTP"},
		{s, "h2", "", "HTTP"},
		{s, "mqtt", "mqtt", "MQTT"},
		{s, "mqtt http/1.1", "http/1.1", "HTTP"},
		{s, "X-AMZN-MQTT-CA", "", "HTTP"},
		{mutual, "", "", "MQTTS"},
		{mutual, "x-amzn-mqtt-ca", "x-amzn-mqtt-ca", "MQTTS"},
		{mutual, "mqtt", "mqtt", "MQTTS"},
		{mutual, "mqtt x-amzn-mqtt-ca", "x-amzn-mqtt-ca", "MQTTS"},
		{mutual, "http/1.1", "", "MQTTS"},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			name := row.want + " " + row.offered + " " + tls.VersionName(version)
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				conn, err := tls.Dial("tcp", row.to.Addr().String(), &tls.Config{
					RootCAs:      roots,
					Certificates: []tls.Certificate{certificate}, // any will do
					NextProtos:   strings.Fields(row.offered),
					MaxVersion:   version,
				})
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()
				sent, err := io.ReadAll(conn)
				chosen := conn.ConnectionState().NegotiatedProtocol
				if err != nil || string(sent) != row.want || chosen != row.chosen {
					t.Errorf("got %q by %q, %v, want %q by %q",
						sent, chosen, err, row.want, row.chosen)
				}
			})
		}
	}
}

// Without a certificate the handshake fails on the port of MQTT, and on that of HTTPS it does not.
// It is TLS 1.2 here because a client of TLS 1.3 gets to know it only afterwards.
func TestNoCertificate(t *testing.T) { // R-BRK-1, R-BRK-2
	t.Parallel()
	certificate, roots := serverPair(t)
	for name, row := range map[string]struct {
		config *tls.Config
		fails  bool
	}{
		"HTTPS": {HTTPSConfig(tlsutil.NewCurrent(certificate)), false},
		"MQTTS": {MQTTConfig(tlsutil.NewCurrent(certificate)), true},
	} {
		l := tls.NewListener(listen(t), row.config)
		t.Cleanup(func() { l.Close() })
		sendEach(l, name)
		conn, err := tls.Dial("tcp", l.Addr().String(),
			&tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS12})
		if (err != nil) != row.fails {
			t.Errorf("%s: got %v, want that it fails: %v", name, err, row.fails)
		}
		if err == nil {
			conn.Close()
		}
	}
}

// TLS 1.1 and older are refused by both listeners.
func TestOldTLS(t *testing.T) { // R-BRK-4
	t.Parallel()
	certificate, roots := serverPair(t)
	for name, config := range map[string]*tls.Config{
		"HTTPS": HTTPSConfig(tlsutil.NewCurrent(certificate)),
		"MQTTS": MQTTConfig(tlsutil.NewCurrent(certificate)),
	} {
		l := tls.NewListener(listen(t), config)
		t.Cleanup(func() { l.Close() })
		sendEach(l, name)
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{
			RootCAs:    roots,
			MinVersion: tls.VersionTLS10,
			MaxVersion: tls.VersionTLS11,
		})
		if err == nil {
			conn.Close()
			t.Errorf("%s: a connection with TLS 1.1", name)
		}
	}
}

// With TLS 1.2 a client may bring any of the suites that have forward secrecy and AES-GCM, for either
// kind of key that a server may have, and no other key exchange.
func TestSuites(t *testing.T) { // R-BRK-4
	t.Parallel()
	withEC, _ := serverPair(t)
	withRSA := rsaPair(t)
	for _, row := range []struct {
		suite  uint16
		server tls.Certificate
		good   bool
	}{
		{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, withEC, true},
		{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, withEC, true},
		{tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, withRSA, true},
		{tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, withRSA, true},
		{tls.TLS_RSA_WITH_AES_128_GCM_SHA256, withRSA, false},
		{tls.TLS_RSA_WITH_AES_128_CBC_SHA, withRSA, false},
	} {
		l := tls.NewListener(listen(t), HTTPSConfig(tlsutil.NewCurrent(row.server)))
		t.Cleanup(func() { l.Close() })
		sendEach(l, "HTTPS")
		conn, err := tls.Dial("tcp", l.Addr().String(), &tls.Config{
			InsecureSkipVerify: true, // who the server is does not matter here
			MaxVersion:         tls.VersionTLS12,
			CipherSuites:       []uint16{row.suite},
		})
		if (err == nil) != row.good {
			t.Errorf("%s: %v", tls.CipherSuiteName(row.suite), err)
		}
		if err == nil {
			conn.Close()
		}
	}
}

// rsaPair makes the certificate of a server with an RSA key.
func rsaPair(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// When one branch is closed, its clients are turned away and those of the other are served.
func TestBranchCloses(t *testing.T) {
	t.Parallel()
	certificate, roots := serverPair(t)
	s, ended, cancel := runSplit(t, tls.NewListener(listen(t), HTTPSConfig(tlsutil.NewCurrent(certificate))))
	sendEach(s.HTTP(), "HTTP")
	for range 2 { // closing it again is no error
		if err := s.MQTT().Close(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.MQTT().Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept of the closed branch: %v", err)
	}
	for protocol, want := range map[string]string{"x-amzn-mqtt-ca": "", "http/1.1": "HTTP"} {
		conn, err := tls.Dial("tcp", s.HTTP().Addr().String(),
			&tls.Config{RootCAs: roots, NextProtos: []string{protocol}})
		if err != nil {
			t.Fatal(err)
		}
		sent, _ := io.ReadAll(conn) // the end may come with an error or without
		conn.Close()
		if string(sent) != want {
			t.Errorf("%s: got %q, want %q", protocol, sent, want)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the split ended with %v", err)
	}
}

// queue is a listener that accepts what is sent to it, until it is closed.
type queue struct {
	conns  chan net.Conn
	closed chan struct{}
}

func newQueue() *queue {
	return &queue{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (q *queue) Accept() (net.Conn, error) {
	select {
	case c := <-q.conns:
		return c, nil
	case <-q.closed:
		return nil, net.ErrClosed
	}
}

func (q *queue) Close() error {
	close(q.closed)
	return nil
}

func (q *queue) Addr() net.Addr { return &net.TCPAddr{} }

// A client that says nothing is disconnected when the time for the handshake is over, and not
// before.
func TestSilentClient(t *testing.T) {
	t.Parallel()
	certificate, _ := serverPair(t)
	synctest.Test(t, func(t *testing.T) {
		l := newQueue()
		_, ended, cancel := runSplit(t, tls.NewListener(l, HTTPSConfig(tlsutil.NewCurrent(certificate))))
		client, server := net.Pipe()
		began := time.Now()
		l.conns <- server
		if _, err := client.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
			t.Errorf("got %v, want the end of the connection", err)
		}
		if after := time.Since(began); after != handshakeTimeout {
			t.Errorf("the connection ended after %s, want %s", after, handshakeTimeout)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// runSplit runs a split of a listener until cancel is called or the test ends.
func runSplit(
	t *testing.T, l net.Listener,
) (s *Split, ended <-chan error, cancel context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error, 1)
	s = NewSplit(l)
	go func() { end <- s.Run(ctx, slog.New(slog.DiscardHandler)) }()
	return s, end, cancel
}

// sendEach sends a text to each connection of a listener and closes it.
func sendEach(l net.Listener, text string) {
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				_, _ = conn.Write([]byte(text)) // a client that is gone does not matter
				conn.Close()
			}()
		}
	}()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// serverPair makes the certificate of a server on loopback, and what its clients trust.
func serverPair(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	ca, err := tlsutil.Load(t.TempDir(), "ca", "test", tlsutil.NewECKey)
	if err != nil {
		t.Fatal(err)
	}
	certificate, key, err := ca.IssueServer([]string{"127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(ca.Certificate)
	return pair, roots
}
