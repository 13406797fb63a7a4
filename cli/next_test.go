package cli

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What to do next after a refused call, as the server words its refusals (R-CMD-159).
func TestNextStep(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line          string
		code, message string
		want          string // the line in brackets; "" for none
	}{
		{"cancel-job-execution --job-id j --thing-name t --expected-version 1", "VersionConflictException", "version 2",
			"drover iot describe-job-execution --job-id j --thing-name t --query execution.versionNumber shows the version to expect"},
		{"delete-job --job-id j", "InvalidStateTransitionException", "job j is IN_PROGRESS: it can be deleted once it is COMPLETED or CANCELED, or with force",
			"drover iot delete-job --job-id j --force deletes it all the same; drover iot cancel-job --job-id j ends it first"},
		{"delete-job --job-id j --force", "InvalidStateTransitionException", "job j is DELETION_IN_PROGRESS: it can be deleted once it is COMPLETED or CANCELED, or with force",
			"drover iot describe-job --job-id j answers ResourceNotFoundException when it is gone"},
		{"update-job --job-id j", "InvalidRequestException", "job j is COMPLETED: only SCHEDULED and IN_PROGRESS jobs can be updated",
			"a job that has ended stays as it is; drover iot get-job-document --job-id j shows the document, for another one"},
		{"update-job --job-id j", "InvalidRequestException", "description: too long", ""},
		{"cancel-job --job-id j", "InvalidRequestException", "job j is COMPLETED: only SCHEDULED and IN_PROGRESS jobs can be canceled",
			"drover iot describe-job --job-id j shows how it has ended"},
		{"cancel-job --job-id j", "InvalidRequestException", "job j is DELETION_IN_PROGRESS: only SCHEDULED and IN_PROGRESS jobs can be canceled",
			"drover iot list-jobs shows the jobs that there are"},
		{"create-job --job-id j --targets a --job-template-arn b", "ResourceNotFoundException", "job template b does not exist",
			"drover iot list-job-templates shows the templates that there are"},
		{"describe-job --job-id j", "ResourceNotFoundException", "job j does not exist", "drover iot list-jobs shows the jobs that there are"},
		{"describe-job-execution --job-id j --thing-name t", "ResourceNotFoundException", "thing t does not exist", "drover iot list-things shows the things that there are"},
		{"describe-job-execution --job-id j --thing-name t", "ResourceNotFoundException", "job j has no execution on thing t",
			"drover iot list-job-executions-for-job --job-id j shows the executions that there are"},
		{"create-job --job-id j --targets a", "ResourceAlreadyExistsException", "job j exists already", "drover iot describe-job --job-id j shows the one that there is"},
		{"create-thing --thing-name 'a", "ResourceAlreadyExistsException", "thing", ""}, // would need quotes
		{"create-job --job-id j --targets a", "LimitExceededException", "5 SNAPSHOT jobs are active, the most that are allowed",
			"the limit is --max-snapshot-jobs of drover serve; a job that ends makes room"},
		{
			"list-jobs", "AccessDeniedException", "the key ci has the role viewer; CreateJob needs operator",
			"drover keys list shows the roles of keys; drover keys create --role makes another key",
		},
		{"list-jobs", "UnrecognizedClientException", "who", "drover configure list shows which access key is used and where it comes from; drover keys create makes one for a server"},
		{"list-jobs", "SomethingElse", "no", ""},
	} {
		r := record(t, answer{400, tt.code, `{"message":"` + tt.message + `"}`})
		for _, format := range []string{"enhanced", "legacy", "json"} {
			got := call1(t, r.environment(t), "", append([]string{"iot", "--cli-error-format", format}, strings.Fields(tt.line)...)...)
			shown := strings.HasSuffix(got.problem, "\n("+tt.want+")\n") && tt.want != ""
			if want := format == "enhanced" && tt.want != ""; shown != want || !want && strings.Contains(got.problem, "\n(") {
				t.Errorf("%s: %s %s: %s\nwant (%s)", format, tt.line, tt.code, got.problem, tt.want)
			}
		}
	}
	// The device plane has no lists: the commands are those of the control plane.
	gone := record(t, answer{404, "ResourceNotFoundException", `{"message":"job j does not exist"}`})
	got := call1(t, gone.environment(t), "", "iot-jobs-data", "describe-job-execution", "--job-id", "j", "--thing-name", "t")
	if !strings.HasSuffix(got.problem, "\n(drover iot list-jobs shows the jobs that there are)\n") {
		t.Errorf("device plane: %s", got.problem)
	}
	vars := record(t).environment(t)
	vars["AWS_ENDPOINT_URL"], vars["AWS_MAX_ATTEMPTS"] = "http://127.0.0.1:1", "1"
	if got := call1(t, vars, "", "iot", "list-jobs"); !strings.HasSuffix(got.problem, "\n(no server listens there; drover serve starts one)\n") {
		t.Errorf("nobody listens: %s", got.problem)
	}
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(secure.Close)
	secure.Config.ErrorLog = log.New(io.Discard, "", 0) // it logs the handshake that fails
	vars["AWS_ENDPOINT_URL"] = secure.URL
	if got := call1(t, vars, "", "iot", "list-jobs"); !strings.HasSuffix(got.problem,
		"\n(AWS_CA_BUNDLE or --ca-bundle names the authority to trust: ca.pem in the data folder of the server)\n") {
		t.Errorf("an unknown authority: %s", got.problem)
	}
}

// The commands and options that steps name exist.
func TestNextStepsExist(t *testing.T) { // R-CMD-159
	t.Parallel()
	for _, n := range nextSteps() {
		step := strings.ReplaceAll(n.step, "{cli} ", "{program} iot ")
		for i, part := range strings.Split(step, "{program} ") {
			if i == 0 || strings.HasPrefix(part, "configure") {
				continue
			}
			var words []string
			for _, end := range []string{" shows", " show", " deletes", " ends", " answers", " has", " and", ";"} {
				part, _, _ = strings.Cut(part, end)
			}
			words = append(words, strings.Fields(part)...)
			if got := call1(t, nil, "", append(words, "--generate-cli-skeleton")...); got.status != 0 {
				t.Errorf("%s: %v: %s", n.step, words, got.problem)
			}
		}
	}
}
