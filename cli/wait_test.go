package cli

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a call with --wait prints, says and ends with (R-CMD-154, R-CMD-155).
func TestWait(t *testing.T) {
	t.Parallel()
	job := func(status, members string) answer {
		return answer{status: 200, body: `{"job":{"jobId":"j","status":"` + status + `","targetSelection":"SNAPSHOT"` + members + `}}`}
	}
	created := answer{status: 200, body: `{"jobId":"j"}`}
	succeeded := job("COMPLETED", `,"jobProcessDetails":{"numberOfSucceededThings":2}`)
	failed := job("COMPLETED", `,"jobProcessDetails":{"numberOfFailedThings":1}`)
	running := job("IN_PROGRESS", `,"jobProcessDetails":{"numberOfQueuedThings":2}`)
	gone := answer{404, "ResourceNotFoundException", `{"message":"no job j"}`}
	absent := answer{404, "ResourceNotFoundException", `{"message":"job j does not exist"}`}
	create := "create-job --job-id j --targets t --query jobId --wait"
	for name, tt := range map[string]struct {
		line    string
		answers []answer
		status  int
		out     string
		said    string // a part of it
	}{
		"succeeds":             {create, []answer{created, running, succeeded}, 0, "\"j\"\n", "j COMPLETED: released 2"},
		"fails":                {create, []answer{created, running, failed}, 1, "\"j\"\n", "\njob j is COMPLETED, and 1 of its 1 executions have not succeeded\n"},
		"is refused":           {create, []answer{gone}, 254, "", "(ResourceNotFoundException)"},
		"is deleted":           {create, []answer{created, running, gone}, 1, "\"j\"\n", "job j was deleted\n"},
		"is described":         {"describe-job --job-id j --query job.status --wait", []answer{running, succeeded}, 0, "\"COMPLETED\"\n", "j IN_PROGRESS"},
		"is described, failed": {"describe-job --job-id j --query job.status --wait", []answer{running, failed}, 1, "\"COMPLETED\"\n", "have not succeeded"},
		"is canceled":          {"cancel-job --job-id j --wait", []answer{{status: 200, body: "{}"}, job("CANCELED", "")}, 0, "", "j CANCELED"},
		"was canceled":         {"update-job --job-id j --wait", []answer{{status: 200, body: "{}"}, job("CANCELED", `,"comment":"no"`)}, 1, "", "job j is CANCELED (no)\n"},
		"goes":                 {"delete-job --job-id j --wait", []answer{{status: 200, body: "{}"}, running, gone}, 0, "", "job j is deleted\n"},
		"never ends":           {create + " --target-selection CONTINUOUS", []answer{created}, 252, "", "never ends by itself"},
		"turns out endless": {create, []answer{created, {status: 200, body: `{"job":{"jobId":"j","status":"IN_PROGRESS","targetSelection":"CONTINUOUS"}}`}},
			255, "\"j\"\n", "never ends by itself"},
		"cannot wait": {"list-jobs --wait", nil, 252, "", "Unknown options: --wait"},
		"is not there": {"describe-job --job-id j --wait", []answer{absent}, 254, "", "\nAn error occurred (ResourceNotFoundException) when calling the " +
			"DescribeJob operation: job j does not exist\n(drover iot list-jobs shows the jobs that there are)\n"},
		"no execution": {"cancel-job-execution --job-id j --thing-name t --wait", []answer{{status: 200, body: "{}"}, gone}, 254, "",
			"when calling the DescribeJobExecution operation: no job j\n"},
		"below zero":  {"describe-job --job-id j --wait --wait-timeout -1", nil, 252, "", "--wait-timeout: -1 is refused: must be 0 or more seconds"},
		"only a time": {"describe-job --job-id j --wait-timeout 5", nil, 252, "", "--wait-timeout needs --wait"},
		"of the execution": {"describe-job-execution --job-id j --thing-name t --wait --query execution.status",
			[]answer{{status: 200, body: `{"execution":{"status":"QUEUED"}}`}, {status: 200, body: `{"execution":{"status":"SUCCEEDED"}}`}},
			0, "\"SUCCEEDED\"\n", "j on t QUEUED\nj on t SUCCEEDED\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vars := record(t, tt.answers...).environment(t)
			got := call1(t, vars, "", append([]string{"iot"}, strings.Fields(tt.line)...)...)
			if diff := cmp.Diff([]any{tt.status, tt.out}, []any{got.status, got.out}); diff != "" || !strings.Contains(got.problem, tt.said) {
				t.Errorf("(-want +got):\n%s\nsaid %s\nwant %s", diff, got.problem, tt.said)
			}
			vars["DROVER_CLI_COMPAT"] = "1"
			again := call1(t, record(t, tt.answers...).with(vars), "", append([]string{"iot"}, strings.Fields(tt.line)...)...)
			if tt.status == 1 && again.status != 1 {
				t.Errorf("status %d with the first generation's statuses", again.status)
			}
		})
	}
	if got := call1(t, nil, "", "iot-jobs-data", "describe-job-execution", "--job-id", "j", "--thing-name", "t", "--wait"); got.status != 252 {
		t.Errorf("on the device plane: %+v", got)
	}
}

// A wait that takes too long ends with a status of its own (R-CMD-155).
func TestWaitTimeout(t *testing.T) {
	t.Parallel()
	r := record(t, answer{status: 200, body: `{"job":{"jobId":"j","status":"IN_PROGRESS"}}`})
	vars := r.environment(t)
	getenv := func(name string) string { return vars[name] }
	var out, problem bytes.Buffer
	status := Run(t.Context(), strings.Fields("iot update-job --job-id j --wait --wait-timeout 1"), Env{
		Stdin: strings.NewReader(""), Stdout: &out, Stderr: &problem, Getenv: getenv, Program: "drover", Location: time.UTC,
	})
	if status != 124 || !strings.HasSuffix(problem.String(), "job j: the time for waiting is over; it goes on\n") {
		t.Errorf("%d: %s", status, &problem)
	}
	// The call, and a look before and after the pause.
	if calls := len(r.sent); calls != 3 {
		t.Errorf("%d requests, want 3", calls)
	}
}

// with points variables at another server.
func (r *recorder) with(vars map[string]string) map[string]string {
	vars["AWS_ENDPOINT_URL"] = r.URL
	return vars
}
