package fleetquery

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/wildcard"
)

// Limits of a query (R-ID-40).
const (
	maxBytes       = 1000
	maxTerms       = 7
	maxRunsPerTerm = 2 // *
	maxOnesPerTerm = 5 // ?
)

// all is the query that matches every thing.
const all = "*"

// Parse compiles a fleet query (R-ID-40, R-ID-60). A fault is InvalidQuery and names the place,
// counted in characters from 1.
//
//	query  = and { "OR" and }
//	and    = not { [ "AND" ] not }
//	not    = [ "NOT" | "-" ] not | "(" query ")" | clause
//	clause = [ field ":" ] value | field ":" "(" query of values ")"
//	value  = word with * and ? | "phrase" | range | comparison, the last two with a field only
func Parse(text string) (*Query, error) {
	p := parser{text: text}
	if len(text) > maxBytes {
		return nil, fault.New(fault.InvalidQuery,
			"queryString: %d bytes, at most %d are allowed", len(text), maxBytes)
	}
	root, err := p.query()
	if err != nil {
		return nil, err
	}
	if p.at < len(text) { // only a parenthesis ends a query early
		return nil, p.errorf(p.at, "')' closes nothing")
	}
	return &Query{root, p.connectivity}, nil
}

// parser reads a query from left to right. Its methods carry the names of the grammar above; each
// reads what it is named after and leaves at behind it.
type parser struct {
	text  string
	at    int    // bytes read so far
	terms int    // terms read so far
	field *field // the field whose parenthesis is being read, nil outside of one

	connectivity bool // a field of a connection was read
}

// errorf is a fault about the text at a byte: it counts the characters before it.
func (p *parser) errorf(at int, format string, args ...any) error {
	f := fault.New(fault.InvalidQuery, format, args...)
	character := strconv.Itoa(utf8.RuneCountInString(p.text[:at]) + 1)
	f.Message = "queryString, character " + character + ": " + f.Message
	return f
}

// peek skips white space and returns the byte after it, 0 at the end.
func (p *parser) peek() byte {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// operator reads the next word if it is the operator with this name: AND, OR, NOT or TO.
func (p *parser) operator(name string) bool {
	p.peek()
	rest, ok := strings.CutPrefix(p.text[p.at:], name)
	if !ok || rest != "" && !isSpace(rest[0]) && strings.IndexByte(`()"]}`, rest[0]) < 0 {
		return false
	}
	p.at += len(name)
	return true
}

// query reads alternatives with OR between them.
func (p *parser) query() (criterion, error) {
	left, err := p.and()
	for err == nil && p.operator("OR") {
		var right criterion
		right, err = p.and()
		left = anyOf{left, right}
	}
	return left, err
}

// and reads what must hold together, with AND or nothing in between.
func (p *parser) and() (criterion, error) {
	left, err := p.not()
	for err == nil {
		mark := p.at
		if next := p.peek(); next == 0 || next == ')' {
			break
		}
		if p.operator("OR") {
			p.at = mark
			break
		}
		p.operator("AND") // or nothing: side by side means the same
		var right criterion
		right, err = p.not()
		left = allOf{left, right}
	}
	return left, err
}

// not reads one criterion, which may be negated or in parentheses.
func (p *parser) not() (criterion, error) {
	minus := p.peek() == '-'
	if minus {
		p.at++
		if next := p.at; next < len(p.text) && isSpace(p.text[next]) {
			return nil, p.errorf(next, "'-' stands right before what it excludes")
		}
	}
	if minus || p.operator("NOT") {
		of, err := p.not()
		return noneOf{of}, err
	}
	if p.peek() == '(' {
		return p.parenthesis()
	}
	return p.clause()
}

// parenthesis reads a query in parentheses; the next byte is the opening one.
func (p *parser) parenthesis() (criterion, error) {
	opened := p.at
	p.at++
	inside, err := p.query()
	if err == nil && p.peek() != ')' {
		return nil, p.errorf(opened, "'(' is never closed")
	}
	p.at++
	return inside, err
}

// clause reads one term, or a field with several values in parentheses.
func (p *parser) clause() (criterion, error) {
	start := p.at
	if p.field != nil {
		return p.value(*p.field)
	}
	if strings.IndexByte(`"[{<>`, p.peek()) >= 0 {
		return p.value(field{})
	}
	word, err := p.word()
	if err != nil {
		return nil, err
	}
	if p.at == len(p.text) || p.text[p.at] != ':' {
		return p.term(start, field{}, matching{word.pattern()})
	}
	name, ok := word.plain()
	found, known := fieldNamed(name)
	if !ok || !known {
		return nil, p.errorf(start, "%q is not a field; fields are thingName, thingId, "+
			"thingTypeName, thingGroupNames, attributes.NAME, connectivity.connected, "+
			"connectivity.timestamp and connectivity.disconnectReason", p.text[start:p.at])
	}
	p.connectivity = p.connectivity || found.ofConnection()
	p.at++
	if p.at == len(p.text) || isSpace(p.text[p.at]) {
		return nil, p.errorf(p.at, "a value must follow ':' at once")
	}
	if p.text[p.at] != '(' {
		return p.value(found)
	}
	p.field = &found
	inside, err := p.parenthesis()
	p.field = nil
	return inside, err
}

// value reads what a field is asked for.
func (p *parser) value(of field) (criterion, error) {
	start := p.at
	next := p.peek()
	if of.kind == anyField && strings.IndexByte("[{<>", next) >= 0 && next != 0 {
		return nil, p.errorf(start, "a range or comparison needs a field, as in attributes.NAME:>5")
	}
	switch next {
	case '"':
		phrase, err := p.phrase()
		if err != nil {
			return nil, err
		}
		exactly := wildcard.Token{Kind: wildcard.Literal, Text: strings.ToLower(phrase)}
		return p.term(start, of, matching{wildcard.Pattern{exactly}})
	case '[', '{':
		w, err := p.span()
		if err != nil {
			return nil, err
		}
		return p.term(start, of, w)
	case '<', '>':
		w, err := p.comparison()
		if err != nil {
			return nil, err
		}
		return p.term(start, of, w)
	}
	word, err := p.word()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.text) && p.text[p.at] == ':' {
		return nil, p.errorf(p.at, `':' inside a value must be written \: or within "quotes"`)
	}
	return p.term(start, of, matching{word.pattern()})
}

// term counts a term that starts at a byte, and makes it. A * without a field stands for all
// things, where attributes.NAME:* stands for those that have the attribute.
func (p *parser) term(start int, of field, t check) (criterion, error) {
	if p.terms++; p.terms > maxTerms {
		return nil, p.errorf(start, "this is term %d, at most %d are allowed", p.terms, maxTerms)
	}
	if p.text[start:p.at] == all && of.kind == anyField {
		return everything{}, nil
	}
	return term{of, t}, nil
}

// comparison reads < <= > >= and a value.
func (p *parser) comparison() (within, error) {
	above := p.text[p.at] == '>'
	p.at++
	b := &bound{open: true}
	if p.at < len(p.text) && p.text[p.at] == '=' {
		b.open = false
		p.at++
	}
	if err := p.bound(b); err != nil {
		return within{}, err
	}
	if above {
		return newWithin(b, nil), nil
	}
	return newWithin(nil, b), nil
}

// span reads [a TO b], {a TO b}, or one bracket of each.
func (p *parser) span() (w within, err error) {
	opened := p.at
	low := &bound{open: p.text[p.at] == '{'}
	p.at++
	p.peek()
	if err := p.bound(low); err != nil {
		return w, err
	}
	if !p.operator("TO") {
		return w, p.errorf(p.at, "TO must stand between the bounds of a range")
	}
	high := &bound{}
	p.peek()
	if err := p.bound(high); err != nil {
		return w, err
	}
	end := p.peek()
	if end != ']' && end != '}' {
		return w, p.errorf(opened, "the range is never closed by ']' or '}'")
	}
	high.open = end == '}'
	p.at++
	return newWithin(low, high), nil
}
