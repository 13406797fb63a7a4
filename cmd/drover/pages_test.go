package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/help"
)

// The page of drover lists all commands.
func TestDroverPage(t *testing.T) {
	t.Parallel()
	text := droverPage().Text(help.Style{})
	for _, name := range commandNames() {
		if name != "help" && !strings.Contains(text, "\n    "+name+" ") {
			t.Errorf("no %s in:\n%s", name, text)
		}
	}
}

// drover man writes a page for drover, for each command and for each operation (R-CMD-143).
func TestWriteMan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := runMan(t.Context(), []string{dir}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"drover", "drover-serve", "drover-job-create", "drover-artifact", "drover-artifact-put", "drover-man", "drover-iot", "drover-iot-create-job",
		"drover-iot-jobs-data-update-job-execution"} {
		page, err := os.ReadFile(filepath.Join(dir, "man1", name+".1"))
		if err != nil {
			t.Error(err)
			continue
		}
		if title := `.TH "` + strings.ReplaceAll(strings.ToUpper(name), "-", `\-`) + `" 1`; !strings.HasPrefix(string(page), title) {
			t.Errorf("%s begins with %.60s", name, page)
		}
	}
}
