package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/exit"
)

// Configured credentials never sign a request to an address that only an endpoints.json names.
func TestKeysStayWithTheirServer(t *testing.T) {
	t.Parallel()
	r := record(t)
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	write("endpoints.json", fmt.Sprintf(`{"http":%q,"region":"us-east-1","accessKeyId":"AKLOCAL","secretAccessKey":"s"}`, r.URL))
	file := write("credentials", "[default]\naws_access_key_id = AKMINE\naws_secret_access_key = s\n[fleet]\naws_access_key_id = AKMINE\naws_secret_access_key = s\n")
	process := write("config", "[default]\ncredential_process = /bin/false\n")
	for name, vars := range map[string]map[string]string{
		"environment": {"AWS_ACCESS_KEY_ID": "AKMINE", "AWS_SECRET_ACCESS_KEY": "s", "AWS_SESSION_TOKEN": "token"},
		"shared file": {"AWS_SHARED_CREDENTIALS_FILE": file},
		"profile":     {"AWS_SHARED_CREDENTIALS_FILE": file, "AWS_PROFILE": "fleet"},
		"process":     {"AWS_CONFIG_FILE": process},
	} {
		vars["HOME"], vars["DROVER_DATA"], vars["AWS_REGION"] = dir, dir, "us-east-1"
		if got := call1(t, vars, "", "iot", "list-jobs"); got.status != 253 || len(r.sent) != 0 {
			t.Errorf("%s: %+v, sent %v", name, got, r.sent)
		}
	}
}

// A file that cannot be read is named; its lines, which may hold secrets, are not shown
// (R-CMD-102).
func TestBrokenFileIsNotShown(t *testing.T) {
	t.Parallel()
	r := record(t)
	vars := r.environment(t)
	vars["HOME"] = sharedFiles(t, r.URL, "", "[default]\naws_access_key_id = AK\naws_secret_access_key SECRET\n")
	got := call1(t, vars, "", "iot", "list-jobs")
	if got.status != exit.StatusEnvironment || !strings.Contains(got.problem, ".aws/credentials") || strings.Contains(got.problem, "SECRET") {
		t.Errorf("%+v", got)
	}
}
