package test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// Every man page is roff that mandoc has nothing to say about, but for the date: a page has none, so
// that the same program writes the same page on every day.
func TestManPages(t *testing.T) { // R-CMD-143
	t.Parallel()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), testserver.Binary, "man", dir).CombinedOutput(); err != nil {
		t.Fatalf("drover man: %v: %s", err, out)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "man1", "*.1"))
	if err != nil || len(pages) < 100 {
		t.Fatalf("%d pages, %v", len(pages), err)
	}
	if _, err := exec.LookPath("mandoc"); err != nil {
		t.Fatalf("%v; scripts/setup-tests.sh installs it", err)
	}
	// Its status is 0 without warnings; what it says is looked at in any case.
	said, _ := exec.CommandContext(t.Context(), "mandoc", append([]string{"-T", "lint", "-W", "warning"}, pages...)...).Output()
	for line := range strings.Lines(string(said)) {
		if !strings.Contains(line, "missing date") {
			t.Errorf("%s", line)
		}
	}
}
