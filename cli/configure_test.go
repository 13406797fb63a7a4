package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A session of configure: what each line prints, and what stands in the files at the end
// (R-CMD-132).
func TestConfigure(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	for _, row := range []struct {
		line, stdin, out, problem string
		status                    int
	}{
		{"configure get region", "", "", "", 1},
		{"configure set region r-1", "", "", "", 0},
		{"configure get region", "", "r-1\n", "", 0},
		{"configure set region r-2 --profile dev", "", "", "", 0},
		{"--profile dev configure get region", "", "r-2\n", "", 0},
		{"configure get dev.region", "", "r-2\n", "", 0},
		{"configure get profile.dev.region", "", "r-2\n", "", 0},
		{"configure get region --profile nope", "", "", "The config profile (nope) could not be found", 255},
		{"configure set s3.max_concurrent_requests 5", "", "", "", 0},
		{"configure get s3.max_concurrent_requests", "", "5\n", "", 0},
		{"configure set aws_secret_access_key SECRET1234 --profile dev", "", "", "", 0},
		{"configure list-profiles", "", "default\ndev\n", "", 0},
		{"configure --profile new", "AKID\n\nr-3\n\n", "AWS Access Key ID [None]: AWS Secret Access Key [None]: Default region name [None]: Default output format [None]: ", "", 0},
		{"configure get new.region", "", "r-3\n", "", 0},
		{"configure set region", "", "", "the following arguments are required: value", 252},
		{"configure set a=b c", "", "", `configure set: "a=b" is no name of a setting`, 252},
		{"configure get region x", "", "", "Unknown options: x", 252},
		{"configure sett region x", "", "", "argument subcommand: Found invalid choice 'sett'", 252},
		{"configure --bogus", "", "", "Unknown options: --bogus", 252},
	} {
		got := call1(t, map[string]string{"HOME": home}, row.stdin, strings.Fields(row.line)...)
		if got.status != row.status || got.out != row.out || !strings.HasPrefix(got.problem, row.problem) || row.problem == "" && got.problem != "" {
			t.Errorf("%s: status %d, %q, %q", row.line, got.status, got.out, got.problem)
		}
	}
	for name, want := range map[string]string{
		"config":      "[default]\nregion = r-1\ns3 =\n  max_concurrent_requests = 5\n[profile dev]\nregion = r-2\n[profile new]\nregion = r-3\n",
		"credentials": "[dev]\naws_secret_access_key = SECRET1234\n[new]\naws_access_key_id = AKID\n",
	} {
		text, err := os.ReadFile(filepath.Join(home, ".aws", name))
		if diff := cmp.Diff(want, string(text)); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// What is in force, where it comes from, and no more of a secret than its end (R-CMD-132).
func TestConfigureList(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	vars := map[string]string{"HOME": home, "AWS_ACCESS_KEY_ID": "AKIDAKID", "AWS_REGION": "r-1"}
	call1(t, vars, "", "configure", "set", "aws_secret_access_key", "SECRET1234")
	got := call1(t, vars, "", "configure", "list")
	for _, want := range []string{
		"profile          <not set>", "access_key       ****************AKID         env                  AWS_ACCESS_KEY_ID",
		"secret_key       ****************1234         shared-credentials-file ", "region           r-1                          env                  AWS_REGION",
	} {
		if !strings.Contains(got.out, want) || strings.Contains(got.out, "SECRET") {
			t.Errorf("%s\nwants %s", got.out, want)
		}
	}
}
