package attack

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"github.com/drover-iot/drover/test/testserver"
)

// A rawRequest is an HTTP request as it is sent, byte by byte.
type rawRequest struct {
	method, path string
	host         string // empty: the address of the server
	header       http.Header
	added        http.Header // when it is signed already
	body         string
	signed       bool // by an operator, for the control plane
}

// text is the request to a server.
func (r rawRequest) text(t testing.TB, s *testserver.Server) string {
	t.Helper()
	request := must[*http.Request](t)(http.NewRequest(r.method, s.HTTP+r.path, strings.NewReader(r.body)))
	if r.host != "" {
		request.Host = r.host
	}
	for name, values := range r.header {
		request.Header[name] = values
	}
	if r.signed {
		sum := sha256.Sum256([]byte(r.body))
		key := aws.Credentials{AccessKeyID: s.AccessKeyID, SecretAccessKey: s.SecretAccessKey}
		err := v4.NewSigner().SignHTTP(t.Context(), key, request, hex.EncodeToString(sum[:]),
			"iot", s.Region, time.Now())
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, values := range r.added {
		request.Header[name] = values
	}
	var text strings.Builder
	if err := request.Write(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// send sends the request on a connection of its own and returns the answer.
func (r rawRequest) send(t testing.TB, s *testserver.Server) (status int, body string) {
	t.Helper()
	nc := dial(t, s.HTTP, nil)
	nc.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(nc, r.text(t, s)); err != nil {
		t.Fatal(err)
	}
	answer := must[*http.Response](t)(http.ReadResponse(bufio.NewReader(nc), nil))
	defer answer.Body.Close()
	text := must[[]byte](t)(io.ReadAll(answer.Body))
	return answer.StatusCode, string(text)
}

// A header that an operation reads is obeyed only when the sender has signed it.
func TestUnsignedHeader(t *testing.T) { // R-WIRE-28
	t.Parallel()
	s := testserver.Serve(t)
	s.Thing("pump-07")
	s.Policy("wide", testserver.WidePolicy)
	id := s.Identify("", "wide")
	principal := http.Header{"X-Amzn-Principal": {id.ARN}}
	attach := rawRequest{method: "PUT", path: "/things/pump-07/principals", signed: true}
	list := rawRequest{method: "GET", path: attach.path, signed: true}

	added := attach
	added.added = principal
	if status, body := added.send(t, s); status != 403 {
		t.Errorf("a header that was added on the way: %d %s, want 403", status, body)
	}
	if status, body := list.send(t, s); status != 200 || strings.Contains(body, id.CertificateID) {
		t.Errorf("afterwards: %d %s", status, body)
	}
	attach.header = principal
	if status, body := attach.send(t, s); status != 200 {
		t.Errorf("a header that was signed: %d %s, want 200", status, body)
	}
	if status, body := list.send(t, s); status != 200 || !strings.Contains(body, id.CertificateID) {
		t.Errorf("afterwards: %d %s", status, body)
	}
}

// What moves the clock or empties the server is done for programs on this machine only: not for what
// a proxy passes on or a browser sends, and not for a name that only resolves to this machine.
func TestLocalDoors(t *testing.T) { // R-WIRE-31
	t.Parallel()
	s := testserver.Serve(t, "--clock", "virtual")
	s.Thing("pump-07")
	isThere := func() bool {
		status, _ := rawRequest{method: "GET", path: "/things/pump-07", signed: true}.send(t, s)
		return status == 200
	}
	json := http.Header{"Content-Type": {"application/json"}}
	with := func(name, value string) http.Header {
		return http.Header{"Content-Type": {"application/json"}, name: {value}}
	}
	const reset, clock = "/_drover/reset", "/_drover/clock"
	for name, r := range map[string]rawRequest{
		"a foreign host":       {host: "evil.example", header: json},
		"a foreign host, port": {host: "evil.example:8080", header: json},
		"a proxy":              {header: with("X-Forwarded-For", "192.0.2.1")},
		"another proxy":        {header: with("Forwarded", "for=192.0.2.1;host=drover.example")},
		"a third":              {header: with("Via", "1.1 proxy")},
		"a fourth":             {header: with("X-Real-Ip", "192.0.2.1")},
		"a page":               {header: with("Sec-Fetch-Site", "cross-site")},
		"a page that posts":    {header: with("Origin", "https://evil.example")},
		"a link":               {header: with("Referer", "https://evil.example/x")},
		"a form":               {header: with("Content-Type", "application/x-www-form-urlencoded")},
		"plain text":           {header: with("Content-Type", "text/plain")},
		"no type":              {},
	} {
		r.method, r.path, r.body = "POST", reset, "{}"
		if status, body := r.send(t, s); status/100 != 4 {
			t.Errorf("reset, %s: %d %s", name, status, body)
		}
		r.path, r.body = clock, `{"advance":"1h"}`
		if status, body := r.send(t, s); status/100 != 4 {
			t.Errorf("move the clock, %s: %d %s", name, status, body)
		}
		if len(r.header) == 1 {
			continue // the type of a body does not matter without one
		}
		r.method, r.body = "GET", ""
		if status, body := r.send(t, s); status != 403 && len(r.header) > 0 {
			t.Errorf("read the clock, %s: %d %s", name, status, body)
		}
	}
	for _, body := range []string{"", "[]", `{"a":1}`} {
		r := rawRequest{method: "POST", path: reset, header: json, body: body}
		if status, text := r.send(t, s); status != 400 {
			t.Errorf("reset with the body %q: %d %s, want 400", body, status, text)
		}
	}
	// The other paths of the listener need a signature, which covers the host.
	for _, signed := range []bool{false, true} {
		r := rawRequest{method: "GET", path: "/things", host: "evil.example", signed: signed}
		want := map[bool]int{false: 403, true: 200}[signed]
		if status, body := r.send(t, s); status != want {
			t.Errorf("a foreign host, signed %v: %d %s, want %d", signed, status, body, want)
		}
	}
	if !isThere() {
		t.Fatal("the server was emptied")
	}
	last := rawRequest{method: "POST", path: reset, header: json, body: "{}"}
	if status, body := last.send(t, s); status != 200 || isThere() {
		t.Errorf("a reset from this machine: %d %s", status, fmt.Sprint(body))
	}
}
