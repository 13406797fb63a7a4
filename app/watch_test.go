package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/store"
)

// get asks a server, and returns the status and the body of its answer.
func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(text)
}

// A server shows its metrics where operators are, or where --admin says, and only there.
func TestMetricsPlaces(t *testing.T) { // R-OBS-1, R-OBS-3
	t.Parallel()
	c := onFreePorts(t)
	run(t, c, func(s *Server) {
		status, body := get(t, s.Endpoints.HTTP+"/metrics")
		for _, name := range []string{"drover_ready 1\n", "drover_data_free_bytes ", "go_goroutines ",
			"process_resident_memory_bytes ", `drover_certificate_expiry_timestamp_seconds{certificate="server"} `} {
			if status != http.StatusOK || !strings.Contains(body, name) {
				t.Errorf("%d, without %s", status, name)
			}
		}
		if s.Endpoints.Admin != "" {
			t.Errorf("an admin listener at %s", s.Endpoints.Admin)
		}
	})
	c.Admin = "127.0.0.1:0"
	run(t, c, func(s *Server) {
		if status, _ := get(t, s.Endpoints.HTTP+"/metrics"); status != http.StatusForbidden {
			t.Errorf("beside an admin listener: %d", status)
		}
		if status, _ := get(t, s.Endpoints.HTTP+"/readyz"); status != http.StatusOK {
			t.Errorf("a probe beside an admin listener: %d", status)
		}
		for _, path := range []string{"/metrics", "/readyz", "/healthz"} {
			if status, body := get(t, s.Endpoints.Admin+path); status != http.StatusOK {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
	})
}

// Beyond loopback an admin listener speaks TLS or is not opened, whatever else is allowed.
func TestAdminBeyondLoopback(t *testing.T) { // R-OBS-3
	t.Parallel()
	for _, row := range []struct {
		admin     string
		tls       bool
		wantError string
	}{
		{"", false, ""},
		{"127.0.0.1:9100", false, ""},
		{":9100", false, "--admin: :9100 listens beyond loopback without TLS; use --admin-tls for that"},
		{"0.0.0.0:9100", false, "--admin: 0.0.0.0:9100 listens beyond"},
		{"0.0.0.0:9100", true, ""},
		{"9100", true, "--admin: 9100: address 9100: missing port"},
	} {
		c := Default()
		c.OpenPlain = true
		c.Admin, c.AdminTLS = row.admin, row.tls
		err := c.Check()
		if row.wantError == "" && err != nil ||
			row.wantError != "" && (err == nil || !strings.HasPrefix(err.Error(), row.wantError)) {
			t.Errorf("%q, TLS %v: %v", row.admin, row.tls, err)
		}
	}
}

// A server whose disk is nearly full lives and is not ready.
func TestUnreadyWithoutSpace(t *testing.T) { // R-OBS-8
	t.Parallel()
	c := onFreePorts(t)
	c.MinFreeBytes = 1 << 60
	run(t, c, func(s *Server) {
		status, body := get(t, s.Endpoints.HTTP+"/readyz")
		if status != http.StatusServiceUnavailable ||
			!strings.HasSuffix(body, "bytes free, less than the 1152921504606846976 of --min-free-bytes\n") {
			t.Errorf("%d %s", status, body)
		}
		if status, body := get(t, s.Endpoints.HTTP+"/healthz"); status != http.StatusOK {
			t.Errorf("healthz: %d %s", status, body)
		}
		_, body = get(t, s.Endpoints.HTTP+"/metrics")
		if !strings.Contains(body, "drover_ready 0\n") {
			t.Error("the metrics say that it is ready")
		}
	})
}

// stuckStore is a store that can be told to take no write, or to refuse each.
type stuckStore struct {
	store.Store
	mu    sync.RWMutex // held to have writes wait
	fails error        // guarded by mu
}

func (s *stuckStore) Write(ctx context.Context, f func(store.Tx) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fails != nil {
		return s.fails
	}
	return s.Store.Write(ctx, f)
}

// A server whose store takes no write is not ready, and after a while should be started again; one
// whose store refuses is not ready. Both go on when the store does.
func TestUnreadyWithoutStore(t *testing.T) { // R-OBS-8, R-OBS-9
	t.Parallel()
	s := newServer(onFreePorts(t))
	s.hangs = time.Nanosecond
	if err := s.openData(t.Context()); err != nil {
		t.Fatal(err)
	}
	stuck := &stuckStore{Store: s.store}
	s.store = stuck
	if err := s.wire(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	check := func(when, path string, wantStatus int, want string) {
		t.Helper()
		status, body := get(t, s.Endpoints.HTTP+path)
		if status != wantStatus || !strings.HasPrefix(body, want) {
			t.Errorf("%s, %s: %d %s", when, path, status, body)
		}
	}
	unwritten := func() { // until the last write shows nothing any more
		for time.Since(s.engine.Pulse().Written) < writtenAge {
			time.Sleep(10 * time.Millisecond)
		}
	}
	check("it serves", "/readyz", http.StatusOK, "ok")
	check("it serves", "/healthz", http.StatusOK, "ok")
	unwritten()
	check("it has written nothing for long", "/readyz", http.StatusOK, "ok") // by a probe
	stuck.mu.Lock()
	unwritten()
	check("it hangs", "/readyz", http.StatusServiceUnavailable, "the store has not taken a write for 2s")
	check("it hangs", "/healthz", http.StatusServiceUnavailable, "the server has worked on one commit for ")
	stuck.fails = context.DeadlineExceeded
	stuck.mu.Unlock()
	for s.engine.Pulse().Busy != 0 {
		time.Sleep(time.Millisecond)
	}
	check("it refuses", "/readyz", http.StatusServiceUnavailable, "the store refuses to be written")
	stuck.mu.Lock()
	stuck.fails = nil
	stuck.mu.Unlock()
	check("it is well again", "/readyz", http.StatusOK, "ok")
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Whatever clients send, the metrics get no name of theirs, and no more than a few rows.
func TestMetricsAreBounded(t *testing.T) { // R-OBS-5
	t.Parallel()
	run(t, onFreePorts(t), func(s *Server) {
		_, before := get(t, s.Endpoints.HTTP+"/metrics")
		for i := range 200 {
			for _, path := range []string{"/things/odd-%d", "/odd-%d", "/things/odd-%d/jobs", "/artifacts/odd-%d",
				"/_drover/odd-%d"} {
				get(t, s.Endpoints.HTTP+fmt.Sprintf(path, i))
			}
		}
		_, after := get(t, s.Endpoints.HTTP+"/metrics")
		if strings.Contains(after, "odd-") {
			t.Error("a name of a client is in the metrics")
		}
		if grown := strings.Count(after, "\n") - strings.Count(before, "\n"); grown > 60 {
			t.Errorf("%d more lines", grown)
		}
		if !strings.Contains(after, `drover_requests_total{code="MissingAuthenticationTokenException",op="none",transport="http"} `) {
			t.Error("the refused requests are not counted")
		}
	})
}
