package test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Executions as operators and devices see them, to the member: nesting, names, numbers, times,
// timers (R-API-23, R-API-24, R-API-25, R-API-30, R-CON-11, R-CON-13, R-CON-15 to R-CON-19).
func TestExecutionOnTheWire(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 2)
	start := s.clock(`{"advance":"0s"}`).Truncate(time.Second).Add(time.Minute + 250*time.Millisecond)
	s.clock(`{"set":"` + start.Format(time.RFC3339Nano) + `"}`)
	ms := func(after time.Duration) float64 { return float64(start.Add(after).UnixMilli()) / 1000 }
	whole := func(after time.Duration) float64 { return float64(start.Add(after).Unix()) }
	s.ask("PUT", "/jobs/j", fmt.Sprintf(`{"targets":[%q],"document":"{\"n\": 1.0}","timeoutConfig":{"inProgressTimeoutInMinutes":1},
		"jobExecutionsRetryConfig":{"criteriaList":[{"failureType":"FAILED","numberOfRetries":2}]}}`, s.ARN("thinggroup", "g")))
	operator := func(query string) map[string]any {
		return s.ask("GET", "/things/t0001/jobs/j"+query, "")["execution"].(map[string]any)
	}
	device := func(method, path, body string) map[string]any {
		answer := s.askFor("iot-jobs-data", method, "/things/t0001/jobs"+path, body)
		if execution, ok := answer["execution"].(map[string]any); ok {
			return execution
		}
		return answer
	}
	same := func(what string, want, got map[string]any) {
		t.Helper()
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	same("R-API-23, R-API-24, R-API-30, R-EXE-1, R-CON-13, R-CON-15, R-CON-18: QUEUED", map[string]any{
		"jobId": "j", "status": "QUEUED", "statusDetails": map[string]any{}, "thingArn": s.ARN("thing", "t0001"), "queuedAt": ms(0), "lastUpdatedAt": ms(0),
		"executionNumber": 1.0, "versionNumber": 1.0,
	}, operator(""))
	s.clock(`{"advance":"1500ms"}`)
	device("PUT", "/$next", `{"statusDetails":{"a":"1"}}`)
	s.clock(`{"advance":"29600ms"}`)
	since := 31100 * time.Millisecond
	want := map[string]any{
		"jobId": "j", "status": "IN_PROGRESS", "statusDetails": map[string]any{"detailsMap": map[string]any{"a": "1"}}, "thingArn": s.ARN("thing", "t0001"),
		"queuedAt": ms(0), "startedAt": ms(1500 * time.Millisecond), "lastUpdatedAt": ms(1500 * time.Millisecond), "executionNumber": 1.0, "versionNumber": 2.0,
		"approximateSecondsBeforeTimedOut": 31.0, // 30.4, rounded up
	}
	same("R-API-23, R-API-25, R-TMO-12: IN_PROGRESS", want, operator(""))
	same("R-CON-11 by number", want, operator("?executionNumber=1"))
	same("R-API-24, R-CON-19, R-DOC-7: the same on the device side", map[string]any{
		"jobId": "j", "status": "IN_PROGRESS", "statusDetails": map[string]any{"a": "1"}, "thingName": "t0001", "queuedAt": whole(0),
		"startedAt": whole(1500 * time.Millisecond), "lastUpdatedAt": whole(1500 * time.Millisecond), "executionNumber": 1.0, "versionNumber": 2.0,
		"approximateSecondsBeforeTimedOut": 31.0, "jobDocument": `{"n": 1.0}`,
	}, device("GET", "/j", ""))

	// R-DOC-10: who gets the document.
	for _, tt := range []struct {
		name, method, path, body string
		has                      bool
	}{
		{"StartNext", "PUT", "/$next", `{}`, true},
		{"Describe", "GET", "/j?includeJobDocument=true", "", true},
		{"Describe without", "GET", "/j?includeJobDocument=false", "", false},
		{"Update", "POST", "/j", `{"status":"IN_PROGRESS"}`, false},
		{"Update with", "POST", "/j", `{"status":"IN_PROGRESS","includeJobDocument":true}`, true},
		{"Update with the state only", "POST", "/j", `{"status":"IN_PROGRESS","includeJobExecutionState":true}`, false},
		{"GetPending", "GET", "", "", false},
	} {
		answer := device(tt.method, tt.path, tt.body)
		text, _ := json.Marshal(answer)
		if has := answer["jobDocument"] == `{"n": 1.0}`; has != tt.has || !tt.has && strings.Contains(string(text), "jobDocument") {
			t.Errorf("R-DOC-10 %s: %s", tt.name, text)
		}
	}
	if got := operator("")["versionNumber"]; got != 5.0 {
		t.Errorf("R-CON-16: after three more reports the version is %v, want 5", got)
	}

	// A failure and its retry: two attempts, each with its number; the latest is meant where none
	// is named.
	device("POST", "/j", `{"status":"FAILED"}`)
	retry := operator("")
	if retry["executionNumber"] != 2.0 || retry["status"] != "QUEUED" || retry["versionNumber"] != 1.0 || retry["queuedAt"] != ms(since) || retry["retryAttempt"] != nil {
		t.Errorf("R-CON-11, R-CON-17: the latest is %v", retry)
	}
	ended := operator("?executionNumber=1")
	if ended["status"] != "FAILED" || ended["approximateSecondsBeforeTimedOut"] != nil || ended["lastUpdatedAt"] != ms(since) {
		t.Errorf("R-CON-11, R-TMO-12: by number: %v", ended)
	}
	for path, service := range map[string]string{"?executionNumber=3": "iot", "?executionNumber=9": "iot-jobs-data"} {
		if status, exception, text := s.send(call{method: "GET", path: "/things/t0001/jobs/j" + path, service: service}); status != 404 || exception != "ResourceNotFoundException" {
			t.Errorf("R-EXE-43 %s: %d %s %s", path, status, exception, text)
		}
	}
	// R-CON-13: the number in the path.
	s.ask("DELETE", "/things/t0001/jobs/j/executionNumber/1", "")
	if status, _, text := s.send(call{method: "DELETE", path: "/things/t0001/jobs/j/executionNumber/one"}); status != 400 {
		t.Errorf("R-CON-13: %d %s", status, text)
	}
	for _, path := range []string{"/things/t0001/jobs/j/executionNumber/1", "/things/nope/jobs/j/executionNumber/1", "/things/t0001/jobs/nope/executionNumber/1"} {
		if status, exception, text := s.send(call{method: "DELETE", path: path}); status != 404 || exception != "ResourceNotFoundException" {
			t.Errorf("R-EXE-43 %s: %d %s %s", path, status, exception, text)
		}
	}
}

// The order of lists, their filters and their pages (R-API-10 to R-API-14, R-API-26 to R-API-28,
// R-WIRE-23).
func TestLists(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 2)
	s.fleet2("parent")
	s.ask("POST", "/thing-groups/child", `{"parentGroupName":"parent"}`)
	in := func(group string) string { return fmt.Sprintf(`"targets":[%q]`, s.ARN("thinggroup", group)) }
	tomorrow := s.clock(`{"advance":"0s"}`).Add(24 * time.Hour).Format("2006-01-02 15:04")
	for _, job := range []struct{ id, more string }{
		{"b", in("g")}, {"a", in("g") + `,"namespaceId":"ns"`}, // at the same time
		{"+", ""},
		{"z", in("child") + `,"targetSelection":"CONTINUOUS"`},
		{"+", ""},
		{"s", in("g") + `,"targetSelection":"CONTINUOUS","schedulingConfig":{"startTime":"` + tomorrow + `"}`},
		{"+", ""},
		{"r", in("g") + `,"jobExecutionsRetryConfig":{"criteriaList":[{"failureType":"FAILED","numberOfRetries":1}]}`},
	} {
		if job.id == "+" {
			s.clock(`{"advance":"1ms"}`)
			continue
		}
		s.ask("PUT", "/jobs/"+job.id, `{"document":"{}",`+job.more+`}`)
	}
	s.clock(`{"advance":"5ms"}`)
	if err := s.report("t0001", "r", "FAILED"); err != nil {
		t.Fatal(err)
	}
	if err := s.report("t0002", "a", "SUCCEEDED"); err != nil {
		t.Fatal(err)
	}
	uuid, _ := s.ask("GET", "/thing-groups/g", "")["thingGroupId"].(string)
	other, _ := s.ask("GET", "/thing-groups/child", "")["thingGroupId"].(string)

	// pages reads a list in pages of a size and shows its items.
	pages := func(path string, query string, size int, show func(map[string]any) string) (shown string) {
		t.Helper()
		for token := ""; ; {
			q := must[url.Values](t)(url.ParseQuery(query))
			if size > 0 {
				q.Set("maxResults", fmt.Sprint(size))
			}
			if token != "" {
				q.Set("nextToken", token)
			}
			answer := s.ask("GET", path+"?"+q.Encode(), "")
			items, _ := answer["jobs"].([]any)
			if items == nil {
				items, _ = answer["executionSummaries"].([]any)
			}
			if size > 0 && len(items) > size {
				t.Errorf("%s?%s: %d items in a page of %d", path, q.Encode(), len(items), size)
			}
			for _, item := range items {
				shown += show(item.(map[string]any)) + " "
			}
			if token, _ = answer["nextToken"].(string); token == "" {
				return strings.TrimSpace(shown)
			}
		}
	}
	jobID := func(item map[string]any) string { return item["jobId"].(string) }
	ofJob := func(item map[string]any) string {
		x := item["jobExecutionSummary"].(map[string]any)
		arn := item["thingArn"].(string)
		return fmt.Sprintf("%s#%v:%v,%v", arn[strings.LastIndex(arn, "/")+1:], x["executionNumber"], x["status"], x["retryAttempt"])
	}
	ofThing := func(item map[string]any) string {
		return fmt.Sprintf("%s#%v", item["jobId"], item["jobExecutionSummary"].(map[string]any)["executionNumber"])
	}
	for _, tt := range []struct {
		rule, path, query string
		show              func(map[string]any) string
		want              string
	}{
		{"R-API-10 newest first, then by id; R-API-14 all namespaces", "/jobs", "", jobID, "r s z a b"},
		{"R-API-11 status", "/jobs", "status=SCHEDULED", jobID, "s"},
		{"R-API-11 selection", "/jobs", "targetSelection=CONTINUOUS", jobID, "s z"},
		{"R-API-11 both", "/jobs", "targetSelection=CONTINUOUS&status=IN_PROGRESS", jobID, "z"},
		{"R-API-11 none has both", "/jobs", "targetSelection=SNAPSHOT&status=SCHEDULED", jobID, ""},
		{"R-API-14 namespace, R-EVT-32", "/jobs", "namespaceId=ns", jobID, "a"},
		{"R-API-14 another", "/jobs", "namespaceId=other", jobID, ""},
		{"R-API-12 group, R-API-13 SCHEDULED too", "/jobs", "thingGroupName=g", jobID, "r s a b"},
		{"R-API-12 no children of it", "/jobs", "thingGroupName=parent", jobID, ""},
		{"R-API-12 no parents of it", "/jobs", "thingGroupName=child", jobID, "z"},
		{"R-API-12 by id", "/jobs", "thingGroupId=" + uuid, jobID, "r s a b"},
		{"R-API-11 all", "/jobs", "thingGroupName=g&thingGroupId=" + uuid + "&targetSelection=SNAPSHOT&namespaceId=ns&status=IN_PROGRESS", jobID, "a"},
		{"R-API-26 things by name, attempts newest first", "/jobs/r/things", "", ofJob, "t0001#2:QUEUED,1 t0001#1:FAILED,0 t0002#1:QUEUED,0"},
		{"R-API-28 an execution's status", "/jobs/r/things", "status=FAILED", ofJob, "t0001#1:FAILED,0"},
		{"R-API-28 QUEUED is no job status", "/jobs/r/things", "status=QUEUED", ofJob, "t0001#2:QUEUED,1 t0002#1:QUEUED,0"},
		{"R-API-27 newest first, then by job id", "/things/t0001/jobs", "", ofThing, "r#2 r#1 a#1 b#1"},
		{"R-API-27 status", "/things/t0001/jobs", "status=FAILED", ofThing, "r#1"},
		{"R-API-27 job", "/things/t0001/jobs", "jobId=r", ofThing, "r#2 r#1"},
		{"R-API-27 namespace", "/things/t0001/jobs", "namespaceId=ns", ofThing, "a#1"},
		{"R-API-27 job and status", "/things/t0002/jobs", "jobId=a&status=QUEUED", ofThing, ""},
	} {
		for _, size := range []int{0, 1, 2} {
			if got := pages(tt.path, tt.query, size, tt.show); got != tt.want {
				t.Errorf("%s: %s?%s in pages of %d: %q, want %q", tt.rule, tt.path, tt.query, size, got, tt.want)
			}
		}
	}
	// R-API-13: the group's id only when a group filters.
	for query, want := range map[string]any{"": nil, "?thingGroupName=g": uuid, "?thingGroupId=" + uuid: uuid, "?namespaceId=ns": nil} {
		for _, item := range s.ask("GET", "/jobs"+query, "")["jobs"].([]any) {
			if got := item.(map[string]any)["thingGroupId"]; got != want {
				t.Errorf("R-API-13: %s: thingGroupId %v, want %v", query, got, want)
			}
		}
	}
	for _, path := range []string{
		"/jobs?thingGroupName=nope", "/jobs?thingGroupId=nope", "/jobs?thingGroupName=g&thingGroupId=" + other, // R-API-12
		"/things/nope/jobs", "/jobs/nope/things", // R-API-27
	} {
		if status, exception, text := s.send(call{method: "GET", path: path}); status != 404 || exception != "ResourceNotFoundException" {
			t.Errorf("%s: %d %s %s", path, status, exception, text)
		}
	}
	if status, _, text := s.send(call{method: "GET", path: "/jobs/r/things?status=COMPLETED"}); status != 400 {
		t.Errorf("R-API-28: a job's status as the filter: %d %s", status, text)
	}
}
