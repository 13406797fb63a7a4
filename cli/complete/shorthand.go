package complete

import (
	"slices"
	"strings"

	"github.com/drover-iot/drover/schema"
)

// Values in shorthand (R-CMD-26), half written. The text is read up to its end, with the
// structures, maps and lists that are open there:
//
//	criteriaList=[{failureType=FAILED,act
//
// is in the structure of an element of criteriaList, where the key failureType is there already,
// and the keys that begin with act may follow.

// A level is an open value: the members of a structure or map, or the items of a list.
type level struct {
	shape *schema.Shape // nil where the model does not know it
	items bool          // the place is for an item of a list, not for a key
	keys  []string      // that are there already
}

// A half is a value of shorthand that is half written.
type half struct {
	text   string
	at     int // where what is being written begins
	levels []level
	member *schema.Member // whose value is being written; nil while a key is
	shape  *schema.Shape  // of that value; nil where the model does not know it
	closed bool           // a bracket or a quote was closed: a comma or a bracket comes next
}

// readHalf reads shorthand of a structure or map. ok is false where nothing can be offered: inside
// of quotes, and behind a value that is closed.
func readHalf(s *schema.Shape, text string) (h *half, ok bool) {
	h = &half{text: text, levels: []level{{shape: s}}}
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == ' ' && i == h.at: // blanks in front count for nothing
			h.at++
		case c == '\\' && i+1 < len(text): // an escaped comma
			i++
		case (c == '\'' || c == '"') && i == h.at && h.inValue():
			end := strings.IndexByte(text[i+1:], c)
			if end < 0 {
				return h, false // inside of quotes
			}
			i += end + 1
			h.closed = true
		case c == '=' && !h.inValue():
			h.key(strings.TrimRight(text[h.at:i], "@ "))
			h.at = i + 1
		case (c == '[' || c == '{') && i == h.at && h.inValue():
			h.open(c)
			h.at = i + 1
		case (c == ']' || c == '}') && len(h.levels) > 1: // the one around it goes on
			h.levels = h.levels[:len(h.levels)-1]
			h.member, h.shape, h.closed, h.at = nil, nil, true, i+1
		case c == ',':
			h.next()
			h.at = i + 1
		}
	}
	return h, !h.closed
}

// top is the innermost open value.
func (h *half) top() *level { return &h.levels[len(h.levels)-1] }

// inValue reports whether a value is being written, and not a key.
func (h *half) inValue() bool { return h.member != nil || h.top().items }

// key reads a key of the innermost structure or map.
func (h *half) key(name string) {
	// The member stays when the model does not know it, so that what follows is read as its value.
	top := h.top()
	top.keys = append(top.keys, name)
	h.member, h.shape = &schema.Member{Name: name}, nil
	switch {
	case top.shape == nil:
	case top.shape.Kind == schema.Map:
		h.shape = top.shape.Elem
	default:
		if m := top.shape.Member(name); m != nil {
			h.member, h.shape = m, m.Shape
		}
	}
}

// open opens a value in brackets or braces.
func (h *half) open(bracket byte) {
	inner := level{items: bracket == '['}
	switch {
	case h.shape == nil:
	case inner.items && h.shape.Kind == schema.List:
		inner.shape = h.shape
	case !inner.items:
		inner.shape = elementOf(h.shape) // one element may stand without brackets (R-CMD-33)
	}
	h.levels = append(h.levels, inner)
	h.member, h.shape = nil, nil
	if inner.items && inner.shape != nil {
		h.shape = inner.shape.Elem
	}
}

// next goes on behind a comma.
func (h *half) next() {
	h.member, h.shape, h.closed = nil, nil, false
	if top := h.top(); top.items && top.shape != nil {
		h.shape = top.shape.Elem
	}
}

// shorthand adds what may stand at the end of a value in shorthand.
func (w *walk) shorthand(s *schema.Shape, stem, text string) {
	if strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[") {
		return // JSON
	}
	h, ok := readHalf(s, text)
	if !ok {
		return
	}
	// All candidates begin with what is written before the place: only the rest of them need be
	// shown.
	before, now := stem+text[:h.at], text[h.at:]
	w.answer.Stem = len(before)
	if !h.inValue() {
		w.keys(h.top(), before)
		return
	}
	if h.shape == nil {
		return
	}
	m := h.member
	if m == nil { // an item of a list has no name
		m = &schema.Member{}
	}
	element := elementOf(h.shape)
	if element.Kind != schema.Structure && element.Kind != schema.Map {
		w.scalar(m, element, before, now, true)
		return
	}
	// A value with members begins with a bracket and the first of its keys.
	open := "{"
	if h.shape.Kind == schema.List {
		open = "[{"
	}
	w.keys(&level{shape: element}, before+open)
}

// keys adds the keys that are not there yet.
func (w *walk) keys(l *level, before string) {
	if l.shape == nil {
		return
	}
	has := func(name string) bool { return slices.Contains(l.keys, name) }
	if l.shape.Kind == schema.Map { // whose keys are free, unless they are listed
		for _, name := range l.shape.Key.Constraint.OneOf {
			if !has(name) {
				w.add(before+name+"=", "", true)
			}
		}
		return
	}
	w.readDocs()
	for _, m := range l.shape.Members {
		if !has(m.Name) {
			w.add(before+m.Name+"=", short(w.docs.Member(l.shape, m)), true)
		}
	}
}
