package app

import (
	"context"
	"encoding/pem"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/endpoints"
)

// run opens a server and runs it until f returns. f sees it serve.
func run(t *testing.T, c Config, f func(*Server)) {
	t.Helper()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- s.Run(ctx, func() { close(ready) }) }()
	select {
	case <-ready:
		f(s)
		cancel()
		err = <-ended
	case err = <-ended:
	}
	if err != nil {
		t.Errorf("Run: %v", err)
	}
}

// While a server runs, endpoints.json has what it listens on, and the folder is locked. Afterwards
// both are gone, and the next server has the same keys, certificates and time.
func TestServerLife(t *testing.T) {
	t.Parallel()
	c := onFreePorts(t)
	c.Virtual = true
	var first endpoints.File
	var stopped string
	run(t, c, func(s *Server) {
		first = s.Endpoints
		written, err := endpoints.Read(c.Data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s.Endpoints, written); diff != "" {
			t.Errorf("endpoints.json (-want +got):\n%s", diff)
		}
		if !s.Fresh || first.PID != os.Getpid() || first.Account != "000000000000" {
			t.Errorf("fresh %v, %+v", s.Fresh, first)
		}
		if _, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), "in use") {
			t.Errorf("a second server on the folder: %v", err)
		}
		text, err := os.ReadFile(first.CA)
		if block, _ := pem.Decode(text); err != nil || block == nil {
			t.Errorf("%s is no certificate: %v", first.CA, err)
		}
		response, err := http.Post(first.HTTP+"/_drover/clock", "application/json",
			strings.NewReader(`{"advance":"1d"}`))
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		stopped = s.Now().String()
	})
	if _, err := endpoints.Read(c.Data); err == nil {
		t.Error("endpoints.json is left")
	}
	run(t, c, func(s *Server) {
		again := s.Endpoints
		if s.Fresh || again.AccessKeyID != first.AccessKeyID ||
			again.SecretAccessKey != first.SecretAccessKey {
			t.Errorf("after a restart: fresh %v, key %s", s.Fresh, again.AccessKeyID)
		}
		if got := s.Now().String(); got != stopped {
			t.Errorf("the clock stands at %s, want %s", got, stopped)
		}
	})
}

// A server whose listener cannot be opened leaves nothing behind: neither the lock of the folder
// nor another listener.
func TestOpenFails(t *testing.T) {
	t.Parallel()
	used, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	c := onFreePorts(t)
	c.HTTPS = used.Addr().String()
	if _, err := Open(t.Context(), c); err == nil || !strings.HasPrefix(err.Error(), "--https") {
		t.Fatalf("got %v", err)
	}
	c.HTTPS = ""
	run(t, c, func(*Server) {})
}

// Damaged files are named in the error, and the folder is unlocked again.
func TestDamagedData(t *testing.T) {
	t.Parallel()
	for _, file := range []string{"keys.json", "s3-keys.json", "ca.pem", "server.pem", "drover.db"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			c := onFreePorts(t)
			run(t, c, func(*Server) {})
			path := filepath.Join(c.Data, file)
			whole, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("damaged"), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(t.Context(), c); err == nil {
				t.Error("opened with a damaged file")
			}
			if err := os.WriteFile(path, whole, 0o600); err != nil {
				t.Fatal(err)
			}
			run(t, c, func(*Server) {})
		})
	}
}
