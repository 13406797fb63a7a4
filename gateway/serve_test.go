package gateway_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/drover-iot/drover/gateway"
)

// slow is an HTTP server on loopback whose only request is answered when the test says so.
type slow struct {
	address        string
	arrived, leave chan struct{}
	answering      atomic.Bool        // what the server is told
	stop           context.CancelFunc // ends the server
	ended          chan error         // what Serve returned
}

func newSlow(t *testing.T) *slow {
	l := loopback(t)
	s := &slow{
		address: l.Addr().String(),
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
		s.ended <- gateway.Serve(ctx, l, handler, s.answering.Load, slog.New(slog.DiscardHandler))
	}()
	return s
}

// request makes the request, and returns when the handler has it. Its error is sent to the channel.
func (s *slow) request(t *testing.T) <-chan error {
	done := make(chan error, 1)
	go func() {
		client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		response, err := client.Get("http://" + s.address)
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
	s := newSlow(t)
	done := s.request(t)
	s.stop()
	for { // the listener is closed a moment after the context
		conn, err := net.Dial("tcp", s.address)
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

// It waits for two seconds, and for five while a request is being answered. Then it closes what is
// left, which is no error.
func TestServeGraceEnds(t *testing.T) { // R-WIRE-33
	t.Parallel()
	for answering, want := range map[bool]time.Duration{false: 2 * time.Second, true: 5 * time.Second} {
		t.Run(want.String(), func(t *testing.T) {
			t.Parallel()
			s := newSlow(t)
			s.answering.Store(answering)
			done := s.request(t)
			stopped := time.Now()
			s.stop()
			if err := <-s.ended; err != nil {
				t.Errorf("Serve: %v", err)
			}
			if took := time.Since(stopped); took < want || took > want+2*time.Second {
				t.Errorf("took %s, want about %s", took, want)
			}
			if err := <-done; err == nil {
				t.Error("the request was answered")
			}
			close(s.leave)
		})
	}
}

// A request of which only a part has come, and an answer that nobody reads, hold up nothing.
func TestServeStuckClients(t *testing.T) { // R-WIRE-33
	t.Parallel()
	for name, sent := range map[string]string{
		"nothing":           "",
		"half a request":    "GET / HTTP/1.1\r\nHost: x\r\n",
		"half a body":       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12",
		"answers, not read": strings.Repeat("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 20_000),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			l, ended, arrived := loopback(t), make(chan error, 1), make(chan bool, 1)
			handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				_, _ = w.Write(make([]byte, 64<<10))
			})
			never := func() bool { return false }
			go func() {
				ended <- gateway.Serve(ctx, noting{l, arrived}, handler, never, slog.New(slog.DiscardHandler))
			}()
			client, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			<-arrived
			go func() { _, _ = io.WriteString(client, sent) }() // it blocks when nothing is read
			stop()
			select {
			case err := <-ended:
				if err != nil {
					t.Errorf("Serve: %v", err)
				}
			case <-time.After(timeout):
				t.Errorf("not ended after %s", timeout)
			}
		})
	}
}

// noting says when it has accepted a connection.
type noting struct {
	net.Listener
	accepted chan<- bool
}

func (n noting) Accept() (net.Conn, error) {
	c, err := n.Listener.Accept()
	if err == nil {
		n.accepted <- true
	}
	return c, err
}

// A listener that fails ends the server with its error.
func TestServeListenerFails(t *testing.T) {
	t.Parallel()
	l := loopback(t)
	l.Close()
	log, never := slog.New(slog.DiscardHandler), func() bool { return false }
	err := gateway.Serve(t.Context(), l, http.NotFoundHandler(), never, log)
	if !errors.Is(err, net.ErrClosed) {
		t.Errorf("got %v, want that the listener is closed", err)
	}
}
