package provisioning

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/jsoncheck"
)

// maxDepth is how deep the values of a template may be nested.
const maxDepth = 20

// object is a JSON object. Values of templates are object, list, string, json.Number, bool and nil.
type (
	object = map[string]any
	list   = []any
)

// decode reads a text that is one JSON value. Unlike encoding/json it refuses a key that stands
// twice in an object: of two resources with one name, one would be lost silently.
func decode(text string) (any, error) {
	if problem := jsoncheck.Problem(text); problem != "" {
		return nil, invalid("", "not JSON: %s", problem)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	return decodeValue(d, "", 0)
}

func decodeValue(d *json.Decoder, path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, invalid(path, "nested deeper than %d values", maxDepth)
	}
	token, err := d.Token()
	if err != nil {
		return nil, invalid(path, "not JSON: %v", err)
	}
	switch token {
	case json.Delim('{'):
		made := object{}
		for d.More() {
			key, _ := d.Token()
			name, _ := key.(string)
			at := below(path, name)
			if _, twice := made[name]; twice {
				return nil, invalid(at, "the key stands twice")
			}
			if made[name], err = decodeValue(d, at, depth+1); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return made, err
	case json.Delim('['):
		made := list{}
		for d.More() {
			value, err := decodeValue(d, index(path, len(made)), depth+1)
			if err != nil {
				return nil, err
			}
			made = append(made, value)
		}
		_, err = d.Token()
		return made, err
	}
	return token, nil
}

// encode writes a value as compact JSON with its keys in order, and with <, > and & as they are.
func encode(value any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return strings.TrimSuffix(b.String(), "\n"), err
}

// invalid is the fault of a template: the place in it, and what is wrong there.
func invalid(path, format string, args ...any) error {
	f := fault.New(fault.Invalid, format, args...)
	if path != "" {
		f.Message = path + ": " + f.Message
	}
	f.Message = "templateBody: " + f.Message
	return f
}
