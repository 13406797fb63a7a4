package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/exit"
)

// recorder is a server that keeps what it was sent and answers what it was told.
type recorder struct {
	*httptest.Server
	mu      sync.Mutex
	sent    []string // "METHOD path?query body"
	headers []http.Header
	answers []answer // one for each request; the last stays
}

type answer struct {
	status int
	header string // x-amzn-ErrorType
	body   string
}

func record(t *testing.T, answers ...answer) *recorder {
	r := &recorder{answers: answers}
	if len(answers) == 0 {
		r.answers = []answer{{status: 200, body: "{}"}}
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		body, err := io.ReadAll(q.Body)
		if err != nil {
			t.Error(err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.sent = append(r.sent, strings.TrimSpace(q.Method+" "+q.RequestURI+" "+string(body)))
		r.headers = append(r.headers, q.Header.Clone())
		a := r.answers[min(len(r.sent), len(r.answers))-1]
		if a.header != "" {
			w.Header().Set("x-amzn-ErrorType", a.header)
		}
		w.WriteHeader(a.status)
		_, _ = io.WriteString(w, a.body)
	}))
	t.Cleanup(r.Close)
	return r
}

// result is what one call printed and its status.
type result struct {
	out, problem string
	status       int
}

// environment of a call against a server, without shared files.
func (r *recorder) environment(t *testing.T) map[string]string {
	return map[string]string{
		"HOME": t.TempDir(), "AWS_ENDPOINT_URL": r.URL, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret",
		"DROVER_DATA": "/nonexistent",
	}
}

func call1(t *testing.T, vars map[string]string, stdin string, words ...string) result {
	t.Helper()
	var out, problem bytes.Buffer
	getenv := func(name string) string {
		if text, set := vars[name]; set || name != "AWS_EC2_METADATA_DISABLED" {
			return text
		}
		return "true" // tests ask no other machine
	}
	status := Run(context.Background(), words, Env{
		Stdin: strings.NewReader(stdin), Stdout: &out, Stderr: &problem, Getenv: getenv,
		Program: "drover", Version: "test", Location: time.UTC, Wait: func(context.Context, time.Duration) error { return nil },
	})
	return result{out.String(), problem.String(), status}
}

// What is sent for a command line (R-CMD-9 to R-CMD-14, R-CMD-23, R-CMD-35, R-CMD-38, R-CMD-47,
// R-CMD-63 to R-CMD-65).
func TestSent(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file://" + path
	}
	input := write("in.json", `{"jobId":"a","description":"d","timeoutConfig":{"inProgressTimeoutInMinutes":5}}`)
	document := write("d.json", "{\n \"a\": 1.0 }\n")
	short := write("t.txt", "inProgressTimeoutInMinutes=5\n")
	targets := write("targets.json", `["a","b"]`)
	for _, tt := range []struct {
		rule  string
		words []string
		sent  string
	}{
		{"R-CMD-65 no member", []string{"update-job", "--job-id", "j"}, `PATCH /jobs/j {}`},
		{"R-CMD-9", []string{"update-job", "--job-id=j", "--description=-dash"}, `PATCH /jobs/j {"description":"-dash"}`},
		{"R-CMD-10 a blank", []string{"update-job", "--job-id", "j", "--description", "--two words"}, `PATCH /jobs/j {"description":"--two words"}`},
		{"R-CMD-10 number", []string{"update-job", "--job-id", "j", "--description", "-5"}, `PATCH /jobs/j {"description":"-5"}`},
		{"R-CMD-11", []string{"update-job", "--job-i", "j1", "--descr", "x"}, `PATCH /jobs/j1 {"description":"x"}`},
		{"R-CMD-12", []string{"update-job", "--job-id", "a", "--job-id", "b", "--timeout-config", "inProgressTimeoutInMinutes=1", "--timeout-config", "inProgressTimeoutInMinutes=2"},
			`PATCH /jobs/b {"timeoutConfig":{"inProgressTimeoutInMinutes":2}}`},
		{"R-CMD-12 list", []string{"create-job", "--job-id", "j", "--targets", "a", "--targets", "b", "c"}, `PUT /jobs/j {"targets":["b","c"]}`},
		{"R-CMD-14", []string{"delete-job", "--job-id", "j", "--force", "--no-force"}, `DELETE /jobs/j?force=false`},
		{"R-CMD-14 not given", []string{"delete-job", "--job-id", "j"}, `DELETE /jobs/j`},
		{"R-CMD-24", []string{"create-job", "--job-id", "j", "--targets", "a,b"}, `PUT /jobs/j {"targets":["a,b"]}`},
		{"R-CMD-46", []string{"create-job", "--job-id", "j", "--targets", `["a","b"]`}, `PUT /jobs/j {"targets":["a","b"]}`},
		{"R-CMD-42 list", []string{"create-job", "--job-id", "j", "--targets", targets}, `PUT /jobs/j {"targets":["a","b"]}`},
		{"R-CMD-35 presigned", []string{"update-job", "--job-id", "j", "--presigned-url-config", "roleArn=arn:aws:iam::123456789012:role/r,expiresInSec=3600"},
			`PATCH /jobs/j {"presignedUrlConfig":{"roleArn":"arn:aws:iam::123456789012:role/r","expiresInSec":3600}}`},
		{"R-CMD-35 rollout", []string{"update-job", "--job-id", "j", "--job-executions-rollout-config",
			"exponentialRate={baseRatePerMinute=10,incrementFactor=1.5,rateIncreaseCriteria={numberOfNotifiedThings=100}}"},
			`PATCH /jobs/j {"jobExecutionsRolloutConfig":{"exponentialRate":{"baseRatePerMinute":10,"incrementFactor":1.5,"rateIncreaseCriteria":{"numberOfNotifiedThings":100}}}}`},
		{"R-CMD-35 abort", []string{"update-job", "--job-id", "j", "--abort-config", "criteriaList=[{failureType=FAILED,action=CANCEL,thresholdPercentage=10,minNumberOfExecutedThings=3}]"},
			`PATCH /jobs/j {"abortConfig":{"criteriaList":[{"failureType":"FAILED","action":"CANCEL","thresholdPercentage":10.0,"minNumberOfExecutedThings":3}]}}`},
		{"R-CMD-33 wrapped", []string{"update-job", "--job-id", "j", "--job-executions-retry-config", "criteriaList={failureType=ALL,numberOfRetries=0}"},
			`PATCH /jobs/j {"jobExecutionsRetryConfig":{"criteriaList":[{"failureType":"ALL","numberOfRetries":0}]}}`},
		{"R-CMD-35 tags", []string{"create-job", "--job-id", "j", "--targets", "t", "--tags", "Key=a,Value=b", "Key=c,Value=d"},
			`PUT /jobs/j {"targets":["t"],"tags":[{"Key":"a","Value":"b"},{"Key":"c","Value":"d"}]}`},
		{"R-CMD-13 no tags", []string{"create-job", "--job-id", "j", "--targets", "t", "--tags"}, `PUT /jobs/j {"targets":["t"],"tags":[]}`},
		{"R-CMD-35 map", []string{"create-job", "--job-id", "j", "--targets", "t", "--document-parameters", "k1=v1,u=https://example.com/a?b=c&d=e"},
			`PUT /jobs/j {"targets":["t"],"documentParameters":{"k1":"v1","u":"https://example.com/a?b=c&d=e"}}`},
		{"R-CMD-38 JSON stays as it is", []string{"update-job", "--job-id", "j", "--abort-config",
			`{"criteriaList":[{"failureType":"FAILED","action":"CANCEL","thresholdPercentage":50,"minNumberOfExecutedThings":1}]}`},
			`PATCH /jobs/j {"abortConfig":{"criteriaList":[{"failureType":"FAILED","action":"CANCEL","thresholdPercentage":50,"minNumberOfExecutedThings":1}]}}`},
		{"R-CMD-41 document", []string{"create-job", "--job-id", "j", "--targets", "t", "--document", `{ "b": 1 }`}, `PUT /jobs/j {"targets":["t"],"document":"{ \"b\": 1 }"}`},
		{"R-CMD-42 document", []string{"create-job", "--job-id", "j", "--targets", "t", "--document", document}, `PUT /jobs/j {"targets":["t"],"document":"{\n \"a\": 1.0 }\n"}`},
		{"R-CMD-42 shorthand", []string{"update-job", "--job-id", "j", "--timeout-config", short}, `PATCH /jobs/j {"timeoutConfig":{"inProgressTimeoutInMinutes":5}}`},
		{"R-CMD-43", []string{"update-job", "--job-id", "j", "--description", "http://example.com/x"}, `PATCH /jobs/j {"description":"http://example.com/x"}`},
		{"R-CMD-47 file", []string{"update-job", "--cli-input-json", input}, `PATCH /jobs/a {"description":"d","timeoutConfig":{"inProgressTimeoutInMinutes":5}}`},
		{"R-CMD-47 option wins", []string{"update-job", "--description", "", "--cli-input-json", input, "--timeout-config", "{}"}, `PATCH /jobs/a {"description":"","timeoutConfig":{}}`},
		{"R-CMD-47 inline", []string{"update-job", "--job-id", "z", "--cli-input-json", `{"description":"d"}`}, `PATCH /jobs/z {"description":"d"}`},
		{"R-CMD-49 standard input", []string{"update-job", "--cli-input-json", "-"}, `PATCH /jobs/stdin {"description":"d"}`},
		{"R-CMD-63", []string{"describe-job-execution", "--job-id", "j/k", "--thing-name", "t 1:é"}, `GET /things/t%201%3A%C3%A9/jobs/j%2Fk`},
		{"R-CMD-23", []string{"describe-job-execution", "--job-id", "j", "--thing-name", "t", "--execution-number", "9223372036854775808"},
			`GET /things/t/jobs/j?executionNumber=9223372036854775808`},
		{"R-CMD-5 a global option", []string{"--output", "text", "update-job", "--job-id", "j"}, `PATCH /jobs/j {}`},
		{"R-CMD-7 namespace", []string{"update-job", "--job-id", "j", "--namespace-id", "n"}, `PATCH /jobs/j?namespaceId=n {}`},
	} {
		r := record(t)
		got := call1(t, r.environment(t), `{"jobId":"stdin","description":"d"}`, append([]string{"iot"}, tt.words...)...)
		if got.status != 0 || len(r.sent) != 1 || r.sent[0] != tt.sent {
			t.Errorf("%s: %v\nsent %q\nwant %q\n%+v", tt.rule, tt.words, r.sent, tt.sent, got)
		}
	}
	r := record(t)
	call1(t, r.environment(t), "", "iot-jobs-data", "start-next-pending-job-execution", "--thing-name", "t")
	if r.sent[0] != `PUT /things/t/jobs/$next {}` || !strings.Contains(r.headers[0].Get("Authorization"), "/us-east-1/iot-jobs-data/aws4_request") { // R-CMD-103
		t.Errorf("start-next: %q signed %q", r.sent, r.headers[0].Get("Authorization"))
	}
}

// What is refused before anything is sent, with its message and status (R-CMD-10 to R-CMD-20,
// R-CMD-36, R-CMD-57 to R-CMD-60).
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule  string
		words []string
		says  string
	}{
		{"R-CMD-10", []string{"iot", "update-job", "--job-id", "j", "--description", "-dash"}, "argument --description: expected one argument"},
		{"R-CMD-11", []string{"iot", "update-job", "--job", "j"}, "ambiguous option: --job could match --job-id, --job-executions-rollout-config, --job-executions-retry-config"},
		{"R-CMD-14", []string{"iot", "delete-job", "--job-id", "j", "--force=true"}, "argument --force: ignored explicit argument 'true'"},
		{"R-CMD-15", []string{"iot", "cancel-job-execution"}, "the following arguments are required: --job-id, --thing-name"},
		{"R-CMD-16", []string{"iot", "update-job", "--job-id", "j", "--bogus=x", "stray"}, "Unknown options: --bogus=x, stray"},
		{"R-CMD-17", []string{"iot", "update-jobs"}, "argument operation: Found invalid choice 'update-jobs'\n\nMaybe you meant:\n\n  * update-job\n"},
		{"R-CMD-17", []string{"iot-job-data", "list-jobs"}, "argument command: Found invalid choice 'iot-job-data'\n\nMaybe you meant:\n\n  * iot-jobs-data\n"},
		{"R-CMD-17", []string{"iot", "wait"}, "argument operation: Found invalid choice 'wait'\nusage: "},
		{"R-CMD-18", []string{"iot"}, "the following arguments are required: operation"},
		{"R-CMD-18", nil, "the following arguments are required: command"},
		{"R-CMD-19", []string{"iot", "update-job", "--job-id", "j", "--", "--description", "x"}, "Unknown options: --description, x"},
		{"R-CMD-20", []string{"iot", "update-job", "--query", "bad["}, "Bad value for --query"},
		{"R-CMD-20", []string{"iot", "bogus", "--query", "bad["}, "Bad value for --query"},
		{"R-CMD-20", []string{"iot", "update-job", "--description", "--query", "bad["}, "Bad value for --query"},
		{"R-CMD-20", []string{"bogus", "update-job", "--output", "bogus"}, "argument --output: Found invalid choice"},
		{"R-CMD-20", []string{"iot", "update-job", "--job-id", "file://nope", "--bogus"}, "Unknown options: --bogus"},
		{"R-CMD-20", []string{"iot", "describe-job-execution", "--execution-number", "x"}, "argument --execution-number: invalid int value: 'x'"},
		{"R-CMD-20", []string{"iot", "update-job", "--profile", "nope"}, "the following arguments are required: --job-id"},
		{"R-CMD-98", []string{"iot", "bogus", "--cli-read-timeout", "soon"}, "argument --cli-read-timeout: invalid int value: 'soon'"},
		{"R-CMD-21", []string{"iot", "list-jobs", "--max-results", "many"}, "argument --max-results: invalid int value: 'many'"},
		{"R-CMD-92", []string{"iot", "list-jobs", "--max-items", "many"}, "argument --max-items: invalid int value: 'many'"},
		{"R-CMD-20", []string{"iot", "update-job", "--job-id", "file://nope", "--timeout-config", "foo"}, "Unable to load paramfile file://nope"},
		{"R-CMD-21", []string{"iot", "describe-job-execution", "--job-id", "j", "--thing-name", "t", "--execution-number", "1.5"}, "argument --execution-number: invalid int value: '1.5'"},
		{"R-CMD-33", []string{"iot", "update-job", "--job-id", "j", "--timeout-config", "inProgressTimeoutInMinutes=abc"},
			"Error parsing parameter '--timeout-config': expected an integer for inProgressTimeoutInMinutes, received 'abc'"},
		{"R-CMD-34", []string{"iot", "update-job", "--job-id", "j", "--timeout-config", "inProgressTimeoutInMinutes=5", "inProgressTimeoutInMinutes=6"},
			"Unknown options: inProgressTimeoutInMinutes=6"},
		{"R-CMD-39", []string{"iot", "update-job", "--job-id", "j", "--abort-config", "{,}"}, "Error parsing parameter '--abort-config': Invalid JSON: "},
		{"R-CMD-49", []string{"iot", "update-job", "--cli-input-json", "{"}, "Error parsing parameter 'cli-input-json': Invalid JSON"},
		{"R-CMD-49", []string{"iot", "update-job", "--cli-input-json", "[]"}, "Error parsing parameter '--cli-input-json': Invalid type: expecting map, received list"},
		{"R-CMD-56", []string{"iot", "update-job", "--generate-cli-skeleton", "bogus"}, "argument --generate-cli-skeleton: Found invalid choice 'bogus'"},
		{"R-CMD-57", []string{"iot", "update-job", "--job-id", "j", "--timeout-config", `{"foo":1}`, "--abort-config",
			`{"criteriaList":[{"failureType":"FAILED","thresholdPercentage":1,"minNumberOfExecutedThings":1}]}`,
			"--presigned-url-config", `{"roleArn":"short","expiresInSec":10}`, "--cli-input-json", `{"namespaceId":5}`},
			"Parameter validation failed:\n" +
				"Invalid length for parameter presignedUrlConfig.roleArn, value: 5, valid min length: 20\n" +
				"Invalid value for parameter presignedUrlConfig.expiresInSec, value: 10, valid min value: 60\n" +
				"Missing required parameter in abortConfig.criteriaList[0]: \"action\"\n" +
				"Unknown parameter in timeoutConfig: \"foo\", must be one of: inProgressTimeoutInMinutes\n" +
				"Invalid type for parameter namespaceId, value: 5, type: integer, valid types: string\n"},
		{"R-CMD-60", []string{"iot", "update-job", "--job-id", ""}, "Invalid length for parameter jobId, value: 0, valid min length: 1"},
		{"R-CMD-60", []string{"iot", "update-job", "--job-id", "j", "--abort-config", "criteriaList=[]"}, "Invalid length for parameter abortConfig.criteriaList, value: 0, valid min length: 1"},
		{"R-CMD-60", []string{"iot", "update-job", "--job-id", "j", "--job-executions-rollout-config", "maximumPerMinute=0"},
			"Invalid value for parameter jobExecutionsRolloutConfig.maximumPerMinute, value: 0, valid min value: 1"},
		{"R-CMD-38", []string{"iot", "update-job", "--job-id", "j", "--timeout-config", `{"inProgressTimeoutInMinutes":"5"}`}, "Invalid type for parameter timeoutConfig.inProgressTimeoutInMinutes"},
		{"R-CMD-88", []string{"iot", "list-jobs", "--output", "bogus"}, "argument --output: Found invalid choice 'bogus'"},
		{"R-CMD-98", []string{"iot", "list-jobs", "--endpoint-url", "localhost"}, `Bad value for --endpoint-url "localhost": scheme is missing.`},
		{"R-CMD-94", []string{"iot", "list-jobs", "--no-paginate", "--max-items", "3"}, "Cannot specify --no-paginate along with pagination arguments: --max-items"},
		{"R-CMD-96", []string{"iot", "describe-job", "--job-id", "j", "--max-items", "3"}, "Unknown options: --max-items"},
	} {
		r := record(t)
		got := call1(t, r.environment(t), "", tt.words...)
		if got.status != exit.StatusUsage || !strings.Contains(got.problem, tt.says) || got.out != "" || len(r.sent) > 0 {
			t.Errorf("%s: %v: status %d, sent %v\n%s\nwant %s", tt.rule, tt.words, got.status, r.sent, got.problem, tt.says)
		}
	}
}

// Errors of the service and around it (R-CMD-100, R-CMD-106, R-CMD-111, R-CMD-113, R-CMD-114,
// R-CMD-116 to R-CMD-118).
func TestErrors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a    answer
		says string
		sent int
	}{
		{answer{404, "ResourceNotFoundException", `{"message":"Job j not found"}`}, "\nAn error occurred (ResourceNotFoundException) when calling the DescribeJob operation: Job j not found\n", 1},
		{answer{400, "InvalidRequestException:http://x/", `{"message":"m"}`}, "(InvalidRequestException)", 1},
		{answer{400, "", `{"__type":"com.amazonaws.iot#InvalidRequestException","message":"m"}`}, "(InvalidRequestException)", 1},
		{answer{400, "", `{"code":"SomeCode","message":"m"}`}, "(SomeCode) when calling the DescribeJob operation: m", 1},
		{answer{400, "", `{"message":"m"}`}, "(400) when calling the DescribeJob operation: m", 1},
		{answer{404, "", `<html>`}, "(404) when calling the DescribeJob operation: <html>", 1},
	} {
		r := record(t, tt.a)
		got := call1(t, r.environment(t), "", "iot", "describe-job", "--job-id", "j")
		if got.status != exit.StatusService || !strings.Contains(got.problem, tt.says) || got.out != "" || len(r.sent) != tt.sent {
			t.Errorf("%+v: status %d after %d requests\n%s", tt.a, got.status, len(r.sent), got.problem)
		}
	}
	r := record(t, answer{503, "ServiceUnavailableException", "{}"}, answer{200, "", `{"endpointAddress":"h"}`})
	if got := call1(t, r.environment(t), "", "iot", "describe-endpoint", "--output", "text"); got.out != "h\n" || len(r.sent) != 2 {
		t.Errorf("retried once: %+v, %d requests", got, len(r.sent))
	}
	for name, missing := range map[string]string{
		"AWS_REGION": "You must specify a region.", "AWS_ACCESS_KEY_ID": "Unable to locate credentials.", "AWS_ENDPOINT_URL": "There is no endpoint.",
	} {
		vars := r.environment(t)
		delete(vars, name)
		if got := call1(t, vars, "", "iot", "list-jobs"); got.status != exit.StatusEnvironment || !strings.HasPrefix(got.problem, missing) {
			t.Errorf("without %s: %+v", name, got)
		}
	}
	if got := call1(t, r.environment(t), "", "iot", "list-jobs", "--endpoint-url", "http://127.0.0.1:1", "--region", "x"); got.status != exit.StatusOther ||
		!strings.HasPrefix(got.problem, `Could not connect to the endpoint URL: "http://127.0.0.1:1/jobs"`) {
		t.Errorf("nobody there: %+v", got)
	}
}

// What is shown of an answer (R-CMD-68 to R-CMD-77, R-CMD-89).
func TestShown(t *testing.T) {
	t.Parallel()
	body := `{"job":{"status":"IN_PROGRESS","unknown":1,"jobId":"j1","comment":null,"createdAt":1700000000.5,"targets":["b","a"],
		"abortConfig":{"criteriaList":[{"minNumberOfExecutedThings":9,"thresholdPercentage":100,"failureType":"FAILED"}]},"description":"é <&> \"x\""}}`
	for _, tt := range []struct {
		rule, words, want string
	}{
		{"R-CMD-72", "", "{\n    \"job\": {\n        \"jobId\": \"j1\",\n        \"status\": \"IN_PROGRESS\",\n        \"targets\": [\n            \"b\",\n            \"a\"\n        ],\n" +
			"        \"description\": \"é <&> \\\"x\\\"\",\n        \"abortConfig\": {\n            \"criteriaList\": [\n                {\n                    \"failureType\": \"FAILED\",\n" +
			"                    \"thresholdPercentage\": 100.0,\n                    \"minNumberOfExecutedThings\": 9\n                }\n            ]\n        },\n" +
			"        \"createdAt\": \"2023-11-14T22:13:20.500000+00:00\"\n    }\n}\n"},
		{"R-CMD-89", "--query job.targets[-1]", "\"a\"\n"},
		{"R-CMD-89", "--query job.nope||job.jobId", "\"j1\"\n"},
		{"R-CMD-89", "--query length(job.targets)", "2\n"},
		{"R-CMD-73", "--query job.nope", "null\n"},
		{"R-CMD-77", "--query job.nope --output text", "None\n"},
		{"R-CMD-76", "--query job.targets --output text", "b\ta\n"},
		{"R-CMD-75", "--query job.abortConfig --output text", "CRITERIALIST\tFAILED\t9\t100.0\n"},
		{"R-CMD-74", "--query job.{b:jobId,a:status} --output text", "IN_PROGRESS\tj1\n"},
		{"R-CMD-74 no scalars", "--query job.{abortConfig:abortConfig} --output text", "CRITERIALIST\tFAILED\t9\t100.0\n"},
		{"R-CMD-78", "--query [job.jobId,job.{a:status},job.jobId] --output text", "j1\nj1\nIN_PROGRESS\n"},
		{"R-CMD-89 keys as written", "--query job.{b:jobId,a:status,\"x-y\":comment}", "{\n    \"b\": \"j1\",\n    \"a\": \"IN_PROGRESS\",\n    \"x-y\": null\n}\n"},
		{"R-CMD-89 keys in a text are none", "--query job.{b:jobId,a:'z:'}", "{\n    \"b\": \"j1\",\n    \"a\": \"z:\"\n}\n"},
		{"R-CMD-70 in a query", "--query job.abortConfig.criteriaList[0].[thresholdPercentage,minNumberOfExecutedThings] --output text", "100.0\t9\n"},
		{"R-CMD-70 computed", "--query sum([length(job.targets),`0.5`]) --output text", "2.5\n"},
		{"R-CMD-69 rounded", "--query job.createdAt --output text", "2023-11-14T22:13:20.500000+00:00\n"},
	} {
		r := record(t, answer{200, "", body})
		got := call1(t, r.environment(t), "", append([]string{"iot", "describe-job", "--job-id", "j1"}, strings.Fields(tt.words)...)...)
		if diff := cmp.Diff(tt.want, got.out); diff != "" || got.status != 0 {
			t.Errorf("%s %s (-want +got):\n%s%s", tt.rule, tt.words, diff, got.problem)
		}
	}
	r := record(t)
	if got := call1(t, r.environment(t), "", "iot", "update-job", "--job-id", "j"); got.out != "" { // R-CMD-71
		t.Errorf("an empty answer printed %q", got.out)
	}
}

// The version is printed whatever else is on the line (R-CMD-98, R-CMD-131).
func TestVersion(t *testing.T) {
	t.Parallel()
	for _, words := range []string{"--version", "iot --version", "iot bogus --version", "--query bad[ iot update-job --bogus --version"} {
		if got := call1(t, nil, "", strings.Fields(words)...); got.status != 0 || got.out != "drover test\n" {
			t.Errorf("%s: %+v", words, got)
		}
	}
}

// A running server's endpoints.json is enough; shared files and their services section are read
// (R-CMD-102, R-CMD-107, R-CMD-111).
func TestEndpoint(t *testing.T) {
	t.Parallel()
	r := record(t)
	dir := t.TempDir()
	text := fmt.Sprintf(`{"http":%q,"region":"eu-west-1","accessKeyId":"AKLOCAL","secretAccessKey":"s"}`, r.URL)
	if err := os.WriteFile(filepath.Join(dir, "endpoints.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := call1(t, map[string]string{"HOME": dir, "DROVER_DATA": dir}, "", "iot", "list-jobs"); got.status != 0 || !strings.Contains(r.headers[0].Get("Authorization"), "AKLOCAL/") {
		t.Errorf("beside a server: %+v", got)
	}
	config := filepath.Join(dir, "config")
	ini := "[default]\nregion = us-west-2\nservices = local\naws_access_key_id = AKFILE\naws_secret_access_key = s\n[services local]\niot =\n  endpoint_url = " + r.URL + "/base/\n"
	if err := os.WriteFile(config, []byte(ini), 0o600); err != nil {
		t.Fatal(err)
	}
	got := call1(t, map[string]string{"HOME": dir, "AWS_CONFIG_FILE": config, "DROVER_DATA": "/nonexistent"}, "", "iot", "describe-job", "--job-id", "j")
	if got.status != 0 || r.sent[1] != "GET /base/jobs/j" || !strings.Contains(r.headers[1].Get("Authorization"), "AKFILE/") {
		t.Errorf("from the shared file: %+v %v", got, r.sent)
	}
}
