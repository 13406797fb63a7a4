package gateway_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/drover-iot/drover/gateway"
)

// Probes are answered without credentials on every HTTP listener, by GET and HEAD, and say nothing
// but whether the server lives and is ready (R-NODE-9).
func TestHealth(t *testing.T) {
	t.Parallel()
	ready := newServer(t)
	const why = "the server cannot write to its database"
	unready := newServer(t, func(h *gateway.HTTP) {
		h.Ready = func() error { return errors.New(why) }
	})
	for _, row := range []struct {
		name         string
		s            *server
		method, path string
		status       int
		body         string
	}{
		{"lives", ready, "GET", "/healthz", 200, "ok\n"},
		{"lives, no body", ready, "HEAD", "/healthz", 200, ""},
		{"ready", ready, "GET", "/readyz", 200, "ok\n"},
		{"ready, with a query", ready, "GET", "/readyz?verbose=1", 200, "ok\n"},
		{"lives and is not ready", unready, "GET", "/healthz", 200, "ok\n"},
		{"not ready", unready, "GET", "/readyz", 503, why + "\n"},
		{"not ready, no body", unready, "HEAD", "/readyz", 503, ""},
		{"another method", unready, "POST", "/readyz", 405, "only GET and HEAD\n"},
		{"below it there is nothing", ready, "GET", "/readyz/x", 403, ""},
	} {
		for _, base := range []string{"http://" + row.s.http, "https://" + row.s.https} {
			request := call{method: row.method, path: row.path}
			if row.method == "POST" {
				request.body = strings.Repeat("x", 1<<20)
			}
			transport := &http.Transport{TLSClientConfig: row.s.tlsConfig(credentials{})}
			client := &http.Client{Transport: transport, Timeout: timeout}
			got, err := client.Do(row.s.request(t, base, credentials{}, request))
			if err != nil {
				t.Fatalf("%s: %v", row.name, err)
			}
			body, err := io.ReadAll(got.Body)
			got.Body.Close()
			wrong := row.body != string(body) && (row.body != "" || row.method == "HEAD")
			if err != nil || got.StatusCode != row.status || wrong || !got.Close {
				t.Errorf("%s: %d %q, %v, the connection ends: %v", row.name, got.StatusCode, body, err, got.Close)
			}
			transport.CloseIdleConnections()
		}
	}
}
