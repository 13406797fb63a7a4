package schema

import (
	"math/bits"
	"reflect"
	"strconv"
	"strings"
)

// A body is read in one pass, straight into the Go structure: there is no tree of values in
// between. What is wrong is recorded on the way, and the walk goes on, because of several
// failures the first in model order must be answered and the members may come in any order.

// Decoding says how a JSON body is read. The zero value is the control plane's: strict.
type Decoding struct {
	// Lenient accepts what device clients are known to send: digit strings for numbers and "true"
	// or "false" for booleans (R-HTTP-20), numbers and booleans for strings whose constraint says
	// so (R-MQTT-47), and invalid UTF-8 inside strings, which becomes U+FFFD (R-CLI-15).
	Lenient bool
	// Unchecked leaves out constraints and required members: for reading answers of servers.
	Unchecked bool
	// Depth is the deepest nesting of objects and lists; 0 means 64.
	Depth int
	// Limits are upper bounds that differ from those of the description.
	Limits Limits
}

// Limits are upper bounds by the names that constraints give them with Setting.
type Limits map[string]int64

// defaultDepth is the deepest nesting unless Decoding says otherwise.
const defaultDepth = 64

// Decode reads a JSON object into the structure that into points to, and checks it. An empty body
// equals {} (R-WIRE-7); unknown members and nulls are ignored (R-WIRE-9); the last of repeated
// members wins.
//
// The error is a fault: Malformed when the text is not a JSON object, Invalid when a member has a
// wrong type, breaks its constraint or is missing. Of several Invalid ones it is the first in
// model order (R-ERR-10), and every member that could be read has been set all the same
// (R-MQTT-13).
func Decode(data []byte, into any, how Decoding) error {
	v := reflect.ValueOf(into).Elem()
	shape, progress := ShapeOf(v.Type()), begin()
	if f := shape.decodeBody(data, v, how, &progress); f != nil {
		return f.fault()
	}
	return progress.first.fault()
}

// progress is what is known of one structure while its members arrive in any order. Of several
// failures the first in model order is answered, so it waits for the end (R-ERR-10).
type progress struct {
	seen  uint64   // bit i: Members[i] is present
	first *failure // so far; nil for none
	index int      // of the member that first is about; 64 for none
}

// begin returns the progress of a structure of which nothing has been read.
func begin() progress { return progress{index: maxMembers} }

// note records a failure of Members[i] if it comes first in model order.
func (p *progress) note(i int, f *failure) {
	if f != nil && i < p.index {
		p.first, p.index = f, i
	}
}

// finish records the first required member that is absent.
func (p *progress) finish(s *Shape) {
	if absent := s.required &^ p.seen; absent != 0 {
		i := bits.TrailingZeros64(absent)
		if i < p.index {
			p.first, p.index = missing(s.Members[i].Name), i
		}
	}
}

// decodeBody reads a whole body into v. It returns a syntax failure; any other is recorded in p.
func (s *Shape) decodeBody(data []byte, v reflect.Value, how Decoding, p *progress) *failure {
	depth := how.Depth
	if depth == 0 {
		depth = defaultDepth
	}
	d := decoder{how: how, scanner: scanner{
		src:                data,
		maxDepth:           depth,
		replaceInvalidUTF8: how.Lenient,
	}}
	switch d.next() {
	case 0:
		if d.pos < len(data) {
			return d.unexpected("an object")
		}
	case '{':
		if f := d.members(s, v, p); f != nil {
			return f
		}
	default:
		return d.unexpected("an object")
	}
	if d.next(); d.pos < len(data) {
		return d.wrong("something follows the object")
	}
	if !how.Unchecked {
		p.finish(s)
	}
	return nil
}

// A decoder reads values by their shapes.
type decoder struct {
	scanner
	how Decoding
}

// members reads an object into the structure v. It returns a syntax failure; any other is
// recorded in p. Unknown members are skipped.
func (d *decoder) members(s *Shape, v reflect.Value, p *progress) *failure {
	if f := d.open(); f != nil {
		return f
	}
	guess := 0 // where the next member stands if they come in model order, as they mostly do
	for first := true; ; first = false {
		if done, f := d.more(first, '}'); done || f != nil {
			return f
		}
		name, f := d.key()
		if f != nil {
			return f
		}
		m := s.bodyMember(name, guess)
		if m == nil {
			if f := d.skip(); f != nil {
				return f
			}
			continue
		}
		guess = m.index + 1
		if f := d.member(m, v.Field(m.index), p); f != nil {
			return f
		}
	}
}

// bodyMember finds a body member by its name or alias, nil without one. It looks at Members[guess]
// first.
func (s *Shape) bodyMember(name []byte, guess int) *Member {
	if guess < len(s.Members) {
		if m := s.Members[guess]; m.In == Body && m.Name == string(name) {
			return m
		}
	}
	return s.byName[string(name)]
}

// member reads the value of one member into its field; null leaves the field as it is. It returns a
// syntax failure; any other is recorded in p.
func (d *decoder) member(m *Member, field reflect.Value, p *progress) *failure {
	bit := uint64(1) << m.index
	if p.seen&bit != 0 {
		// The last of repeated members wins: an earlier object is not merged into it.
		field.SetZero()
		p.seen &^= bit
	}
	if d.next() == 'n' {
		return d.word("null")
	}
	p.seen |= bit
	target := field
	if m.pointer {
		target = reflect.New(m.Shape.typ).Elem()
	}
	f := d.value(m.Shape, target)
	switch {
	case f != nil && f.syntax:
		return f
	case f != nil:
		p.note(m.index, f.inside(m.Name))
		if m.Shape.Kind < List {
			return nil // a list, map or structure is set as far as it was read
		}
	}
	if m.pointer {
		field.Set(target.Addr())
	}
	return nil
}

// value reads a value of the shape into v. When it does not fit, v stays as it is.
func (d *decoder) value(s *Shape, v reflect.Value) *failure {
	switch c := d.next(); s.Kind {
	case String:
		return d.text(s, v)
	case Boolean:
		if c == 't' || c == 'f' || c == '"' && d.how.Lenient {
			return d.boolean(v, c)
		}
	case Integer, Long:
		if c == '-' || c >= '0' && c <= '9' || c == '"' && d.how.Lenient {
			return d.integer(s, v, c)
		}
	case Double, Time:
		if c == '-' || c >= '0' && c <= '9' {
			return d.decimal(s, v)
		}
	case Raw:
		start := d.pos
		f := d.skip()
		if f == nil {
			v.SetBytes(append([]byte(nil), d.src[start:d.pos]...))
		}
		return f
	case List:
		if c == '[' {
			return d.list(s, v)
		}
	case Map:
		if c == '{' {
			return d.entries(s, v)
		}
	case Structure:
		if c == '{' {
			return d.structure(s, v)
		}
	}
	return d.mistyped(s)
}

// wantedNames are the kinds as messages name them.
var wantedNames = [...]string{
	String:    "a string",
	Boolean:   "a boolean",
	Integer:   "an integer",
	Long:      "an integer",
	Double:    "a number",
	Time:      "a number",
	Raw:       "a value",
	List:      "a list",
	Map:       "an object",
	Structure: "an object",
}

// mistyped skips a value of a wrong JSON type and says so (R-WIRE-8).
func (d *decoder) mistyped(s *Shape) *failure {
	got := "a number"
	switch d.next() {
	case '{':
		got = "an object"
	case '[':
		got = "a list"
	case '"':
		got = "a string"
	case 't', 'f':
		got = "a boolean"
	case 'n':
		got = "null"
	}
	if f := d.skip(); f != nil {
		return f
	}
	wanted := wantedNames[s.Kind]
	if d.readsScalars(s) {
		wanted = "a string, a number or a boolean"
	}
	return &failure{rule: "expected " + wanted + ", got " + got}
}

// text reads a string and checks it.
func (d *decoder) text(s *Shape, v reflect.Value) *failure {
	value, f := d.textValue(s)
	if f != nil {
		return f
	}
	if !d.how.Unchecked {
		if f := s.Constraint.with(d.how.Limits).checkString(value); f != nil {
			return f
		}
		if i := s.Constraint.oneOf(value); i >= 0 {
			v.SetString(s.Constraint.OneOf[i]) // the description's copy: nothing is allocated
			return nil
		}
	}
	v.SetString(string(value))
	return nil
}

// textValue reads a string, or the text of a number or boolean where those are accepted. Of
// {"done":true,"size":1e3} the values are then "true" and "1e3". They are not checked yet. The
// result is valid until the next string is read.
func (d *decoder) textValue(s *Shape) ([]byte, *failure) {
	c := d.next()
	if c == '"' {
		return d.string()
	}
	if d.readsScalars(s) {
		switch {
		case c == 't':
			return []byte("true"), d.word("true")
		case c == 'f':
			return []byte("false"), d.word("false")
		case c == '-' || c >= '0' && c <= '9':
			return d.number()
		}
	}
	return nil, d.mistyped(s)
}

// readsScalars reports whether numbers and booleans are read as texts of this shape (R-MQTT-47).
func (d *decoder) readsScalars(s *Shape) bool {
	return d.how.Lenient && s.Kind == String && s.Constraint.Scalars
}

// boolean reads a boolean that begins with c: a string where those are accepted.
func (d *decoder) boolean(v reflect.Value, c byte) *failure {
	switch c {
	case 't':
		v.SetBool(true)
		return d.word("true")
	case 'f':
		v.SetBool(false)
		return d.word("false")
	}
	value, f := d.string()
	if f != nil {
		return f
	}
	b, ok := parseBool(string(value))
	if !ok {
		return &failure{rule: "expected a boolean, got the string " + clip(value)}
	}
	v.SetBool(b)
	return nil
}

// parseBool reads true or false in any case (R-WIRE-11, R-HTTP-20).
func parseBool(s string) (value, ok bool) {
	value = strings.EqualFold(s, "true")
	return value, value || strings.EqualFold(s, "false")
}

// integer reads an integer that begins with c: a string where those are accepted.
func (d *decoder) integer(s *Shape, v reflect.Value, c byte) (f *failure) {
	var text []byte
	if c == '"' {
		text, f = d.string()
	} else {
		text, f = d.number()
	}
	if f != nil {
		return f
	}
	return s.setInteger(text, v, d.how)
}

// setInteger reads the decimal text of an integer into v. Paths and queries use it too.
func (s *Shape) setInteger(text []byte, v reflect.Value, how Decoding) *failure {
	size := 64
	if s.Kind == Integer {
		size = 32
	}
	n, err := strconv.ParseInt(string(text), 10, size)
	if err != nil || text[0] == '+' {
		rule := "expected an integer of " + strconv.Itoa(size) + " bits, got " + clip(text)
		return &failure{rule: rule}
	}
	if !how.Unchecked {
		if f := s.Constraint.with(how.Limits).checkInt(n); f != nil {
			return f
		}
	}
	v.SetInt(n)
	return nil
}

// decimal reads a number with decimals, as its text, or a time in epoch seconds.
func (d *decoder) decimal(s *Shape, v reflect.Value) *failure {
	text, f := d.number()
	if f != nil {
		return f
	}
	if s.Kind == Time {
		seconds, err := strconv.ParseFloat(string(text), 64)
		if err != nil || seconds > 1<<43 || seconds < -1<<43 {
			return &failure{rule: "expected epoch seconds, got " + clipNumber(text)}
		}
		v.SetInt(roundMillis(seconds))
		return nil
	}
	if !d.how.Unchecked {
		if f := s.Constraint.checkDecimal(text); f != nil {
			return f
		}
	}
	v.SetString(string(text))
	return nil
}
