package device

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// Each operation in both of its forms: MQTT echoes the client token and carries the time and the
// document as JSON, HTTPS names the thing and carries the document as text. What MQTT carries suits
// small parsers (R-CLI-18).
func TestOperations(t *testing.T) {
	t.Parallel()
	const started, waiting = `"queuedAt":1772362800,"startedAt":1772366340,"lastUpdatedAt":1772362800`,
		`"queuedAt":1772362800,"lastUpdatedAt":1772362800`
	both := []jobs.DeviceExecution{
		execution("a", job.ExecutionInProgress), execution("b", job.ExecutionQueued),
	}
	for _, row := range []struct {
		name        string
		executions  []jobs.DeviceExecution
		topic, sent string
		accepted    string
		route, body string
		answer      string
	}{
		{
			"GetPending", both, "get", `{"clientToken":"t"}`,
			`{"clientToken":"t","timestamp":1772366400,` +
				`"inProgressJobs":[{"jobId":"a",` + started + `,"executionNumber":2,"versionNumber":3}],` +
				`"queuedJobs":[{"jobId":"b",` + waiting + `,"executionNumber":2,"versionNumber":3}]}`,
			"GET /things/pump/jobs", ``,
			`{"inProgressJobs":[{"jobId":"a",` + started + `,"executionNumber":2,"versionNumber":3}],` +
				`"queuedJobs":[{"jobId":"b",` + waiting + `,"executionNumber":2,"versionNumber":3}]}`,
		},
		{
			"GetPending of nothing shows empty lists", nil, "get", ``,
			`{"timestamp":1772366400,"inProgressJobs":[],"queuedJobs":[]}`,
			"GET /things/pump/jobs", ``, `{"inProgressJobs":[],"queuedJobs":[]}`,
		},
		{
			"StartNext", both, "start-next", `{"clientToken":"t"}`,
			`{"clientToken":"t","timestamp":1772366400,"execution":{"jobId":"a","status":"IN_PROGRESS",` +
				`"statusDetails":{"step":"1"},` + started + `,"approximateSecondsBeforeTimedOut":90,` +
				`"versionNumber":3,"executionNumber":2,"jobDocument":{"do": "it"}}}`,
			"PUT /things/pump/jobs/$next", `{}`,
			`{"execution":{"jobId":"a","thingName":"pump","status":"IN_PROGRESS","statusDetails":{"step":"1"},` +
				started + `,"approximateSecondsBeforeTimedOut":90,"versionNumber":3,"executionNumber":2,` +
				`"jobDocument":"{\"do\": \"it\"}"}}`,
		},
		{
			"StartNext with nothing pending has no execution (R-HTTP-11)", nil, "start-next", `{}`,
			`{"timestamp":1772366400}`, "PUT /things/pump/jobs/$next", `{}`, `{}`,
		},
		{
			"Describe with the document", both, "b/get", `{}`,
			`{"timestamp":1772366400,"execution":{"jobId":"b","status":"QUEUED",` + waiting +
				`,"versionNumber":3,"executionNumber":2,"jobDocument":{"do": "it"}}}`,
			"GET /things/pump/jobs/b", ``,
			`{"execution":{"jobId":"b","thingName":"pump","status":"QUEUED",` + waiting +
				`,"versionNumber":3,"executionNumber":2,"jobDocument":"{\"do\": \"it\"}"}}`,
		},
		{
			"Describe without the document", both, "$next/get", `{"includeJobDocument":false}`,
			`{"timestamp":1772366400,"execution":{"jobId":"a","status":"IN_PROGRESS","statusDetails":{"step":"1"},` +
				started + `,"approximateSecondsBeforeTimedOut":90,"versionNumber":3,"executionNumber":2}}`,
			"GET /things/pump/jobs/$next?includeJobDocument=false", ``,
			`{"execution":{"jobId":"a","thingName":"pump","status":"IN_PROGRESS","statusDetails":{"step":"1"},` +
				started + `,"approximateSecondsBeforeTimedOut":90,"versionNumber":3,"executionNumber":2}}`,
		},
		{
			"Update answers nothing that was not asked for", both, "a/update",
			`{"status":"SUCCEEDED","clientToken":"t"}`, `{"clientToken":"t","timestamp":1772366400}`,
			"POST /things/pump/jobs/a", `{"status":"SUCCEEDED"}`, `{}`,
		},
		{
			"Update with state and document", both, "a/update",
			`{"status":"IN_PROGRESS","includeJobExecutionState":true,"includeJobDocument":true}`,
			`{"timestamp":1772366400,"executionState":{"status":"IN_PROGRESS","statusDetails":{"step":"1"},` +
				`"versionNumber":3},"jobDocument":{"do": "it"}}`,
			"POST /things/pump/jobs/a",
			`{"status":"IN_PROGRESS","includeJobExecutionState":true,"includeJobDocument":true}`,
			`{"executionState":{"status":"IN_PROGRESS","statusDetails":{"step":"1"},"versionNumber":3},` +
				`"jobDocument":"{\"do\": \"it\"}"}`,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newPlane(t, &fleet{executions: row.executions})
			reply, body := p.Answer(t.Context(), Request{Topic: "$aws/things/pump/jobs/" + row.topic, Payload: []byte(row.sent)})
			if want := "$aws/things/pump/jobs/" + row.topic + "/accepted"; reply != want {
				t.Errorf("answered on %s, want %s", reply, want)
			}
			sameJSON(t, "over MQTT", row.accepted, body)
			compact(t, "over MQTT", body, `{"do": "it"}`)
			out, err := overHTTP(t, p, row.route, row.body)
			if err != nil {
				t.Fatalf("over HTTPS: %v", err)
			}
			sameJSON(t, "over HTTPS", row.answer, out)
		})
	}
}

// overHTTP makes a request as the HTTPS listener hands it to the plane.
func overHTTP(t *testing.T, p *Plane, route, body string) ([]byte, error) {
	t.Helper()
	router := schema.NewRouter(&jobsdata.Service)
	p.Bind(router)
	method, path, _ := strings.Cut(route, " ")
	path, query, _ := strings.Cut(path, "?")
	match, err := router.Match(method, path)
	if err != nil {
		return nil, err
	}
	call, err := match.Decode(schema.Parts{RawQuery: query, Body: []byte(body)}, jobsdata.Lenient)
	if err != nil {
		return nil, err
	}
	return call.Do(t.Context())
}

func sameJSON(t *testing.T, what, want string, got []byte) {
	t.Helper()
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%s: the test wants %q: %v", what, want, err)
	}
	if err := json.Unmarshal(got, &g); err != nil {
		t.Fatalf("%s: got %q: %v", what, got, err)
	}
	if diff := cmp.Diff(w, g); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// What a device reports arrives whole in both forms. Only a PUBLISH at QoS 1 can be delivered
// again: it arrives with what tells it from others, which is not its token (R-HTTP-24).
func TestReportArrives(t *testing.T) {
	t.Parallel()
	const members = `"status":"FAILED","statusDetails":{"why":"no space"},"expectedVersion":4,"executionNumber":2,` +
		`"stepTimeoutInMinutes":-1`
	want := job.Report{
		Event:           job.ReportFailed,
		Details:         map[string]string{"why": "no space"},
		Number:          new(int64(2)),
		ExpectedVersion: new(int64(4)),
		StepMinutes:     new(int64(-1)),
	}
	f := &fleet{executions: []jobs.DeviceExecution{execution("a", job.ExecutionInProgress)}}
	p := newPlane(t, f)
	if _, err := overHTTP(t, p, "POST /things/pump/jobs/a", "{"+members+"}"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, f.report); diff != "" {
		t.Errorf("over HTTPS: %s", diff)
	}
	update := Request{
		Topic:   "$aws/things/pump/jobs/a/update",
		Payload: []byte(`{"clientToken":"t",` + members + "}"),
	}
	p.Answer(t.Context(), update)
	if diff := cmp.Diff(want, f.report); diff != "" {
		t.Errorf("over MQTT at QoS 0: %s", diff)
	}
	update.PacketID = 7
	p.Answer(t.Context(), update)
	want.Message = job.MessageID(7, update.Payload)
	if diff := cmp.Diff(want, f.report); diff != "" {
		t.Errorf("over MQTT at QoS 1: %s", diff)
	}
	update.Redelivered = true
	p.Answer(t.Context(), update)
	want.Redelivered = true
	if diff := cmp.Diff(want, f.report); diff != "" {
		t.Errorf("delivered again: %s", diff)
	}
}

// Every refusal, in the code of each protocol; the token is echoed, and a refusal that concerns the
// state of an execution carries that state (R-MQTT-12, R-HTTP-27).
func TestRefusals(t *testing.T) {
	t.Parallel()
	x := execution("a", job.ExecutionSucceeded)
	stale := fault.New(fault.VersionDiffers, "expectedVersion 1 does not match 3")
	stale.State = x.Execution
	const state = `"executionState":{"status":"SUCCEEDED","versionNumber":3}`
	for _, row := range []struct {
		name        string
		refusal     error
		topic, sent string
		rejected    string
		route, body string
		code        fault.Code
	}{
		{
			"an unknown thing", nil, "$aws/things/lamp/jobs/get", `{"clientToken":"t"}`,
			`{"code":"ResourceNotFound","message":"thing lamp does not exist","clientToken":"t"}`,
			"GET /things/lamp/jobs", ``, fault.NotFound,
		},
		{
			"a version that is not the stored one", stale, "$aws/things/pump/jobs/a/update",
			`{"status":"FAILED","clientToken":"t"}`,
			`{"code":"VersionMismatch","message":"expectedVersion 1 does not match 3","clientToken":"t",` + state + `}`,
			"POST /things/pump/jobs/a", `{"status":"FAILED"}`, fault.VersionDiffers,
		},
		{
			"a status that devices do not report", nil, "$aws/things/pump/jobs/a/update", `{"status":"CANCELED"}`,
			`{"code":"InvalidRequest","message":"status: the value \"CANCELED\" is refused: must be one of ` +
				`IN_PROGRESS, SUCCEEDED, FAILED, REJECTED, QUEUED"}`,
			"POST /things/pump/jobs/a", `{"status":"CANCELED"}`, fault.Invalid,
		},
		{
			"what is no JSON", nil, "$aws/things/pump/jobs/start-next", `{`,
			``, "PUT /things/pump/jobs/$next", `{`, fault.Malformed,
		},
		{
			"an error of ours, without its text", errors.New("disk full"), "$aws/things/pump/jobs/start-next", `{}`,
			`{"code":"InternalError","message":"internal error"}`, "PUT /things/pump/jobs/$next", `{}`, "",
		},
		{
			"a topic that means nothing", nil, "$aws/things/pump/jobs/a/frobnicate", `{"clientToken":"t"}`,
			`{"code":"InvalidTopic","message":"the topic maps to no operation of the jobs service","clientToken":"t"}`,
			"", "", "",
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := newPlane(t, &fleet{executions: []jobs.DeviceExecution{x}, refusal: row.refusal})
			reply, body := p.Answer(t.Context(), Request{Topic: row.topic, Payload: []byte(row.sent)})
			if reply != row.topic+"/rejected" {
				t.Errorf("answered on %s", reply)
			}
			compact(t, "over MQTT", body, "")
			if row.rejected != "" {
				want := row.rejected[:len(row.rejected)-1] + `,"timestamp":1772366400}`
				sameJSON(t, "over MQTT", want, body)
			}
			if row.route == "" {
				return
			}
			_, err := overHTTP(t, p, row.route, row.body)
			if f := fault.Of(err); err == nil || (f == nil) != (row.code == "") || f != nil && f.Code != row.code {
				t.Errorf("over HTTPS: %v, want %q", err, row.code)
			}
			if got := State(err); (got != nil) != strings.Contains(row.rejected, state) {
				t.Errorf("over HTTPS: the state %+v", got)
			}
		})
	}
}

// A request whose answers would have no legal topic is dropped (R-MQTT-4); what a device may
// publish is requests, and what means nothing.
func TestTopics(t *testing.T) {
	t.Parallel()
	for topic, may := range map[string]bool{
		"$aws/things/pump/jobs/get":          true,
		"$aws/things/pump/jobs/a/update":     true,
		"$aws/things/pump/jobs/$next/get":    true,
		"$aws/things/pump/jobs/nonsense":     true,
		"$aws/things/pump/jobs/get/accepted": false,
		"$aws/things/pump/jobs/notify":       false,
		"$aws/things/pump/shadow/get":        false,
	} {
		if got := Claims(topic); got != may {
			t.Errorf("%s: may be published %t, want %t", topic, got, may)
		}
	}
	p := newPlane(t, &fleet{})
	if reply, body := p.Answer(t.Context(), Request{Topic: "$aws/things/pump/jobs/" + strings.Repeat("a/", 200)}); reply != "" {
		t.Errorf("answered on %s with %s", reply, body)
	}
}

// An answer that no device could take is an error (R-MQTT-16).
func TestTooLarge(t *testing.T) {
	t.Parallel()
	x := execution("a", job.ExecutionQueued)
	x.Document = `"` + strings.Repeat("x", MaxPayload) + `"`
	p := newPlane(t, &fleet{executions: []jobs.DeviceExecution{x}})
	reply, body := p.Answer(t.Context(), Request{Topic: "$aws/things/pump/jobs/a/get", Payload: []byte(`{}`)})
	if !strings.HasSuffix(reply, "/rejected") || !strings.Contains(string(body), "larger than a device can take") {
		t.Errorf("%s: %.200s", reply, body)
	}
}

// Reads and writes have limits of their own (R-LIM-50).
func TestRates(t *testing.T) {
	t.Parallel()
	p := newPlane(t, &fleet{})
	p.Writes = rates.PerSecond(1)
	answer := func(verb string) string {
		reply, body := p.Answer(t.Context(), Request{Topic: "$aws/things/pump/jobs/" + verb, Payload: []byte(`{}`)})
		return reply[strings.LastIndex(reply, "/")+1:] + string(body)
	}
	begun := time.Now()
	throttled := ""
	for range 100 {
		if got := answer("start-next"); strings.HasPrefix(got, "rejected") {
			throttled = got
			break
		}
	}
	if !strings.Contains(throttled, "RequestThrottled") && time.Since(begun) < time.Second {
		t.Errorf("a hundred writes at once: %q", throttled)
	}
	if got := answer("get"); !strings.HasPrefix(got, "accepted") {
		t.Errorf("a read: %s", got)
	}
	_, err := overHTTP(t, p, "PUT /things/pump/jobs/$next", `{}`)
	if !fault.Is(err, fault.Throttled) && time.Since(begun) < time.Second {
		t.Errorf("over HTTPS: %v", err)
	}
}
