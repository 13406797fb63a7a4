package https

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store/memory"
)

// newHandler serves a plane over a real engine on a virtual clock, with a thing "pump" that has job
// "fw" pending.
func newHandler(t *testing.T) (*Handler, *device.Plane) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	e := engine.New(engine.Config{
		Store:   memory.Open(),
		Clock:   clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     log,
		Stepped: true,
	})
	if _, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "pump"}); err != nil {
		t.Fatal(err)
	}
	_, err := e.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: "fw", Document: `{"a":1}`, Definition: job.Definition{
		Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "pump")},
	}})
	if err != nil {
		t.Fatal(err)
	}
	p := &device.Plane{Jobs: e.Jobs, Now: e.Now, Log: log}
	return New(p), p
}

func anyone(*schema.Description, string) error { return nil }

func serve(h *Handler, method, path, body string, may Authorize) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	read := func() ([]byte, error) {
		if len(body) > MaxBody {
			return nil, fault.New(fault.TooLarge, "the body has more than %d bytes", MaxBody)
		}
		return []byte(body), nil
	}
	h.Serve(w, httptest.NewRequest(method, path, strings.NewReader(body)), read, may)
	return w
}

// Every answer and every refusal of the plane in its HTTP form: status, exception, body
// (docs/spec/30, section 5).
func TestAnswers(t *testing.T) {
	t.Parallel()
	forbidden := fault.New(fault.Forbidden, "not this thing")
	for _, row := range []struct {
		name, method, path, body string
		may                      Authorize
		status                   int
		exception, want          string
	}{
		{"the list", "GET", "/things/pump/jobs", "", anyone, 200, "", `"queuedJobs":[{"jobId":"fw"`},
		{"the next", "PUT", "/things/pump/jobs/$next", `{}`, anyone, 200, "", `"status":"IN_PROGRESS"`},
		{"escaped", "PUT", "/things/pump/jobs/%24next", `{}`, anyone, 200, "", `"status":"IN_PROGRESS"`},
		{"one", "GET", "/things/pump/jobs/fw", "", anyone, 200, "", `"jobDocument":"{\"a\":1}"`},
		{"a report", "POST", "/things/pump/jobs/fw", `{"status":"FAILED"}`, anyone, 200, "", `{}`},
		{
			"an unknown thing", "GET", "/things/lamp/jobs", "", anyone, 404, "ResourceNotFoundException",
			"thing lamp does not exist",
		},
		{
			"an illegal transition, with the state", "POST", "/things/pump/jobs/fw", `{"status":"QUEUED"}`, anyone,
			409, "InvalidStateTransitionException", `"executionState":{"status":"QUEUED"`,
		},
		{
			"another version, with the state", "POST", "/things/pump/jobs/fw",
			`{"status":"IN_PROGRESS","expectedVersion":9}`, anyone, 409, "VersionMismatchException", `"versionNumber":1`,
		},
		{"no JSON", "PUT", "/things/pump/jobs/$next", `{`, anyone, 400, "InvalidRequestException", "message"},
		{
			"a body that is too large", "PUT", "/things/pump/jobs/$next", strings.Repeat(" ", MaxBody+1), anyone,
			413, "", "131072 bytes",
		},
		{
			"a caller that may not", "GET", "/things/pump/jobs", "", func(*schema.Description, string) error { return forbidden },
			403, "ForbiddenException", "not this thing",
		},
		{"no such path", "GET", "/things/pump/tasks", "", anyone, 404, "", "message"},
		{"an operation of the data service", "POST", "/topics/a/b?qos=1", "hello", anyone, 404,
			"UnknownOperationException", "Publish of the data service iotdata is not offered by Drover"},
		{"a command", "POST", "/command-executions", "{}", anyone, 404, "UnknownOperationException",
			"StartCommandExecution is not offered by Drover"},
		{"a shadow", "GET", "/things/pump/shadow", "", anyone, 404, "UnknownOperationException",
			"GetThingShadow of the data service iotdata is not offered by Drover"},
		{"credentials of a role", "GET", "/role-aliases/a/credentials", "", anyone, 404,
			"UnknownOperationException", "credentials provider is not offered by Drover"},
		{"no such method", "DELETE", "/things/pump/jobs", "", anyone, 405, "", "message"},
		{
			"an error of ours, without its text", "GET", "/things/pump/jobs", "",
			func(*schema.Description, string) error { return errors.New("secret path") }, 503, "ServiceUnavailableException", "internal",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			h, _ := newHandler(t)
			w := serve(h, row.method, row.path, row.body, row.may)
			exception := w.Header().Get("x-amzn-ErrorType")
			if w.Code != row.status || row.exception != "" && exception != row.exception {
				t.Errorf("status %d %s, want %d %s", w.Code, exception, row.status, row.exception)
			}
			if got := w.Body.String(); !strings.Contains(got, row.want) || strings.Contains(got, "secret") {
				t.Errorf("body %s, want %s in it", got, row.want)
			}
			if got := w.Header().Get("Content-Type"); got != "application/json" {
				t.Errorf("content type %q", got)
			}
		})
	}
}

// Whether a caller may is asked with the operation and the thing, before the body is looked at.
func TestAuthorizeIsAskedFirst(t *testing.T) {
	t.Parallel()
	h, _ := newHandler(t)
	for path, want := range map[string]string{
		"GET /things/pump/jobs":       "GetPendingJobExecutions pump",
		"PUT /things/pump/jobs/$next": "StartNextPendingJobExecution pump",
		"GET /things/a%3Ab/jobs/fw":   "DescribeJobExecution a:b",
		"POST /things/other/jobs/":    "UpdateJobExecution other",
		"POST /things/x/jobs/fw":      "UpdateJobExecution x",
	} {
		method, path, _ := strings.Cut(path, " ")
		asked := ""
		serve(h, method, path, "{ no JSON", func(op *schema.Description, thing string) error {
			asked = op.Name + " " + thing
			return fault.New(fault.Forbidden, "no")
		})
		if asked != want {
			t.Errorf("%s %s: asked for %q, want %q", method, path, asked, want)
		}
	}
}

// A request that comes too soon is told when to try again (R-LIM-50).
func TestThrottled(t *testing.T) {
	t.Parallel()
	_, p := newHandler(t)
	p.Reads = rates.PerSecond(0.001)
	h := New(p)
	for range 100 {
		w := serve(h, "GET", "/things/pump/jobs", "", anyone)
		if w.Code == http.StatusTooManyRequests {
			if w.Header().Get("Retry-After") != "1" {
				t.Errorf("headers %v", w.Header())
			}
			return
		}
	}
	t.Error("a hundred reads at once, and none was refused")
}
