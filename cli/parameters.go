package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/cli/yaml"
	"github.com/drover-iot/drover/schema"
)

// The parameters of a request come from options, one for each member, and from an input file with
// the others. An option replaces the whole member of the file: nothing inside it is merged.

// A reader reads the values of a command line into the members of a request. One option is read in
// read.go.
type reader struct {
	env  Env                 // for standard input, and for variables in the names of files
	op   *schema.Description // whose request is filled
	line *command.Line       // with the options
}

// parameters returns the members that options give, in model order, then those that only the input
// file gives, in the file's order (R-CMD-47, R-CMD-59).
func (r reader) parameters() (*value.Object, error) {
	// The order is that in which problems are reported: members of options first.
	in := &value.Object{}
	for _, m := range r.op.Input.Members {
		g, ok := r.lastOf(m.Name)
		if !ok {
			continue
		}
		v, err := r.parameter(g.Option, g.Words)
		if err != nil {
			return nil, err
		}
		in.Set(m.Name, v)
	}
	file, err := r.inputFile()
	if err != nil {
		return nil, err
	}
	for _, f := range file.Fields {
		if _, set := in.Get(f.Key); !set {
			in.Set(f.Key, f.Value)
		}
	}
	return in, nil
}

// lastOf is the last option that sets a member, in either spelling of a boolean: of --force and
// --no-force, the later one wins.
func (r reader) lastOf(member string) (found command.Given, ok bool) {
	for _, g := range r.line.Given {
		if g.Member != nil && g.Member.Name == member {
			found, ok = g, true
		}
	}
	return found, ok
}

// A format is a language of input files.
type format struct {
	name  string // of its option, --cli-input-json
	parse func(text string) (value.Value, error)
	wrong func(err error, text, hint string) error // says that a text is none
}

// formats are the languages of input files.
var formats = []format{
	{"cli-input-json", func(text string) (value.Value, error) {
		// A file that was written on Windows may begin with a byte-order mark.
		return value.ParseJSON(strings.TrimPrefix(text, "\ufeff"))
	}, invalidJSON},
	{"cli-input-yaml", yaml.Parse, invalidYAML},
}

// inputFile reads the option of an input file, of which a line has one at most: its value is a
// text, or a file that holds it, or - for standard input (R-CMD-49, R-CMD-50). Without the option
// the object is empty.
func (r reader) inputFile() (*value.Object, error) {
	for _, f := range formats {
		if g, given := r.line.Last(f.name); given {
			return r.readInput(f, g.Words[0])
		}
	}
	return &value.Object{}, nil
}

// readInput reads the value of one option of an input file.
func (r reader) readInput(f format, text string) (*value.Object, error) {
	var err error
	switch {
	case text == "-" || text == "file:///dev/stdin":
		var all []byte
		all, err = io.ReadAll(r.env.Stdin)
		text = string(all)
	case namesFile(text):
		text, err = r.loadFile(text)
	}
	if err != nil {
		return nil, parsingError("--"+f.name, err)
	}
	// A forgotten file:// is the usual reason for a text that is wrong.
	hint := ""
	if _, missing := os.Stat(text); missing == nil {
		hint = fmt.Sprintf("\n(there is a file of that name: did you mean file://%s?)", text)
	}
	v, err := f.parse(text)
	if err != nil {
		return nil, parsingError(f.name, f.wrong(err, text, hint))
	}
	o, ok := v.(*value.Object)
	if !ok {
		wrong := fmt.Errorf("Invalid type: expecting map, received %s%s", value.TypeName(v), hint)
		return nil, parsingError("--"+f.name, wrong)
	}
	return o, nil
}

// parsingError is a value that could not be read; where names its option. What is wrong with the
// environment stays what it is.
func parsingError(where string, err error) error {
	if failed, ok := errors.AsType[*exit.Error](err); ok {
		return failed
	}
	return exit.BadValue("Error parsing parameter '%s': %v", where, err)
}

// invalidJSON is a text that should be JSON, with a hint at what may have gone wrong.
func invalidJSON(err error, text, hint string) error {
	return fmt.Errorf("Invalid JSON: %w\nJSON received: %s%s", err, text, hint)
}

// invalidYAML is a text that should be YAML, with a hint at what may have gone wrong.
func invalidYAML(err error, _, hint string) error {
	return fmt.Errorf("Invalid YAML received.\n(%w)%s", err, hint)
}
