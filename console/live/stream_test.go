package live

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// served is a server of streams over one topic.
type served struct {
	*httptest.Server
	source *counted
	deny   atomic.Bool // the caller may not read any more
	stop   context.CancelFunc
	ended  chan error // has the error of the hub when it has stopped
}

// serve serves until the test ends. Requests may take no longer than limit; 0 is no limit.
func serve(t *testing.T, keepAlive, limit time.Duration) *served {
	t.Helper()
	s := &served{source: newCounted(), ended: make(chan error, 1)}
	hub := NewHub(s.source.open, func() time.Time { return time.Unix(7, 0) }, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	s.stop = stop
	go func() { s.ended <- hub.Run(ctx) }()
	s.Server = httptest.NewUnstartedServer(&Handler{
		Hub: hub,
		Allow: func(*http.Request) error {
			if s.deny.Load() {
				return errors.New("no")
			}
			return nil
		},
		Refuse: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, err.Error(), http.StatusForbidden)
		},
		keepAlive: keepAlive,
	})
	s.Config.ReadTimeout, s.Config.WriteTimeout = limit, limit
	s.Config.ReadHeaderTimeout, s.Config.IdleTimeout = time.Minute, time.Minute
	s.Start()
	t.Cleanup(func() {
		stop()
		s.Close() // waits for requests
	})
	return s
}

// A stream is an answer that is read line by line.
type stream struct {
	*bufio.Scanner
	status      int
	contentType string
}

// open opens a stream.
func (s *served) open(t *testing.T, query string) stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"?"+query, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return stream{bufio.NewScanner(answer.Body), answer.StatusCode, answer.Header.Get("Content-Type")}
}

// readUntil reads lines until one begins with a text.
func (s stream) readUntil(t *testing.T, prefix string) {
	t.Helper()
	for s.Scan() {
		if strings.HasPrefix(s.Text(), prefix) {
			return
		}
	}
	t.Fatalf("the stream ended before %q: %v", prefix, s.Err())
}

// readToEnd reads lines until the server ends the stream.
func (s stream) readToEnd(t *testing.T) {
	t.Helper()
	for s.Scan() {
	}
	if s.Err() != nil {
		t.Error(s.Err())
	}
}

// A stream lasts longer than other requests may, has a byte at least as often as was promised, and
// ends when its caller may not read any more (R-WEB-50, R-WEB-52).
func TestStream(t *testing.T) {
	t.Parallel()
	const keepAlive, limit = 10 * time.Millisecond, 100 * time.Millisecond
	s := serve(t, keepAlive, limit)
	lines := s.open(t, "topic=jobs")
	if lines.contentType != "text/event-stream" {
		t.Errorf("Content-Type: %q", lines.contentType)
	}
	lines.readUntil(t, "retry: ")
	lines.readUntil(t, `data: {"topic":"jobs","now":7,"first":true,"n":1}`)
	for range 4 * limit / keepAlive {
		lines.readUntil(t, ":")
	}
	s.source.set("2", nil)
	lines.readUntil(t, `data: {"topic":"jobs","now":7,"n":2}`)
	s.deny.Store(true)
	lines.readToEnd(t)
	if refused := s.open(t, "topic=jobs"); refused.status != http.StatusForbidden {
		t.Errorf("status %d for a caller who may not read", refused.status)
	}
}

// Streams end at once when the server does, and the hub knows nobody then (R-WEB-52).
func TestStreamsEnd(t *testing.T) {
	t.Parallel()
	s := serve(t, 0, 0)
	var streams []stream
	for range 20 {
		streams = append(streams, s.open(t, "topic=jobs"))
	}
	for _, lines := range streams {
		lines.readUntil(t, "data: ")
	}
	s.stop()
	if err := <-s.ended; err != nil {
		t.Error(err)
	}
	for _, lines := range streams {
		lines.readToEnd(t)
	}
}
