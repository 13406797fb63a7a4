package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// outcome is what became of a mutant, in the order in which the table shows it.
type outcome uint8

const (
	killed       outcome = iota // a test has failed
	killedByTime                // the tests did not end in time
	broken                      // it does not fit the code or does not compile: the table is wrong
	survived                    // all tests have passed: one is missing
)

// String is the outcome as it is shown.
func (o outcome) String() string {
	return [...]string{"killed", "killed by time", "does not compile", "SURVIVED"}[o]
}

// result is a mutant with what became of it.
type result struct {
	mutant  mutant
	outcome outcome
	by      string // the first test that failed, or what is wrong with the table
	took    time.Duration
}

// runner runs tests of the module at root.
type runner struct {
	root   string
	folder string        // for changed files
	limit  time.Duration // of the tests of one package
}

// unchanged runs all tests that the mutants name on the code as it is: one that fails here would
// seem to kill every mutant.
func (r runner) unchanged(mutants []mutant) error {
	var packages []string
	for _, m := range mutants {
		packages = append(packages, m.packages...)
	}
	slices.Sort(packages)
	if out, err := r.test("", slices.Compact(packages)...); err != nil {
		return fmt.Errorf("the tests fail without any mutant: %w\n%s", err, out)
	}
	return nil
}

// run makes one mistake and says what became of it.
func (r runner) run(m mutant) result {
	start := time.Now()
	done := result{mutant: m}
	done.outcome, done.by = r.outcome(m)
	done.took = time.Since(start)
	return done
}

// outcome compiles the mutant and runs its tests, package after package until one fails.
func (r runner) outcome(m mutant) (outcome, string) {
	overlay, err := r.overlay(m)
	if err != nil {
		return broken, err.Error()
	}
	changed := "./" + path.Dir(m.file)
	if out, err := r.command("build", "-overlay="+overlay, "-o", os.DevNull, changed); err != nil {
		return broken, string(out)
	}
	for _, name := range m.packages {
		out, err := r.test(overlay, name)
		if err == nil {
			continue
		}
		if strings.Contains(string(out), "panic: test timed out") {
			return killedByTime, name
		}
		if failed := failedTest.Find(out); failed != nil {
			return killed, strings.TrimPrefix(string(failed), "--- FAIL: ")
		}
		return broken, string(out)
	}
	return survived, strings.Join(m.packages, " ")
}

// failedTest finds the first test that failed, or a panic outside of the tests' own goroutines. It
// finds nothing when tests do not compile.
var failedTest = regexp.MustCompile(`(?m)^(?:--- FAIL: \S+|panic: .*|fatal error: .*)`)

// atOnce is how many tests of a package run at the same time. It is more than there are processors,
// because the slowest tests only wait.
const atOnce = "16"

// test runs the tests of packages, with an overlay unless it is empty.
func (r runner) test(overlay string, packages ...string) ([]byte, error) {
	args := []string{"test", "-count=1", "-vet=off", "-failfast", "-parallel=" + atOnce,
		"-timeout=" + r.limit.String()}
	if overlay != "" {
		args = append(args, "-overlay="+overlay)
	}
	return r.command(append(args, packages...)...)
}

// command runs the go command and returns all that it prints.
func (r runner) command(args ...string) ([]byte, error) {
	c := exec.Command("go", args...)
	c.Dir = r.root
	return c.CombinedOutput()
}

// overlay writes the changed file, and the list by which the go command takes it in place of the
// real one. It returns the path of the list.
func (r runner) overlay(m mutant) (string, error) {
	code, err := m.apply(r.root)
	if err != nil {
		return "", err
	}
	original, err := filepath.Abs(filepath.Join(r.root, filepath.FromSlash(m.file)))
	if err != nil {
		return "", err
	}
	changed, list := filepath.Join(r.folder, m.name+".go"), filepath.Join(r.folder, m.name+".json")
	if err := os.WriteFile(changed, []byte(code), 0o600); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		return "", err
	}
	return list, os.WriteFile(list, overlay, 0o600)
}
