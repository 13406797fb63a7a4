package attack

import (
	"net/http"
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// A header that an operation reads is obeyed only when the sender has signed it.
func TestUnsignedHeader(t *testing.T) { // R-WIRE-28
	t.Parallel()
	s := testserver.Serve(t)
	s.Thing("pump-07")
	s.Policy("wide", testserver.WidePolicy)
	id := s.Identify("", "wide")
	attach := request{method: "PUT", path: "/things/pump-07/principals"}
	list := request{method: "GET", path: attach.path}

	added := attach
	added.spoil = func(r *http.Request) { r.Header.Set("X-Amzn-Principal", id.ARN) }
	if got := send(t, s, added); got.status != 403 {
		t.Errorf("a header that was added on the way: %d %s, want 403", got.status, got.body)
	}
	if got := send(t, s, list); got.status != 200 || strings.Contains(got.body, id.CertificateID) {
		t.Errorf("afterwards: %d %s", got.status, got.body)
	}
	attach.header = http.Header{"X-Amzn-Principal": {id.ARN}}
	if got := send(t, s, attach); got.status != 200 {
		t.Errorf("a header that was signed: %d %s, want 200", got.status, got.body)
	}
	if got := send(t, s, list); got.status != 200 || !strings.Contains(got.body, id.CertificateID) {
		t.Errorf("afterwards: %d %s", got.status, got.body)
	}
}

// What moves the clock or empties the server is done for programs on this machine only: not for
// what a proxy passes on or a browser sends, and not for a name that only resolves to this machine.
func TestLocalDoors(t *testing.T) { // R-WIRE-31
	t.Parallel()
	s := testserver.Serve(t, "--clock", "virtual")
	s.Thing("pump-07")
	isThere := func() bool {
		return send(t, s, request{method: "GET", path: "/things/pump-07"}).status == 200
	}
	const reset, clock = "/_drover/reset", "/_drover/clock"
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	host := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.Host = name }
	}
	for _, row := range []struct {
		name   string
		change func(*http.Request)
		reads  bool // such a request may read the clock
	}{
		{"a foreign host", host("evil.example"), false},
		{"a foreign host with a port", host("evil.example:8080"), false},
		{"a proxy", header("X-Forwarded-For", "192.0.2.1"), false},
		{"another proxy", header("Forwarded", "for=192.0.2.1;host=drover.example"), false},
		{"a third", header("Via", "1.1 proxy"), false},
		{"a fourth", header("X-Real-Ip", "192.0.2.1"), false},
		{"a page", header("Sec-Fetch-Site", "cross-site"), false},
		{"a page that posts", header("Origin", "https://evil.example"), false},
		{"a link", header("Referer", "https://evil.example/x"), false},
		{"a form", header("Content-Type", "application/x-www-form-urlencoded"), true},
		{"plain text", header("Content-Type", "text/plain"), true},
		{"no type", func(r *http.Request) { r.Header.Del("Content-Type") }, true},
	} {
		local := request{unsigned: true, spoil: row.change}
		local.method, local.path, local.body = "POST", reset, "{}"
		if got := send(t, s, local); got.status/100 != 4 {
			t.Errorf("reset, %s: %d %s", row.name, got.status, got.body)
		}
		local.path, local.body = clock, `{"advance":"1h"}`
		if got := send(t, s, local); got.status/100 != 4 {
			t.Errorf("move the clock, %s: %d %s", row.name, got.status, got.body)
		}
		local.method, local.body = "GET", ""
		if got := send(t, s, local); (got.status == 200) != row.reads {
			t.Errorf("read the clock, %s: %d %s", row.name, got.status, got.body)
		}
	}
	for _, body := range []string{"", "[]", `{"a":1}`} {
		r := request{method: "POST", path: reset, body: body, unsigned: true}
		if got := send(t, s, r); got.status != 400 {
			t.Errorf("reset with the body %q: %d %s, want 400", body, got.status, got.body)
		}
	}
	if !isThere() {
		t.Fatal("the server was emptied")
	}
	last := request{method: "POST", path: reset, body: "{}", unsigned: true}
	if got := send(t, s, last); got.status != 200 || isThere() {
		t.Errorf("a reset from this machine: %d %s", got.status, got.body)
	}
}

// A page can have its own name resolve to this machine and call the plain listener. All that is
// there needs a signature, which covers the host: it shows that the caller meant this name.
func TestForeignHost(t *testing.T) { // R-WIRE-31
	t.Parallel()
	s := testserver.Serve(t)
	list := request{method: "GET", path: "/things"}
	for name, row := range map[string]struct {
		change func(*http.Request)
		want   int
	}{
		"not signed":              {func(r *http.Request) { r.Header.Del("Authorization") }, 403},
		"signed for another host": {func(*http.Request) {}, 403},
		"signed":                  {func(r *http.Request) { list.sign(s, r) }, 200},
	} {
		r := list
		r.spoil = func(out *http.Request) {
			out.Host = "evil.example"
			row.change(out)
		}
		if got := send(t, s, r); got.status != row.want {
			t.Errorf("%s: %d %s, want %d", name, got.status, got.body, row.want)
		}
	}
}
