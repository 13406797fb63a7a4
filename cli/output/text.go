package output

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/value"
)

// Text output is made for cut and awk: an object is a line of its scalars, ordered by name, with
// tabs between. What is nested follows on lines of its own, each beginning with the member's name
// in capitals, its label:
//
//	{"jobId":"j1","targets":["a","b"]}   is   j1
//	                                          TARGETS	a
//	                                          TARGETS	b

// AppendText writes a value as lines of text.
func AppendText(dst []byte, v value.Value) []byte { return appendValue(dst, v, "") }

// appendValue writes a value. The prefix is what its lines begin with: its label and a tab, or ""
// at the top level.
func appendValue(dst []byte, v value.Value, prefix string) []byte {
	switch v := v.(type) {
	case *value.Object:
		return appendObject(dst, v, prefix, scalarNames(v))
	case value.List:
		return appendList(dst, v, prefix)
	}
	return appendLine(dst, prefix, scalarText(v))
}

// appendLine writes a line of cells behind a prefix.
func appendLine(dst []byte, prefix string, cells ...string) []byte {
	return append(append(append(dst, prefix...), strings.Join(cells, "\t")...), '\n')
}

// appendObject writes the scalars of an object on one line, one for each column, then each nested
// member (R-CMD-74). In a list the columns are those that any of its objects has: a missing one
// is an empty cell.
func appendObject(dst []byte, o *value.Object, prefix string, columns []string) []byte {
	cells := make([]string, len(columns))
	for i, name := range columns {
		if v, ok := o.Get(name); ok && !nested(v) {
			cells[i] = scalarText(v)
		}
	}
	if len(cells) > 0 {
		dst = appendLine(dst, prefix, cells...)
	}
	for _, f := range sortedFields(o) {
		if nested(f.Value) {
			dst = appendValue(dst, f.Value, strings.ToUpper(f.Key)+"\t")
		}
	}
	return dst
}

// appendList writes a list: scalars first, on one line, or each on its own when there is a label or
// the list holds objects too (R-CMD-76, R-CMD-78); then objects, one line each with common columns
// (R-CMD-75), and lists, one after the other.
func appendList(dst []byte, items value.List, prefix string) []byte {
	var columns, scalars []string
	objects := false
	for _, item := range items {
		switch item := item.(type) {
		case *value.Object:
			columns = append(columns, scalarNames(item)...)
			objects = true
		case value.List:
		default:
			scalars = append(scalars, scalarText(item))
		}
	}
	slices.Sort(columns)
	columns = slices.Compact(columns)
	if prefix == "" && len(scalars) > 0 && !objects {
		dst = appendLine(dst, "", scalars...)
	} else {
		for _, s := range scalars {
			dst = appendLine(dst, prefix, s)
		}
	}
	for _, item := range items {
		switch item := item.(type) {
		case *value.Object:
			dst = appendObject(dst, item, prefix, columns)
		case value.List:
			dst = appendList(dst, item, prefix)
		}
	}
	return dst
}

// nested reports whether a value gets lines of its own.
func nested(v value.Value) bool {
	switch v.(type) {
	case *value.Object, value.List:
		return true
	}
	return false
}

// scalarNames are the keys of an object whose values are scalars, in order.
func scalarNames(o *value.Object) (names []string) {
	for _, f := range sortedFields(o) {
		if !nested(f.Value) {
			names = append(names, f.Key)
		}
	}
	return names
}

// sortedFields are the fields of an object by name.
func sortedFields(o *value.Object) []value.Field {
	fields := slices.Clone(o.Fields)
	slices.SortFunc(fields, func(a, b value.Field) int { return strings.Compare(a.Key, b.Key) })
	return fields
}

// scalarText is a scalar in text output, which has the words of the reference: True, False and None
// (R-CMD-77).
func scalarText(v value.Value) string {
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
