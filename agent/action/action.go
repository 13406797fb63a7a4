// Package action runs the actions of job documents as processes: handlers of the device's owner from
// folders, and commands (docs/spec/56, R-AGT-7 and R-AGT-15 to R-AGT-18).
//
// Start at Runner.Find, then Runner.Run.
package action

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/drover-iot/drover/agent/document"
)

// A Runner runs actions.
type Runner struct {
	// Folders have the handlers. A document may name one of them; else they are looked into in this
	// order.
	Folders []string
	// Commands says whether documents may run commands.
	Commands bool
	// PassUser has the name of the user stand before the arguments of a handler, as handlers for the
	// AWS IoT Device Client expect.
	PassUser bool
	// Grace is how long a process that is to end may take, before it is killed.
	Grace time.Duration
}

// A Result is how an action has ended.
type Result struct {
	// Code is the exit status; negative when a signal ended the process.
	Code int
	// StdOut and StdErr are the ends of what it printed.
	StdOut, StdErr string
	// ErrLines is how many lines went to its standard error.
	ErrLines int
}

// ErrMissing says that there is no handler of a name.
var ErrMissing = errors.New("there is no such handler")

// Find returns the command of a step: the path of its handler or its program, with arguments. An
// error is a reason to reject the job: nothing was done yet.
func (r Runner) Find(s document.Step) ([]string, error) {
	if s.Command != nil {
		if !r.Commands {
			return nil, errors.New("this device runs no commands of documents")
		}
		return s.Command, nil
	}
	folders := r.Folders
	if s.Path != "" {
		folder := filepath.Clean(s.Path)
		if !slices.ContainsFunc(folders, func(f string) bool { return filepath.Clean(f) == folder }) {
			return nil, fmt.Errorf("handlers may not come from the folder %s", s.Path)
		}
		folders = []string{folder}
	}
	for _, folder := range folders {
		path := filepath.Join(folder, s.Handler)
		info, err := os.Stat(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = checkHandler(path, info)
		}
		if err != nil {
			return nil, err
		}
		words := []string{path}
		if r.PassUser {
			words = append(words, s.RunAs)
		}
		return append(words, s.Args...), nil
	}
	return nil, fmt.Errorf("%w: %s", ErrMissing, s.Handler)
}

// checkHandler refuses a file that is no program, or that others than its owner may change.
func checkHandler(path string, info os.FileInfo) error {
	switch mode := info.Mode(); {
	case !mode.IsRegular():
		return fmt.Errorf("%s is no file", path)
	case mode.Perm()&0o111 == 0:
		return fmt.Errorf("%s may not be executed", path)
	case mode.Perm()&0o022 != 0:
		return fmt.Errorf("%s may be changed by others than its owner", path)
	}
	return checkOwner(path, info)
}

// Run runs a command of Find until it ends; the error says that it could not be started. When ctx
// ends, the process is asked to end, with all that it has started, and killed after Grace. progress is
// called with what lines of its output say about progress, from another goroutine.
func (r Runner) Run(
	ctx context.Context, words []string, user string, env []string, progress func(string),
) (Result, error) {
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Env = append(os.Environ(), env...)
	if err := prepare(c, user); err != nil {
		return Result{}, err
	}
	c.Cancel = func() error { return endAll(c.Process) }
	c.WaitDelay = r.Grace
	out, fail := &tail{progress: progress}, &tail{progress: progress}
	c.Stdout, c.Stderr = out, fail
	if err := c.Start(); err != nil {
		return Result{}, err
	}
	err := c.Wait()
	if ctx.Err() != nil {
		killAll(c.Process) // what the process has started
	}
	result := Result{Code: c.ProcessState.ExitCode()}
	result.StdOut, _ = out.end()
	result.StdErr, result.ErrLines = fail.end()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return result, ctx.Err()
	case err == nil, errors.As(err, &exit):
		return result, nil
	case errors.Is(err, exec.ErrWaitDelay): // it ended, and something that it started has its output open
		return result, nil
	}
	return result, err
}

// maxTail is how many characters of an output are kept: what a value of details may have.
const maxTail = 1024

// A tail keeps the end of an output, and looks for progress in its lines.
type tail struct {
	mu       sync.Mutex
	last     []byte
	line     []byte // the one that has not ended, or its beginning
	lines    int
	progress func(string)
}

// maxLine is how much of a line is looked at.
const maxLine = 2 * maxTail

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = append(t.last, b...)
	if over := len(t.last) - utf8.UTFMax*maxTail; over > 0 {
		t.last = append(t.last[:0], t.last[over:]...)
	}
	for rest := b; len(rest) > 0; {
		line, after, ended := bytes.Cut(rest, []byte{'\n'})
		t.line = append(t.line, line[:min(len(line), maxLine-len(t.line))]...)
		if ended {
			t.endLine()
		}
		rest = after
	}
	return len(b), nil
}

// endLine counts a line and looks for progress in it.
func (t *tail) endLine() {
	t.lines++
	if said := progressOf(string(t.line)); said != "" && t.progress != nil {
		t.progress(said)
	}
	t.line = t.line[:0]
}

// end returns the end of the output, and how many lines it had.
func (t *tail) end() (text string, lines int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.line) > 0 {
		t.endLine()
	}
	return Value(string(t.last), true), t.lines
}

// Value makes a text a value of details: at most 1,024 characters, the last ones or the first ones,
// without control characters but line breaks and tabs.
func Value(text string, last bool) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(text, "?"))
	text = strings.TrimSpace(text)
	runes := []rune(text)
	switch {
	case len(runes) <= maxTail:
		return text
	case last:
		return string(runes[len(runes)-maxTail:])
	}
	return string(runes[:maxTail])
}

// progressOf reads progress from a line: "drover:progress 3 of 7 files", or a percentage at its
// beginning, as RAUC prints it. Empty: the line says none.
func progressOf(line string) string {
	line = strings.TrimSpace(line)
	if said, ok := strings.CutPrefix(line, "drover:progress "); ok {
		return Value(said, false)
	}
	number, _, ok := strings.Cut(line, "%")
	if n, err := strconv.Atoi(number); ok && err == nil && 0 <= n && n <= 100 {
		return number + "%"
	}
	return ""
}
