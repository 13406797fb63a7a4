package https

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/drover-iot/drover/internal/rates"
)

// What boto3 sends, as it was captured, and what it reads of the answer: the name of an error is in
// the header, whole, and nowhere in the body; whole numbers are written as such, since it would cut
// off a fraction without a word (R-CLI-24, R-HTTP-27).
func TestLikeBoto(t *testing.T) {
	t.Parallel()
	h, _ := newHandler(t)
	for _, row := range []struct {
		method, path, body string
		exception          string
		members            []string // of the body
	}{
		{"GET", "/things/pump/jobs", "", "", []string{"inProgressJobs", "queuedJobs"}},
		{"GET", "/things/pump/jobs/%24next?includeJobDocument=true", "", "", []string{"execution"}},
		{"PUT", "/things/pump/jobs/$next", `{}`, "", []string{"execution"}},
		{"PUT", "/things/pump/jobs/$next", `{"stepTimeoutInMinutes": 1}`, "", []string{"execution"}},
		{"GET", "/things/pump/jobs/fw?includeJobDocument=false&executionNumber=1", "", "", []string{"execution"}},
		{
			"POST", "/things/pump/jobs/fw", `{"status": "IN_PROGRESS", "expectedVersion": 99}`,
			"VersionMismatchException", []string{"executionState", "message"},
		},
		{
			"POST", "/things/pump/jobs/fw",
			`{"status": "SUCCEEDED", "includeJobExecutionState": true, "includeJobDocument": true}`,
			"", []string{"executionState", "jobDocument"},
		},
		{
			"POST", "/things/pump/jobs/fw", `{"status": "IN_PROGRESS"}`,
			"InvalidStateTransitionException", []string{"executionState", "message"},
		},
		{"GET", "/things/pump/jobs/fw?includeJobDocument=true", "", "TerminalStateException", []string{"message"}},
		{"GET", "/things/pump/jobs/%24next", "", "", []string{}},
		{"GET", "/things/pump/jobs/fw?includeJobDocument=maybe", "", "InvalidRequestException", []string{"message"}},
		{"GET", "/things/lamp/jobs", "", "ResourceNotFoundException", []string{"message"}},
	} {
		w := serve(h, row.method, row.path, row.body, anyone)
		what := row.method + " " + row.path + " " + row.body
		if got := w.Header().Get("x-amzn-ErrorType"); got != row.exception || (w.Code == 200) != (got == "") {
			t.Errorf("%s: %d %q, want %q", what, w.Code, got, row.exception)
		}
		var body map[string]any
		numbers := json.NewDecoder(strings.NewReader(w.Body.String()))
		numbers.UseNumber()
		if err := numbers.Decode(&body); err != nil {
			t.Fatalf("%s: %s: %v", what, w.Body, err)
		}
		if got := slices.Sorted(maps.Keys(body)); !slices.Equal(got, row.members) {
			t.Errorf("%s: members %v, want %v", what, got, row.members)
		}
		for _, n := range numbersOf(body) {
			if strings.ContainsAny(n, ".eE") {
				t.Errorf("%s: the number %s: %s", what, n, w.Body)
			}
		}
		without := strings.Contains(row.path, "includeJobDocument=false")
		if x, found := body["execution"].(map[string]any); found && (x["jobDocument"] == nil) != without {
			t.Errorf("%s: %s", what, w.Body)
		}
	}
}

// numbersOf are all numbers in a value, as they are written.
func numbersOf(value any) (found []string) {
	switch v := value.(type) {
	case json.Number:
		return []string{v.String()}
	case map[string]any:
		for _, member := range v {
			found = append(found, numbersOf(member)...)
		}
	case []any:
		for _, item := range v {
			found = append(found, numbersOf(item)...)
		}
	}
	return found
}

// A SDK that got no answer, or one that says 429 or 503, sends its request again by itself. A report
// that was throttled is accepted then. One that was applied is refused, and changes nothing: the
// refusal shows the state that the first one has made (R-CLI-25, R-HTTP-24).
func TestRepeatedUpdate(t *testing.T) {
	t.Parallel()
	h, p := newHandler(t)
	const fw, report = "/things/pump/jobs/fw", `{"status":"SUCCEEDED","statusDetails":{"took":"3 s"}}`
	p.Writes = rates.PerSecond(1e-9)
	p.Writes.Allow()    // the only one for a long time
	throttled := New(p) // h has no limit
	if w := serve(throttled, "POST", fw, report, anyone); w.Code != 429 ||
		w.Header().Get("x-amzn-ErrorType") != "ThrottlingException" {
		t.Errorf("too soon: %d %s", w.Code, w.Body)
	}
	p.Writes.Set(0) // no limit any more
	if w := serve(throttled, "POST", fw, report, anyone); w.Code != 200 {
		t.Errorf("sent again: %d %s", w.Code, w.Body)
	}
	const state = `"executionState":{"status":"SUCCEEDED","statusDetails":{"took":"3 s"},"versionNumber":2}`
	for range 3 {
		for _, again := range []string{report, `{"status":"FAILED"}`} {
			w := serve(h, "POST", fw, again, anyone)
			if w.Code != 409 || w.Header().Get("x-amzn-ErrorType") != "InvalidStateTransitionException" ||
				!strings.Contains(w.Body.String(), state) {
				t.Errorf("%s once more: %d %s, want %s in it", again, w.Code, w.Body, state)
			}
		}
	}
}
