package cli

import (
	"encoding/json"

	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/schema"
)

// A skeleton shows the form of a request or an answer. That of a request is filled in and given
// back as --cli-input-json.

// skeleton is a sample of a shape: every member in model order, once; one entry in each list and
// map (R-CMD-53). name is that of the member that has the shape; text says what a string or a time
// holds.
func skeleton(
	s *schema.Shape, name string, text func(s *schema.Shape, name string) value.Value,
) value.Value {
	switch s.Kind {
	case schema.Structure:
		o := &value.Object{}
		for _, m := range s.Members {
			sample := skeleton(m.Shape, m.Name, text)
			o.Fields = append(o.Fields, value.Field{Key: m.Name, Value: sample})
		}
		return o
	case schema.Map:
		entry := value.Field{Key: "KeyName", Value: skeleton(s.Elem, "", text)}
		return &value.Object{Fields: []value.Field{entry}}
	case schema.List:
		return value.List{skeleton(s.Elem, s.Elem.Name, text)}
	case schema.Boolean:
		return true
	case schema.Integer, schema.Long:
		return json.Number("0")
	case schema.Double:
		return json.Number("0.0")
	}
	return text(s, name)
}

// The time in samples. Lines and tables show it with a blank (R-CMD-55).
const (
	sampleTime      = "1970-01-01T00:00:00"
	sampleTimeShown = "1970-01-01 00:00:00"
)

// sampleInput is what strings and times hold in a sample request: nothing, or the first of the
// values allowed; null for a blob.
func sampleInput(s *schema.Shape, _ string) value.Value {
	switch {
	case s.Kind == schema.Time:
		return sampleTime
	case len(s.Constraint.OneOf) > 0:
		return s.Constraint.OneOf[0]
	case s.Constraint.Blob:
		return nil
	}
	return ""
}

// sampleAnswer is a sample of an answer in an output format: a string holds the name of its member
// (R-CMD-55).
func sampleAnswer(s *schema.Shape, format string) value.Value {
	at := sampleTime
	if format == output.Text || format == output.Table {
		at = sampleTimeShown
	}
	return skeleton(s, "", func(s *schema.Shape, name string) value.Value {
		if s.Kind == schema.Time {
			return at
		}
		return name
	})
}
