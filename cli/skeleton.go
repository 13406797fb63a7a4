package cli

import (
	"encoding/json"
	"strings"

	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/schema"
)

// A skeleton shows the form of a request or an answer. That of a request is filled in and given
// back as --cli-input-json.

// skeleton is a sample of a shape: every member in model order, once; one entry in each list and
// map (R-CMD-53). name is that of the member that has the shape; text says what a string holds.
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
	case schema.Time:
		return sampleTime
	}
	return text(s, name)
}

// sampleTime is the time in samples. Lines and tables show it with a blank (R-CMD-55).
const sampleTime = "1970-01-01T00:00:00"

// sampleInput is what strings hold in a sample request: nothing, or the first of the values
// allowed.
func sampleInput(s *schema.Shape, _ string) value.Value {
	if len(s.Constraint.OneOf) > 0 {
		return s.Constraint.OneOf[0]
	}
	return ""
}

// sampleAnswer is a sample of an answer in an output format.
func sampleAnswer(s *schema.Shape, format string) value.Value {
	sample := skeleton(s, "", sampleOutput)
	if format == output.Text || format == output.Table {
		return replaced(sample, sampleTime, strings.Replace(sampleTime, "T", " ", 1))
	}
	return sample
}

// replaced is a value in which one text stands in place of another.
func replaced(v value.Value, before, after string) value.Value {
	switch v := v.(type) {
	case *value.Object:
		for i := range v.Fields {
			v.Fields[i].Value = replaced(v.Fields[i].Value, before, after)
		}
	case value.List:
		for i := range v {
			v[i] = replaced(v[i], before, after)
		}
	case string:
		if v == before {
			return after
		}
	}
	return v
}

// sampleOutput is what strings hold in a sample answer: the member's own name (R-CMD-55).
func sampleOutput(_ *schema.Shape, name string) value.Value { return name }
