package script

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/drover-iot/drover/test/testserver"
)

func TestMain(m *testing.M) { testserver.Main(m, "../../cmd/drover") }

// Each archive of testdata is a session in an empty home folder, with drover on the path and a link
// to it named aws. Beside the commands of testscript there are those of commands.
func TestScripts(t *testing.T) {
	t.Parallel()
	programs := t.TempDir()
	for _, name := range []string{"drover", "aws"} {
		if err := os.Symlink(testserver.Binary, filepath.Join(programs, name)); err != nil {
			t.Fatal(err)
		}
	}
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no archives: %v", err)
	}
	setUp := func(env *testscript.Env) error {
		env.Setenv("PATH", programs+string(os.PathListSeparator)+os.Getenv("PATH"))
		env.Setenv("HOME", env.WorkDir)
		env.Setenv("DROVER_DATA", filepath.Join(env.WorkDir, "no-server"))
		env.Setenv("AWS_EC2_METADATA_DISABLED", "true")
		return nil
	}
	for _, archive := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(archive), ".txtar"), func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Files:               []string{archive},
				Cmds:                commands(t),
				Setup:               setUp,
				RequireExplicitExec: true,
			})
		})
	}
}

// A word is a command of archives.
type word = func(ts *testscript.TestScript, negated bool, args []string)

// commands are those that archives have beside testscript's own.
func commands(t *testing.T) map[string]word {
	return map[string]word{
		// serve [FLAG...] starts a server and sets what a user exports to call it.
		"serve": func(ts *testscript.TestScript, _ bool, args []string) {
			s := testserver.Serve(t, args...)
			ts.Setenv("AWS_ENDPOINT_URL", s.HTTP)
			ts.Setenv("AWS_REGION", s.Region)
			ts.Setenv("AWS_ACCESS_KEY_ID", s.AccessKeyID)
			ts.Setenv("AWS_SECRET_ACCESS_KEY", s.SecretAccessKey)
			ts.Setenv("ACCOUNT", s.Account)
		},
		// broken FAULT starts a host with one of the faults of faults, and has it called once.
		"broken": func(ts *testscript.TestScript, _ bool, args []string) {
			if len(args) != 1 || faults[args[0]] == nil {
				ts.Fatalf("usage: broken FAULT")
			}
			ts.Setenv("AWS_ENDPOINT_URL", brokenHost(t, faults[args[0]]))
			ts.Setenv("AWS_REGION", "us-east-1")
			ts.Setenv("AWS_ACCESS_KEY_ID", "AKID")
			ts.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
			ts.Setenv("AWS_MAX_ATTEMPTS", "1")
		},
		"status": status,
		"lines":  lines,
	}
}

// status N PROGRAM [WORD...] runs a program, which must end with the exit status N. Whatever the
// status is, no stack trace is printed, and one that is not 0 comes with a message on standard
// error and without a result on standard output (R-CMD-136).
func status(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) < 2 {
		ts.Fatalf("usage: status N PROGRAM [WORD...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	out, problem := ts.ReadFile("stdout"), ts.ReadFile("stderr")
	if got != want {
		ts.Fatalf("status %d, want %d", got, want)
	}
	for _, trace := range []string{"goroutine ", "panic:", ".go:"} {
		if strings.Contains(out+problem, trace) {
			ts.Fatalf("a stack trace was printed")
		}
	}
	if want != 0 && (out != "" || strings.TrimSpace(problem) == "") {
		ts.Fatalf("standard output %q, standard error %q", out, problem)
	}
}

// lines N checks that the last program printed N lines on standard error that are not empty.
func lines(ts *testscript.TestScript, negated bool, args []string) {
	if negated || len(args) != 1 {
		ts.Fatalf("usage: lines N")
	}
	got := 0
	for line := range strings.Lines(ts.ReadFile("stderr")) {
		if strings.TrimSpace(line) != "" {
			got++
		}
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("%d lines on standard error, want %s", got, args[0])
	}
}
