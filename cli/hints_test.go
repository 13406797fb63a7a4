package cli

import (
	"strings"
	"testing"
)

// What was meant by a wrong word stands below the message (R-CMD-142).
func TestHints(t *testing.T) {
	t.Parallel()
	refused := record(t, answer{400, "InvalidRequestException", `{"message":"no"}`})
	missing := record(t, answer{404, "ResourceNotFoundException", `{"message":"no"}`})
	for _, row := range []struct {
		name string
		at   *recorder
		line string
		want string // how the error ends before the usage text
	}{
		{"an option", refused, "iot update-job --job-id j --descriptn x", "Unknown options: --descriptn, x\n(did you mean --description?)\n"},
		{"an option with a value", refused, "iot update-job --job-id j --jobid=x", "Unknown options: --jobid=x\n(did you mean --job-id?)\n"},
		{"nothing near", refused, "iot update-job --job-id j --zzzzzz", "Unknown options: --zzzzzz\n"},
		{"a member", refused, "iot update-job --job-id j --timeout-config inProgressTimeoutInMinute=5",
			"must be one of: inProgressTimeoutInMinutes\n(did you mean inProgressTimeoutInMinutes?)\n"},
		{"a value", refused, "iot list-jobs --status INPROGRESS", "ListJobs operation: no\n(did you mean IN_PROGRESS?)\n"},
		{"a nested value", refused, "iot update-job --job-id j --job-executions-retry-config criteriaList=[{failureType=FAILD,numberOfRetries=1}]",
			"UpdateJob operation: no\n(did you mean FAILED?)\n"},
		{"a right value", refused, "iot list-jobs --status IN_PROGRESS", "ListJobs operation: no\n"},
		{"another refusal", missing, "iot list-jobs --status INPROGRESS", "ListJobs operation: no\n"},
	} {
		got := call1(t, row.at.environment(t), "", strings.Fields(row.line)...)
		problem, _, _ := strings.Cut(got.problem, "usage: ")
		if got.status == 0 || !strings.HasSuffix(problem, row.want) {
			t.Errorf("%s: status %d, %q, want %q", row.name, got.status, problem, row.want)
		}
	}
}
