package registry

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/internal/fault"
)

// Limits of a query (R-ID-40).
const (
	maxQueryBytes   = 1000
	maxQueryTerms   = 7
	maxRunsPerTerm  = 2 // *
	maxOnesPerTerm  = 5 // ?
	queryEverything = "*"
)

// ParseQuery compiles a fleet query (R-ID-40, R-ID-60). A fault is InvalidQuery and names the place, counted in characters from 1.
//
//	query  = and { "OR" and }
//	and    = not { [ "AND" ] not }
//	not    = [ "NOT" | "-" ] not | "(" query ")" | clause
//	clause = [ field ":" ] value | field ":" "(" query of values ")"
//	value  = word with * and ? | "phrase" | range | comparison, the last two with a field only
func ParseQuery(text string) (*Query, error) {
	p := queryParser{text: text}
	if len(text) > maxQueryBytes {
		return nil, fault.New(fault.InvalidQuery, "queryString: %d bytes, at most %d are allowed", len(text), maxQueryBytes)
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

// queryParser reads a query from left to right.
type queryParser struct {
	text  string
	at    int // bytes read
	terms int
	field *field // of the field grouping that is being read

	connectivity bool // a field of a connection was read
}

// errorf is a fault about the text at a byte.
func (p *queryParser) errorf(at int, format string, args ...any) error {
	f := fault.New(fault.InvalidQuery, format, args...)
	f.Message = "queryString, character " + strconv.Itoa(utf8.RuneCountInString(p.text[:at])+1) + ": " + f.Message
	return f
}

// peek returns the next byte after white space, 0 at the end.
func (p *queryParser) peek() byte {
	for p.at < len(p.text) && isSpace(p.text[p.at]) {
		p.at++
	}
	if p.at == len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// operator reports whether the next word is AND, OR, NOT or TO, and reads it then.
func (p *queryParser) operator(name string) bool {
	p.peek()
	rest, ok := strings.CutPrefix(p.text[p.at:], name)
	if !ok || rest != "" && !isSpace(rest[0]) && !strings.ContainsRune(`()"]}`, rune(rest[0])) {
		return false
	}
	p.at += len(name)
	return true
}

func (p *queryParser) query() (criterion, error) {
	left, err := p.and()
	for err == nil && p.operator("OR") {
		var right criterion
		right, err = p.and()
		left = anyOf{left, right}
	}
	return left, err
}

func (p *queryParser) and() (criterion, error) {
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

func (p *queryParser) not() (criterion, error) {
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

// parenthesis reads a query in parentheses.
func (p *queryParser) parenthesis() (criterion, error) {
	opened := p.at
	p.at++
	inside, err := p.query()
	if err == nil && p.peek() != ')' {
		return nil, p.errorf(opened, "'(' is never closed")
	}
	p.at++
	return inside, err
}

// clause reads one term, or a field with several in parentheses.
func (p *queryParser) clause() (criterion, error) {
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
		return nil, p.errorf(start, "%q is not a field; fields are thingName, thingId, thingTypeName, thingGroupNames, attributes.NAME, "+
			"connectivity.connected, connectivity.timestamp and connectivity.disconnectReason", p.text[start:p.at])
	}
	p.connectivity = p.connectivity || found.kind == connectedField || found.kind == timestampField || found.kind == reasonField
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
func (p *queryParser) value(of field) (criterion, error) {
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
		return p.term(start, of, matching{pattern{{literal, strings.ToLower(phrase)}}})
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

// term counts a term that starts at a byte. A * without a field stands for all things.
func (p *queryParser) term(start int, of field, t check) (criterion, error) {
	if p.terms++; p.terms > maxQueryTerms {
		return nil, p.errorf(start, "this is term %d, at most %d are allowed", p.terms, maxQueryTerms)
	}
	if p.text[start:p.at] == queryEverything && of.kind == anyField {
		return everything{}, nil
	}
	return term{of, t}, nil
}

// comparison reads < <= > >= and a value.
func (p *queryParser) comparison() (within, error) {
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
func (p *queryParser) span() (w within, err error) {
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

// bound reads one bound of a range: a phrase or a word without wildcards, which may begin with '-'.
func (p *queryParser) bound(b *bound) (err error) {
	if p.at < len(p.text) && p.text[p.at] == '"' {
		b.lower, err = p.phrase()
		return err
	}
	start, sign := p.at, ""
	if p.at < len(p.text) && p.text[p.at] == '-' {
		sign = "-"
		p.at++
	}
	word, err := p.word()
	if err != nil {
		return err
	}
	text, plain := word.plain()
	if !plain {
		return p.errorf(start, "a bound cannot have the wildcards * and ?")
	}
	b.lower = sign + text
	return nil
}

// phrase reads text in quotation marks, in which only \" and \\ are special.
func (p *queryParser) phrase() (string, error) {
	opened := p.at
	var text strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		switch c := p.text[p.at]; {
		case c == '"':
			p.at++
			if text.Len() == 0 {
				return "", p.errorf(opened, "the phrase is empty")
			}
			return text.String(), nil
		case c == '\\' && p.at+1 < len(p.text):
			p.at++
			text.WriteByte(p.text[p.at])
		default:
			text.WriteByte(c)
		}
	}
	return "", p.errorf(opened, "the quotation mark is never closed")
}

// queryWord is a word as it was read, in tokens.
type queryWord pattern

// plain returns the text of a word without wildcards.
func (w queryWord) plain() (string, bool) {
	if len(w) != 1 || w[0].kind != literal {
		return "", false
	}
	return w[0].text, true
}

// pattern returns the word for matching, in lower case.
func (w queryWord) pattern() pattern {
	for i := range w {
		w[i].text = strings.ToLower(w[i].text)
	}
	return pattern(w)
}

// ends are the characters that end a word, and unescaped those that it must not hold without a '\'.
const (
	ends      = " \t\n\r()[]{}<>\":"
	unescaped = "^~!&|+"
)

// word reads one word up to a character that ends it. * and ? are wildcards, not at the beginning, unless * is all of
// it; '\' takes the next character as it is.
func (p *queryParser) word() (w queryWord, err error) {
	start, text := p.at, strings.Builder{}
	var runs, ones int
	wild := func(kind tokenKind) {
		if text.Len() > 0 {
			w = append(w, token{literal, text.String()})
			text.Reset()
		}
		w = append(w, token{kind: kind})
	}
	for ; p.at < len(p.text) && strings.IndexByte(ends, p.text[p.at]) < 0; p.at++ {
		switch c := p.text[p.at]; {
		case c == '*':
			runs++
			wild(anyRun)
		case c == '?':
			ones++
			wild(anyOne)
		case strings.IndexByte(unescaped, c) >= 0 || c == '-' && p.at == start:
			return nil, p.errorf(p.at, `'%c' must be written \%c or within "quotes"`, c, c)
		case c == '\\':
			if p.at++; p.at == len(p.text) {
				return nil, p.errorf(p.at-1, `'\' escapes nothing`)
			}
			text.WriteByte(p.text[p.at])
		default:
			text.WriteByte(c)
		}
	}
	if text.Len() > 0 {
		w = append(w, token{literal, text.String()})
	}
	return w, p.checkWord(start, w, runs, ones)
}

func (p *queryParser) checkWord(start int, w queryWord, runs, ones int) error {
	switch written := p.text[start:p.at]; {
	case written == "":
		return p.missing()
	case written == "AND" || written == "OR" || written == "NOT" || written == "TO":
		return p.errorf(start, `%s is an operator and stands where a term is due; as a value write it within "quotes"`, written)
	case w[0].kind != literal && written != queryEverything:
		return p.errorf(start, "%q begins with a wildcard", written)
	case runs > maxRunsPerTerm || ones > maxOnesPerTerm:
		return p.errorf(start, "%q has %d * and %d ?, at most %d and %d are allowed", written, runs, ones, maxRunsPerTerm, maxOnesPerTerm)
	}
	return nil
}

// missing is the fault of a term that is due and not there.
func (p *queryParser) missing() error {
	if p.at == len(p.text) {
		return p.errorf(p.at, "the query ends where a term is due")
	}
	return p.errorf(p.at, "'%c' stands where a term is due", p.text[p.at])
}
