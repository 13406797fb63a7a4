package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/gateway"
)

// pageCall is one request that a browser makes, and the status of its answer with a session of an
// admin, and of a sign-in with a good pair.
type pageCall struct {
	name, remote, host  string // empty: this machine, and the address of the server
	secured, openPlain  bool
	header              map[string]string
	reads, writes, sign int // the status of each
}

const (
	fromHere  = "127.0.0.1:5000"
	fromThere = "192.0.2.1:5000"
)

func pageCalls() []pageCall {
	site := func(value string) map[string]string {
		return map[string]string{"Sec-Fetch-Site": value}
	}
	origin := func(value string) map[string]string { return map[string]string{"Origin": value} }
	proxied := map[string]string{"X-Forwarded-For": "192.0.2.1"}
	const host = "localhost:8080"
	return []pageCall{
		// Who asks: a page of the server, somebody who types, a program; no page of anybody else.
		{name: "its own page", header: site("same-origin"), reads: 200, writes: 200, sign: 200},
		{name: "typed", header: site("none"), reads: 200, writes: 200, sign: 200},
		{name: "a program", reads: 200, writes: 200, sign: 200},
		{name: "another port of the host", header: site("same-site"), reads: 403, writes: 403, sign: 403},
		{name: "another site", header: site("cross-site"), reads: 403, writes: 403, sign: 403},
		{name: "what nobody knows", header: site("new"), reads: 403, writes: 403, sign: 403},
		{
			name: "an old browser, its own page", host: host, header: origin("http://" + host),
			reads: 200, writes: 200, sign: 200,
		},
		{
			// What is read no page of another origin sees: nothing allows it to (CORS).
			name: "an old browser, another site", host: host, header: origin("https://evil.example"),
			reads: 200, writes: 403, sign: 403,
		},
		{
			name: "an old browser, another port", host: host, header: origin("http://localhost:3000"),
			reads: 200, writes: 403, sign: 403,
		},
		{name: "no origin", host: host, header: origin("null"), reads: 200, writes: 403, sign: 403},

		// To which name, on the plain listener.
		{name: "localhost", host: "localhost:8080", reads: 200, writes: 200, sign: 200},
		{name: "by IPv6", remote: "[::1]:5000", host: "[::1]:8080", reads: 200, writes: 200, sign: 200},
		{name: "a foreign name", host: "evil.example:8080", reads: 403, writes: 403, sign: 403},
		{name: "a name like it", host: "localhost.evil.example", reads: 403, writes: 403, sign: 403},
		{
			name: "a foreign name, for its own page", host: "evil.example", header: site("same-origin"),
			reads: 403, writes: 403, sign: 403,
		},
		{
			name: "a foreign name, --open-plain", host: "drover.example", openPlain: true,
			reads: 200, writes: 200, sign: 200,
		},
		{name: "a foreign name, HTTPS", host: "drover.example", secured: true, reads: 200, writes: 200, sign: 200},

		// From where, on the plain listener.
		{name: "elsewhere", remote: fromThere, reads: 403, writes: 403, sign: 403},
		{name: "elsewhere, --open-plain", remote: fromThere, openPlain: true, reads: 403, writes: 403, sign: 403},
		{name: "elsewhere, HTTPS", remote: fromThere, secured: true, reads: 200, writes: 200, sign: 200},
		{name: "through a proxy", header: proxied, reads: 403, writes: 403, sign: 403},
		{
			name: "through a proxy, --open-plain", header: proxied, openPlain: true,
			reads: 403, writes: 403, sign: 403,
		},
		{
			name: "another site, HTTPS", secured: true, header: site("cross-site"),
			reads: 403, writes: 403, sign: 403,
		},
	}
}

// Pages of others reach nothing with the cookie of who looks at them, and cannot sign them in; and
// on the plain listener a session is for this machine.
func TestPages(t *testing.T) { // R-WEB-13, R-WEB-14
	t.Parallel()
	for _, openPlain := range []bool{false, true} {
		s := newServer(t, withSessions, withServer, func(h *gateway.HTTP) {
			h.Operators.OpenPlain = openPlain
		})
		for _, c := range pageCalls() {
			if c.openPlain != openPlain {
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				for line, want := range map[string]int{
					"GET /jobs": c.reads, "GET " + sessionPath: c.reads, "GET /_drover/clock": c.reads,
					"PATCH /things/pump": c.writes, "POST /_drover/clock": c.writes,
					"DELETE " + sessionPath: c.writes, "POST " + sessionPath: c.sign,
				} {
					got, text := s.asPage(c, line)
					if got == http.StatusNoContent {
						got = http.StatusOK
					}
					if got != want {
						t.Errorf("%s: %d %s, want %d", line, got, text, want)
					}
				}
			})
		}
	}
}

// asPage makes a request as a page does, a sign-in without the cookie and all else with it.
func (s *server) asPage(c pageCall, line string) (status int, text string) {
	method, path, _ := strings.Cut(line, " ")
	host, remote, scheme := c.host, c.remote, "http://"
	if host == "" {
		host = s.http
	}
	if remote == "" {
		remote = fromHere
	}
	if c.secured {
		scheme = "https://"
	}
	body := "{}"
	if line == "POST "+sessionPath {
		body = `{"accessKeyId":"` + s.key.AccessKeyID + `","secretAccessKey":"` +
			s.key.SecretAccessKey + `"}`
	}
	r := httptest.NewRequest(method, scheme+host+path, strings.NewReader(body))
	r.RemoteAddr = remote
	r.Header.Set("Content-Type", "application/json")
	for name, value := range c.header {
		r.Header.Set(name, value)
	}
	if line != "POST "+sessionPath {
		port := "80"
		if c.secured {
			port = "443"
		}
		if at := strings.LastIndex(host, ":"); at > strings.LastIndex(host, "]") {
			port = host[at+1:]
		}
		r.Header.Set("Cookie", "drover-session-"+port+"="+
			cookieFor(s.key.AccessKeyID, s.key.SecretAccessKey, time.Now().Add(time.Hour)))
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}
