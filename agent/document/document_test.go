package document

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) { // R-AGT-6
	t.Parallel()
	got, err := Parse([]byte(`{
		"version": "1.0", "includeStdOut": "true", "more": {"is": "ignored"},
		"steps": [
			{"action": {"name": "Download", "type": "runHandler", "runAsUser": "pi", "allowStdErr": 2,
				"input": {"handler": "download-file.sh", "args": ["https://a/b", "/tmp/x"], "path": "/opt/h"}}},
			{"action": {"type": "runCommand", "ignoreStepFailure": true, "allowStdErr": "0",
				"input": {"command": "echo, a\\,b ,c\\d"}}}],
		"finalStep": {"action": {"type": "runHandler", "input": {"handler": "reboot.sh"}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := Document{
		IncludeStdOut: true,
		Steps: []Step{
			{Name: "Download", Handler: "download-file.sh", Args: []string{"https://a/b", "/tmp/x"},
				Path: "/opt/h", RunAs: "pi", MaxStdErr: 2},
			{Name: "echo", Command: []string{"echo", "a,b", `c\d`}, MaxStdErr: 0, IgnoreFailure: true},
		},
		Final: &Step{Name: "reboot.sh", Handler: "reboot.sh", MaxStdErr: -1},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if n := len(got.All()); n != 3 || len(got.Steps) != 2 {
		t.Errorf("%d in all, %d steps", n, len(got.Steps))
	}
	got, err = Parse([]byte(`{"operation": "install.sh", "args": ["a"], "path": "/h", "runAsUser": "u", "allowStdErr": 1}`))
	want = Document{Steps: []Step{{Name: "install.sh", Handler: "install.sh", Args: []string{"a"}, Path: "/h", RunAs: "u", MaxStdErr: 1}}}
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
}

// A document that an agent does not know says which member is the reason.
func TestUnknown(t *testing.T) { // R-AGT-8
	t.Parallel()
	step := func(action string) string {
		return `{"version": "1.0", "steps": [{"action": ` + action + `}]}`
	}
	for text, want := range map[string]string{
		`{`:                                        "cannot be read",
		`[]`:                                       "cannot be read",
		`{}`:                                       "neither steps nor an operation",
		`{"steps": [], "ota": {}}`:                 "neither steps nor an operation",
		`{"version": "2.0", "steps": [{}]}`:        `version: "2.0" is not 1.0`,
		`{"version": "1.0", "steps": [{}]}`:        "steps[0].action: is missing",
		`{"operation": "a", "steps": [{}]}`:        "one of them",
		`{"operation": "../a"}`:                    `operation: "../a" is not the file name`,
		`{"operation": "a", "allowStdErr": -1}`:    "not a number of lines",
		`{"operation": "a", "conditions": [{}]}`:   "conditions: this agent knows none",
		`{"operation": "a", "includeStdOut": "x"}`: "neither true nor false",
		step(`{"type": "runLambda"}`):              `steps[0].action.type: "runLambda" is neither`,
		step(`{"type": "runHandler"}`):             "steps[0].action.input.handler",
		step(`{"type": "runHandler", "input": {"handler": "a/b"}}`):                                                     "not the file name",
		step(`{"type": "runHandler", "input": {"handler": ".."}}`):                                                      "not the file name",
		step(`{"type": "runHandler", "input": {"handler": "a\u0000"}}`):                                                 "not the file name",
		step(`{"type": "runCommand", "input": {"command": " "}}`):                                                       "command: is empty",
		step(`{"type": "runCommand", "input": {"command": ",a"}}`):                                                      "command: is empty",
		`{"version": "1.0", "steps": [{"action": {"type": "runCommand", "input": {"command": "a"}}}], "finalStep": {}}`: "finalStep.action: is missing",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}

// The documents of all managed templates are known.
func TestManagedTemplates(t *testing.T) { // R-AGT-6, R-MT-4, R-MT-5
	t.Parallel()
	files, err := filepath.Glob("../../app/managed/*.json")
	if err != nil || len(files) < 8 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var template struct{ Document json.RawMessage }
		if err := json.Unmarshal(text, &template); err != nil {
			t.Fatal(err)
		}
		if d, err := Parse(template.Document); err != nil || len(d.Steps) != 1 {
			t.Errorf("%s: got %v, %v", file, d, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"version":"1.0","steps":[{"action":{"type":"runCommand","input":{"command":"a\\,b,c"}}}]}`)
	f.Add(`{"operation":"a","args":["b"]}`)
	f.Fuzz(func(t *testing.T, text string) {
		d, err := Parse([]byte(text))
		if err != nil {
			return
		}
		for _, s := range d.All() {
			if (s.Handler == "") == (len(s.Command) == 0) || strings.Contains(s.Handler, "/") {
				t.Errorf("%q: step %+v", text, s)
			}
		}
	})
}
