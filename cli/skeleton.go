package cli

import (
	"encoding/json"

	"github.com/drover-iot/drover/schema"
)

// skeleton is a sample of a shape: every member in model order, once (R-CMD-53). text says what a string holds.
func skeleton(s *schema.Shape, name string, text func(*schema.Shape, string) value) value {
	switch s.Kind {
	case schema.Structure:
		o := &object{}
		for _, m := range s.Members {
			o.fields = append(o.fields, field{m.Name, skeleton(m.Shape, m.Name, text)})
		}
		return o
	case schema.Map:
		return &object{fields: []field{{"KeyName", skeleton(s.Elem, "", text)}}}
	case schema.List:
		return list{skeleton(s.Elem, s.Elem.Name, text)}
	case schema.Boolean:
		return true
	case schema.Integer, schema.Long:
		return json.Number("0")
	case schema.Double:
		return json.Number("0.0")
	case schema.Time:
		return "1970-01-01T00:00:00"
	}
	return text(s, name)
}

// sampleInput is what strings hold in a sample request: nothing, or the first of the values allowed.
func sampleInput(s *schema.Shape, _ string) value {
	if len(s.Constraint.OneOf) > 0 {
		return s.Constraint.OneOf[0]
	}
	return ""
}

// sampleOutput is what strings hold in a sample answer: the member's own name (R-CMD-55).
func sampleOutput(_ *schema.Shape, name string) value { return name }
