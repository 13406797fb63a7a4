package help

import (
	"fmt"
	"strings"

	"github.com/drover-iot/drover/schema"
)

// How a value is written, as help shows it: in shorthand, in JSON, and within which limits. All
// of it comes from the shape of the member.

// hasShorthand reports whether values of a shape may be written in shorthand (R-CMD-24).
func hasShorthand(s *schema.Shape) bool {
	return s.Kind == schema.Structure || s.Kind == schema.Map ||
		s.Kind == schema.List && hasShorthand(s.Elem)
}

// shorthandLine shows how an option is written in shorthand (R-CMD-124):
// roleArn=string,expiresInSec=long. Words that may be repeated end in "...".
func shorthandLine(s *schema.Shape) string {
	switch s.Kind {
	case schema.List:
		return shorthandLine(s.Elem) + " ..."
	case schema.Map:
		inner := shorthandValue(s.Elem)
		return "KeyName1=" + inner + ",KeyName2=" + inner
	}
	return shorthandPairs(s)
}

// shorthandPairs shows the members of a structure.
func shorthandPairs(s *schema.Shape) string {
	parts := make([]string, len(s.Members))
	for i, m := range s.Members {
		parts[i] = m.Name + "=" + shorthandValue(m.Shape)
	}
	return strings.Join(parts, ",")
}

// shorthandValue shows a value behind an equals sign, where structures and maps are in braces.
func shorthandValue(s *schema.Shape) string {
	switch s.Kind {
	case schema.Structure:
		return "{" + shorthandPairs(s) + "}"
	case schema.Map:
		return "{" + shorthandLine(s) + "}"
	case schema.List:
		// A list is shown with two elements: in brackets when these have commas of their own.
		if k := s.Elem.Kind; k == schema.Structure || k == schema.Map {
			return "[" + shorthandValue(s.Elem) + "," + shorthandValue(s.Elem) + "]"
		}
		return shorthandValue(s.Elem) + "," + shorthandValue(s.Elem)
	}
	return s.Kind.String()
}

// jsonLines shows how an option is written in JSON, over several lines (R-CMD-125).
func jsonLines(s *schema.Shape) Code { return strings.Split(jsonSyntax(s, ""), "\n") }

// jsonSyntax shows a value behind a margin; a text with few values shows them all.
func jsonSyntax(s *schema.Shape, margin string) string {
	inner := margin + "  "
	switch s.Kind {
	case schema.Structure:
		parts := make([]string, len(s.Members))
		for i, m := range s.Members {
			parts[i] = fmt.Sprintf("%s%q: %s", inner, m.Name, jsonSyntax(m.Shape, inner))
		}
		return "{\n" + strings.Join(parts, ",\n") + "\n" + margin + "}"
	case schema.Map:
		return "{\"string\": " + jsonSyntax(s.Elem, inner) + "\n" + inner + "...}"
	case schema.List:
		return "[\n" + inner + jsonSyntax(s.Elem, inner) + "\n" + inner + "...\n" + margin + "]"
	case schema.Boolean:
		return "true|false"
	case schema.String, schema.Time:
		if len(s.Constraint.OneOf) > 0 {
			return `"` + strings.Join(s.Constraint.OneOf, `"|"`) + `"`
		}
		return `"string"`
	}
	return s.Kind.String()
}

// decimalLimits says in words which numbers with decimals are allowed.
func decimalLimits(d *schema.Decimals) string {
	text := "value"
	if d.Min != "" {
		text += " from " + d.Min
	}
	if d.Max != "" {
		text += " to " + d.Max
	}
	return fmt.Sprintf("%s, at most %d decimals", text, d.Places)
}

// limits says in words which values a constraint allows: "length 1 to 64; pattern [a-z]+". It is
// "" when all are. Values that are listed one by one are shown apart.
func limits(s *schema.Shape) string {
	// add writes the bounds that there are: "length 1 to 64", "items at most 100".
	var parts []string
	add := func(what string, b schema.Bound) {
		switch {
		case b.HasMin() && b.HasMax():
			parts = append(parts, fmt.Sprintf("%s %d to %d", what, b.Min, b.Max))
		case b.HasMin():
			parts = append(parts, fmt.Sprintf("%s at least %d", what, b.Min))
		case b.HasMax():
			parts = append(parts, fmt.Sprintf("%s at most %d", what, b.Max))
		}
	}
	add("length", s.Constraint.Len)
	add("items", s.Constraint.Size)
	add("value", s.Constraint.Num)
	if d := s.Constraint.Decimal; d != nil {
		parts = append(parts, decimalLimits(d))
	}
	if s.Constraint.Pattern != "" {
		parts = append(parts, "pattern "+s.Constraint.Pattern)
	}
	return strings.Join(parts, "; ")
}
