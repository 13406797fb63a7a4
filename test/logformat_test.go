package test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/drover-iot/drover/internal/endpoints"
	"github.com/drover-iot/drover/test/testserver"
)

// The log goes to standard error, a line each, in the form that is asked for; standard output is for
// people and has none of it.
func TestLogFormat(t *testing.T) { // R-CFG-8
	t.Parallel()
	text := regexp.MustCompile(`^time=\S+ level=[A-Z]+ msg=("([^"\\]|\\.)*"|\S+)( [^ =]+=("([^"\\]|\\.)*"|\S*))*$`)
	for format, well := range map[string]func(line string) bool{
		"text": text.MatchString,
		"json": func(line string) bool {
			var object map[string]any
			return json.Unmarshal([]byte(line), &object) == nil && object["level"] != nil
		},
	} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			folder := filepath.Join(t.TempDir(), "data")
			const free = "127.0.0.1:0"
			// A variable that is no setting is a warning in the log.
			command := exec.CommandContext(t.Context(), testserver.Binary, "serve", "--data", folder,
				"--http", free, "--https", free, "--mqtt", free, "--mqtts", free,
				"--log", "debug", "--log-format", format)
			command.Env = []string{"DROVER_NO_SETTING=a line\nand another"}
			var out, log bytes.Buffer
			command.Stdout, command.Stderr = &out, &log
			if err := command.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the server is ready", func() bool {
				_, err := endpoints.Read(folder)
				return err == nil
			})
			_ = command.Process.Signal(syscall.SIGTERM)
			if err := command.Wait(); err != nil {
				t.Fatalf("%v: %s", err, log.String())
			}
			lines := strings.Split(strings.TrimSuffix(log.String(), "\n"), "\n")
			for _, line := range lines {
				if !well(line) {
					t.Errorf("no line of the log: %s", line)
				}
			}
			if !strings.Contains(log.String(), "DROVER_NO_SETTING") {
				t.Errorf("the log does not warn: %s", log.String())
			}
			for line := range strings.Lines(out.String()) {
				if well(strings.TrimSuffix(line, "\n")) {
					t.Errorf("standard output has a line of the log: %s", line)
				}
			}
		})
	}
}
