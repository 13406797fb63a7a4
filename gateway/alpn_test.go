package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
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

// A client that opens many connections does not end the server.
func TestAcceptGoesOn(t *testing.T) {
	t.Parallel()
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	s := NewSplit(&starved{Listener: inner, failures: 3})
	go func() { ended <- s.Run(ctx, slog.New(slog.DiscardHandler)) }()

	client, err := net.Dial("tcp", inner.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	client.SetReadDeadline(time.Now().Add(5 * time.Second))
	// It is no TLS connection, so it is closed as soon as it is accepted.
	_, err = client.Read(make([]byte, 1))
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the connection was not accepted: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("the split ended with %v", err)
	}
}
