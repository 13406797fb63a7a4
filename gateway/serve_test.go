package gateway_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/drover-iot/drover/gateway"
)

// slow is an HTTP server on loopback whose only request waits until the test lets it end.
type slow struct {
	url            string
	arrived, leave chan struct{}
	stop           context.CancelFunc // ends the server
	ended          chan error         // what Serve returned
}

func newSlow(t *testing.T, grace time.Duration) *slow {
	l := loopback(t)
	s := &slow{
		url:     "http://" + l.Addr().String(),
		arrived: make(chan struct{}),
		leave:   make(chan struct{}),
		ended:   make(chan error, 1),
	}
	ctx, cancel := context.WithCancel(context.Background())
	s.stop = cancel
	handler := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		close(s.arrived)
		<-s.leave
	})
	go func() {
		s.ended <- gateway.Serve(ctx, l, handler, grace, slog.New(slog.DiscardHandler))
	}()
	return s
}

// request makes the request, and returns when the handler has it. Its error is sent to the channel.
func (s *slow) request(t *testing.T) <-chan error {
	done := make(chan error, 1)
	go func() {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get(s.url)
		if err == nil {
			err = response.Body.Close()
		}
		done <- err
	}()
	select {
	case <-s.arrived:
	case err := <-done:
		t.Fatalf("the request did not arrive: %v", err)
	}
	return done
}

// A server that ends lets the request under way finish, and accepts no other.
func TestServeLetsRequestsFinish(t *testing.T) {
	t.Parallel()
	s := newSlow(t, timeout)
	done := s.request(t)
	s.stop()
	for { // the listener is closed a moment after the context
		conn, err := net.Dial("tcp", s.url[len("http://"):])
		if err != nil {
			break
		}
		conn.Close()
	}
	close(s.leave)
	if err := <-done; err != nil {
		t.Errorf("the request under way: %v", err)
	}
	if err := <-s.ended; err != nil {
		t.Errorf("Serve: %v", err)
	}
}

// It waits no longer than the time of grace.
func TestServeGraceEnds(t *testing.T) {
	t.Parallel()
	s := newSlow(t, time.Nanosecond)
	done := s.request(t)
	s.stop()
	if err := <-s.ended; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Serve: got %v, want that the time is over", err)
	}
	close(s.leave)
	<-done
}

// A listener that fails ends the server with its error.
func TestServeListenerFails(t *testing.T) {
	t.Parallel()
	l := loopback(t)
	l.Close()
	log := slog.New(slog.DiscardHandler)
	err := gateway.Serve(t.Context(), l, http.NotFoundHandler(), timeout, log)
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want that the listener is closed", err)
	}
}
