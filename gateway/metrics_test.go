package gateway_test

import (
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/schema"
)

// withMetrics has the metrics served on all HTTP listeners.
func withMetrics(h *gateway.HTTP) {
	h.Metrics = &gateway.Metrics{
		Operators: h.Operators,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, "drover_ready 1\n")
		}),
	}
}

// basic is HTTP Basic authentication.
func basic(id, secret string) http.Header {
	return http.Header{
		"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(id+":"+secret))},
	}
}

// Metrics are for programs on this machine, and for keys that may read: by a signature, or over TLS
// by their secret. Nobody else gets any.
func TestMetricsCallers(t *testing.T) { // R-OBS-2
	t.Parallel()
	s := newServer(t, withMetrics)
	roles := map[schema.Role]credentials{}
	for _, h := range s.holders() {
		roles[h.role] = h.who
	}
	viewer := roles[schema.Viewer]
	proxied := http.Header{"X-Forwarded-For": {"192.0.2.1"}}
	page := http.Header{"Origin": {"https://evil.example"}}
	plain, secure := "http://"+s.http, "https://"+s.https
	for _, row := range []struct {
		name, base string
		who        credentials
		call       call
		status     string
	}{
		{"on this machine", plain, credentials{}, call{}, "200"},
		{"on this machine, over TLS", secure, credentials{}, call{}, "200"},
		{"through a proxy", plain, credentials{}, call{added: proxied}, "401"},
		{"by another name", plain, credentials{}, call{host: "evil.example"}, "401"},
		{"a page", plain, credentials{}, call{header: page}, "403"},
		{"a page with a secret", secure, credentials{},
			call{header: merged(page, basic(viewer.key, viewer.secret))}, "403"},
		{"through a proxy, signed", plain, viewer, call{service: "iot", added: proxied}, "200"},
		{"signed with another secret", plain, credentials{key: viewer.key, secret: "x"},
			call{service: "iot", added: proxied}, "403"},
		{"a secret over TLS", secure, credentials{},
			call{header: merged(proxied, basic(viewer.key, viewer.secret))}, "200"},
		{"a secret in plain text", plain, credentials{},
			call{header: basic(viewer.key, viewer.secret)}, "403"},
		{"a wrong secret", secure, credentials{}, call{header: basic(viewer.key, "x")}, "401"},
		{"an empty secret of no key", secure, credentials{}, call{header: basic("x", "")}, "401"},
		{"a key without a role", secure, credentials{},
			call{header: basic(roles["reader"].key, roles["reader"].secret)}, "401"},
		{"another method", plain, credentials{}, call{method: "POST"}, "405"},
	} {
		row.call.path = "/metrics"
		if row.call.method == "" {
			row.call.method = "GET"
		}
		status, body := s.send(t, row.base, row.who, row.call)
		if status != row.status || strings.Contains(body, "drover_ready") != (row.status == "200") {
			t.Errorf("%s: %s %s, want %s", row.name, status, body, row.status)
		}
	}
}

// merged has the values of all headers.
func merged(headers ...http.Header) http.Header {
	all := http.Header{}
	for _, h := range headers {
		for name, values := range h {
			all[name] = values
		}
	}
	return all
}

// The listener for those who watch serves nothing but metrics and probes.
func TestAdmin(t *testing.T) { // R-OBS-3
	t.Parallel()
	s := newServer(t, withMetrics)
	admin := &gateway.Admin{Health: s.handler.Health, Metrics: s.handler.Metrics}
	l := loopback(t)
	served := make(chan error, 1)
	go func() { served <- gateway.Serve(t.Context(), l, admin, s.handler.Answering, s.handler.Log) }()
	for path, want := range map[string]string{
		"/metrics":          "200",
		"/healthz":          "200",
		"/readyz":           "200",
		"/jobs":             "404",
		"/_drover/clock":    "404",
		"/metrics/x":        "404",
		"/things/pump/jobs": "404",
	} {
		who := credentials{key: s.key.AccessKeyID, secret: s.key.SecretAccessKey}
		status, body := s.send(t, "http://"+l.Addr().String(), who,
			call{method: "GET", path: path, service: "iot"})
		if status != want {
			t.Errorf("%s: %s %s, want %s", path, status, body, want)
		}
	}
}
