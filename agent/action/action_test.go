package action

import (
	"context"
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/agent/document"
)

// handler writes a handler into a new folder.
func handler(t *testing.T, script string, mode os.FileMode) (folder string) {
	t.Helper()
	folder = t.TempDir()
	path := filepath.Join(folder, "h.sh")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
	return folder
}

func TestFind(t *testing.T) { // R-AGT-7, R-AGT-15
	t.Parallel()
	good, other := handler(t, "", 0o755), handler(t, "", 0o700)
	folder := t.TempDir()
	if err := os.Mkdir(filepath.Join(folder, "h.sh"), 0o755); err != nil {
		t.Fatal(err)
	}
	step := document.Step{Handler: "h.sh", Args: []string{"a"}, RunAs: "pi"}
	at := func(path string) document.Step { s := step; s.Path = path; return s }
	for _, tt := range []struct {
		name   string
		runner Runner
		step   document.Step
		want   []string
		err    string
	}{
		{"the first folder that has it", Runner{Folders: []string{t.TempDir(), good, other}}, step,
			[]string{good + "/h.sh", "a"}, ""},
		{"with the user", Runner{Folders: []string{good}, PassUser: true}, step,
			[]string{good + "/h.sh", "pi", "a"}, ""},
		{"a folder of the document", Runner{Folders: []string{good, other}}, at(other + "/"),
			[]string{other + "/h.sh", "a"}, ""},
		{"another folder of the document", Runner{Folders: []string{good}}, at(other), nil, "may not come from the folder"},
		{"none", Runner{Folders: []string{t.TempDir()}}, step, nil, "there is no such handler: h.sh"},
		{"that others may change", Runner{Folders: []string{handler(t, "", 0o775)}}, step, nil, "may be changed by others"},
		{"no program", Runner{Folders: []string{handler(t, "", 0o644)}}, step, nil, "may not be executed"},
		{"a folder", Runner{Folders: []string{folder}}, step, nil, "is no file"},
		{"a command", Runner{Commands: true}, document.Step{Command: []string{"echo", "a"}}, []string{"echo", "a"}, ""},
		{"a command where none may run", Runner{}, document.Step{Command: []string{"echo"}}, nil, "runs no commands"},
	} {
		got, err := tt.runner.Find(tt.step)
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s: %s", tt.name, d)
		}
		if tt.err == "" != (err == nil) || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.err)
		}
	}
}

func TestRun(t *testing.T) { // R-AGT-16, R-AGT-17
	t.Parallel()
	folder := handler(t, `echo "drover:progress 1 of 2"
echo " 40% Installing"
echo "$1 $DROVER_JOB_ID"
echo one >&2
printf two >&2
exit 3`, 0o755)
	var mu sync.Mutex
	var said []string
	got, err := Runner{Grace: time.Second}.Run(t.Context(), []string{folder + "/h.sh", "a"}, "",
		[]string{"DROVER_JOB_ID=fw-2"}, func(text string) {
			mu.Lock()
			said = append(said, text)
			mu.Unlock()
		})
	want := Result{
		Code:     3,
		StdOut:   "drover:progress 1 of 2\n 40% Installing\na fw-2",
		StdErr:   "one\ntwo",
		ErrLines: 2,
	}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if d := cmp.Diff([]string{"1 of 2", "40%"}, said); d != "" {
		t.Error(d)
	}
	if _, err := (Runner{}).Run(t.Context(), []string{folder + "/none"}, "", nil, nil); err == nil {
		t.Error("a program that is not there: no error")
	}
}

// When a job ends early, its process is asked to end with all that it has started, and killed when it
// does not.
func TestEndEarly(t *testing.T) { // R-AGT-18
	t.Parallel()
	for _, tt := range []struct {
		name, script string
		grace        time.Duration
	}{
		{"asked", `sleep 600 & echo $! > "$1"; echo "drover:progress up"; wait`, time.Minute},
		{"killed", `trap "" TERM; sleep 600 & echo $! > "$1"; echo "drover:progress up"; wait; wait`, 100 * time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			folder, file := handler(t, tt.script, 0o755), filepath.Join(t.TempDir(), "pid")
			ctx, cancel := context.WithCancel(t.Context())
			_, err := Runner{Grace: tt.grace}.Run(ctx, []string{folder + "/h.sh", file}, "", nil,
				func(string) { cancel() })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			child, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			for range 500 { // its parent is gone, so it is somebody else's to bury
				stat, err := os.ReadFile("/proc/" + strconv.Itoa(child) + "/stat")
				if err != nil || strings.Contains(string(stat), ") Z ") {
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Error("what the process started goes on")
		})
	}
}

func TestRunAs(t *testing.T) { // R-AGT-16
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	run := func(name string) (Result, error) {
		return Runner{}.Run(t.Context(), []string{"/bin/sh", "-c", "id -un; echo $HOME"}, name, nil, nil)
	}
	if got, err := run(me.Username); err != nil || !strings.HasPrefix(got.StdOut, me.Username+"\n") {
		t.Errorf("as itself: %v, %v", got, err)
	}
	if _, err := run("no-such-user"); err == nil || !strings.Contains(err.Error(), "no-such-user") {
		t.Errorf("as nobody known: %v", err)
	}
	got, err := run("nobody")
	switch {
	case syscall.Geteuid() == 0 && (err != nil || !strings.HasPrefix(got.StdOut, "nobody\n")):
		t.Errorf("root as nobody: %v, %v", got, err)
	case syscall.Geteuid() != 0 && (err == nil || !strings.Contains(err.Error(), "only an agent of root")):
		t.Errorf("not root, as nobody: %v, %v", got, err)
	}
}

func TestValue(t *testing.T) { // R-AGT-17
	t.Parallel()
	long := strings.Repeat("ä", 2000)
	for text, want := range map[string]string{
		" a\x00b\x1b[1m\tc\nd\r\n": "ab[1m\tc\nd", "\xff": "?", long + "z": long[:2*1023] + "z",
	} {
		if got := Value(text, true); got != want {
			t.Errorf("%.20q: got %.20q", text, got)
		}
	}
	if got := Value(long+"z", false); got != long[:2*1024] {
		t.Errorf("the first: got %d bytes", len(got))
	}
	for line, want := range map[string]string{
		"100%": "100%", "  7% done": "7%", "101%": "", "-1%": "", "a 7%": "", "drover:progress ": "", "7": "",
	} {
		if got := progressOf(line); got != want {
			t.Errorf("%q: got %q", line, got)
		}
	}
}

// An output without an end and without lines costs no memory.
func TestEndlessOutput(t *testing.T) {
	t.Parallel()
	tl := &tail{}
	for range 1000 {
		_, _ = tl.Write(make([]byte, 10_000)) // it never fails
	}
	if cap(tl.last) > 64<<10 || cap(tl.line) > 8<<10 {
		t.Errorf("%d and %d bytes are kept", cap(tl.last), cap(tl.line))
	}
}
