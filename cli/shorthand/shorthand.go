package shorthand

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/cli/value"
)

// Parse reads the short form of a structure or map (R-CMD-26). In key@=value, a value that names a
// file, file://PATH or fileb://PATH, is replaced by what load returns for it (R-CMD-32).
//
//	a=b,c,d={e=f}   is   {"a": ["b", "c"], "d": {"e": "f"}}
//
// An error of the syntax is a *SyntaxError.
func Parse(text string, load func(name string) (string, error)) (*value.Object, error) {
	p := &parser{text: text, load: load}
	return p.expression()
}

// A SyntaxError says what stands where something else should, with a caret under the place
// (R-CMD-36).
type SyntaxError struct {
	text     string
	at       int // offset in text
	expected string
	received string
}

// Error is the message of the reference, with the caret on a line of its own.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("Expected: '%s', received: '%s' for input:\n%s",
		e.expected, e.received, caret(e.text, e.at))
}

// caret shows a text with a caret under one place: below the line that holds it, the remaining
// lines after.
func caret(text string, at int) string {
	start := strings.LastIndexByte(text[:at], '\n') + 1
	column := utf8.RuneCountInString(text[start:at])
	mark := strings.Repeat(" ", column) + "^"
	if end := strings.IndexByte(text[at:], '\n'); end >= 0 {
		return text[:at+end] + "\n" + mark + text[at+end:]
	}
	return text + "\n" + mark
}

// A parser reads one word of the command line. Its methods begin at pos and leave pos behind what
// they have read.
type parser struct {
	text string
	pos  int // offset in text
	load func(string) (string, error)
}

// end reports whether nothing is left.
func (p *parser) end() bool { return p.pos >= len(p.text) }

// at reports whether the next character is c.
func (p *parser) at(c byte) bool { return !p.end() && p.text[p.pos] == c }

// blanks skips blanks and line ends.
func (p *parser) blanks() {
	for !p.end() && strings.IndexByte(" \t\n\r\v\f", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// expect reads one character, which must be c, and the blanks after it.
func (p *parser) expect(c byte) error {
	if !p.at(c) {
		return p.fail(string(c))
	}
	p.pos++
	p.blanks()
	return nil
}

// fail is the error that something else than what is expected comes next.
func (p *parser) fail(expected string) error {
	received := "EOF"
	if !p.end() {
		r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
		received = string(r)
	}
	return &SyntaxError{p.text, p.pos, expected, received}
}

// expression reads the whole word: pairs with commas between, each key once (R-CMD-31).
func (p *parser) expression() (*value.Object, error) {
	o := &value.Object{}
	p.blanks()
	for {
		start := p.pos
		key, v, err := p.pair(p.topValue)
		if err != nil {
			return nil, err
		}
		if _, again := o.Get(key); again {
			return nil, fmt.Errorf("Second instance of key \"%s\" encountered for input:\n%s\n"+
				"This is often because there is a preceding \",\" instead of a space.",
				key, caret(p.text, start))
		}
		o.Set(key, v)
		if p.blanks(); p.end() {
			return o, nil
		}
		if err := p.expect(','); err != nil {
			return nil, err
		}
	}
}

// pair reads key=value, or key@=value whose scalars may name files. inner reads the value: commas
// mean something else inside brackets.
func (p *parser) pair(inner func() (value.Value, error)) (key string, v value.Value, err error) {
	start := p.pos
	for !p.end() && isKeyChar(p.text[p.pos]) {
		p.pos++
	}
	key = p.text[start:p.pos]
	p.blanks()
	files := p.at('@')
	if files {
		p.pos++
		p.blanks()
	}
	if err := p.expect('='); err != nil {
		return "", nil, err
	}
	if v, err = inner(); err == nil && files {
		v, err = p.loadAll(v)
	}
	return key, v, err
}

// isKeyChar reports whether a character may stand in a key.
func isKeyChar(c byte) bool {
	letter := c|0x20 >= 'a' && c|0x20 <= 'z' // in either case
	return letter || c >= '0' && c <= '9' || strings.IndexByte("-_.#/:", c) >= 0
}

// loadAll replaces the scalars of a value that name files by the files' contents. It leaves objects
// alone: their keys say for themselves, with @=, whether they name files.
func (p *parser) loadAll(v value.Value) (value.Value, error) {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "file://") || strings.HasPrefix(v, "fileb://") {
			return p.load(v)
		}
	case value.List:
		for i := range v {
			var err error
			if v[i], err = p.loadAll(v[i]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// topValue reads a value outside brackets, where commas make lists: a=b,c is a list of two.
func (p *parser) topValue() (value.Value, error) {
	if p.at('[') || p.at('{') {
		return p.item()
	}
	return p.commaList()
}

// commaList reads a scalar, or several with commas between. An element after which neither a
// comma nor the end comes was really the next key, and the list ends before it: in a=b,c,d=e the
// list of a is b and c (R-CMD-28).
func (p *parser) commaList() (value.Value, error) {
	first, err := p.scalar()
	if err != nil {
		return nil, err
	}
	items := value.List{first}
	for p.blanks(); p.at(','); p.blanks() {
		comma := p.pos
		p.pos++
		p.blanks()
		start := p.pos
		if p.end() {
			return nil, &SyntaxError{p.text, p.pos, "<second>", "<none>"}
		}
		next, ok := p.nextScalar()
		if p.blanks(); !ok || !p.end() && !p.at(',') {
			if p.pos = comma; p.text[start] == ',' {
				p.pos = start // in a=x,,b=c one of the two commas is skipped
			}
			break
		}
		items = append(items, next)
	}
	if len(items) == 1 {
		return first, nil
	}
	return items, nil
}

// item reads a value inside brackets or braces, where a comma always separates values.
func (p *parser) item() (value.Value, error) {
	switch {
	case p.at('['):
		items := value.List{}
		err := p.enclosed('[', ']', func() error {
			v, err := p.item()
			items = append(items, v)
			return err
		})
		return items, err
	case p.at('{'):
		o := &value.Object{}
		err := p.enclosed('{', '}', func() error {
			key, v, err := p.pair(p.item)
			o.Set(key, v)
			return err
		})
		return o, err
	}
	return p.scalar()
}

// enclosed reads what stands between two brackets, calling one for each entry. A comma may stand
// before the closing bracket.
func (p *parser) enclosed(open, end byte, one func() error) error {
	if err := p.expect(open); err != nil {
		return err
	}
	for !p.at(end) {
		if err := one(); err != nil {
			return err
		}
		if p.blanks(); p.at(end) {
			break
		}
		if err := p.expect(','); err != nil {
			return err
		}
	}
	p.pos++
	return nil
}

// scalar reads quoted or bare text, which may be empty.
func (p *parser) scalar() (string, error) {
	if p.at('\'') {
		return p.quoted('\'', "<singled quoted>")
	}
	if p.at('"') {
		return p.quoted('"', "<double quoted>")
	}
	return p.bare("\"']}"), nil
}

// nextScalar reads a later element of a comma list, and reports whether there is one. In bare text
// there, brackets are text, and '=' ends it.
func (p *parser) nextScalar() (string, bool) {
	if p.at('\'') || p.at('"') {
		text, err := p.scalar()
		return text, err == nil
	}
	start := p.pos
	text := p.bare("\"'=")
	return text, p.pos > start
}

// bare reads unquoted text up to a comma, a control character or one of stops. Only \, is an
// escape, for a comma; blanks at the end are dropped (R-CMD-29, R-CMD-30).
func (p *parser) bare(stops string) string {
	if !p.end() && strings.IndexByte(",\"'=[{", p.text[p.pos]) >= 0 {
		return ""
	}
	var out strings.Builder
	for !p.end() {
		c := p.text[p.pos]
		if c == '\\' && strings.HasPrefix(p.text[p.pos:], `\,`) {
			out.WriteByte(',')
			p.pos += 2
			continue
		}
		control := c < 0x20 && strings.IndexByte("\t\n\r\v\f", c) < 0
		if c == ',' || strings.IndexByte(stops, c) >= 0 || control {
			break
		}
		out.WriteByte(c)
		p.pos++
	}
	return strings.TrimRight(out.String(), " \t\n\r\v\f")
}

// quoted reads text between quotes. A backslash in front of the quote or of another backslash
// makes it a part of the text; any other backslash stands for itself. When no closing quote
// follows, the last escaped quote was meant as the end: 'c:\dir\' is c:\dir\ (R-CMD-30). name is
// that of the error.
func (p *parser) quoted(quote byte, name string) (string, error) {
	var out strings.Builder
	last, kept := -1, 0 // the last escaped quote, and how much had been read before it
	for i := p.pos + 1; i < len(p.text); i++ {
		c := p.text[i]
		if c == quote {
			p.pos = i + 1
			return out.String(), nil
		}
		if c == '\\' && i+1 < len(p.text) && (p.text[i+1] == '\\' || p.text[i+1] == quote) {
			i++
			if c = p.text[i]; c == quote {
				last, kept = i, out.Len()
			}
		}
		out.WriteByte(c)
	}
	if last < 0 {
		return "", &SyntaxError{p.text, p.pos, name, "<none>"}
	}
	p.pos = last + 1
	return out.String()[:kept] + `\`, nil
}
