package settings_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/client"
)

// sources are an environment and options, each as NAME=VALUE, without a home folder.
func sources(t *testing.T, vars, options string) settings.Sources {
	t.Helper()
	environment := map[string]string{"HOME": t.TempDir(), "DROVER_DATA": "/nonexistent", "AWS_REGION": "r-1"}
	given := map[string]string{}
	for list, into := range map[string]map[string]string{vars: environment, options: given} {
		for pair := range strings.FieldsSeq(list) {
			name, text, _ := strings.Cut(pair, "=")
			into[name] = text
		}
	}
	return settings.Sources{
		Option: func(name string) (string, bool) {
			text, ok := given[name]
			return text, ok
		},
		Getenv:  func(name string) string { return environment[name] },
		Service: "iot-jobs-data",
	}
}

// Which settings are in force, or how the call ends (R-CMD-69, R-CMD-88, R-CMD-107 to R-CMD-112).
func TestFind(t *testing.T) {
	t.Parallel()
	type found struct {
		Endpoint, Output, Timestamps string
		Attempts                     int
	}
	const at = "AWS_ENDPOINT_URL=http://h "
	for _, row := range []struct {
		rule, vars, options string
		want                found
		status              int // of the error; 0 for none
	}{
		{"R-CMD-107", at, "", found{"http://h", "json", "iso8601", 3}, 0},
		{"R-CMD-108", at + "AWS_ENDPOINT_URL_IOT_JOBS_DATA_PLANE=http://d", "", found{"http://d", "json", "iso8601", 3}, 0},
		{"R-CMD-108 the other plane", at + "AWS_ENDPOINT_URL_IOT=http://c", "", found{"http://h", "json", "iso8601", 3}, 0},
		{"R-CMD-88", at + "AWS_DEFAULT_OUTPUT=text", "", found{"http://h", "text", "iso8601", 3}, 0},
		{"R-CMD-88 option", at + "AWS_DEFAULT_OUTPUT=text", "output=json", found{"http://h", "json", "iso8601", 3}, 0},
		{"R-CMD-88 unknown", at + "AWS_DEFAULT_OUTPUT=bogus", "", found{}, exit.StatusEnvironment},
		{"R-CMD-88 from the environment", at + "AWS_DEFAULT_OUTPUT=yaml", "", found{"http://h", "yaml", "iso8601", 3}, 0},
		{"R-CMD-88 an option", at, "output=table", found{"http://h", "table", "iso8601", 3}, 0},
		{"R-CMD-112", at + "AWS_MAX_ATTEMPTS=7", "", found{"http://h", "json", "iso8601", 7}, 0},
		{"R-CMD-112 legacy", at + "AWS_RETRY_MODE=legacy", "", found{"http://h", "json", "iso8601", 5}, 0},
		{"R-CMD-112 mode", at + "AWS_RETRY_MODE=eager", "", found{}, exit.StatusEnvironment},
		{"R-CMD-112 number", at + "AWS_MAX_ATTEMPTS=0", "", found{}, exit.StatusEnvironment},
		{"R-CMD-111", "", "", found{}, exit.StatusEnvironment},
		{"R-CMD-100", at, "region=-", found{}, exit.StatusOther},
	} {
		s, err := settings.Find(sources(t, row.vars, row.options))
		if row.status != 0 {
			if failed, ok := errors.AsType[*exit.Error](err); !ok || failed.Status != row.status {
				t.Errorf("%s: %v, want the status %d", row.rule, err, row.status)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", row.rule, err)
			continue
		}
		got := found{s.Endpoint, s.Output, s.Timestamps, s.Attempts}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.rule, diff)
		}
	}
}

// A credential_process is split into words at blanks outside quotes, without a shell (R-CMD-105).
func TestProcess(t *testing.T) {
	t.Parallel()
	answer := `{"Version":1,"AccessKeyId":"AK","SecretAccessKey":"a  b","SessionToken":"$HOME"}`
	for command, want := range map[string]client.Credentials{
		`printf %s '` + answer + `'`: {AccessKeyID: "AK", SecretAccessKey: "a  b", SessionToken: "$HOME"},
		`printf %s '' '` + answer[:20] + `'"` + strings.ReplaceAll(answer[20:], `"`, `"'"'"`) + `"`: {
			AccessKeyID: "AK", SecretAccessKey: "a  b", SessionToken: "$HOME"},
		`printf %s {"Version":2}`: {},
		`''`:                      {},
		`/nonexistent`:            {},
	} {
		config := filepath.Join(t.TempDir(), "config")
		if err := os.WriteFile(config, []byte("[default]\ncredential_process = "+command+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := settings.Find(sources(t, "AWS_ENDPOINT_URL=http://h AWS_CONFIG_FILE="+config, ""))
		if err != nil {
			t.Fatal(err)
		}
		err = s.FindCredentials(t.Context())
		if diff := cmp.Diff(want, s.Credentials); diff != "" || (err == nil) != (want != client.Credentials{}) {
			t.Errorf("%s: %v (-want +got):\n%s", command, err, diff)
		}
	}
}

// The home folder has another variable on Windows.
func TestHome(t *testing.T) {
	t.Parallel()
	for want, vars := range map[string]map[string]string{
		"/home/u": {"HOME": "/home/u", "USERPROFILE": `C:\Users\u`}, `C:\Users\u`: {"USERPROFILE": `C:\Users\u`}, "": {},
	} {
		if got := settings.Home(func(name string) string { return vars[name] }); got != want {
			t.Errorf("%v: %q, want %q", vars, got, want)
		}
	}
}

// The keys that completion offers are those that the chapter lists, and compat (R-CMD-145).
func TestKeys(t *testing.T) {
	t.Parallel()
	chapter, err := os.ReadFile("../../docs/spec/40-cli.md")
	if err != nil {
		t.Fatal(err)
	}
	_, keys, _ := strings.Cut(string(chapter), "Profile keys: `")
	keys, _, _ = strings.Cut(keys, "`")
	for _, key := range settings.Keys {
		if !strings.Contains(" "+keys+" cli_compat ", " "+key+" ") {
			t.Errorf("%s is not in the chapter", key)
		}
	}
}
