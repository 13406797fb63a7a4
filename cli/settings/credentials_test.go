package settings_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/settings"
)

// providers has a profile for each way to credentials, and for what can be wrong with it.
const providers = `
[default]
region = r-1
[profile keys]
aws_access_key_id = AKKEYS
aws_secret_access_key = s
[profile role]
role_arn = R
source_profile = keys
external_id = E
role_session_name = S
duration_seconds = 7200
aws_access_key_id = AKBESIDE
aws_secret_access_key = s
[profile self]
role_arn = R
source_profile = self
aws_access_key_id = AKSELF
aws_secret_access_key = s
[profile chain]
role_arn = R2
source_profile = first
[profile first]
role_arn = R1
source_profile = keys
[profile loop]
role_arn = R
source_profile = loop2
[profile loop2]
role_arn = R
source_profile = loop
[profile alone]
role_arn = R
source_profile = alone
[profile both]
role_arn = R
source_profile = keys
credential_source = Environment
[profile neither]
role_arn = R
[profile absent]
role_arn = R
source_profile = gone
[profile bare]
region = r-2
[profile frombare]
role_arn = R
source_profile = bare
[profile duration]
role_arn = R
source_profile = keys
duration_seconds = long
[profile mfa]
role_arn = R
source_profile = keys
mfa_serial = D
[profile denied]
role_arn = denied
source_profile = keys
[profile env]
role_arn = R
credential_source = Environment
[profile ec2]
role_arn = R
credential_source = Ec2InstanceMetadata
[profile ecs]
role_arn = R
credential_source = EcsContainer
[profile other]
role_arn = R
credential_source = Elsewhere
[profile web]
role_arn = W
web_identity_token_file = HOME/.aws/web
[profile fromweb]
role_arn = R
source_profile = web
[profile webgone]
role_arn = W
web_identity_token_file = HOME/.aws/nothing
[profile webrole]
web_identity_token_file = HOME/.aws/web
[profile webdenied]
role_arn = denied
web_identity_token_file = HOME/.aws/web
[profile sso]
sso_session = company
sso_account_id = 1
sso_role_name = N
[profile fromsso]
role_arn = R
source_profile = sso
[profile ssoold]
sso_session = old
sso_account_id = 1
sso_role_name = N
[profile ssodead]
sso_session = dead
sso_account_id = 1
sso_role_name = N
[profile ssorevoked]
sso_session = revoked
sso_account_id = 1
sso_role_name = N
[profile ssonone]
sso_session = none
sso_account_id = 1
sso_role_name = N
[profile ssogone]
sso_session = gone
sso_account_id = 1
sso_role_name = N
[profile ssohalf]
sso_account_id = 1
[profile ssodiffers]
sso_session = company
sso_region = other
sso_account_id = 1
sso_role_name = N
[profile ssolegacy]
sso_start_url = legacy
sso_region = r-9
sso_account_id = 1
sso_role_name = N
[profile ssolate]
sso_start_url = late
sso_region = r-9
sso_account_id = 1
sso_role_name = N
[sso-session company]
sso_start_url = u
sso_region = r-9
[sso-session old]
sso_start_url = u
sso_region = r-9
[sso-session dead]
sso_start_url = u
sso_region = r-9
[sso-session revoked]
sso_start_url = u
sso_region = r-9
[sso-session none]
sso_start_url = u
sso_region = r-9
[profile ignoring]
ignore_configured_endpoint_urls = true
role_arn = R
source_profile = keys
[profile section]
services = local
role_arn = R
source_profile = keys
[services local]
sts =
  endpoint_url = SERVER
`

// services are the variables of the services that give out credentials.
const services = "AWS_ENDPOINT_URL_STS=SERVER AWS_ENDPOINT_URL_SSO=SERVER AWS_ENDPOINT_URL_SSO_OIDC=SERVER "

// providerFiles are the tokens of the profiles.
func providerFiles() map[string]string {
	const later, before = `"expiresAt":"2999-01-01T00:00:00Z"`, `"expiresAt":"2020-01-01T00:00:00Z"`
	return map[string]string{
		"web":                 "WEB",
		signOnFile("company"): `{"accessToken":"TOKEN",` + later + `}`,
		signOnFile("old"):     `{"accessToken":"OLD",` + before + `,"clientId":"i","clientSecret":"c","refreshToken":"r","region":"r-9"}`,
		signOnFile("dead"):    `{"accessToken":"OLD",` + before + `}`,
		signOnFile("revoked"): `{"accessToken":"REVOKED",` + later + `}`,
		signOnFile("legacy"):  `{"accessToken":"LEGACY",` + later + `}`,
		signOnFile("late"):    `{"accessToken":"LEGACY",` + before + `}`,
	}
}

// Which credentials are used, and what is asked for them (R-CMD-104, R-CMD-149 to R-CMD-152).
func TestProviders(t *testing.T) {
	t.Parallel()
	const env = "AWS_ACCESS_KEY_ID=AKENV AWS_SECRET_ACCESS_KEY=s "
	const web = "AWS_WEB_IDENTITY_TOKEN_FILE=HOME/.aws/web AWS_ROLE_ARN=WE "
	for _, row := range []struct {
		vars, profile string
		want          string // the key, or the beginning of the error
		asked         string // what was asked, with commas between
	}{
		{"", "keys", "AKKEYS", ""},
		{"", "role", "R-by-AKKEYS", "AssumeRole R DurationSeconds=7200 ExternalId=E RoleSessionName=S"},
		{"", "self", "R-by-AKSELF", "AssumeRole R"},
		{"", "chain", "R2-by-R1-by-AKKEYS", "AssumeRole R1,AssumeRole R2"},
		{"", "loop", "Infinite loop in credential configuration detected. Attempting to load from profile loop which has already been visited. Visited profiles: ['loop', 'loop2']", ""},
		{"", "alone", "Infinite loop in credential configuration detected. Attempting to load from profile alone which", ""},
		{"", "both", `The profile "both" contains both source_profile and credential_source.`, ""},
		{"", "neither", "Partial credentials found in assume-role, missing: source_profile or credential_source\n(the profile neither has role_arn", ""},
		{"", "absent", `The source_profile "gone" referenced in the profile "absent" does not exist.`, ""},
		{"", "frombare", `The source profile "bare" must have credentials.`, ""},
		{"", "duration", `duration_seconds of the profile duration: "long" is not a number of seconds`, ""},
		{"", "mfa", "The profile mfa asks for a code of the MFA device D (mfa_serial), and there is no terminal", ""},
		{"", "denied", "\nAn error occurred (AccessDenied) when calling the AssumeRole operation: not you\n(AssumeRole was asked at http://127.0.0.1:", "AssumeRole"},
		{env, "env", "R-by-AKENV", "AssumeRole R"},
		{"", "env", "Error when retrieving credentials from Environment: No credentials found in credential_source referenced in profile env", ""},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT=SERVER AWS_EC2_METADATA_DISABLED=false", "ec2", "R-by-AK-instance-role-session", "latest/api/token,latest/meta-data/iam/security-credentials/,latest/meta-data/iam/security-credentials/instance-role,AssumeRole R"},
		{"", "ec2", "Error when retrieving credentials from Ec2InstanceMetadata: No credentials found", ""},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI=SERVER/task AWS_CONTAINER_AUTHORIZATION_TOKEN=auth", "ecs", "R-by-AK-task-auth", "task,AssumeRole R"},
		{"", "ecs", "Error when retrieving credentials from EcsContainer: No credentials found", ""},
		{"", "other", `The credential source "Elsewhere" referenced in profile "other" is not valid.`, ""},
		{"", "web", "W-by-WEB", "AssumeRoleWithWebIdentity W"},
		{"", "fromweb", "R-by-W-by-WEB", "AssumeRoleWithWebIdentity W,AssumeRole R"},
		{web, "web", "W-by-WEB", "AssumeRoleWithWebIdentity W"}, // --profile hides the variables
		{web, "", "WE-by-WEB", "AssumeRoleWithWebIdentity WE"},
		{env + web, "", "AKENV", ""},
		{web + "AWS_PROFILE=keys AWS_ROLE_SESSION_NAME=S", "", "WE-by-WEB", "AssumeRoleWithWebIdentity WE RoleSessionName=S"},
		{"", "webgone", "The token of the profile webgone cannot be read: open ", ""},
		{"", "webrole", "The provided profile or the current environment is configured to assume role with web identity but has no role ARN", ""},
		{"", "webdenied", "\nAn error occurred (AccessDenied) when calling the AssumeRoleWithWebIdentity operation: not you", "AssumeRoleWithWebIdentity"},
		{"", "sso", "AK-N-1-TOKEN", "federation/credentials"},
		{"", "fromsso", "R-by-AK-N-1-TOKEN", "federation/credentials,AssumeRole R"},
		{"", "ssoold", "AK-N-1-NEW", "token,federation/credentials"},
		{"", "ssodead", "Error when retrieving token from sso: Token has expired and refresh failed\n(sign in with the AWS command line: aws sso login --profile ssodead)", ""},
		{"", "ssorevoked", "The SSO session associated with this profile has expired or is otherwise invalid.", "federation/credentials"},
		{"", "ssonone", "Error loading SSO Token: Token for none does not exist", ""},
		{"", "ssogone", `The specified sso-session does not exist: "gone"`, ""},
		{"", "ssohalf", `The profile "ssohalf" is configured to use SSO but is missing required configuration: sso_role_name, sso_start_url, sso_region`, ""},
		{"", "ssodiffers", "The value for sso_region is inconsistent between profile (other) and sso-session (r-9).", ""},
		{"", "ssolegacy", "AK-N-1-LEGACY", "federation/credentials"},
		{"", "ssolate", "The SSO session associated with this profile has expired", ""},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI=SERVER/task", "bare", "AK-task-", "task"},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/task", "bare", "Error when retrieving credentials from container-role: Unsupported host '192.0.2.1'.", ""},
		{"AWS_CONTAINER_CREDENTIALS_FULL_URI=SERVER/task AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=HOME/nothing", "bare", "Error when retrieving credentials from container-role: ", ""},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT=SERVER AWS_EC2_METADATA_DISABLED=false", "bare", "AK-instance-role-session", "latest/api/token,latest/meta-data/iam/security-credentials/,latest/meta-data/iam/security-credentials/instance-role"},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT=SERVER", "bare", "Unable to locate credentials.", ""},
		{"AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1 AWS_EC2_METADATA_DISABLED=false", "bare", "Unable to locate credentials.", ""},
		{"AWS_ENDPOINT_URL_STS=http://127.0.0.1:1", "role", `Could not connect to the endpoint URL: "http://127.0.0.1:1/"`, ""},
		{"AWS_ENDPOINT_URL_STS= AWS_ENDPOINT_URL=SERVER", "self", "R-by-AKSELF", "AssumeRole R"}, // R-CMD-107
		{"AWS_ENDPOINT_URL_STS=", "section", "R-by-AKKEYS", "AssumeRole R"},                      // R-CMD-107
	} {
		g := newGiver(t)
		home := g.home(t, providers, providerFiles())
		options := ""
		if row.profile != "" {
			options = "profile=" + row.profile
		}
		s, err := settings.Find(g.in(t, home, services+row.vars, options))
		if err != nil {
			t.Fatal(err)
		}
		got, failed := "", s.FindCredentials(t.Context())
		if got = s.Credentials.AccessKeyID; failed != nil {
			got = failed.Error()
		}
		asked := strings.Join(g.take(), ",")
		if got != row.want && (failed == nil || !strings.HasPrefix(got, row.want)) || asked != row.asked {
			t.Errorf("%s %s: %q, asked %q\nwant %q, asked %q", row.vars, row.profile, got, asked, row.want, row.asked)
		}
	}
}

// Endpoints that are ignored are ignored for the token service, too, which is then that of AWS. The
// time for the call is over before it begins, so that nothing is sent; the error says where it
// would have gone (R-CMD-109).
func TestIgnoredEndpoint(t *testing.T) {
	t.Parallel()
	g := newGiver(t)
	home := g.home(t, providers, nil)
	over, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for profile, want := range map[string]string{"ignoring": "https://sts.r-1.amazonaws.com/", "role": g.URL + "/"} {
		s, err := settings.Find(g.in(t, home, services, "profile="+profile+" endpoint-url=http://h"))
		if err != nil {
			t.Fatal(err)
		}
		failed := s.FindCredentials(over)
		if failed == nil || !strings.Contains(failed.Error(), `"`+want+`"`) || len(g.take()) > 0 {
			t.Errorf("%s: %v, want a call of %s", profile, failed, want)
		}
	}
}

// Credentials of a role are cached for the next call, in a file of their owner under the name that
// the aws command line has for it, and are fetched anew shortly before they expire (R-CMD-150).
func TestCache(t *testing.T) {
	t.Parallel()
	g := newGiver(t)
	home := g.home(t, providers, providerFiles())
	find := func(profile string) string {
		t.Helper()
		s, err := settings.Find(g.in(t, home, services, "profile="+profile))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.FindCredentials(t.Context()); err != nil {
			t.Fatal(err)
		}
		return s.Credentials.AccessKeyID
	}
	for _, row := range []struct{ profile, file string }{
		// Each name is the SHA-1 of the text behind it.
		{"self", "f980d92517165d5381915043dbd7a2e3fad11e18"}, // {"RoleArn": "R"}
		{"role", "1e77088b8f935a2fce31a43c77cc5dd7f0cf3101"}, // {"DurationSeconds": 7200, "ExternalId": "E", "RoleArn": "R", "RoleSessionName": "S"}
		{"sso", "b29bf7996a39ec7588d5a0a8ef8088658685b4d5"},  // {"accountId":"1","roleName":"N","sessionName":"company"}
	} {
		path := filepath.Join(home, ".aws", "cli", "cache", row.file+".json")
		g.take() // what the row before has asked
		first, asked := find(row.profile), len(g.take())
		second, again := find(row.profile), len(g.take())
		if first != second || asked != 1 || again != 0 {
			t.Errorf("%s: %s with %d requests, then %s with %d", row.profile, first, asked, second, again)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode() != 0o600 {
			t.Errorf("%s: %v, %v, want a file with mode 0600", row.profile, info, err)
			continue
		}
		for _, expires := range []struct {
			in   time.Duration
			used bool
		}{{14 * time.Minute, false}, {16 * time.Minute, true}} {
			// As the aws command line writes it.
			text := `{"Credentials": {"AccessKeyId": "AKCACHED", "SecretAccessKey": "s", "SessionToken": "t", "Expiration": "` +
				time.Now().Add(expires.in).UTC().Format("2006-01-02T15:04:05+00:00") + `", "AccountId": "1"}, "ResponseMetadata": {}}`
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if got := find(row.profile); (got == "AKCACHED") != expires.used {
				t.Errorf("%s, %v before they expire: %s", row.profile, expires.in, got)
			}
		}
	}
}

// A code of an MFA device is asked for, and is not asked for while its credentials are cached
// (R-CMD-149).
func TestMFA(t *testing.T) {
	t.Parallel()
	g := newGiver(t)
	from := g.in(t, g.home(t, providers, nil), services, "profile=mfa")
	var prompts []string
	from.Ask = func(_ context.Context, prompt string) (string, error) {
		prompts = append(prompts, prompt)
		return "123456\n", nil
	}
	for range 2 {
		s, err := settings.Find(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.FindCredentials(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"Enter MFA code for D: "}, prompts); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"AssumeRole R SerialNumber=D TokenCode=123456"}, g.take()); diff != "" {
		t.Error(diff)
	}
}

// A token that was refreshed is stored with what else stood in its file (R-CMD-151).
func TestRefreshedToken(t *testing.T) {
	t.Parallel()
	g := newGiver(t)
	home := g.home(t, providers, providerFiles())
	s, err := settings.Find(g.in(t, home, services, "profile=ssoold"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.FindCredentials(t.Context()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(home, ".aws", signOnFile("old")))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"accessToken":"NEW"`, `"refreshToken":"next"`, `"clientSecret":"c"`, `"region":"r-9"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s has no %s", text, want)
		}
	}
}

// Statuses of failures: 254 when a service refused, 253 for a setting, 255 otherwise (R-CMD-118).
func TestProviderStatus(t *testing.T) {
	t.Parallel()
	for profile, want := range map[string]int{
		"denied": exit.StatusService, "duration": exit.StatusEnvironment, "neither": exit.StatusOther, "bare": exit.StatusEnvironment,
	} {
		g := newGiver(t)
		s, err := settings.Find(g.in(t, g.home(t, providers, nil), services, "profile="+profile))
		if err != nil {
			t.Fatal(err)
		}
		err = s.FindCredentials(t.Context())
		if failed, ok := errors.AsType[*exit.Error](err); !ok || failed.Status != want {
			t.Errorf("%s: %v, want the status %d", profile, err, want)
		}
	}
}
