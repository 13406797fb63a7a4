package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/complete"
)

// completed is what a line, split at blanks, is completed with. The time is generous, because what
// is looked at is not the time.
func completed(t *testing.T, vars map[string]string, line string) string {
	t.Helper()
	words := strings.Split(line, " ")
	args := append([]string{"fish", "drover", fmt.Sprint(len(words) - 1)}, words...)
	request, ok := complete.ReadRequest(args)
	if !ok {
		t.Fatalf("%q is refused", args)
	}
	var problem strings.Builder
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	text := Completion(ctx, request, nil, Env{
		Stdout: &problem, Stderr: &problem, Getenv: func(k string) string { return vars[k] },
		Program: "drover", Version: "test",
	})
	if problem.String() != "" {
		t.Errorf("%q says %q", line, &problem)
	}
	text = strings.TrimPrefix(text, "words 0\n")
	return strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", " | ")
}

// What the server is asked for a line, and what becomes of its answers (R-CMD-146).
func TestCompletionAsks(t *testing.T) {
	t.Parallel()
	jobs := answer{200, "", `{"jobs":[{"jobId":"a1","status":"COMPLETED"},{"jobId":"b1"},{"jobId":5},{}]}`}
	page := answer{200, "", `{"jobs":[{"jobId":"a1"}],"nextToken":"t"}`}
	for _, row := range []struct {
		line    string
		answers []answer
		sent    []string
		want    string
	}{
		{"iot describe-job --job-id a", []answer{jobs}, []string{"GET /jobs"}, "a1\tCOMPLETED"},
		{"iot describe-job --job-id=", []answer{jobs}, []string{"GET /jobs"},
			"--job-id=a1\tCOMPLETED | --job-id=b1\t | --job-id=5\t"},
		{"iot describe-job --job-id ", []answer{page, {200, "", `{"jobs":[{"jobId":"a1"},{"jobId":"a2"}]}`}},
			[]string{"GET /jobs", "GET /jobs?nextToken=t"}, "a1\t | a2\t"},
		// No more than some pages, each value once.
		{"iot describe-job --job-id ", []answer{page}, []string{"GET /jobs", "GET /jobs?nextToken=t",
			"GET /jobs?nextToken=t", "GET /jobs?nextToken=t", "GET /jobs?nextToken=t"}, "a1\t"},
		{"iot describe-thing-group --thing-group-name no", []answer{{200, "", `{"thingGroups":[{"groupName":"north"}]}`}},
			[]string{"GET /thing-groups?namePrefixFilter=no"}, "north\t"},
		{"iot describe-job-execution --job-id j --thing-name ",
			[]answer{{200, "", `{"executionSummaries":[{"thingArn":"arn:aws:iot:r:a:thing/p","jobExecutionSummary":{"status":"FAILED"}}]}`}},
			[]string{"GET /jobs/j/things"}, "p\tFAILED"},
		// What is on the line already is not offered again.
		{"iot update-thing-groups-for-thing --thing-groups-to-add north n",
			[]answer{{200, "", `{"thingGroups":[{"groupName":"north"},{"groupName":"north-2"}]}`}},
			[]string{"GET /thing-groups?namePrefixFilter=n"}, "north-2\t"},
		// What fails is not tried again, and not said.
		{"iot describe-job --job-id ", []answer{{500, "", ""}}, []string{"GET /jobs"}, ""},
		{"iot describe-job --job-id ", []answer{{403, "AccessDeniedException", "{}"}}, []string{"GET /jobs"}, ""},
		{"iot describe-job --job-id ", []answer{{200, "", "<html>"}}, []string{"GET /jobs"}, ""},
		{"iot describe-job --job-id ", []answer{{200, "", `{"jobs":{"a":1}}`}}, []string{"GET /jobs"}, ""},
		{"iot describe-job --job-id ", []answer{{200, "", `{"jobs":[1,"x",null]}`}}, []string{"GET /jobs"}, ""},
		// A line that needs nothing asks nothing.
		{"iot create-job --job-id ", []answer{jobs}, nil, ""},
		{"iot list-jobs --target-selection C", []answer{jobs}, nil, "CONTINUOUS\t"},
	} {
		r := record(t, row.answers...)
		got := completed(t, r.environment(t), row.line)
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", row.line, diff)
		}
		if diff := cmp.Diff(row.sent, r.sent); diff != "" {
			t.Errorf("%q sends (-want +got):\n%s", row.line, diff)
		}
	}
}

// The settings are those of the line; what would need a process or has no keys is not asked
// (R-CMD-146).
func TestCompletionSettings(t *testing.T) {
	t.Parallel()
	marker := filepath.Join(t.TempDir(), "ran")
	const job = " iot describe-job --job-id "
	for _, row := range []struct{ line, path, signed string }{
		{"--region eu-1" + job, "/jobs", "Credential=AKID/DATE/eu-1/iot/aws4_request"},
		{"--profile dev" + job, "/dev/jobs", "Credential=AKDEV/DATE/dev-1/iot/aws4_request"},
		{"--profile dev iot-jobs-data update-job-execution --job-id ", "/dev/jobs", "Credential=AKDEV/DATE/dev-1/iot/aws4_request"},
		{"--no-sign-request" + job, "/jobs", ""},
		{"--profile process" + job, "", ""},
		{"--profile half" + job, "", ""},
		{"--profile bogus" + job, "", ""},
		{"--endpoint-url bogus" + job, "", ""},
	} {
		r := record(t)
		vars := r.environment(t)
		vars["HOME"] = sharedFiles(t, r.URL, `[profile dev]
region = dev-1
endpoint_url = URL/dev
aws_access_key_id = AKDEV
aws_secret_access_key = s
[profile half]
region = dev-1
endpoint_url = URL
aws_access_key_id = AKHALF
[profile process]
region = dev-1
endpoint_url = URL
credential_process = touch `+marker+"\n", "")
		if strings.HasPrefix(row.line, "--profile") { // which these variables would come before
			delete(vars, "AWS_ENDPOINT_URL")
			delete(vars, "AWS_REGION")
		}
		if got := completed(t, vars, row.line); got != "" {
			t.Errorf("%q: %q", row.line, got)
		}
		if row.path == "" {
			if len(r.sent) > 0 {
				t.Errorf("%q sends %v", row.line, r.sent)
			}
			continue
		}
		if len(r.sent) != 1 || r.sent[0] != "GET "+row.path {
			t.Errorf("%q sends %v", row.line, r.sent)
			continue
		}
		signed := r.headers[0].Get("Authorization")
		date, _, _ := strings.Cut(r.headers[0].Get("X-Amz-Date"), "T")
		if !strings.Contains(signed, strings.ReplaceAll(row.signed, "DATE", date)) || row.signed == "" && signed != "" {
			t.Errorf("%q is signed as %q", row.line, signed)
		}
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("the credential_process was run")
	}
}

// What stands in files: profiles, regions, names of files (R-CMD-145).
func TestCompletionOfFiles(t *testing.T) {
	t.Parallel()
	home := sharedFiles(t, "", "[default]\nregion = eu-1\n[profile plant]\nregion = eu-2\n[profile hall]\nregion = eu-2\n", "[other]\n")
	for _, name := range []string{"job.json", "jobs/a", ".hidden"} {
		path := filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vars := map[string]string{"HOME": home, "AWS_DEFAULT_REGION": "us-1", "DROVER_DATA": "/nonexistent"}
	for line, want := range map[string]string{
		"--profile ":                            "default\t | plant\t | hall\t | other\t",
		"--profile p":                           "plant\t",
		"--region ":                             "us-1\t | eu-1\t | eu-2\t",
		"iot create-job --document file://~/jo": "file://~/job.json\t | file://~/jobs/\t",
		"iot create-job --document fileb://~/jobs/":  "fileb://~/jobs/a\t",
		"iot create-job --document file://~/.h":      "file://~/.hidden\t",
		"iot create-job --document file:///no/such/": "",
	} {
		got := strings.Split(completed(t, vars, line), " | ")
		wanted := strings.Split(want, " | ")
		if strings.Contains(line, "://") { // a folder has no order
			for _, w := range wanted {
				if !strings.Contains(strings.Join(got, " | "), w) {
					t.Errorf("%q: no %q in %q", line, w, got)
				}
			}
			continue
		}
		if diff := cmp.Diff(wanted, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", line, diff)
		}
	}
}

// When its time is over, completion answers with what the tables know (R-CMD-147).
func TestCompletionEnds(t *testing.T) {
	t.Parallel()
	request, _ := complete.ReadRequest([]string{"fish", "drover", "2", "iot", "list-jobs", "--sta"})
	ctx, stop := context.WithCancel(t.Context())
	stop()
	// The answer may be empty: the time was over before anything was looked up.
	got := Completion(ctx, request, nil, Env{Getenv: func(string) string { return "" }})
	if !strings.HasPrefix(got, "words 0\n") {
		t.Errorf("%q", got)
	}
}

// A time that is none counts as not set (R-CMD-147).
func TestCompletionTime(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		"": completionTime, "x": completionTime, "-1s": completionTime, "0": completionTime, "300ms": 300 * time.Millisecond,
	} {
		if got := CompletionTime(func(string) string { return text }); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
}
