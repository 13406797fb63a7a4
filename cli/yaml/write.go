package yaml

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/value"
)

// YAML is written in block style, as the reference does: two blanks for each level of keys, and the
// items of a list below their key without any (R-CMD-85):
//
//	jobs:
//	- jobId: j1
//	  targets: []

// A Layout says how a value is laid out.
type Layout struct {
	// Sorted is whether keys are in the order of their names, and not in their own.
	Sorted bool
	// Comment returns the comment behind a key, "" for none; nil when there are no comments. The
	// path is that of the key, such as tags[].Key. It must be one line.
	Comment func(path string) string
}

// Append writes a value as one document, ended by a line break.
func Append(dst []byte, v value.Value, how Layout) []byte {
	w := &writer{out: dst, how: how}
	if isBlock(v) {
		w.block(v, "", "")
		return w.out
	}
	w.scalar(v, "  ")
	return append(w.out, '\n')
}

// A writer appends to a document. A margin is the blanks in front of the lines of a block; the
// first line of a block is written behind what is there already.
type writer struct {
	out []byte
	how Layout
}

// isBlock reports whether a value needs lines of its own: a list or an object that is not empty.
func isBlock(v value.Value) bool {
	switch v := v.(type) {
	case *value.Object:
		return len(v.Fields) > 0
	case value.List:
		return len(v) > 0
	}
	return false
}

// block writes a list or an object. path is that of the value.
func (w *writer) block(v value.Value, margin, path string) {
	if items, ok := v.(value.List); ok {
		w.list(items, margin, path)
		return
	}
	o, ok := v.(*value.Object)
	if !ok {
		return
	}
	fields := o.Fields
	if w.how.Sorted {
		fields = slices.Clone(fields)
		slices.SortFunc(fields, func(a, b value.Field) int { return strings.Compare(a.Key, b.Key) })
	}
	for i, f := range fields {
		if i > 0 {
			w.text(margin)
		}
		w.field(f, margin, path)
	}
}

// list writes the items of a list, each behind a dash.
func (w *writer) list(items value.List, margin, path string) {
	for i, item := range items {
		if i > 0 {
			w.text(margin)
		}
		w.text("- ")
		if isBlock(item) {
			w.block(item, margin+"  ", path+"[]")
			continue
		}
		w.scalar(item, margin+"  ")
		w.text("\n")
	}
}

// field writes a key, its value and its comment. path is that of the object.
func (w *writer) field(f value.Field, margin, path string) {
	w.text(quotedKey(f.Key, margin))
	if path != "" {
		path += "."
	}
	path += f.Key
	comment := ""
	if w.how.Comment != nil {
		if text := w.how.Comment(path); text != "" {
			comment = "  # " + text
		}
	}
	if !isBlock(f.Value) {
		w.text(" ")
		w.scalar(f.Value, margin+"  ")
		w.text(comment + "\n")
		return
	}
	// The items of a list have the margin of their key.
	w.text(comment + "\n")
	inner := margin + "  "
	if _, list := f.Value.(value.List); list {
		inner = margin
	}
	w.text(inner)
	w.block(f.Value, inner, path)
}

// text writes a text as it is.
func (w *writer) text(s string) { w.out = append(w.out, s...) }

// scalar writes a scalar, or an empty list or object. Further lines of a text begin with the
// margin.
func (w *writer) scalar(v value.Value, margin string) {
	switch v := v.(type) {
	case string:
		w.text(quoted(v, margin))
	case json.Number:
		w.text(v.String())
	case bool:
		w.out = value.AppendJSON(w.out, v, "", "")
	case value.Raw:
		w.text("!!binary '" + base64.StdEncoding.EncodeToString(v) + "'")
	case value.Date:
		w.text(string(v))
	case value.List:
		w.text("[]")
	case *value.Object:
		w.text("{}")
	default:
		w.text("null")
	}
}
