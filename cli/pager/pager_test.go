package pager_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/drover-iot/drover/cli/pager"
)

// Text goes through the program, or past one that there is not; one that is left early is no
// failure (R-CMD-140). The screen of the test is a file.
func TestWriter(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a line of text\n", 100_000)
	for command, want := range map[string]string{
		"":                        long,
		"no-such-pager-anywhere":  long,
		"cat":                     long,
		"head -n 1":               "a line of text\n",
		"false":                   "",
		"sed -n s/line/row/p;3q ": "a row of text\na row of text\na row of text\n",
	} {
		screen, err := os.Create(filepath.Join(t.TempDir(), "screen"))
		if err != nil {
			t.Fatal(err)
		}
		w := pager.New(t.Context(), command, screen)
		for part := range strings.SplitAfterSeq(long, "\n") {
			if _, err := w.Write([]byte(part)); err != nil {
				t.Fatalf("%s: %v", command, err)
			}
		}
		if err := w.Close(); err != nil {
			t.Errorf("%s: %v", command, err)
		}
		got, err := os.ReadFile(screen.Name())
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%s: %d bytes on the screen, want %d", command, len(got), len(want))
		}
		if err := screen.Close(); err != nil {
			t.Error(err)
		}
	}
}

// A pager is not started for nothing.
func TestWriterOfNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "started")
	if err := pager.New(t.Context(), "touch "+path, os.Stderr).Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("the pager was started")
	}
}
