package cli

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Files of text in the encoding that a variable names (R-CMD-134).
func TestFileEncoding(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "latin")
	if err := os.WriteFile(path, []byte("caf\xe9"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		encoding      string
		status        int
		sent, problem string
	}{
		{"ISO-8859-1", 0, `PATCH /jobs/j {"description":"café"}`, ""},
		{"latin-1", 0, `PATCH /jobs/j {"description":"café"}`, ""},
		{"UTF-8", 252, "", "text contents could not be decoded"},
		{"", 252, "", "text contents could not be decoded"},
		{"ebcdic", 253, "", "AWS_CLI_FILE_ENCODING: ebcdic is no encoding that is known"},
	} {
		r := record(t)
		vars := maps.Clone(r.environment(t))
		vars["AWS_CLI_FILE_ENCODING"] = row.encoding
		got := call1(t, vars, "", "iot", "update-job", "--job-id", "j", "--description", "file://"+path)
		if got.status != row.status || strings.Join(r.sent, "") != row.sent || !strings.Contains(got.problem, row.problem) {
			t.Errorf("%s: status %d, sent %v, %s", row.encoding, got.status, r.sent, got.problem)
		}
	}
	// It is asked for only when a file is read.
	r := record(t)
	vars := maps.Clone(r.environment(t))
	vars["AWS_CLI_FILE_ENCODING"] = "ebcdic"
	if got := call1(t, vars, "", "iot", "update-job", "--job-id", "j"); got.status != 0 {
		t.Errorf("status %d: %s", got.status, got.problem)
	}
}
