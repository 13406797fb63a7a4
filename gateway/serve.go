package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/drover-iot/drover/internal/connlimit"
)

// What one HTTP client may use of the server, whoever it is (R-WIRE-32).
const (
	readHeaderTimeout = 10 * time.Second
	// writeTimeout is from when the headers were read to the end of the answer.
	writeTimeout = 30 * time.Second
	// idleTimeout is between two requests of a client that is known. The connection of one that is
	// not ends with its answer.
	idleTimeout    = 5 * time.Minute
	maxHeaderBytes = 64 << 10
)

// How HTTP ends. A connection that is not done when the server ends may go on for stopGrace; as
// long as requests are being answered, it is answerGrace.
const (
	stopGrace   = 2 * time.Second
	answerGrace = 5 * time.Second
	stopPoll    = 20 * time.Millisecond
)

// Serve serves HTTP on a listener until ctx ends, and returns when all connections are closed.
// Those that wait for a request are closed at once. A request under way has two seconds to be sent,
// to be answered and to be read; while answering reports true it has five. Then its connection is
// closed, which is no error: it is the client that was too slow.
func Serve(
	ctx context.Context, l net.Listener, h http.Handler, answering func() bool, log *slog.Logger,
) error {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       bodyTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ConnContext:       withConn,
		ConnState:         markIdle,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	stopped := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(stopped)
		shutdown(context.WithoutCancel(ctx), server, answering)
	})
	if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return err
	}
	<-stopped
	return nil
}

// shutdown ends a server as Serve says.
func shutdown(ctx context.Context, server *http.Server, answering func() bool) {
	ending, cancel := context.WithTimeout(ctx, answerGrace)
	defer cancel()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = server.Shutdown(ending) // when it is late, Close ends the rest
	}()
	for wait := stopGrace; ; wait = stopPoll {
		select {
		case <-done:
			_ = server.Close()
			return
		case <-time.After(wait):
			if !answering() {
				cancel()
			}
		}
	}
}

// markIdle has connections that wait for the next request make room for new ones.
func markIdle(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateIdle:
		connlimit.SetIdle(c, true)
	case http.StateActive:
		connlimit.SetIdle(c, false)
	}
}

// connKey is the key of the connection in the context of a request.
type connKey struct{}

func withConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// markIdentified says that the caller of a request has shown who it is. Its connection counts as
// one with an identity from then on.
func markIdentified(r *http.Request) {
	if c := connectionOf(r); c != nil {
		connlimit.Identified(c)
	}
}

// connectionOf is the connection of a request, nil if it is not known.
func connectionOf(r *http.Request) net.Conn {
	c, _ := r.Context().Value(connKey{}).(net.Conn)
	return c
}

// remoteOf is the address of the other end of it, nil if it is not known.
func remoteOf(r *http.Request) net.Addr {
	if c := connectionOf(r); c != nil {
		return c.RemoteAddr()
	}
	return nil
}

// IsIdentified reports whether the caller on the connection of a request has shown who it is.
func IsIdentified(r *http.Request) bool {
	c := connectionOf(r)
	return c != nil && connlimit.IsIdentified(c)
}
