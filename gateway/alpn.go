package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/drover-iot/drover/internal/connlimit"
	"github.com/drover-iot/drover/internal/tlsutil"
)

// One port serves HTTPS and MQTT. A client says in the TLS handshake which it wants, by ALPN
// (R-BRK-2): one that offers x-amzn-mqtt-ca gets MQTT, and so does one that offers mqtt and nothing of
// the others, as clients of custom authorizers do; every other gets HTTPS, also one that offers
// nothing.

// The protocols that the server selects from what a client offers.
const (
	alpnMQTT  = "x-amzn-mqtt-ca"
	alpnHTTP  = "x-amzn-http-ca"
	alpnHTTP1 = "http/1.1"
	// alpnPlainMQTT is what clients of custom authorizers offer. Others do on the MQTT port, where it
	// changes nothing.
	alpnPlainMQTT = "mqtt"
)

// handshakeTimeout is how long a client may take for the TLS handshake.
const handshakeTimeout = 10 * time.Second

// MQTTConfig is the TLS of the MQTT listener. A client without a certificate fails the handshake.
func MQTTConfig(server *tlsutil.Current) *tls.Config {
	return tlsutil.ServerConfig(server, tls.RequireAnyClientCert, alpnMQTT, alpnPlainMQTT)
}

// HTTPSConfig is the TLS of the common listener of HTTPS and MQTT. A certificate is asked for and
// not demanded: operators have none, they sign.
func HTTPSConfig(server *tlsutil.Current) *tls.Config {
	return tlsutil.ServerConfig(server, tls.RequestClientCert, alpnMQTT, alpnHTTP, alpnHTTP1,
		alpnPlainMQTT)
}

// Split divides the connections of one TLS listener. Run must be running for them to arrive.
type Split struct {
	net.Listener
	mqtt, http *branch
}

// NewSplit returns a split of a listener made by tls.NewListener.
func NewSplit(l net.Listener) *Split {
	return &Split{Listener: l, mqtt: newBranch(l.Addr()), http: newBranch(l.Addr())}
}

// MQTT is the listener of the connections that chose MQTT.
func (s *Split) MQTT() net.Listener { return s.mqtt }

// HTTP is the listener of all others.
func (s *Split) HTTP() net.Listener { return s.http }

// Run accepts connections until ctx ends or the listener is closed. After another error, such as
// that no file descriptors are left, it waits up to a second and goes on: a client that opens many
// connections must not be able to end the server.
func (s *Split) Run(ctx context.Context, log *slog.Logger) error {
	defer context.AfterFunc(ctx, func() { s.Close() })()
	var pause time.Duration
	for {
		c, err := s.Accept()
		switch {
		case err == nil:
			pause = 0
			go s.route(ctx, c)
		case ctx.Err() != nil || errors.Is(err, net.ErrClosed):
			return nil
		default:
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			log.Error("accept", "listener", s.Addr().String(), "err", err)
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
	}
}

// route does the handshake of one connection and hands it to its branch.
func (s *Split) route(ctx context.Context, c net.Conn) {
	secured, ok := c.(*tls.Conn)
	if !ok {
		c.Close()
		return
	}
	handshake, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	work := connlimit.Begin(c)
	err := secured.HandshakeContext(handshake)
	work.End()
	if err != nil {
		c.Close()
		return
	}
	to := s.http
	switch secured.ConnectionState().NegotiatedProtocol {
	case alpnMQTT, alpnPlainMQTT:
		to = s.mqtt
	}
	select {
	case to.conns <- c:
	case <-to.closed:
		c.Close()
	case <-ctx.Done():
		c.Close()
	}
}

// branch is the listener of one protocol of a split.
type branch struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once // closes closed
}

func newBranch(addr net.Addr) *branch {
	return &branch{addr: addr, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// Accept returns the next connection of this protocol.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

// Close ends this branch only. Connections of its protocol are closed from then on.
func (b *branch) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

// Addr is the address of the common listener.
func (b *branch) Addr() net.Addr { return b.addr }
