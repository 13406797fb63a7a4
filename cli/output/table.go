package output

import (
	"encoding/json"
	"math/big"
	"slices"

	"github.com/drover-iot/drover/cli/value"
)

// A table is a sequence of sections: one for an answer, then one for each list or object inside it,
// further to the right. A section has a title, a row of names above its columns, and rows of cells.
// This file finds the sections of a value; draw.go draws them. The value
//
//	{"job": {"jobId": "j1", "status": "IN_PROGRESS", "targets": ["t1"]}}
//
// has three: DescribeJob without rows, in it job with two columns and one row, in it targets with
// one row of one cell.

// A section is one part of a table.
type section struct {
	title  string
	indent int        // how many sections it is inside of
	header []string   // names of the columns; may be empty
	rows   [][]string // perhaps shorter than the header, until they are padded
}

// A tableBuilder collects the sections of a value.
type tableBuilder struct{ sections []*section }

// sectionsOf returns the sections of a value, none for one that says nothing (R-CMD-80).
func sectionsOf(title string, v value.Value) []*section {
	b := &tableBuilder{}
	if !saysNothing(v) {
		b.member(title, v, 0)
	}
	for _, s := range b.sections {
		s.pad()
	}
	return b.sections
}

// saysNothing reports whether a value is one for which no table is drawn: null, false, a zero, and
// everything empty.
func saysNothing(v value.Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case json.Number:
		n, ok := new(big.Float).SetString(v.String())
		return ok && n.Sign() == 0
	case value.List:
		return len(v) == 0
	case *value.Object:
		return len(v.Fields) == 0
	}
	return false
}

// begin begins a section; rows go to the last one.
func (b *tableBuilder) begin(title string, indent int) {
	b.sections = append(b.sections, &section{title: OneLine(title), indent: indent})
}

// last is the section that is being filled.
func (b *tableBuilder) last() *section { return b.sections[len(b.sections)-1] }

// row adds a row to the last section.
func (b *tableBuilder) row(cells ...string) {
	b.last().rows = append(b.last().rows, cells)
}

// columns gives the last section a header. One that has a header or rows already stays as it is,
// and another without a title begins: its rows are not of these columns.
func (b *tableBuilder) columns(names []string, indent int) {
	if len(b.last().header) > 0 || len(b.last().rows) > 0 {
		b.begin("", indent)
	}
	for _, name := range names {
		b.last().header = append(b.last().header, OneLine(name))
	}
}

// member adds a section for a value under a name.
func (b *tableBuilder) member(name string, v value.Value, indent int) {
	b.begin(name, indent)
	b.fill(name, v, indent)
}

// fill puts a value into the last section, and what is nested in it into sections after it.
func (b *tableBuilder) fill(title string, v value.Value, indent int) {
	switch v := v.(type) {
	case *value.Object:
		b.object(v, indent)
	case value.List:
		if slices.ContainsFunc(v, isObject) {
			b.objects(title, v, indent)
			return
		}
		b.list(v, indent)
	default:
		b.row(scalarText(v))
	}
}

// object adds the scalars of an object as one row, or, when there is only one, as a row of its name
// and its value. Then come its other members.
func (b *tableBuilder) object(o *value.Object, indent int) {
	names := scalarNames(o)
	if len(names) == 1 {
		b.row(names[0], cell(o, names[0]))
	} else if len(names) > 1 {
		b.columns(names, indent)
		b.row(cells(o, names)...)
	}
	for _, f := range sortedFields(o) {
		if nested(f.Value) && !saysNothing(f.Value) {
			b.member(f.Key, f.Value, indent+1)
		}
	}
}

// objects adds a list with objects in it: one row for each, with the columns of all. When any has
// nested members, each object gets a section of its own, with its members after it. What is no
// object has rows without columns.
func (b *tableBuilder) objects(title string, items value.List, indent int) {
	var names []string
	split := false // into sections
	for _, item := range items {
		if o, ok := item.(*value.Object); ok {
			own := scalarNames(o)
			names = append(names, own...)
			split = split || len(own) < len(o.Fields)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	b.columns(names, indent)
	for i, item := range items {
		if i > 0 && split {
			b.begin(title, indent)
			b.columns(names, indent)
		}
		o, ok := item.(*value.Object)
		if !ok {
			b.list(value.List{item}, indent)
			continue
		}
		b.row(cells(o, names)...)
		for _, f := range sortedFields(o) {
			if nested(f.Value) && !saysNothing(f.Value) {
				b.member(f.Key, f.Value, indent+1)
			}
		}
	}
}

// list adds a list without objects: a row for each scalar and for each list of scalars. Deeper
// lists are added like this one.
func (b *tableBuilder) list(items value.List, indent int) {
	for _, item := range items {
		inner, ok := item.(value.List)
		if !ok {
			b.row(scalarText(item))
			continue
		}
		if slices.ContainsFunc(inner, nested) {
			b.fill("", inner, indent)
			continue
		}
		row := make([]string, len(inner))
		for i, v := range inner {
			row[i] = scalarText(v)
		}
		b.row(row...)
	}
}

// isObject reports whether a value is an object.
func isObject(v value.Value) bool {
	_, ok := v.(*value.Object)
	return ok
}

// cells are the scalars of an object under some names; one that is missing is an empty cell.
func cells(o *value.Object, names []string) []string {
	row := make([]string, len(names))
	for i, name := range names {
		row[i] = cell(o, name)
	}
	return row
}

// cell is the scalar of an object under a name, "" when there is none.
func cell(o *value.Object, name string) string {
	if v, ok := o.Get(name); ok && !nested(v) {
		return scalarText(v)
	}
	return ""
}

// pad gives all rows and the header, if there is one, as many cells as the longest has.
func (s *section) pad() {
	n := len(s.header)
	for _, row := range s.rows {
		n = max(n, len(row))
	}
	for i, row := range s.rows {
		s.rows[i] = append(row, make([]string, n-len(row))...)
	}
	if len(s.header) > 0 {
		s.header = append(s.header, make([]string, n-len(s.header))...)
	}
}

// turn makes a section with a header and one row one with two columns, names and values.
func (s *section) turn() {
	if len(s.header) == 0 || len(s.rows) != 1 {
		return
	}
	row := s.rows[0]
	s.rows = nil
	for i, name := range s.header {
		s.rows = append(s.rows, []string{name, row[i]})
	}
	s.header = nil
}
