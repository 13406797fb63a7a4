package device

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	things "github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store/memory"
)

// newRealPlane is a plane over a real engine on a virtual clock, with the thing pump and these jobs
// for it.
func newRealPlane(t *testing.T, jobIDs ...string) *Plane {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	e := engine.New(engine.Config{
		Store:   memory.Open(),
		Clock:   clock.NewVirtual(now),
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     log,
		Stepped: true,
	})
	if _, err := e.Fleet.CreateThing(t.Context(), things.NewThing{Name: "pump"}); err != nil {
		t.Fatal(err)
	}
	for _, id := range jobIDs {
		_, err := e.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: id, Document: `{"do": "it"}`, Definition: job.Definition{
			Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "pump")},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	return &Plane{Jobs: e.Jobs, Now: e.Now, Log: log}
}

// ask makes a request over MQTT, and returns the code of the refusal with the answer; the code is
// empty when the request was accepted.
func ask(t *testing.T, p *Plane, topic, payload string) (code string, answer map[string]any) {
	t.Helper()
	topic = "$aws/things/" + topic
	reply, body := p.Answer(t.Context(), Request{Topic: topic, Payload: []byte(payload)})
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s %s is answered with %q: %v", topic, payload, body, err)
	}
	switch verdict := strings.TrimPrefix(reply, topic); verdict {
	case "/accepted":
		return "", answer
	case "/rejected":
		code, _ = answer["code"].(string)
		return code, answer
	}
	t.Fatalf("%s is answered on %s", topic, reply)
	return "", nil
}

// away are use cases whose store is away.
type away struct{ Executions }

var errAway = errors.New("the disk is full")

func (away) Pending(context.Context, string, int) ([]jobs.DeviceExecution, error) {
	return nil, errAway
}
func (away) Next(context.Context, string, bool) (*jobs.DeviceExecution, error) { return nil, errAway }
func (away) Describe(context.Context, string, string, *int64, bool) (*jobs.DeviceExecution, error) {
	return nil, errAway
}

func (away) StartNext(context.Context, string, map[string]string, *int64) (*jobs.DeviceExecution, error) {
	return nil, errAway
}

func (away) Report(context.Context, string, string, job.Report, bool) (*jobs.DeviceExecution, error) {
	return nil, errAway
}

// Which operation gives which code: each of those that the rule names comes about, and whatever is
// asked in whatever state, no other (R-MQTT-28, R-MQTT-26, T-9). Only a refusal that concerns the
// state of an execution shows it.
func TestCodes(t *testing.T) {
	t.Parallel()
	common := []string{"InvalidJson", "InvalidRequest", "ResourceNotFound", "RequestThrottled", "InternalError"}
	allowed := map[string][]string{
		"get":            common,
		"start-next":     common,
		"{jobId}/get":    append(slices.Clone(common), "TerminalStateReached"),
		"{jobId}/update": append(slices.Clone(common), "InvalidStateTransition", "VersionMismatch"),
	}
	payloads := []string{
		``, `{`, `[]`, `"text"`, "\xff", `{}`, `{"clientToken":5}`, `{"executionNumber":0}`,
		`{"status":"SUCCEEDED","expectedVersion":99}`, `{"status":"IN_PROGRESS"}`, `{"status":"QUEUED"}`,
		`{"status":"CANCELED"}`, `{"status":"IN_PROGRESS","executionNumber":9}`, `{"status":"SUCCEEDED"}`,
		`{"stepTimeoutInMinutes":0}`, `{"status":"FAILED","statusDetails":{"a b":"1"}}`,
	}
	// Each situation is asked anew, since what is accepted changes it.
	situations := map[string]struct {
		thing   string
		prepare func(*testing.T, *Plane)
	}{
		"nothing has begun": {"pump", func(*testing.T, *Plane) {}},
		"it is in progress": {"pump", func(t *testing.T, p *Plane) { ask(t, p, "pump/jobs/start-next", "") }},
		"it has ended": {"pump", func(t *testing.T, p *Plane) {
			ask(t, p, "pump/jobs/fw/update", `{"status":"SUCCEEDED"}`)
		}},
		"no such thing":     {"lamp", func(*testing.T, *Plane) {}},
		"the store is away": {"pump", func(_ *testing.T, p *Plane) { p.Jobs = away{p.Jobs} }},
		"too many requests": {"pump", func(_ *testing.T, p *Plane) {
			p.Reads, p.Writes = rates.PerSecond(1e-9), rates.PerSecond(1e-9)
			p.Reads.Allow()
			p.Writes.Allow()
		}},
	}
	for operation, codes := range allowed {
		t.Run(strings.ReplaceAll(operation, "/", " "), func(t *testing.T) {
			t.Parallel()
			seen := map[string]string{}
			for name, s := range situations {
				for _, payload := range payloads {
					for _, jobID := range []string{"fw", "none", "$next"} {
						p := newRealPlane(t, "fw")
						s.prepare(t, p)
						topic := strings.Replace(operation, "{jobId}", jobID, 1)
						if jobsdata.ParseTopic("$aws/things/pump/jobs/"+topic).Kind == jobsdata.InvalidTopic {
							continue // $next/update, which no operation is (R-MQTT-4)
						}
						code, answer := ask(t, p, s.thing+"/jobs/"+topic, payload)
						_, state := answer["executionState"]
						ofState := code == "InvalidStateTransition" || code == "VersionMismatch"
						if message, _ := answer["message"].(string); code != "" && message == "" || state != ofState {
							t.Errorf("%s, %s %s: %v", name, topic, payload, answer)
						}
						if code != "" {
							seen[code] = fmt.Sprintf("%s, %s %s", name, topic, payload)
						}
					}
				}
			}
			slices.Sort(codes)
			if diff := cmp.Diff(codes, slices.Sorted(maps.Keys(seen))); diff != "" {
				t.Errorf("codes (-want +got):\n%s\nof %v", diff, seen)
			}
		})
	}
}

// What the device client reports at the end of a job is accepted: 1024 bytes of output, with line
// breaks, and cut inside a character. When a report is throttled, the device sends it again with
// another token, and it is accepted then (R-CLI-14, R-CLI-15, T-19, T-22).
func TestReportsOfTheDeviceClient(t *testing.T) {
	t.Parallel()
	p := newRealPlane(t, "fw")
	p.Writes = rates.PerSecond(20)
	report := func(token, rest string) (code string, answer map[string]any) {
		t.Helper()
		code, answer = ask(t, p, "pump/jobs/fw/update", `{"clientToken":"`+token+`",`+rest+`}`)
		if answer["clientToken"] != token {
			t.Errorf("the answer to %s is %v", token, answer)
		}
		return code, answer
	}
	if code, answer := report("first", `"status":"IN_PROGRESS","statusDetails":{}`); code != "" {
		t.Fatalf("IN_PROGRESS: %v", answer)
	}
	throttled := ""
	for range 1000 { // with the rate of 20 a second
		if throttled, _ = report("second", `"status":"IN_PROGRESS","statusDetails":{}`); throttled != "" {
			break
		}
	}
	if throttled != "RequestThrottled" {
		t.Fatalf("reports without end: %q", throttled)
	}
	euros := strings.Repeat("€", 341) + "\xe2" // 1024 bytes, the last of them half a character
	latin := strings.Repeat("é", 511) + "x\xc3"
	lines := strings.Repeat("line of 16 bytes", 1024/16-1) + `one\ntwo\r\n` + "1234567"
	final := `"status":"FAILED","includeJobExecutionState":true,"statusDetails":{"reason":"` + latin + `",` +
		`"stdout":"` + euros + `","stderr":"` + lines + `"}`
	code, answer := "RequestThrottled", map[string]any(nil)
	for try := 0; code == "RequestThrottled" && try < 1000; try++ {
		time.Sleep(time.Millisecond)
		code, answer = report(fmt.Sprint("try", try), final)
	}
	if code != "" {
		t.Fatalf("the final report: %v", answer)
	}
	state, _ := answer["executionState"].(map[string]any)
	want := map[string]any{
		"status":        "FAILED",
		"versionNumber": state["versionNumber"],
		"statusDetails": map[string]any{
			"reason": strings.Repeat("é", 511) + "x\uFFFD",
			"stdout": strings.Repeat("€", 341) + "\uFFFD",
			"stderr": strings.Repeat("line of 16 bytes", 1024/16-1) + "one\ntwo\r\n1234567",
		},
	}
	if diff := cmp.Diff(want, state); diff != "" {
		t.Errorf("the state (-want +got):\n%s", diff)
	}
}
