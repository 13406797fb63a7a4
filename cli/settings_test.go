package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/exit"
)

// sharedFiles writes both shared files into a new home folder. URL in them stands for a server's
// address.
func sharedFiles(t *testing.T, url, config, shared string) (home string) {
	t.Helper()
	home = t.TempDir()
	if err := os.Mkdir(filepath.Join(home, ".aws"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"config": config, "credentials": shared} {
		if err := os.WriteFile(filepath.Join(home, ".aws", name), []byte(strings.ReplaceAll(text, "URL", url)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

const (
	configFile = `
# a comment
[default]
region = default-1
endpoint_url = URL
[profile dev]
region=dev-1
endpoint_url = URL/dev
aws_access_key_id = AKCONFIG
aws_secret_access_key = "s"
[profile dev.two]
endpoint_url = URL
[profile "my name"]
region = name-1
endpoint_url = URL
[bare]
region = bare-1
[profile process]
region = p-1
endpoint_url = URL
credential_process = echo '{"Version": 1, "AccessKeyId": "AKPROCESS", "SecretAccessKey": "s", "SessionToken": "T"}'
aws_access_key_id = AKCONFIG
aws_secret_access_key = s
[profile broken]
region = p-1
endpoint_url = URL
credential_process = sh -c 'echo no luck >&2; exit 1'
[profile half]
region = p-1
endpoint_url = URL
aws_access_key_id = AKHALF
[profile role]
region = p-1
endpoint_url = URL
role_arn = arn:aws:iam::123456789012:role/r
[profile served]
region = p-1
services = local
endpoint_url = URL/profile
[services local]
iot =
  endpoint_url = URL/services
[profile gone]
region = p-1
services = gone
[profile loose]
region = p-1
endpoint_url = URL
parameter_validation = false
`
	credentialsFile = `
[default]
aws_access_key_id = AKDEFAULT
aws_secret_access_key = s
[my name]
aws_access_key_id = AKNAME
aws_secret_access_key = s
aws_session_token = token
[served]
aws_access_key_id = AKSERVED
aws_secret_access_key = s
[loose]
aws_access_key_id = AKLOOSE
aws_secret_access_key = s
[half]
region = file-1
`
)

// Where region, profile, credentials and endpoint come from (R-CMD-62, R-CMD-100 to R-CMD-109).
func TestSettings(t *testing.T) {
	t.Parallel()
	keys := "AWS_ACCESS_KEY_ID=AKENV AWS_SECRET_ACCESS_KEY=s "
	for _, tt := range []struct {
		rule, vars, words string
		status            int
		want              string // the key, the region and the path that the request had; or the message
	}{
		{"R-CMD-100 option", "AWS_REGION=env-1", "--region option-1", 0, "AKDEFAULT option-1 /jobs"},
		{"R-CMD-100 AWS_REGION", "AWS_REGION=env-1 AWS_DEFAULT_REGION=env-2", "", 0, "AKDEFAULT env-1 /jobs"},
		{"R-CMD-100 empty", "AWS_REGION= AWS_DEFAULT_REGION=env-2", "", 0, "AKDEFAULT env-2 /jobs"},
		{"R-CMD-100 profile", "", "", 0, "AKDEFAULT default-1 /jobs"},
		{"R-CMD-100 none", keys + "AWS_PROFILE=dev.two", "", exit.StatusEnvironment, "You must specify a region."}, // no child of dev
		{"R-CMD-100 form", "", "--region bad_region", exit.StatusOther, "Provided region_name 'bad_region' doesn't match a supported format."},
		{"R-CMD-101 order", "AWS_PROFILE=process AWS_DEFAULT_PROFILE=dev", "", 0, "AKPROCESS p-1 /jobs"},
		{"R-CMD-101 missing", "", "--profile nope", exit.StatusOther, "The config profile (nope) could not be found"},
		{"R-CMD-102 not a profile", "", "--profile bare", exit.StatusOther, "The config profile (bare) could not be found"},
		{"R-CMD-102 quoted", "AWS_PROFILE=my%20name", "", 0, "AKNAME name-1 /jobs"},
		{"R-CMD-102 credentials file first", keys + "AWS_PROFILE=half", "", 0, "AKENV file-1 /jobs"},
		{"R-CMD-104 environment", keys, "", 0, "AKENV default-1 /jobs"},
		{"R-CMD-104 AWS_PROFILE", keys + "AWS_PROFILE=dev", "", 0, "AKENV dev-1 /dev/jobs"},
		{"R-CMD-104 --profile", keys, "--profile dev", 0, "AKCONFIG dev-1 /dev/jobs"},
		{"R-CMD-104 process first", "", "--profile process", 0, "AKPROCESS p-1 /jobs"},
		{"R-CMD-104 role", "", "--profile role", exit.StatusOther, "Partial credentials found in assume-role, missing: source_profile or credential_source"},
		{"R-CMD-105", "", "--profile broken", exit.StatusOther, "Error when retrieving credentials from custom-process: no luck"},
		{"R-CMD-106 half", "", "--profile half", exit.StatusOther, "Partial credentials found in config-file, missing: aws_secret_access_key"},
		{"R-CMD-106 none", "", "--profile dev.two --region x-1", exit.StatusEnvironment, "Unable to locate credentials."},
		{"R-CMD-98 unsigned", "", "--profile dev.two --region x-1 --no-sign-request", 0, " /jobs"},
		{"R-CMD-107 option", "AWS_ENDPOINT_URL=URL/env", "--endpoint-url URL/option", 0, "AKDEFAULT default-1 /option/jobs"},
		{"R-CMD-107 service", "AWS_ENDPOINT_URL=URL/env AWS_ENDPOINT_URL_IOT=URL/iot", "", 0, "AKDEFAULT default-1 /iot/jobs"},
		{"R-CMD-107 all", "AWS_ENDPOINT_URL=URL/env/ AWS_PROFILE=served", "", 0, "AKSERVED p-1 /env/jobs"},
		{"R-CMD-107 services", "AWS_PROFILE=served", "", 0, "AKSERVED p-1 /services/jobs"},
		{"R-CMD-109 gone", "AWS_PROFILE=gone", "", exit.StatusOther, `the "gone" services configuration does not exist.`},
		{"R-CMD-109 ignored", "AWS_ENDPOINT_URL=URL AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=True", "", exit.StatusEnvironment, "There is no endpoint."},
		{"R-CMD-62", "AWS_PROFILE=loose", "--page-size 0", 0, "AKLOOSE p-1 /jobs?maxResults=0"},
	} {
		r := record(t)
		vars := map[string]string{"HOME": sharedFiles(t, r.URL, configFile, credentialsFile), "DROVER_DATA": "/nonexistent"}
		for _, pair := range strings.Fields(strings.ReplaceAll(tt.vars, "URL/", r.URL+"/")) {
			name, text, _ := strings.Cut(pair, "=")
			vars[name] = strings.ReplaceAll(text, "%20", " ")
		}
		got := call1(t, vars, "", append([]string{"iot", "list-jobs"}, strings.Fields(strings.ReplaceAll(tt.words, "URL", r.URL))...)...)
		said := got.problem
		if len(r.sent) == 1 {
			said = signer(r.headers[0].Get("Authorization")) + " " + strings.TrimPrefix(r.sent[0], "GET ")
		}
		if got.status != tt.status || tt.status == 0 && said != tt.want || !strings.Contains(said, tt.want) {
			t.Errorf("%s: %s list-jobs %s: status %d, %s\nwant %s", tt.rule, tt.vars, tt.words, got.status, said, tt.want)
		}
	}
}

// signer is the key and the region of a signature.
func signer(header string) string {
	_, scope, _ := strings.Cut(header, "Credential=")
	parts := strings.Split(scope, "/")
	if len(parts) < 3 {
		return ""
	}
	return parts[0] + " " + parts[2]
}

// The keys of another account never go to a server that a file in the folder names, and a sample
// needs neither endpoint nor keys (R-CMD-55, R-CMD-111).
func TestLocalServer(t *testing.T) {
	t.Parallel()
	r, dir := record(t), t.TempDir()
	text := fmt.Sprintf(`{"http":%q,"region":"eu-west-1","accessKeyId":"AKLOCAL","secretAccessKey":"s"}`, r.URL)
	if err := os.WriteFile(filepath.Join(dir, "endpoints.json"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	vars := map[string]string{"HOME": dir, "DROVER_DATA": dir, "AWS_REGION": "us-east-1"}
	if got := call1(t, vars, "", "iot", "list-jobs"); got.status != 0 || signer(r.headers[0].Get("Authorization")) != "AKLOCAL eu-west-1" {
		t.Errorf("beside a server: %+v", got)
	}
	vars["AWS_ACCESS_KEY_ID"], vars["AWS_SECRET_ACCESS_KEY"], vars["AWS_SESSION_TOKEN"] = "AKOTHER", "s", "token"
	if got := call1(t, vars, "", "iot", "list-jobs"); got.status != exit.StatusEnvironment || !strings.HasPrefix(got.problem, "There is no endpoint.") || len(r.sent) != 1 {
		t.Errorf("with keys of another account: %+v, sent %v", got, r.sent)
	}
	got := call1(t, map[string]string{"HOME": dir, "AWS_REGION": "x-1"}, "", "iot", "list-jobs", "--generate-cli-skeleton", "output", "--query", "jobs[0].[jobId,status]", "--output", "text")
	if got.status != 0 || got.out != "jobId\tstatus\n" {
		t.Errorf("a sample: %+v", got)
	}
}
