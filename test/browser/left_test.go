package browser

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// These are what the tests of a child do, by the value of childVariable.
const (
	fails = "fails" // it has a fault
	hangs = "hangs" // it does not end
)

// TestFault takes the fault of its page, but not in a child, which TestNothingIsLeft starts.
func TestFault(t *testing.T) {
	t.Parallel()
	b := serveBody(t, `<p>Unwell</p><script>console.error("unwell")</script>`)
	switch os.Getenv(childVariable) {
	case hangs:
		<-t.Context().Done()
	case "":
		b.fault("unwell")
	}
}

// A fault that no test has taken fails its test, with a picture of the page, and no process and no
// profile is left.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	child, folder, printed := startChild(t, fails)
	err := child.Wait()
	exit := (*exec.ExitError)(nil)
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("tests with a fault ended with %v, want exit status 1", err)
	}
	for _, want := range []string{"--- FAIL: TestFault", `the page: console: "unwell"`, "Unwell"} {
		if !strings.Contains(printed.String(), want) {
			t.Errorf("it does not say %q:\n%s", want, printed)
		}
	}
	pictures, err := filepath.Glob(filepath.Join(folder, "screenshots", "TestFault-failed-*.png"))
	if err != nil || len(pictures) != 1 {
		t.Errorf("pictures %v, %v, want one", pictures, err)
	}
	if left := browsers(t, folder); len(left) != 0 {
		t.Errorf("processes are left:\n%s", strings.Join(left, "\n"))
	}
	profiles, err := filepath.Glob(filepath.Join(folder, "chromedp*"))
	if err != nil || len(profiles) != 0 {
		t.Errorf("profiles are left: %v, %v", profiles, err)
	}
}

// Nothing runs on when tests are killed.
func TestNothingIsLeftOfAKill(t *testing.T) {
	t.Parallel()
	child, folder, _ := startChild(t, hangs)
	eventually(t, "a page is open", func() bool {
		return strings.Contains(strings.Join(browsers(t, folder), "\n"), "--type=renderer")
	})
	if err := child.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = child.Wait() // it was killed
	eventually(t, "Chromium has ended", func() bool { return len(browsers(t, folder)) == 0 })
}

// startChild runs TestFault in another process, whose temporary files are in a folder.
func startChild(t *testing.T, does string) (child *exec.Cmd, folder string, out *bytes.Buffer) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	folder, out = t.TempDir(), &bytes.Buffer{}
	child = exec.Command(program, "-test.run=^TestFault$")
	child.Env = append(os.Environ(), childVariable+"="+does, "TMPDIR="+folder,
		"DROVER_SCREENSHOTS="+filepath.Join(folder, "screenshots"))
	child.Stdout, child.Stderr = out, out
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill() }) // it may have ended
	return child, folder, out
}

// browsers returns the command lines of the processes whose profile is in a folder. Chromium gives
// the profile to all of its processes.
func browsers(t *testing.T, folder string) (lines []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil || len(files) == 0 {
		t.Fatalf("the processes of this machine cannot be listed: %v", err)
	}
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err == nil && bytes.Contains(line, []byte("--user-data-dir="+folder)) {
			lines = append(lines, strings.ReplaceAll(string(line), "\x00", " "))
		}
	}
	return lines
}

// eventually waits until check holds; what names it when it does not.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	for deadline := time.Now().Add(startTimeout); !check(); {
		if time.Now().After(deadline) {
			t.Fatalf("after %v still not: %s", startTimeout, what)
		}
		time.Sleep(20 * time.Millisecond) // polls another process
	}
}
