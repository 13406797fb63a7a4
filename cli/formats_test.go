package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/exit"
)

// Lists in each output format, joined or page by page, asked for in each way (R-CMD-84 to R-CMD-88,
// R-CMD-97).
func TestFormats(t *testing.T) {
	t.Parallel()
	pages := []answer{
		{200, "", `{"jobs":[{"status":"S","jobId":"a"},{"jobId":"b"}],"nextToken":"t2"}`},
		{200, "", `{"jobs":[{"jobId":"yes"}]}`},
	}
	table := "-----------------------\n|      ListJobs       |\n+---------------------+\n||       jobs        ||\n|+--------+----------+|\n||  jobId | status   ||\n|+--------+----------+|\n" +
		"||  a     |  S       ||\n||  b     |          ||\n||  yes   |          ||\n|+--------+----------+|\n"
	blue, yellow, reset := "\x1b[1m\x1b[34m", "\x1b[2m\x1b[33m|\x1b[0m", "\x1b[0m"
	for _, tt := range []struct {
		rule, vars, words, want string
		requests                int
	}{
		{"R-CMD-83", "", "--output table", table, 2},
		{"R-CMD-84 off", "", "--output table --color off", table, 2},
		{"R-CMD-84 on", "NO_COLOR=1", "--output table --color on --query jobs[].{b:{c:jobId}}[0]",
			"--------------\n|  ListJobs  |\n+------------+\n" + yellow + "|     b    |" + yellow + "\n" + yellow + "+----+-----+" + yellow + "\n" +
				yellow + "|  " + blue + "c" + reset + " |  " + blue + "a" + reset + "  |" + yellow + "\n" + yellow + "+----+-----+" + yellow + "\n", 2},
		{"R-CMD-80 a scalar", "", "--output table --query jobs[0].jobId", "----------\n|ListJobs|\n+--------+\n|  a     |\n+--------+\n", 2},
		{"R-CMD-80 nothing", "", "--output table --query jobs[0].nope", "", 2},
		{"R-CMD-85", "", "--output yaml", "jobs:\n- jobId: a\n  status: S\n- jobId: b\n- jobId: yes\n", 2},
		{"R-CMD-85 cut", "", "--output yaml --max-items 1 --query NextToken", "\"eyJuZXh0VG9rZW4iOiBudWxsLCAiYm90b190cnVuY2F0ZV9hbW91bnQiOiAxfQ==\"\n", 1},
		{"R-CMD-85 a scalar", "", "--output yaml --query length(jobs)", "3\n", 2},
		{"R-CMD-86", "", "--output yaml-stream", "- jobs:\n  - jobId: a\n    status: S\n  - jobId: b\n  nextToken: t2\n- jobs:\n  - jobId: yes\n", 2},
		{"R-CMD-86 query", "", "--output yaml-stream --query jobs[].jobId", "- - a\n  - b\n- - yes\n", 2},
		{"R-CMD-86 cut", "", "--output yaml-stream --max-items 1", "- jobs:\n  - jobId: a\n    status: S\n  nextToken: t2\n", 1},
		{"R-CMD-87", "", "--output off", "", 2},
		{"R-CMD-87 query", "", "--output off --query abs(jobs)", "", 2},
		{"R-CMD-88 environment", "AWS_DEFAULT_OUTPUT=yaml", "--query jobs[].jobId", "- a\n- b\n- yes\n", 2},
		{"R-CMD-88 option", "AWS_DEFAULT_OUTPUT=bogus", "--output text --query jobs[].jobId", "a\tb\nyes\n", 2},
	} {
		r := record(t, pages...)
		vars := r.environment(t)
		if name, text, set := strings.Cut(tt.vars, "="); set {
			vars[name] = text
		}
		got := call1(t, vars, "", append([]string{"iot", "list-jobs"}, strings.Fields(tt.words)...)...)
		if diff := cmp.Diff(tt.want, got.out); diff != "" || got.status != 0 || len(r.sent) != tt.requests {
			t.Errorf("%s: %s: status %d after %d requests (-want +got):\n%s%s", tt.rule, tt.words, got.status, len(r.sent), diff, got.problem)
		}
	}
	r := record(t, pages...)
	vars := r.environment(t)
	vars["AWS_DEFAULT_OUTPUT"] = "bogus"
	if got := call1(t, vars, "", "iot", "list-jobs"); got.status != exit.StatusEnvironment || got.problem != "Unknown output type: bogus\n" || len(r.sent) > 0 {
		t.Errorf("R-CMD-88: %+v, sent %v", got, r.sent)
	}
	// An error is shown also when nothing else is.
	r = record(t, answer{404, "ResourceNotFoundException", `{"message":"m"}`})
	if got := call1(t, r.environment(t), "", "iot", "list-jobs", "--output", "off"); got.status != exit.StatusService || !strings.Contains(got.problem, "ResourceNotFoundException") {
		t.Errorf("R-CMD-87: %+v", got)
	}
}
