// Package document reads job documents for an agent: those of AWS's managed templates, and the older
// form with one operation. It decides from the text alone whether an agent can do what a document
// says (docs/spec/56, R-AGT-6 to R-AGT-8).
//
// Start at Parse.
package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// A Document is what a job wants done.
type Document struct {
	// Steps are done in this order. There is at least one.
	Steps []Step
	// Final is done after all steps have succeeded; nil: nothing.
	Final *Step
	// IncludeStdOut says that the end of what actions print belongs into the details of the execution.
	IncludeStdOut bool
}

// A Step is one action.
type Step struct {
	// Name is what details call the step.
	Name string
	// Command are a program and its arguments, for a step that runs a command; nil for a handler.
	Command []string
	// Handler is the file name of a handler, without a folder, and Path the folder that the document
	// names, or empty. Args are its arguments.
	Handler, Path string
	Args          []string
	// RunAs is the user that runs the action; empty: the one of the agent.
	RunAs string
	// MaxStdErr is how many lines an action may print to its standard error and still succeed;
	// negative: any number.
	MaxStdErr int
	// IgnoreFailure says that the next step is done also when this one fails.
	IgnoreFailure bool
}

// All are the steps and the final one.
func (d Document) All() []Step {
	if d.Final == nil {
		return d.Steps
	}
	return append(d.Steps[:len(d.Steps):len(d.Steps)], *d.Final)
}

// written is a document as it is written.
type written struct {
	Version       string            `json:"version"`
	Steps         []writtenStep     `json:"steps"`
	FinalStep     *writtenStep      `json:"finalStep"`
	IncludeStdOut flag              `json:"includeStdOut"`
	Conditions    []json.RawMessage `json:"conditions"`

	// The older form has one operation.
	Operation   string   `json:"operation"`
	Args        []string `json:"args"`
	Path        string   `json:"path"`
	RunAsUser   string   `json:"runAsUser"`
	AllowStdErr *count   `json:"allowStdErr"`
}

type writtenStep struct {
	Action *writtenAction `json:"action"`
}

type writtenAction struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Input struct {
		Handler string   `json:"handler"`
		Args    []string `json:"args"`
		Path    string   `json:"path"`
		Command string   `json:"command"`
	} `json:"input"`
	RunAsUser         string `json:"runAsUser"`
	AllowStdErr       *count `json:"allowStdErr"`
	IgnoreStepFailure flag   `json:"ignoreStepFailure"`
}

// flag is true or false, also as a text: parameters of templates are texts.
type flag bool

func (f *flag) UnmarshalJSON(text []byte) error {
	switch strings.Trim(string(text), `"`) {
	case "true":
		*f = true
	case "false", "null", "":
		*f = false
	default:
		return fmt.Errorf("%s is neither true nor false", text)
	}
	return nil
}

// count is a whole number that is not negative, also as a text.
type count int

func (c *count) UnmarshalJSON(text []byte) error {
	var n uint16
	if err := json.Unmarshal(bytes.Trim(text, `"`), &n); err != nil {
		return fmt.Errorf("%s is not a number of lines", text)
	}
	*c = count(n)
	return nil
}

// Parse reads a document. The error of one that this agent does not know is the reason for which its
// execution is rejected: it says which member is wrong.
func Parse(text []byte) (Document, error) {
	var w written
	if err := json.Unmarshal(text, &w); err != nil {
		return Document{}, fmt.Errorf("the document cannot be read: %w", err)
	}
	d := Document{IncludeStdOut: bool(w.IncludeStdOut)}
	switch {
	case len(w.Conditions) > 0:
		return d, errors.New("conditions: this agent knows none")
	case len(w.Steps) > 0 && w.Operation != "":
		return d, errors.New("steps and operation: a document has one of them")
	case w.Operation != "":
		return d, d.readOperation(w)
	case len(w.Steps) == 0:
		return d, errors.New("the document has neither steps nor an operation")
	case w.Version != "1.0":
		return d, fmt.Errorf("version: %q is not 1.0", w.Version)
	}
	for i, s := range w.Steps {
		step, err := s.read(fmt.Sprintf("steps[%d].action", i))
		if err != nil {
			return Document{}, err
		}
		d.Steps = append(d.Steps, step)
	}
	if w.FinalStep == nil {
		return d, nil
	}
	final, err := w.FinalStep.read("finalStep.action")
	d.Final = &final
	return d, err
}

// readOperation reads the older form.
func (d *Document) readOperation(w written) error {
	step := Step{
		Name: w.Operation, Handler: w.Operation, Args: w.Args, Path: w.Path, RunAs: w.RunAsUser,
		MaxStdErr: lines(w.AllowStdErr),
	}
	d.Steps = []Step{step}
	return checkHandler("operation", step.Handler)
}

// read reads a step that stands at a place of the document.
func (s writtenStep) read(place string) (Step, error) {
	a := s.Action
	if a == nil {
		return Step{}, fmt.Errorf("%s: is missing", place)
	}
	step := Step{
		Name: a.Name, RunAs: a.RunAsUser,
		MaxStdErr: lines(a.AllowStdErr), IgnoreFailure: bool(a.IgnoreStepFailure),
	}
	switch a.Type {
	case "runHandler":
		step.Handler, step.Args, step.Path = a.Input.Handler, a.Input.Args, a.Input.Path
		if step.Name == "" {
			step.Name = step.Handler
		}
		return step, checkHandler(place+".input.handler", step.Handler)
	case "runCommand":
		step.Command = splitCommand(a.Input.Command)
		if len(step.Command) == 0 || step.Command[0] == "" {
			return step, fmt.Errorf("%s.input.command: is empty", place)
		}
		if step.Name == "" {
			step.Name = step.Command[0]
		}
		return step, nil
	}
	return step, fmt.Errorf("%s.type: %q is neither runHandler nor runCommand", place, a.Type)
}

// lines is how many lines of standard error are allowed.
func lines(c *count) int {
	if c == nil {
		return -1
	}
	return int(*c)
}

// checkHandler refuses what is not the name of a file in a folder of handlers.
func checkHandler(place, name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00") {
		return fmt.Errorf("%s: %q is not the file name of a handler", place, name)
	}
	return nil
}

// splitCommand splits a command at its commas, as AWS-Run-Command has it. A comma after a backslash
// belongs to the word; blanks around a word do not.
func splitCommand(text string) (words []string) {
	if strings.TrimSpace(text) == "" {
		return nil
	}
	var word strings.Builder
	escaped := false
	end := func() {
		words = append(words, strings.TrimSpace(word.String()))
		word.Reset()
	}
	for _, r := range text {
		switch {
		case escaped && r != ',':
			word.WriteRune('\\')
			word.WriteRune(r)
		case escaped:
			word.WriteRune(r)
		case r == ',':
			end()
		case r != '\\':
			word.WriteRune(r)
		}
		escaped = r == '\\' && !escaped
	}
	if escaped {
		word.WriteRune('\\')
	}
	end()
	return words
}
