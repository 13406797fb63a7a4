package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// show prints a result in the format asked for. An empty object prints nothing (R-CMD-71, R-CMD-73).
func (c *call) show(v value) error {
	if o, ok := v.(*object); ok && len(o.fields) == 0 {
		return nil
	}
	if c.settings.output == "text" {
		var out strings.Builder
		writeText(&out, v, "")
		_, err := fmt.Fprint(c.env.Stdout, out.String())
		return err
	}
	return c.print(appendJSON(nil, v, "    ", ""))
}

// writeText writes a value as tab-separated lines (section 12 of chapter 40). label is the member's name in capitals, ""
// at the top level.
func writeText(out *strings.Builder, v value, label string) {
	switch v := v.(type) {
	case *object:
		writeObject(out, v, label, nil)
	case list:
		writeList(out, v, label)
	default:
		writeLine(out, label, scalarText(v))
	}
}

func writeLine(out *strings.Builder, label string, cells ...string) {
	if label != "" {
		cells = append([]string{label}, cells...)
	}
	out.WriteString(strings.Join(cells, "\t") + "\n")
}

// writeObject writes the scalars of an object on one line, in name order, then each nested member (R-CMD-74). columns are
// those of its list; nil means its own.
func writeObject(out *strings.Builder, o *object, label string, columns []string) {
	if columns == nil {
		columns = scalarNames(o)
	}
	cells := make([]string, len(columns))
	for i, name := range columns {
		if v, ok := o.get(name); ok && !nested(v) {
			cells[i] = scalarText(v)
		}
	}
	if len(cells) > 0 {
		writeLine(out, label, cells...)
	}
	for _, f := range sortedFields(o) {
		if nested(f.value) {
			writeText(out, f.value, strings.ToUpper(f.key))
		}
	}
}

// writeList writes a list: one line an object with common columns (R-CMD-75), scalars with a label one a line, without on
// one line (R-CMD-76), lists one after the other. In a list that mixes scalars with objects they get a line each (R-CMD-78).
func writeList(out *strings.Builder, items list, label string) {
	var columns, scalars []string
	mixed := false
	for _, item := range items {
		switch item := item.(type) {
		case *object:
			columns = append(columns, scalarNames(item)...)
			mixed = true
		case list:
		default:
			scalars = append(scalars, scalarText(item))
		}
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	if label == "" && len(scalars) > 0 && !mixed {
		writeLine(out, "", scalars...)
	} else {
		for _, s := range scalars {
			writeLine(out, label, s)
		}
	}
	for _, item := range items {
		switch item := item.(type) {
		case *object:
			writeObject(out, item, label, columns)
		case list:
			writeList(out, item, label)
		}
	}
}

func nested(v value) bool {
	switch v.(type) {
	case *object, list:
		return true
	}
	return false
}

func scalarNames(o *object) (names []string) {
	names = []string{}
	for _, f := range sortedFields(o) {
		if !nested(f.value) {
			names = append(names, f.key)
		}
	}
	return names
}

func sortedFields(o *object) []field {
	fields := slices.Clone(o.fields)
	slices.SortFunc(fields, func(a, b field) int { return strings.Compare(a.key, b.key) })
	return fields
}

// scalarText is a scalar in text output (R-CMD-77).
func scalarText(v value) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "True"
		}
		return "False"
	}
	return "None"
}
