package sidebyside

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/drover-iot/drover/test/testserver"
)

// python is the interpreter that has the aws command line.
const python = "../../.tools/aws/bin/python"

// pair is both programs and the server that they call. One line runs in it at a time.
type pair struct {
	server  *recorder
	program string         // drover, through a link named aws (R-CMD-3)
	input   io.Writer      // of reference.py
	output  *bufio.Scanner // of reference.py
}

// result is what one program did.
type result struct {
	Status         int
	Stdout, Stderr string
	sent           []request
}

// startPairs starts a pair for each processor.
func startPairs(t *testing.T) chan *pair {
	t.Helper()
	if _, err := os.Stat(python); err != nil {
		t.Fatalf("the aws command line is missing: run make setup: %v", err)
	}
	program := filepath.Join(t.TempDir(), "aws")
	if err := os.Symlink(testserver.Binary, program); err != nil {
		t.Fatal(err)
	}
	pairs := make(chan *pair, runtime.NumCPU())
	for range cap(pairs) {
		command := exec.CommandContext(t.Context(), python, "reference.py")
		command.Stderr = os.Stderr
		input, err := command.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		output, err := command.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := command.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = input.Close()
			_ = command.Wait() // it ends with its input
		})
		lines := bufio.NewScanner(output)
		lines.Buffer(nil, 64<<20)
		pairs <- &pair{server: newRecorder(t), program: program, input: input, output: lines}
	}
	return pairs
}

// ask has reference.py answer one object.
func (p *pair) ask(t *testing.T, question, answer any) {
	t.Helper()
	text, err := json.Marshal(question)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.input.Write(append(text, '\n')); err != nil {
		t.Fatal(err)
	}
	if !p.output.Scan() {
		t.Fatalf("reference.py has ended: %v", p.output.Err())
	}
	if err := json.Unmarshal(p.output.Bytes(), answer); err != nil {
		t.Fatal(err)
	}
}

// words splits a line as a shell does.
func (p *pair) words(t *testing.T, l line) (words []string) {
	t.Helper()
	if l.text == "" {
		return l.words
	}
	p.ask(t, map[string]any{"split": l.text}, &words)
	return words
}

// stock runs words with the aws command line.
func (p *pair) stock(t *testing.T, words []string, w *world) (r result) {
	t.Helper()
	p.server.begin(w.group, serviceOf(words))
	env := map[string]string{}
	for _, pair := range w.env {
		name, text, _ := strings.Cut(pair, "=")
		env[name] = text
	}
	p.ask(t, map[string]any{"args": words, "env": env, "dir": w.dir, "stdin": w.group.stdin}, &r)
	r.sent = p.server.take()
	return r
}

// ours runs words with drover.
func (p *pair) ours(t *testing.T, words []string, w *world) (r result) {
	t.Helper()
	p.server.begin(w.group, serviceOf(words))
	command := exec.CommandContext(t.Context(), p.program, words...)
	command.Dir, command.Env = w.dir, w.env
	command.Stdin = strings.NewReader(w.group.stdin)
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err := command.Run()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return result{command.ProcessState.ExitCode(), stdout.String(), stderr.String(), p.server.take()}
}

// serviceOf is the service that a line calls.
func serviceOf(words []string) string {
	for _, word := range words {
		if word == "iot-jobs-data" {
			return word
		}
	}
	return "iot"
}

// world is what the lines of a group find around them.
type world struct {
	group group
	dir   string
	env   []string
}

// serverWord stands for the address of the server in files and variables.
const serverWord = "SERVER"

// newWorld makes the working directory and the environment of a group.
func (p *pair) newWorld(t *testing.T, g group) *world {
	t.Helper()
	w := &world{group: g, dir: t.TempDir()}
	for name, text := range g.files {
		path := filepath.Join(w.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, serverWord, p.server.URL)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	set := map[string]string{
		"HOME":                      w.dir,
		"PATH":                      os.Getenv("PATH"),
		"TZ":                        "UTC",
		"LC_ALL":                    "C.UTF-8",
		"AWS_ENDPOINT_URL":          p.server.URL,
		"AWS_DEFAULT_REGION":        "us-east-1",
		"AWS_ACCESS_KEY_ID":         "AKID",
		"AWS_SECRET_ACCESS_KEY":     "secret",
		"AWS_EC2_METADATA_DISABLED": "true",
		"DROVER_CLI_COMPAT":         "v1",
		"DROVER_DATA":               "/nonexistent",
	}
	for _, change := range g.env {
		name, text, given := strings.Cut(change, "=")
		set[name] = strings.ReplaceAll(text, serverWord, p.server.URL)
		if !given {
			delete(set, name)
		}
	}
	for name, text := range set {
		w.env = append(w.env, name+"="+text)
	}
	return w
}
