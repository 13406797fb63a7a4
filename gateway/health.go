package gateway

import (
	"io"
	"net/http"
)

// What a balancer and a supervisor ask on every HTTP listener, without credentials (R-NODE-9):
// /readyz is answered with 200 by a server that requests and devices may be sent to (R-OBS-8), and
// /healthz by one that should not be restarted (R-OBS-9); with 503 and a sentence otherwise. The
// answers say nothing else about the server.

// Health is what probes are answered.
type Health struct {
	// Alive says why the server should be started again; nil when it should not.
	Alive func() error
	// Ready says why the server should get no requests now; nil when it may.
	Ready func() error
}

// health returns what answers a path, nil for a path of others.
func (h *Health) health(path string) func() error {
	switch path {
	case "/healthz":
		return h.Alive
	case "/readyz":
		return h.Ready
	}
	return nil
}

// serveHealth answers a probe. No body is read, and the connection ends with the answer.
func serveHealth(w http.ResponseWriter, r *http.Request, probe func() error) {
	HangUp(w, r)
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	status, text := http.StatusOK, "ok\n"
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		status, text = http.StatusMethodNotAllowed, "only GET and HEAD\n"
	} else if err := probe(); err != nil {
		status, text = http.StatusServiceUnavailable, err.Error()+"\n"
	}
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the caller may be gone
}
