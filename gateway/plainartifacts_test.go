package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/gateway"
	"github.com/drover-iot/drover/registry/audit"
	"github.com/drover-iot/drover/schema"
)

// recorded are the records that were made of changes of artifacts.
type recorded struct {
	mu      sync.Mutex
	entries []audit.Entry
}

// withRecords keeps the records of a store of artifacts.
func (r *recorded) withRecords(h *gateway.HTTP) {
	h.Artifacts.Record = func(_ context.Context, e audit.Entry) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.entries = append(r.entries, e)
		return nil
	}
}

// The plain paths of artifacts are for who has the role, by a session and by a signature alike. What
// is changed is recorded, and what is refused is not.
func TestRolesOfPlainArtifacts(t *testing.T) { // R-WEB-5, R-WEB-40, R-WEB-44, R-WEB-45
	t.Parallel()
	var records recorded
	s := newServer(t, withSessions, withServer, withArtifacts(t), records.withRecords)
	calls := []struct {
		line   string
		least  schema.Role
		status string // of who may
	}{
		{"GET /_drover/artifacts", schema.Viewer, "200"},
		{"GET /_drover/artifacts/none", schema.Viewer, "404"},
		{"HEAD /_drover/artifacts/none", schema.Viewer, "404"},
		{"PUT /_drover/artifacts/a/b%2Fc", schema.Operator, "200"},
		{"DELETE /_drover/artifacts/a%2Fb/c", schema.Operator, "204"},
		{"DELETE /_drover/artifacts/none", schema.Operator, "404"},
		{"POST /_drover/artifacts/none", schema.Operator, "405"},
		{"PATCH /_drover/artifacts", schema.Operator, "405"},
	}
	changes := 0
	for _, h := range s.holders() {
		for _, row := range calls {
			method, path, _ := strings.Cut(row.line, " ")
			signed, text := s.send(t, "http://"+s.http, h.who, call{
				method:  method,
				path:    path,
				service: "iot",
				header:  http.Header{"X-Amz-Content-Sha256": {emptyHash}},
			})
			cookie := cookieFor(h.who.key, h.who.secret, time.Now().Add(time.Hour))
			answer, more := s.ask(t, "http://"+s.http, call{
				method: method,
				path:   path,
				header: s.page(s.http, cookie),
			})
			session := fmt.Sprint(answer.status)
			want := row.status
			if !h.role.Includes(row.least) {
				want = "403"
			} else if method == "PUT" {
				changes += 2
			} else if want == "204" {
				changes++ // the session is second, and finds nothing
			}
			second := want
			if want == "204" {
				second = "404"
			}
			if !strings.HasPrefix(signed, want) || session != second {
				t.Errorf("the role %q, %s: signed %s %s, session %s %s, want %s and %s",
					h.role, row.line, signed, text, session, more, want, second)
			}
			if want == "403" && method != "HEAD" && h.role == schema.Viewer &&
				!strings.Contains(more, "has the role viewer; "+method+" of an artifact needs operator") {
				t.Errorf("%s: %s", row.line, more)
			}
		}
	}
	if len(records.entries) != changes {
		t.Errorf("%d records, want %d", len(records.entries), changes)
	}
	for _, e := range records.entries {
		state := e.After
		if e.Operation == "DeleteArtifact" {
			state = e.Before
		} else if e.Operation != "PutArtifact" {
			t.Errorf("a record of %s", e.Operation)
		}
		if e.Resource != "artifact/a/b/c" || e.Source != "127.0.0.1" || e.RequestID == "" ||
			!strings.HasPrefix(e.Operator.Name, "the-") || e.Operator.KeyID == "" || len(e.Before)+len(e.After) != len(state) ||
			string(state) != `{"sha256":"`+emptyHash+`","size":0}` {
			t.Errorf("the record %+v %s", e, state)
		}
	}
}

// Who has neither a session nor a signature gets nothing, also from this machine; nor does who has
// signed less than the body.
func TestPlainArtifactsWithoutKey(t *testing.T) { // R-WEB-40
	t.Parallel()
	s := newServer(t, withSessions, withServer, withArtifacts(t))
	ends := time.Now().Add(time.Hour)
	mine := credentials{key: s.key.AccessKeyID, secret: s.key.SecretAccessKey}
	put := call{method: "PUT", path: "/_drover/artifacts/k", service: "iot", body: "body"}
	with := func(c call, name, value string) call {
		c.header = http.Header{name: {value}}
		return c
	}
	page := func(c call, cookie string) call {
		c.header = s.page(s.http, cookie)
		return c
	}
	for name, row := range map[string]struct {
		who  credentials
		call call
		want string
	}{
		"nobody":             {credentials{}, put, "403 MissingAuthenticationTokenException"},
		"nobody reads":       {credentials{}, call{method: "GET", path: "/_drover/artifacts"}, "403 MissingAuthenticationTokenException"},
		"a wrong secret":     {credentials{key: mine.key, secret: "x"}, put, "403 SignatureDoesNotMatch"},
		"no hash":            {mine, put, "403 SignatureDoesNotMatch"},
		"unsigned body":      {mine, with(put, "X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD"), "403 SignatureDoesNotMatch"},
		"another hash":       {mine, with(put, "X-Amz-Content-Sha256", strings.Repeat("0", 64)), "403 SignatureDoesNotMatch"},
		"the form of S3":     {mine, call{method: "GET", path: "/_drover/artifacts", service: "s3"}, "403 SignatureDoesNotMatch"},
		"an ended session":   {credentials{}, page(put, cookieFor(mine.key, mine.secret, time.Now())), "401 UnauthorizedException"},
		"a forged session":   {credentials{}, page(put, cookieFor(mine.key, "x", ends)), "401 UnauthorizedException"},
		"a session for S3":   {credentials{}, page(call{method: "GET", path: "/artifacts/k"}, cookieFor(mine.key, mine.secret, ends)), "404"},
		"a path beside them": {mine, call{method: "GET", path: "/_drover/artifactsx", service: "iot"}, "200"}, // HTTP.Server
	} {
		answer, text := s.send(t, "http://"+s.http, row.who, row.call)
		if _, code, found := strings.Cut(text, `"code":"`); found {
			code, _, _ = strings.Cut(code, `"`)
			answer = strings.Fields(answer)[0] + " " + code
		}
		if !strings.HasPrefix(answer, row.want) {
			t.Errorf("%s: %s %s, want %s", name, answer, text, row.want)
		}
	}
	changed := s.request(t, "http://"+s.http, mine, with(put, "X-Amz-Content-Sha256", bodySum))
	changed.RequestURI, changed.Body = put.path, io.NopCloser(strings.NewReader("BODY"))
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, changed)
	if !strings.Contains(w.Body.String(), "XAmzContentSHA256Mismatch") {
		t.Errorf("a body that was changed on its way: %d %s", w.Code, w.Body)
	}
	list, text := s.ask(t, "http://"+s.http, page(call{method: "GET", path: "/_drover/artifacts"},
		cookieFor(mine.key, mine.secret, ends)))
	if list.status != 200 || text != `{"bucket":"artifacts","artifacts":[]}` {
		t.Errorf("afterwards: %d %s", list.status, text)
	}
}

// bodySum is the hash of the text body.
const bodySum = "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"

// Pages of others, other names and other machines reach artifacts no more than operations.
func TestPagesOfPlainArtifacts(t *testing.T) { // R-WEB-13, R-WEB-14, R-WEB-40
	t.Parallel()
	for _, openPlain := range []bool{false, true} {
		s := newServer(t, withSessions, withArtifacts(t), func(h *gateway.HTTP) {
			h.Operators.OpenPlain = openPlain
		})
		for _, c := range pageCalls() {
			if c.openPlain != openPlain {
				continue
			}
			for _, row := range []struct {
				line string
				want int
			}{
				{"GET /_drover/artifacts", c.reads},
				{"PUT /_drover/artifacts/k", c.writes},
				{"DELETE /_drover/artifacts/k", c.writes},
			} {
				got, text := s.asPage(c, row.line)
				if got == http.StatusNoContent {
					got = http.StatusOK
				}
				if got != row.want {
					t.Errorf("%s: %s: %d %s, want %d", c.name, row.line, got, text, row.want)
				}
			}
		}
	}
}

// A server without a store says what to use in its place, to whoever asks.
func TestPlainArtifactsOff(t *testing.T) { // R-WEB-46
	t.Parallel()
	s := newServer(t)
	for _, line := range []string{"GET /_drover/artifacts", "PUT /_drover/artifacts/k"} {
		method, path, _ := strings.Cut(line, " ")
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest(method, path, strings.NewReader("body")))
		if w.Code != http.StatusNotImplemented || !strings.Contains(w.Body.String(), "--s3-endpoint") {
			t.Errorf("%s: %d %s", line, w.Code, w.Body)
		}
	}
}
