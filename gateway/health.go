package gateway

import (
	"io"
	"net/http"
)

// What a balancer asks on every HTTP listener, without credentials (R-NODE-9): /healthz is answered
// by a process that lives, /readyz with 200 by one that requests and devices may be sent to, and
// with 503 and a sentence by one that they should not. The answers say nothing else about the
// server.

// health returns what answers a path, nil for a path of others.
func (h *HTTP) health(path string) func() error {
	switch path {
	case "/healthz":
		return func() error { return nil }
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
