package jobsdata_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/schema"
)

func TestUpdatePayload(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		rule, payload string
		code          fault.Code // "" means accepted
		token         string
	}{
		{"R-HTTP-20, R-CLI-19", `{"status":"IN_PROGRESS","statusDetails":{"progress":"40"},"expectedVersion":"2","clientToken":"c9"}`, "", "c9"},
		{"R-HTTP-18", `{"status":"IN_PROGRESS","statusDetails":{}}`, "", ""},
		{"R-HTTP-19", `{"status":"FAILED","statusDetails":{"stderr":"a\n\tb\r"}}`, "", ""},
		{"R-HTTP-19", `{"status":"FAILED","statusDetails":{"stderr":"a\u0007"}}`, fault.Invalid, ""},
		{"R-CLI-15", "{\"status\":\"FAILED\",\"statusDetails\":{\"stderr\":\"a\xff\"}}", "", ""},
		{"R-HTTP-17", `{"status":"QUEUED"}`, "", ""},
		{"R-HTTP-17", `{"status":"CANCELED","clientToken":"t"}`, fault.Invalid, "t"},
		{"R-HTTP-17", `{"clientToken":"t"}`, fault.Invalid, "t"},
		{"R-MQTT-8", ``, fault.Invalid, ""},
		{"R-MQTT-7", `{`, fault.Malformed, ""},
		{"R-MQTT-7", `[]`, fault.Malformed, ""},
		{"R-MQTT-12", `{"status":"FAILED","clientToken":5}`, fault.Invalid, ""},
		{"R-MQTT-12", `{"status":"FAILED","clientToken":"` + strings.Repeat("c", 512) + `"}`, "", strings.Repeat("c", 512)},
		{"R-MQTT-12", `{"status":"FAILED","clientToken":"` + strings.Repeat("c", 513) + `"}`, fault.Invalid, ""},
		{"R-MQTT-13", `{"statusDetails":{"a":[1]},"status":"FAILED","clientToken":"t"}`, fault.Invalid, "t"},
		{"R-MQTT-48", `{"status":"FAILED","executionNumber":0}`, fault.Invalid, ""},
		{"R-HTTP-23", `{"status":"IN_PROGRESS","stepTimeoutInMinutes":-1}`, "", ""},
		{"R-HTTP-23", `{"status":"IN_PROGRESS","stepTimeoutInMinutes":0}`, fault.Invalid, ""},
		{"R-MQTT-24", `{"status":"FAILED","includeExecutionState":true}`, "", ""},
	} {
		var got jobsdata.UpdatePayload
		err := schema.Decode([]byte(row.payload), &got, jobsdata.Lenient)
		var token string
		if got.ClientToken != nil {
			token = string(*got.ClientToken)
		}
		if f := fault.Of(err); (f == nil) != (row.code == "") || f != nil && f.Code != row.code || token != row.token {
			t.Errorf("%s: %.80s: got %v with token %.20q, want %q with %.20q", row.rule, row.payload, err, token, row.code, row.token)
		}
		if strings.Contains(row.payload, "includeExecutionState") && got.IncludeJobExecutionState == nil {
			t.Errorf("%s: the alias is not read", row.rule)
		}
	}
}

// A value of statusDetails may be a string, a number or a boolean; the latter two are read as they
// are written, and held to the rules of strings after that (R-MQTT-47). The same in each of the
// four requests that carry statusDetails.
func TestStatusDetailsValues(t *testing.T) {
	t.Parallel()
	digits := strings.Repeat("1", 1024)
	for _, row := range []struct {
		value, want string // want "" means refused
	}{
		{`"true"`, "true"}, {`true`, "true"}, {`false`, "false"},
		{`0`, "0"}, {`50`, "50"}, {`-0`, "-0"}, {`1.5`, "1.5"}, {`1.50`, "1.50"}, {`1e3`, "1e3"},
		{`-1E+400`, "-1E+400"}, {`12345678901234567890123`, "12345678901234567890123"},
		{digits, digits}, {digits + "1", ""},
		{`{}`, ""}, {`{"a":true}`, ""}, {`[]`, ""}, {`[true]`, ""}, {`""`, ""},
	} {
		var update jobsdata.UpdatePayload
		var start jobsdata.StartNextPayload
		var httpUpdate struct {
			StatusDetails jobsdata.StatusDetails `json:"statusDetails"`
		}
		body := []byte(`{"status":"FAILED","statusDetails":{"a":` + row.value + `,"gone":null}}`)
		for name, read := range map[string]struct {
			into any
			got  *jobsdata.StatusDetails
		}{
			"update":        {&update, &update.StatusDetails},
			"start-next":    {&start, &start.StatusDetails},
			"HTTP requests": {&httpUpdate, &httpUpdate.StatusDetails},
		} {
			err := schema.Decode(body, read.into, jobsdata.Lenient)
			if refused := fault.Is(err, fault.Invalid); refused != (row.want == "") || !refused && err != nil {
				t.Errorf("R-MQTT-47: %s: %.60s: %v, want %q", name, row.value, err, row.want)
			}
			if got := (*read.got)["a"]; got != row.want || len(*read.got) != 1 && row.want != "" {
				t.Errorf("R-MQTT-47: %s: %.60s: got %q, want %q", name, row.value, *read.got, row.want)
			}
		}
	}
}

func TestPayloads(t *testing.T) {
	t.Parallel()
	summary := jobsdata.ExecutionSummary{JobID: "a", QueuedAt: 1, LastUpdatedAt: 2, ExecutionNumber: 1, VersionNumber: 3}
	for _, row := range []struct {
		rule string
		in   any
		want string
	}{
		{"R-MQTT-18", jobsdata.GetPendingAccepted{Timestamp: 9, InProgressJobs: []jobsdata.ExecutionSummary{}, QueuedJobs: []jobsdata.ExecutionSummary{summary}},
			`{"timestamp":9,"inProgressJobs":[],"queuedJobs":[{"jobId":"a","queuedAt":1,"lastUpdatedAt":2,"executionNumber":1,"versionNumber":3}]}`},
		{"R-MQTT-21, R-CLI-17", jobsdata.ExecutionAccepted{Timestamp: 9, ClientToken: new(jobsdata.ClientToken(""))}, `{"clientToken":"","timestamp":9}`},
		{"R-MQTT-9", jobsdata.NotifyNext{Timestamp: 9, Execution: &jobsdata.ExecutionData{JobID: "a", Status: "QUEUED", JobDocument: []byte(`{"n":1.0}`)}},
			`{"timestamp":9,"execution":{"jobId":"a","status":"QUEUED","queuedAt":0,"lastUpdatedAt":0,"versionNumber":0,"executionNumber":0,"jobDocument":{"n":1.0}}}`},
		{"R-MQTT-40", jobsdata.Notify{Timestamp: 9}, `{"timestamp":9,"jobs":{}}`},
		{"R-MQTT-40", jobsdata.Notify{Timestamp: 9, Jobs: jobsdata.PendingJobs{Queued: []jobsdata.ExecutionSummary{}}}, `{"timestamp":9,"jobs":{"QUEUED":[]}}`},
		{"R-MQTT-41", jobsdata.NotifyNext{Timestamp: 9}, `{"timestamp":9}`},
		{"R-MQTT-25", jobsdata.UpdateAccepted{Timestamp: 9}, `{"timestamp":9}`},
		{"R-MQTT-26", jobsdata.Rejected{Code: "InvalidStateTransition", Message: "execution is SUCCEEDED", ClientToken: new(jobsdata.ClientToken("d1")), Timestamp: 9,
			ExecutionState: &jobsdata.ExecutionState{Status: "SUCCEEDED", VersionNumber: 4}},
			`{"code":"InvalidStateTransition","message":"execution is SUCCEEDED","clientToken":"d1","timestamp":9,"executionState":{"status":"SUCCEEDED","versionNumber":4}}`},
		{"R-HTTP-10", jobsdata.GetPendingJobExecutionsResponse{InProgressJobs: []jobsdata.JobExecutionSummary{}, QueuedJobs: []jobsdata.JobExecutionSummary{}},
			`{"inProgressJobs":[],"queuedJobs":[]}`},
		{"R-HTTP-11", jobsdata.ExecutionResponse{}, `{}`},
	} {
		if diff := cmp.Diff(row.want, string(schema.Append(nil, row.in))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.rule, diff)
		}
	}
}

func BenchmarkUpdatePayload(b *testing.B) {
	payload := []byte(`{"status":"IN_PROGRESS","statusDetails":{"progress":"40","phase":"fetch"},"expectedVersion":"2",` +
		`"includeJobExecutionState":true,"clientToken":"c9"}`)
	b.ReportAllocs()
	for b.Loop() {
		var in jobsdata.UpdatePayload
		if err := schema.Decode(payload, &in, jobsdata.Lenient); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkExecutionAccepted(b *testing.B) {
	out := jobsdata.ExecutionAccepted{ClientToken: new(jobsdata.ClientToken("c9")), Timestamp: 1767226000,
		Execution: &jobsdata.ExecutionData{JobID: "fw-2-4-1", Status: "IN_PROGRESS", StatusDetails: jobsdata.StatusDetails{"phase": "fetch"},
			QueuedAt: 1767225600, StartedAt: new(int64(1767225733)), LastUpdatedAt: 1767225733, VersionNumber: 2, ExecutionNumber: 1,
			JobDocument: schema.RawJSON(`{"operation":"upgrade","to":"2.4.1"}`)}}
	buffer := make([]byte, 0, 1024)
	b.ReportAllocs()
	for b.Loop() {
		buffer = schema.Append(buffer[:0], &out)
	}
}
