package app

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
)

// fakeEngine is an engine in which something is due an hour after its clock's time, and which notes
// that it was reset.
type fakeEngine struct {
	*clock.Virtual
	reset bool
	fails error // of everything but Now
}

func (e *fakeEngine) Advance(_ context.Context, to time.Time) error {
	e.Set(to)
	return e.fails
}

func (e *fakeEngine) AdvanceToNext(context.Context) (bool, error) {
	e.Set(e.Now().Add(time.Hour))
	return true, e.fails
}

func (e *fakeEngine) Reset(context.Context) error {
	e.reset = true
	return e.fails
}

// What each request answers, on a virtual clock and on the real one.
func TestClockHandler(t *testing.T) {
	t.Parallel()
	const stands = "2026-03-01T12:00:00Z"
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := func(at string) string { return `{"mode":"virtual","now":"` + at + `"}` }
	const post, get = "POST", "GET"
	const path, reset = "/_drover/clock", "/_drover/reset"
	for _, row := range []struct {
		name, method, path, body string
		real                     bool
		refuse, refuseBody       error // of allow
		fails                    error // of the engine
		status                   int
		want                     string // in the answer
	}{
		{name: "read", method: get, path: path, status: 200, want: now(stands)},
		{
			name: "read, real", method: get, path: path, real: true, status: 200,
			want: `{"mode":"real","now":"` + stands + `"}`,
		},
		{
			name: "by a duration", method: post, path: path,
			body: `{"advance":"1d90m"}`, status: 200,
			want: now("2026-03-02T13:30:00Z"),
		},
		{
			name: "to a time", method: post, path: path,
			body:   `{"set":"2030-01-02T15:04:05+01:00"}`,
			status: 200, want: now("2030-01-02T14:04:05Z"),
		},
		{
			name: "to what is due next", method: post, path: path,
			body: `{"next":true}`, status: 200,
			want: now("2026-03-01T13:00:00Z"),
		},
		{name: "reset", method: post, path: reset, body: `{}`, status: 200, want: now(stands)},
		{
			name: "R-WIRE-31 a reset without a body", method: post, path: reset,
			status: 400, want: "the body must be {}",
		},
		{
			name: "R-WIRE-31 a reset with a member", method: post, path: reset, body: `{"a":1}`,
			status: 400, want: "the body must be {}",
		},
		{
			name: "two members", method: post, path: path, body: `{"advance":"1h","next":true}`,
			status: 400, want: "exactly one of advance, set, next",
		},
		{
			name: "no member", method: post, path: path, body: `{}`,
			status: 400, want: "exactly one of advance, set, next",
		},
		{
			name: "an unknown member", method: post, path: path, body: `{"by":"1h"}`,
			status: 400, want: `unknown field \"by\"`,
		},
		{name: "no JSON", method: post, path: path, status: 400, want: "the body must be"},
		{
			name: "no duration", method: post, path: path, body: `{"advance":"soon"}`,
			status: 400, want: `advance: \"soon\"`,
		},
		{
			name: "no time", method: post, path: path, body: `{"set":"tomorrow"}`,
			status: 400, want: `set: \"tomorrow\" is not a time`,
		},
		{
			name: "move the real one", method: post, path: path,
			body: `{"advance":"1h"}`, real: true,
			status: 400, want: "--clock virtual",
		},
		{
			name: "reset, real", method: post, path: reset, real: true,
			status: 400, want: "--clock virtual",
		},
		{
			name: "another path", method: get, path: "/_drover/x",
			status: 404, want: "/_drover/reset",
		},
		{name: "another method", method: "PUT", path: path, status: 404, want: "/_drover/clock"},
		{name: "read a reset", method: get, path: reset, status: 404, want: "/_drover/clock"},
		{
			name: "refused", method: post, path: reset, refuse: fault.New(fault.Forbidden, "no"),
			status: 403, want: "no",
		},
		{
			name: "refused for its body", method: post, path: reset, body: `{}`,
			refuseBody: fault.New(fault.BadSignature, "another body"),
			status:     403, want: "another body",
		},
		{
			name: "not signed", method: get, path: path,
			refuse: fault.New(fault.NoCredentials, "sign"),
			status: 403, want: "sign",
		},
		{
			name: "the server ends", method: post, path: path, body: `{"next":true}`,
			fails: fault.New(fault.Unavailable, "later"), status: 503, want: "later",
		},
		{
			name: "into the past", method: post, path: path, body: `{"set":"2000-01-01T00:00:00Z"}`,
			fails:  fault.New(fault.Invalid, "never goes back"),
			status: 400, want: "never goes back",
		},
		{
			name: "a failure", method: post, path: reset, body: `{}`,
			fails:  errors.New("disk on fire"),
			status: 500, want: "disk on fire",
		},
		{
			name: "too large", method: post, path: path, body: strings.Repeat(" ", maxLocalBody+1),
			status: 413, want: "the body has more than 4096 bytes",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			e := &fakeEngine{Virtual: clock.NewVirtual(noon), fails: row.fails}
			served := &clockCalls{e, e.Virtual}
			if row.real {
				served.virtual = nil
			}
			h := &localHandler{calls: served.calls()}
			h.allow = func(*http.Request) (func([]byte) error, error) {
				return func(body []byte) error {
					if string(body) != row.body {
						t.Errorf("asked about the body %q", body)
					}
					return row.refuseBody
				}, row.refuse
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest(row.method, row.path, strings.NewReader(row.body)))
			if w.Code != row.status || !strings.Contains(w.Body.String(), row.want) {
				t.Errorf("got %d %s, want %d %s", w.Code, w.Body, row.status, row.want)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("content type %q", got)
			}
			isReset := row.path == reset && row.method == post && row.body == `{}` && !row.real &&
				row.refuseBody == nil
			if e.reset != isReset {
				t.Errorf("reset is %v, want %v", e.reset, isReset)
			}
		})
	}
}
