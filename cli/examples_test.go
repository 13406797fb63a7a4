package cli_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/app"
	"github.com/drover-iot/drover/cli"
	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/help"
	"github.com/drover-iot/drover/cli/shellwords"
	"github.com/drover-iot/drover/client"
)

// shell runs the command lines of examples in this process, against a server of their own.
type shell struct {
	t         *testing.T
	home      string
	variables map[string]string
	clock     client.VirtualClock
}

// newShell starts a server with a virtual clock and an empty home folder.
func newShell(t *testing.T) *shell {
	t.Helper()
	config := app.Default()
	home := t.TempDir()
	config.AuthorizerTokens = home
	config.Data, config.Virtual, config.Log = t.TempDir(), true, slog.New(slog.DiscardHandler)
	config.HTTP, config.HTTPS, config.MQTT, config.MQTTS = "127.0.0.1:0", "", "", ""
	server, err := app.Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, stopped := make(chan struct{}), make(chan error, 1)
	go func() { stopped <- server.Run(ctx, func() { close(ready) }) }()
	<-ready
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	e := server.Endpoints
	key := client.Credentials{AccessKeyID: e.AccessKeyID, SecretAccessKey: e.SecretAccessKey}
	return &shell{t: t, home: home, clock: client.Clock(client.New(e.HTTP, key)), variables: map[string]string{
		"HOME": home, "AWS_ENDPOINT_URL": e.HTTP, "AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": e.AccessKeyID, "AWS_SECRET_ACCESS_KEY": e.SecretAccessKey,
	}}
}

// run runs a command line as a shell would, with variables and ~ expanded in words of their own.
func (s *shell) run(line string) (out, problem string, status int) {
	words, _ := shellwords.Split(line)
	for i, word := range words {
		if rest, home := strings.CutPrefix(word, "~/"); home {
			words[i] = filepath.Join(s.home, rest)
		}
		if name, variable := strings.CutPrefix(word, "$"); variable && s.variables[name] != "" {
			words[i] = s.variables[name]
		}
	}
	if words[1] == "clock" {
		by, err := time.ParseDuration(words[3])
		if err == nil {
			_, err = s.clock.Advance(s.t.Context(), by)
		}
		if err != nil {
			s.t.Fatal(err)
		}
		return "", "", 0
	}
	var stdout, stderr bytes.Buffer
	status = cli.Run(s.t.Context(), words[1:], cli.Env{
		Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Getenv: func(name string) string { return s.variables[name] },
		Program: "drover", Version: "test", Location: time.UTC,
	})
	return stdout.String(), stderr.String(), status
}

// The examples of help run, from the top of each file to its bottom, and print what they say they
// print (R-CMD-139).
func TestExamples(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("help/examples/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			s := newShell(t)
			for _, section := range strings.Split("\n"+string(text), "\n# ")[1:] {
				title, body, _ := strings.Cut(section, "\n")
				if name, isFile := strings.CutPrefix(title, "file "); isFile {
					if err := os.WriteFile(filepath.Join(s.home, name), []byte(strings.TrimSpace(body)+"\n"), 0o600); err != nil {
						t.Fatal(err)
					}
					continue
				}
				for part := range strings.SplitSeq(body, "\n\n") {
					if line, isCommand := strings.CutPrefix(strings.TrimSpace(part), "$ "); isCommand {
						s.example(title, line)
					}
				}
			}
		})
	}
}

// example runs one example: a line, perhaps over several lines, and what it prints.
func (s *shell) example(title, text string) {
	s.t.Helper()
	commandLines, output := help.SplitExample(text)
	line, want := strings.Join(commandLines, "\n"), strings.Join(output, "\n")
	if title != "setup" && !strings.HasPrefix(line, "drover "+title+" ") && line != "drover "+title {
		s.t.Errorf("%s: the example is of another operation: %s", title, line)
	}
	variable, inner, assigned := strings.Cut(line, "=$(")
	if assigned {
		line = strings.TrimSuffix(inner, ")")
	}
	out, problem, status := s.run(line)
	// A wait says on standard error how it goes (R-CMD-156).
	if status != 0 || problem != "" && !strings.Contains(line, " --wait") {
		s.t.Errorf("%s\nstatus %d: %s", line, status, problem)
	}
	if assigned {
		s.variables[variable] = strings.TrimSpace(out)
	}
	if want != "" {
		if diff := cmp.Diff(want+"\n", out); diff != "" {
			s.t.Errorf("%s (-want +got):\n%s", line, diff)
		}
	}
}

// Every operation has an example that was written by hand.
func TestExamplesOfAll(t *testing.T) {
	t.Parallel()
	var all strings.Builder
	files, err := filepath.Glob("help/examples/*.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.WriteString("\n" + string(text))
	}
	missing := map[string]bool{}
	for _, s := range command.Services {
		for _, name := range command.Names(s) {
			if !strings.Contains(all.String(), "\n# "+s.Name+" "+name+"\n") {
				missing[s.Name+" "+name] = true
			}
		}
	}
	if len(missing) > 0 {
		t.Errorf("no example of %v", slices.Sorted(maps.Keys(missing)))
	}
}
