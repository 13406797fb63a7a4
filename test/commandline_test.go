package test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/test/testserver"
)

// commandLine is one way to call the API from a shell.
type commandLine struct {
	t       testing.TB
	program []string
	env     []string
	dir     string
}

// run calls the program and returns what it printed and its status.
func (c commandLine) run(args ...string) (out, problem string, status int) {
	c.t.Helper()
	command := exec.CommandContext(c.t.Context(), c.program[0], append(c.program[1:], args...)...)
	command.Env, command.Dir = c.env, c.dir
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		c.t.Fatal(err)
	}
	return stdout.String(), stderr.String(), command.ProcessState.ExitCode()
}

// ok calls the program, which must succeed, and returns what it printed.
func (c commandLine) ok(args ...string) string {
	c.t.Helper()
	out, problem, status := c.run(args...)
	if status != 0 {
		c.t.Fatalf("%s: status %d\n%s", strings.Join(args, " "), status, problem)
	}
	return out
}

// json is ok with the answer read.
func (c commandLine) json(args ...string) map[string]any {
	c.t.Helper()
	var answer map[string]any
	if out := c.ok(args...); out != "" {
		if err := json.Unmarshal([]byte(out), &answer); err != nil {
			c.t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	return answer
}

// refused calls the program, which must end with the API's error.
func (c commandLine) refused(code string, args ...string) {
	c.t.Helper()
	out, problem, status := c.run(args...)
	if status == 0 || out != "" || !strings.Contains(problem, "An error occurred ("+code+") when calling the ") {
		c.t.Errorf("%s: status %d, %q, want %s", strings.Join(args, " "), status, problem, code)
	}
}

// environment is what a user exports to call the server.
func (s *server) environment(home string) []string {
	return []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + home, "AWS_ENDPOINT_URL=" + s.HTTP, "AWS_DEFAULT_REGION=" + s.Region,
		"AWS_ACCESS_KEY_ID=" + s.AccessKeyID, "AWS_SECRET_ACCESS_KEY=" + s.SecretAccessKey, "AWS_PAGER=",
	}
}

// The same session with the stock aws command line and with drover's own: every operation of the
// walk, every updatable member in shorthand and in JSON, --cli-input-json, skeletons, and refusals.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	stock := must[string](t)(filepath.Abs("../.tools/aws/bin/aws"))
	if _, err := os.Stat(stock); err != nil {
		t.Fatalf("the aws command line is missing: run make setup: %v", err)
	}
	for name, program := range map[string][]string{"aws": {stock}, "drover": {testserver.Binary}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, home := serve(t), t.TempDir()
			c := commandLine{t: t, program: program, env: s.environment(home), dir: home}
			c.registry(s)
			c.jobs(s)
			c.updates()
			c.device()
			c.ending()
		})
	}
}

// registry makes what a job needs, and describes, lists and removes each kind.
func (c commandLine) registry(s *server) {
	t := c.t
	c.json("iot", "create-thing", "--thing-name", "pump-07", "--attribute-payload", "attributes={site=north}")
	c.json("iot", "create-thing", "--thing-name", "spare")
	c.json("iot", "create-thing-group", "--thing-group-name", "site-1", "--thing-group-properties", `{"thingGroupDescription":"the first"}`)
	c.json("iot", "add-thing-to-thing-group", "--thing-name", "pump-07", "--thing-group-name", "site-1")
	made := c.json("iot", "create-keys-and-certificate", "--set-as-active")
	arn, id := made["certificateArn"].(string), made["certificateId"].(string)
	c.json("iot", "create-policy", "--policy-name", "jobs", "--policy-document", s.JobsPolicy())
	c.json("iot", "attach-policy", "--policy-name", "jobs", "--target", arn)
	c.json("iot", "attach-thing-principal", "--thing-name", "pump-07", "--principal", arn)

	for _, tt := range []struct{ query, want string }{
		{"describe-endpoint --endpoint-type iot:Data-ATS --query endpointAddress", "localhost"},
		{"describe-endpoint --endpoint-type iot:Jobs --query endpointAddress", "localhost"},
		{"describe-thing --thing-name pump-07 --query attributes.site", "north"},
		{"list-things --query things[].thingName", "pump-07\tspare"},
		{"list-things --attribute-name site --query things[].thingName", "pump-07"},
		{"describe-thing-group --thing-group-name site-1 --query thingGroupProperties.thingGroupDescription", "the first"},
		{"list-thing-groups --query thingGroups[].groupName", "site-1"},
		{"list-things-in-thing-group --thing-group-name site-1 --query things", "pump-07"},
		{"list-thing-groups-for-thing --thing-name pump-07 --query thingGroups[].groupName", "site-1"},
		{"describe-certificate --certificate-id " + id + " --query certificateDescription.status", "ACTIVE"},
		{"list-certificates --query certificates[].certificateId", id},
		{"list-thing-principals --thing-name pump-07 --query principals", arn},
		{"list-principal-things --principal " + arn + " --query things", "pump-07"},
		{"get-policy --policy-name jobs --query defaultVersionId", "1"},
		{"list-policies --query policies[].policyName", "jobs"},
		{"list-attached-policies --target " + arn + " --query policies[].policyName", "jobs"},
		{"list-targets-for-policy --policy-name jobs --query targets", arn},
	} {
		if got := strings.TrimSpace(c.ok(append(append([]string{"iot"}, strings.Fields(tt.query)...), "--output", "text")...)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.query, got, tt.want)
		}
	}
	c.refused("InvalidRequestException", "iot", "describe-endpoint", "--endpoint-type", "iot:CredentialProvider")
	c.refused("CertificateStateException", "iot", "delete-certificate", "--certificate-id", id)
	c.refused("DeleteConflictException", "iot", "delete-policy", "--policy-name", "jobs")
	c.json("iot", "detach-thing-principal", "--thing-name", "pump-07", "--principal", arn)
	c.json("iot", "detach-policy", "--policy-name", "jobs", "--target", arn)
	c.json("iot", "update-certificate", "--certificate-id", id, "--new-status", "INACTIVE")
	c.json("iot", "delete-certificate", "--certificate-id", id)
	c.json("iot", "delete-policy", "--policy-name", "jobs")
	c.json("iot", "delete-thing", "--thing-name", "spare")
	c.refused("ResourceNotFoundException", "iot", "describe-thing", "--thing-name", "spare")
}

// jobs creates the job and reads it in the documented shape.
func (c commandLine) jobs(s *server) {
	t := c.t
	c.json("iot", "create-job", "--job-id", "fw", "--targets", s.ARN("thinggroup", "site-1"), "--document", `{"do": 1.50}`,
		"--job-executions-rollout-config", "maximumPerMinute=50", "--timeout-config", "inProgressTimeoutInMinutes=30",
		"--abort-config", "criteriaList=[{failureType=FAILED,action=CANCEL,thresholdPercentage=20,minNumberOfExecutedThings=5}]")
	c.refused("ResourceAlreadyExistsException", "iot", "create-job", "--job-id", "fw", "--targets", s.ARN("thinggroup", "site-1"), "--document", "{}")
	job := c.json("iot", "describe-job", "--job-id", "fw")["job"].(map[string]any)
	for _, at := range []string{"createdAt", "lastUpdatedAt"} {
		if job[at] == nil {
			t.Errorf("describe-job shows no %s", at)
		}
		delete(job, at)
	}
	want := map[string]any{
		"jobArn": s.ARN("job", "fw"), "jobId": "fw", "targetSelection": "SNAPSHOT", "status": "IN_PROGRESS", "targets": []any{s.ARN("thinggroup", "site-1")},
		"presignedUrlConfig": map[string]any{}, "jobExecutionsRolloutConfig": map[string]any{"maximumPerMinute": 50.0},
		"timeoutConfig": map[string]any{"inProgressTimeoutInMinutes": 30.0}, "isConcurrent": false,
		"abortConfig": map[string]any{"criteriaList": []any{map[string]any{
			"failureType": "FAILED", "action": "CANCEL", "thresholdPercentage": 20.0, "minNumberOfExecutedThings": 5.0}}},
		"jobProcessDetails": map[string]any{
			"numberOfCanceledThings": 0.0, "numberOfSucceededThings": 0.0, "numberOfFailedThings": 0.0, "numberOfRejectedThings": 0.0,
			"numberOfQueuedThings": 1.0, "numberOfInProgressThings": 0.0, "numberOfRemovedThings": 0.0, "numberOfTimedOutThings": 0.0},
	}
	if diff := cmp.Diff(want, job); diff != "" { // R-WIRE-14, R-JOB-45, R-API-40
		t.Errorf("describe-job (-want +got):\n%s", diff)
	}
	if got := c.ok("iot", "get-job-document", "--job-id", "fw", "--query", "document", "--output", "text"); got != "{\"do\": 1.50}\n" {
		t.Errorf("get-job-document: %q", got)
	}
	c.refused("ResourceNotFoundException", "iot", "describe-job", "--job-id", "nope")
}

// updates changes each member while the job runs, in shorthand and in JSON, and from a file.
func (c commandLine) updates() {
	t := c.t
	input := filepath.Join(c.dir, "input.json")
	if err := os.WriteFile(input, []byte(`{"jobId":"fw","description":"from the file","timeoutConfig":{"inProgressTimeoutInMinutes":7}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	role := "arn:aws:iam::123456789012:role/r"
	for _, tt := range []struct {
		args  []string
		query string
		want  string
	}{
		{[]string{"--description", "new text"}, "description", `"new text"`},
		{[]string{"--presigned-url-config", "roleArn=" + role + ",expiresInSec=60"}, "presignedUrlConfig", `{"roleArn":"` + role + `","expiresInSec":60}`},
		{[]string{"--presigned-url-config", `{"roleArn":"` + role + `"}`}, "presignedUrlConfig", `{"roleArn":"` + role + `"}`},
		{[]string{"--job-executions-rollout-config", "maximumPerMinute=5"}, "jobExecutionsRolloutConfig", `{"maximumPerMinute":5}`},
		{[]string{"--job-executions-rollout-config", "exponentialRate={baseRatePerMinute=10,incrementFactor=1.5,rateIncreaseCriteria={numberOfNotifiedThings=100}}"},
			"jobExecutionsRolloutConfig.exponentialRate.incrementFactor", `1.5`},
		{[]string{"--job-executions-rollout-config", `{}`}, "jobExecutionsRolloutConfig", `{}`},
		{[]string{"--abort-config", "criteriaList=[{failureType=ALL,action=CANCEL,thresholdPercentage=99.99,minNumberOfExecutedThings=9}]"},
			"abortConfig.criteriaList[0].thresholdPercentage", `99.99`},
		{[]string{"--abort-config", `{"criteriaList":[{"failureType":"TIMED_OUT","action":"CANCEL","thresholdPercentage":50,"minNumberOfExecutedThings":9}]}`},
			"abortConfig.criteriaList[0].failureType", `"TIMED_OUT"`},
		{[]string{"--timeout-config", "inProgressTimeoutInMinutes=60"}, "timeoutConfig", `{"inProgressTimeoutInMinutes":60}`},
		{[]string{"--timeout-config", `{"inProgressTimeoutInMinutes":61}`}, "timeoutConfig", `{"inProgressTimeoutInMinutes":61}`},
		{[]string{"--job-executions-retry-config", "criteriaList=[{failureType=ALL,numberOfRetries=0}]"}, "jobExecutionsRetryConfig.criteriaList[0].failureType", `"ALL"`},
		{[]string{"--job-executions-retry-config", `{"criteriaList":[{"failureType":"FAILED","numberOfRetries":0}]}`}, "jobExecutionsRetryConfig.criteriaList[0].failureType", `"FAILED"`},
		{[]string{"--cli-input-json", "file://" + input}, "timeoutConfig", `{"inProgressTimeoutInMinutes":7}`},
		{[]string{"--cli-input-json", "file://" + input, "--description", "from the option"}, "description", `"from the option"`},
	} {
		if out := c.ok(append([]string{"iot", "update-job", "--job-id", "fw"}, tt.args...)...); out != "" {
			t.Errorf("update-job %v printed %q", tt.args, out)
		}
		var got, want any
		shown := c.ok("iot", "describe-job", "--job-id", "fw", "--query", "job."+tt.query)
		if shown == "" {
			shown = "{}" // R-CMD-73: only an empty object prints nothing
		}
		if err := errors.Join(json.Unmarshal([]byte(shown), &got), json.Unmarshal([]byte(tt.want), &want)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after update-job %v, %s (-want +got):\n%s", tt.args, tt.query, diff)
		}
	}
	c.refused("InvalidRequestException", "iot", "update-job", "--job-id", "fw", "--job-executions-retry-config", "criteriaList=[{failureType=FAILED,numberOfRetries=2}]")
	c.refused("InvalidRequestException", "iot", "update-job", "--job-id", "fw", "--timeout-config", "inProgressTimeoutInMinutes=10081")
	skeleton := c.json("iot", "update-job", "--generate-cli-skeleton")
	if len(skeleton) != 8 || skeleton["jobId"] != "" {
		t.Errorf("skeleton: %v", skeleton)
	}
}

// device runs the job as a device would, over the HTTPS API.
func (c commandLine) device() {
	t := c.t
	pending := c.json("iot-jobs-data", "get-pending-job-executions", "--thing-name", "pump-07")
	if len(pending["queuedJobs"].([]any)) != 1 || len(pending["inProgressJobs"].([]any)) != 0 { // R-HTTP-10
		t.Errorf("pending: %v", pending)
	}
	started := c.json("iot-jobs-data", "start-next-pending-job-execution", "--thing-name", "pump-07", "--status-details", "phase=fetch", "--step-timeout-in-minutes", "5")
	x := started["execution"].(map[string]any)
	if x["status"] != "IN_PROGRESS" || x["jobDocument"] != `{"do": 1.50}` || x["approximateSecondsBeforeTimedOut"] != 300.0 { // R-HTTP-9
		t.Errorf("started: %v", started)
	}
	next := c.json("iot-jobs-data", "describe-job-execution", "--thing-name", "pump-07", "--job-id", "$next", "--no-include-job-document")
	if next["execution"].(map[string]any)["jobDocument"] != nil { // R-MQTT-22
		t.Errorf("without a document: %v", next)
	}
	c.refused("VersionMismatchException", "iot-jobs-data", "update-job-execution", "--thing-name", "pump-07", "--job-id", "fw", "--status", "SUCCEEDED", "--expected-version", "1")
	state := c.json("iot-jobs-data", "update-job-execution", "--thing-name", "pump-07", "--job-id", "fw", "--status", "SUCCEEDED", "--include-job-execution-state")
	if state["executionState"].(map[string]any)["versionNumber"] != 3.0 {
		t.Errorf("state: %v", state)
	}
	c.refused("InvalidStateTransitionException", "iot-jobs-data", "update-job-execution", "--thing-name", "pump-07", "--job-id", "fw", "--status", "FAILED")
	c.refused("TerminalStateException", "iot-jobs-data", "describe-job-execution", "--thing-name", "pump-07", "--job-id", "fw")
	if idle := c.json("iot-jobs-data", "start-next-pending-job-execution", "--thing-name", "pump-07"); len(idle) != 0 { // R-HTTP-11
		t.Errorf("nothing pending: %v", idle)
	}
}

// ending reads how it went, cancels a second job, and deletes both.
func (c commandLine) ending() {
	t := c.t
	for _, tt := range []struct{ query, want string }{
		{"describe-job --job-id fw --query job.[status,jobProcessDetails.numberOfSucceededThings]", "COMPLETED\t1"},
		{"describe-job-execution --job-id fw --thing-name pump-07 --query execution.[status,statusDetails.detailsMap.phase,executionNumber,versionNumber]", "SUCCEEDED\tfetch\t1\t3"},
		{"list-jobs --status COMPLETED --query jobs[].jobId", "fw"},
		{"list-jobs --query jobs[?status==`COMPLETED`].jobId", "fw"}, // R-CMD-89
		{"list-jobs --query jobs[?status==`COMPLETED`].{b:status,a:jobId}|[0].*", "COMPLETED\tfw"},
		{"describe-job --job-id fw --query keys(job.{z:jobId,a:status})", "z\ta"},
		{"list-job-executions-for-job --job-id fw --query executionSummaries[].jobExecutionSummary.status", "SUCCEEDED"},
		{"list-job-executions-for-thing --thing-name pump-07 --query executionSummaries[].[jobId,jobExecutionSummary.retryAttempt]", "fw\t0"},
	} {
		if got := strings.TrimSpace(c.ok(append(append([]string{"iot"}, strings.Fields(tt.query)...), "--output", "text")...)); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.query, got, tt.want)
		}
	}
	c.refused("InvalidRequestException", "iot", "update-job", "--job-id", "fw", "--description", "too late")
	c.refused("InvalidRequestException", "iot", "cancel-job", "--job-id", "fw")
	thing := strings.TrimSpace(c.ok("iot", "describe-thing", "--thing-name", "pump-07", "--query", "thingArn", "--output", "text"))
	c.json("iot", "create-job", "--job-id", "second", "--targets", thing, "--document", "{}")
	c.refused("InvalidStateTransitionException", "iot", "delete-job", "--job-id", "second")
	c.json("iot", "cancel-job", "--job-id", "second", "--reason-code", "WRONG_FILE", "--comment", "not that one")
	if got := c.ok("iot", "describe-job", "--job-id", "second", "--query", "job.[status,reasonCode,comment]", "--output", "text"); got != "CANCELED\tWRONG_FILE\tnot that one\n" {
		t.Errorf("cancelled: %q", got)
	}
	c.json("iot", "delete-job", "--job-id", "fw")
	c.json("iot", "delete-job", "--job-id", "second")
	c.json("iot", "remove-thing-from-thing-group", "--thing-name", "pump-07", "--thing-group-name", "site-1")
	c.json("iot", "delete-thing-group", "--thing-group-name", "site-1")
	c.refused("ResourceNotFoundException", "iot", "describe-job", "--job-id", "fw")
}
