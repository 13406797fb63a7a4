package test

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/test/testserver"
)

// litestream is the program, which must be there.
func litestream(t *testing.T) string {
	t.Helper()
	program := must[string](t)(filepath.Abs("../.tools/bin/litestream"))
	if _, err := os.Stat(program); err != nil {
		t.Fatalf("Litestream is missing: run make setup: %v", err)
	}
	return program
}

// replicate runs Litestream on the store of a server until the test ends, and returns what it prints.
func (s *server) replicate(t *testing.T, replica string) (*exec.Cmd, *testserver.Output) {
	t.Helper()
	printed := &testserver.Output{}
	c := exec.CommandContext(t.Context(), litestream(t), "replicate",
		filepath.Join(s.Dir, "drover.db"), "file://"+replica)
	c.Stdout, c.Stderr = printed, printed
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	return c, printed
}

// newestFile is when a file of a folder was written last.
func newestFile(t *testing.T, dir string) (newest time.Time) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return nil // removed meanwhile
		}
		if info, err := entry.Info(); err == nil && info.ModTime().After(newest) {
			newest = info.ModTime()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return newest
}

// Litestream beside a server without page checksums: devices report, Litestream folds the log, and
// both are killed. What it restores beside the rest of a backup has all that was acknowledged before
// its last copy, and no faults. R-BAK-8
func TestLitestream(t *testing.T) {
	t.Parallel()
	const things = 8
	s := serve(t, "--page-checksums", "off")
	s.fleet("g", things)
	s.create("fw", "g", nil)
	c, replica := s.line(t), filepath.Join(t.TempDir(), "replica")
	process, printed := s.replicate(t, replica)
	devices := s.keepBusy("fw", things)
	const folds = 1000 * 4096 // when the log is longer, Litestream folds it
	eventually(t, "Litestream follows, and folds the log", func() bool {
		info, err := os.Stat(filepath.Join(s.Dir, "drover.db-wal"))
		return err == nil && info.Size() > folds && len(devices.acknowledged()) == things &&
			strings.Contains(printed.String(), "snapshot complete")
	})
	before, at := devices.acknowledged(), time.Now()
	eventually(t, "Litestream copies what was acknowledged, as it does each second", func() bool {
		return newestFile(t, replica).After(at.Add(3 * time.Second))
	})
	backup := filepath.Join(t.TempDir(), "rest")
	c.ok("backup", "--data", s.Dir, "--without-artifacts", backup)
	s.Kill()
	_ = process.Process.Kill()
	devices.workers.Wait()

	restored := &server{Server: testserver.New(t), t: t}
	c.ok("restore", "--data", restored.Dir, backup)
	database := filepath.Join(restored.Dir, "drover.db")
	if err := os.Remove(database); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), litestream(t), "restore", "-o", database,
		"file://"+replica).CombinedOutput()
	if err != nil {
		t.Fatalf("restore: %v\n%s", err, out)
	}
	if out := c.ok("verify", "--data", restored.Dir); !strings.Contains(out, "no faults") {
		t.Errorf("verify: %s", out)
	}
	restored.Start("--page-checksums", "off")
	for thing, atLeast := range before {
		if got := restored.version("fw", thing); got < atLeast {
			t.Errorf("%s: version %d, want %d at least", thing, got, atLeast)
		}
	}
	if err := restored.report(thingName(0), "fw", "SUCCEEDED"); err != nil {
		t.Errorf("the restored server: %v", err)
	}
}
