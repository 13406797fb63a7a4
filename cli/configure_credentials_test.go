package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a CSV of keys becomes, and which are refused (R-CMD-132).
func TestConfigureImport(t *testing.T) {
	t.Parallel()
	const before = "# mine\n[ann]\naws_access_key_id = OLD\nregion = r-1\naws_session_token = kept\n"
	const head = "User name,Password,Access key ID,Secret access key,Console login link\n"
	for _, row := range []struct {
		name, csv, options string
		out, problem       string
		after              string // "" for no change
	}{
		{"one", head + "ann,,AKANN,s1,https://x\n", "", "Successfully imported 1 profile(s)\n", "",
			"# mine\n[ann]\naws_access_key_id = AKANN\nregion = r-1\naws_session_token = kept\naws_secret_access_key = s1\n"},
		{"a prefix, a mark, line ends", "\ufeff" + strings.ReplaceAll(head+" bob ,,AKBOB,s2,\n", "\n", "\r\n"), "--profile-prefix p-", "Successfully imported 1 profile(s)\n", "",
			before + "[p-bob]\naws_access_key_id = AKBOB\naws_secret_access_key = s2\n"},
		{"quotes, another order", "Secret access key,Access key ID,User name\n\"a,b\",AKBOB,bob\n", "", "Successfully imported 1 profile(s)\n", "",
			before + "[bob]\naws_access_key_id = AKBOB\naws_secret_access_key = a,b\n"},
		{"without users", "Access key ID,Secret access key\nAKBOB,s2\n", "--profile bob", "Successfully imported 1 profile(s)\n", "",
			before + "[bob]\naws_access_key_id = AKBOB\naws_secret_access_key = s2\n"},
		{"a row without keys", head + "bob,pw,,,\nann,,AKANN,s1,\n", "", "", `Failed to parse entry #1: Row missing value for header "Access Key ID"`, ""},
		{"a row without keys that is left out", head + "bob,pw,,,\neve,,AKEVE,s3,\nx\n", "--skip-invalid", "Successfully imported 1 profile(s)\n", "",
			before + "[eve]\naws_access_key_id = AKEVE\naws_secret_access_key = s3\n"},
		{"nothing", " \n", "", "", "Provided CSV contains no contents", ""},
		{"no users", "Access key ID,Secret access key\nAKBOB,s2\n", "", "", `Expected header "User Name" not found`, ""},
		{"no keys", "User name,Secret access key\nbob,s2\n", "", "", `Expected header "Access Key ID" not found`, ""},
		{"no secrets", "User name,Access key ID\nbob,AKBOB\n", "", "", `Expected header "Secret Access key" not found`, ""},
		{"a name that is none", head + "a]b,,AKBOB,s2,\n", "", "", `configure set: "a]b" is no name of a profile`, ""},
	} {
		home := sharedFiles(t, "", "", before)
		if err := os.WriteFile(filepath.Join(home, "keys.csv"), []byte(row.csv), 0o600); err != nil {
			t.Fatal(err)
		}
		words := append([]string{"configure", "import", "--csv", "file://~/keys.csv"}, strings.Fields(row.options)...)
		got := call1(t, map[string]string{"HOME": home}, "", words...)
		if got.out != row.out || !strings.HasPrefix(got.problem, row.problem) || (got.status == 0) != (row.problem == "") || strings.Contains(got.problem, "s2") {
			t.Errorf("%s: %+v, want %q or %q", row.name, got, row.out, row.problem)
		}
		if row.after == "" {
			row.after = before
		}
		text, err := os.ReadFile(filepath.Join(home, ".aws", "credentials"))
		if diff := cmp.Diff(row.after, string(text)); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", row.name, err, diff)
		}
	}
	for line, want := range map[string]string{
		"configure import":                      "the following arguments are required: --csv",
		"configure import --csv file://nothing": "Error parsing parameter '--csv': Unable to load paramfile file://nothing: ",
		"configure list --csv x":                "Unknown options: --csv",
	} {
		if got := call1(t, map[string]string{"HOME": t.TempDir()}, "", strings.Fields(line)...); got.status != 252 || !strings.HasPrefix(got.problem, want) {
			t.Errorf("%s: %+v, want %s", line, got, want)
		}
	}
}

// Credentials for other programs, in each format (R-CMD-153).
func TestExportCredentials(t *testing.T) {
	t.Parallel()
	const config = `
[profile keys]
aws_access_key_id = AK
aws_secret_access_key = s"1
[profile circle]
credential_process = sh -c 'echo "$_AWS_CLI_PROFILE_CHAIN" >&2; exit 1'
`
	session := map[string]string{
		"AWS_ACCESS_KEY_ID": "AK", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "t", "AWS_CREDENTIAL_EXPIRATION": "2999-01-01T00:00:00Z",
	}
	for _, row := range []struct {
		vars    map[string]string
		options string
		want    string // what is printed, or the beginning of the error
	}{
		{session, "", "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"AK\",\n  \"SecretAccessKey\": \"s\",\n  \"SessionToken\": \"t\",\n  \"Expiration\": \"2999-01-01T00:00:00+00:00\"\n}\n"},
		{nil, "--profile keys", "{\n  \"Version\": 1,\n  \"AccessKeyId\": \"AK\",\n  \"SecretAccessKey\": \"s\\\"1\"\n}\n"},
		{session, "--format env", "export AWS_ACCESS_KEY_ID=AK\nexport AWS_SECRET_ACCESS_KEY=s\nexport AWS_SESSION_TOKEN=t\nexport AWS_CREDENTIAL_EXPIRATION=2999-01-01T00:00:00+00:00\n"},
		{nil, "--profile keys --format env-no-export", "AWS_ACCESS_KEY_ID=AK\nAWS_SECRET_ACCESS_KEY=s\"1\n"},
		{nil, "--profile keys --format powershell", "$Env:AWS_ACCESS_KEY_ID=\"AK\"\n$Env:AWS_SECRET_ACCESS_KEY=\"s\"1\"\n"},
		{nil, "--profile keys --format windows-cmd", "set AWS_ACCESS_KEY_ID=AK\nset AWS_SECRET_ACCESS_KEY=s\"1\n"},
		{nil, "--profile keys --format fish", "set -gx AWS_ACCESS_KEY_ID \"AK\"\nset -gx AWS_SECRET_ACCESS_KEY \"s\"1\"\n"},
		{nil, "--profile keys --format xml", "argument --format: Found invalid choice 'xml'"},
		{nil, "", "Unable to locate credentials."},
		{nil, "--profile circle", "Error when retrieving credentials from custom-process: circle\n"},
		{map[string]string{"_AWS_CLI_PROFILE_CHAIN": "other,circle"}, "--profile circle", "Credential process resolution detected an infinite loop, profile cycle: other -> circle -> circle"},
		{map[string]string{"_AWS_CLI_PROFILE_CHAIN": "a,b,c,d"}, "--profile circle", "Maximum recursive credential process resolution reached (4)."},
	} {
		vars := map[string]string{"HOME": sharedFiles(t, "", config, "")}
		for name, text := range row.vars {
			vars[name] = text
		}
		got := call1(t, vars, "", append([]string{"configure", "export-credentials"}, strings.Fields(row.options)...)...)
		if got.status == 0 && got.out != row.want || got.status != 0 && (got.out != "" || !strings.HasPrefix(got.problem, row.want)) {
			t.Errorf("%v %s: %+v, want %s", row.vars, row.options, got, row.want)
		}
	}
}

// Which kind of credentials is in force, without asking anybody for them (R-CMD-132).
func TestConfigureListKinds(t *testing.T) {
	t.Parallel()
	const config = `
[profile keys]
aws_access_key_id = AKKEY1234
aws_secret_access_key = s
[profile role]
role_arn = R
source_profile = keys
[profile web]
role_arn = W
web_identity_token_file = token
[profile sso]
sso_start_url = u
sso_region = r
sso_account_id = 1
sso_role_name = N
[profile process]
credential_process = false
[profile bare]
region = r-1
`
	for _, row := range []struct{ vars, profile, want string }{
		{"", "keys", "****************1234         config-file"},
		{"", "role", "<fetched when used>          assume-role"},
		{"", "web", "<fetched when used>          assume-role-with-web-identity"},
		{"", "sso", "<fetched when used>          sso"},
		{"", "process", "<fetched when used>          custom-process"},
		{"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "bare", "<fetched when used>          container-role"},
		{"", "bare", "<not set>                    None"},
	} {
		vars := map[string]string{"HOME": sharedFiles(t, "", config, ""), row.vars: "/x"}
		got := call1(t, vars, "", "configure", "list", "--profile", row.profile)
		if !strings.Contains(got.out, "access_key       "+row.want+" ") {
			t.Errorf("%s: %s\nwants %s", row.profile, got.out, row.want)
		}
	}
	// Of what is cached the end is shown. The file is that of {"RoleArn": "R"}.
	home := sharedFiles(t, "", config, "")
	path := filepath.Join(home, ".aws", "cli", "cache")
	if err := os.MkdirAll(path, 0o700); err != nil {
		t.Fatal(err)
	}
	cached := `{"Credentials":{"AccessKeyId":"AKROLE5678","SecretAccessKey":"s","SessionToken":"t","Expiration":"2999-01-01T00:00:00Z"}}`
	if err := os.WriteFile(filepath.Join(path, "f980d92517165d5381915043dbd7a2e3fad11e18.json"), []byte(cached), 0o600); err != nil {
		t.Fatal(err)
	}
	got := call1(t, map[string]string{"HOME": home}, "", "configure", "list", "--profile", "role")
	if !strings.Contains(got.out, "****************5678         assume-role ") {
		t.Errorf("a cached role: %s", got.out)
	}
}
