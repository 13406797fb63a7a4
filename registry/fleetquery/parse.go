package fleetquery

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/wildcard"
)

// Limits of a query (R-ID-40).
const (
	maxBytes       = 1000
	maxTerms       = 12
	maxRunsPerTerm = 2 // *
	maxOnesPerTerm = 5 // ?
	// A term that begins with a wildcard is one of its query, which is no longer than this.
	maxLeadingTerms      = 1
	maxLeadingCharacters = 100
)

// all is the query that matches every thing.
const all = "*"

// Parse compiles a fleet query (R-ID-40, R-ID-60). A fault is InvalidQuery and names the place,
// counted in characters from 1.
//
//	query      = and { "OR" and }
//	and        = not { [ "AND" ] not }
//	not        = [ "NOT" | "-" ] not | "(" query ")" | clause
//	clause     = [ field ":" ] value | field comparison | field ":" "(" query of values ")"
//	value      = word with * and ? | "phrase" | range | comparison, the last two with a field only
//	range      = ( "[" | "{" ) bound "TO" bound ( "]" | "}" ), where a bound may be *
//	comparison = ( "<" | "<=" | ">" | ">=" ) bound
//
// White space may stand between any two of these, save that "-" stands right before what it
// excludes: attributes.n>5, attributes.n > 5 and attributes.n : >5 are the same.
func Parse(text string) (*Query, error) {
	q, doubt, err := parse(text)
	switch {
	case doubt != nil:
		return nil, doubt
	case err != nil:
		return nil, err
	}
	return q, nil
}

// Compile is Parse for a query that is stored. It accepts also what Parse refuses because its
// author can only have meant something else: such a query may have been accepted by an earlier
// version, and no change of a thing may fail because a group has it.
func Compile(text string) (*Query, error) {
	q, _, err := parse(text)
	return q, err
}

// parse reads a query. doubt is set where the query can be read, but was meant otherwise.
func parse(text string) (q *Query, doubt, err error) {
	p := parser{text: text}
	if len(text) > maxBytes {
		return nil, nil, fault.New(fault.InvalidQuery,
			"queryString: %d bytes, at most %d are allowed", len(text), maxBytes)
	}
	root, err := p.query()
	switch n := utf8.RuneCountInString(text); {
	case err != nil:
		return nil, p.doubt, err
	case p.at < len(text): // only a parenthesis ends a query early
		return nil, p.doubt, p.errorf(p.at, "')' closes nothing")
	case p.leading > 0 && n > maxLeadingCharacters:
		return nil, p.doubt, fault.New(fault.InvalidQuery,
			"queryString: %d characters, at most %d are allowed when a term begins with a wildcard",
			n, maxLeadingCharacters)
	}
	return &Query{root, p.connectivity}, p.doubt, nil
}

// parser reads a query from left to right. Its methods carry the names of the grammar above; each
// reads what it is named after and leaves at behind it.
type parser struct {
	text  string
	at    int    // bytes read so far
	terms int    // terms read so far
	field *field // the field whose parenthesis is being read, nil outside of one

	leading      int   // terms read so far that begin with a wildcard
	connectivity bool  // a field of a connection was read
	doubt        error // the first thing that was meant otherwise, see Compile
}

// errorf is a fault about the text at a byte: it counts the characters before it.
func (p *parser) errorf(at int, format string, args ...any) error {
	f := fault.New(fault.InvalidQuery, format, args...)
	character := strconv.Itoa(utf8.RuneCountInString(p.text[:at]) + 1)
	f.Message = "queryString, character " + character + ": " + f.Message
	return f
}

// doubtf records what was meant otherwise at a byte, unless something was before.
func (p *parser) doubtf(at int, format string, args ...any) {
	if p.doubt == nil {
		p.doubt = p.errorf(at, format, args...)
	}
}

// peek skips white space and returns the byte after it, 0 at the end.
func (p *parser) peek() byte {
	for n := spaceAt(p.text[p.at:]); n > 0; n = spaceAt(p.text[p.at:]) {
		p.at += n
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

// spaceAt returns how many bytes the white space character at the start of text has, 0 when there
// is none. It is what Java calls white space: an ideographic space is, a no-break space is not.
func spaceAt(text string) int {
	r, size := utf8.DecodeRuneInString(text)
	switch {
	case r == '\u0085' || r == '\u00a0' || r == '\u2007' || r == '\u202f':
		return 0
	case unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f':
		return size
	}
	return 0
}

// operator reads the next word if it is the operator with this name: AND, OR, NOT or TO.
func (p *parser) operator(name string) bool {
	p.peek()
	rest, ok := strings.CutPrefix(p.text[p.at:], name)
	if !ok || rest != "" && spaceAt(rest) == 0 && strings.IndexByte(`()"]}`, rest[0]) < 0 {
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
		if spaceAt(p.text[p.at:]) > 0 {
			return nil, p.errorf(p.at, "'-' stands right before what it excludes")
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
	end := p.at
	operator := p.peek()
	if operator != ':' && operator != '<' && operator != '>' {
		p.at = end
		p.checkMeant(start)
		return p.term(start, field{}, matching{word.pattern()})
	}
	name, ok := word.plain()
	found, known := fieldNamed(name)
	if !ok || !known {
		return nil, p.errorf(start, "%q is not a field; fields are thingName, thingId, "+
			"thingTypeName, thingGroupNames, attributes.NAME, connectivity.connected, "+
			"connectivity.timestamp and connectivity.disconnectReason", p.text[start:end])
	}
	p.connectivity = p.connectivity || found.ofConnection()
	if operator == ':' {
		p.at++
	}
	if p.peek() != '(' {
		return p.value(found)
	}
	p.field = &found
	inside, err := p.parenthesis()
	p.field = nil
	return inside, err
}

// checkMeant doubts a word without a field that was meant to have one: thingName\:x* and
// thingName=x. The sign is part of the text that is looked for, and no thing has such a text, so
// the query would find nothing and not say why.
func (p *parser) checkMeant(start int) {
	word := p.text[start:p.at]
	for _, sign := range []string{`\:`, "="} {
		name, rest, found := strings.Cut(word, sign)
		if _, known := fieldNamed(name); found && known {
			p.doubtf(start+len(name), "'%s' is part of the text that is looked for here; "+
				"write %s:%s to ask for the field %s", sign, name, rest, name)
		}
	}
}

// value reads what a field is asked for.
func (p *parser) value(of field) (criterion, error) {
	start := p.at
	next := p.peek()
	if of.kind == anyField && strings.IndexByte("[{<>", next) >= 0 && next != 0 {
		return nil, p.errorf(start, "a range or comparison needs a field before it, "+
			"as in attributes.NAME>5")
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
	if p.at < len(p.text) && strings.IndexByte(":<>", p.text[p.at]) >= 0 {
		c := p.text[p.at]
		p.doubtf(p.at, `'%c' inside a value must be written \%c or within "quotes"`, c, c)
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
