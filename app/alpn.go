package app

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"
)

// The protocols that a client can choose on the HTTPS listener (R-BRK-2).
const (
	alpnMQTT  = "x-amzn-mqtt-ca"
	alpnHTTP  = "x-amzn-http-ca"
	alpnHTTP1 = "http/1.1"
)

// handshakeTimeout bounds how long a client may take before it has said what it wants.
const handshakeTimeout = 10 * time.Second

// split is a listener of TLS connections that goes two ways: a client that chose MQTT goes to one listener, every other
// to the other.
type split struct {
	net.Listener
	mqtt, http *branch
}

// branch is one way of a split, as a listener.
type branch struct {
	addr   net.Addr
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newSplit(l net.Listener) *split {
	way := func() *branch {
		return &branch{addr: l.Addr(), conns: make(chan net.Conn), closed: make(chan struct{})}
	}
	return &split{Listener: l, mqtt: way(), http: way()}
}

// run accepts and shakes hands until ctx ends or the listener is closed. An error in between, such as no file descriptors
// left, is waited out: whoever opens many connections must not be able to end the server.
func (s *split) run(ctx context.Context, log *slog.Logger) error {
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

func (s *split) route(ctx context.Context, c net.Conn) {
	secured, ok := c.(*tls.Conn)
	if !ok {
		c.Close()
		return
	}
	shaking, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	if err := secured.HandshakeContext(shaking); err != nil {
		c.Close()
		return
	}
	way := s.http
	if secured.ConnectionState().NegotiatedProtocol == alpnMQTT {
		way = s.mqtt
	}
	select {
	case way.conns <- c:
	case <-way.closed:
		c.Close()
	case <-ctx.Done():
		c.Close()
	}
}

// Accept returns the next connection that went this way.
func (b *branch) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.closed:
		return nil, net.ErrClosed
	}
}

// Close ends this way.
func (b *branch) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

// Addr is the address of the common listener.
func (b *branch) Addr() net.Addr { return b.addr }
