package cli

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// shorthand reads the short form of structures and maps: key=value,key=[…],key={…} (R-CMD-26). The parser goes over the
// text once; load replaces file:// values of key@=value (R-CMD-32). The result is an *object of strings, lists and
// objects; types come from the model (model.go).
func shorthand(text string, load func(string) (string, error)) (*object, error) {
	p := &shortParser{text: text, load: load}
	return p.expression()
}

// shortError is a syntax error, shown with a caret under the offence (R-CMD-36).
type shortError struct {
	text     string
	at       int
	expected string
	received string
}

func (e *shortError) Error() string {
	return fmt.Sprintf("Expected: '%s', received: '%s' for input:\n%s", e.expected, e.received, caret(e.text, e.at))
}

// caret shows a text with a caret under one place: below the line that holds it, the remaining lines after.
func caret(text string, at int) string {
	start := strings.LastIndexByte(text[:at], '\n') + 1
	column := utf8.RuneCountInString(text[start:at])
	mark := strings.Repeat(" ", column) + "^"
	if end := strings.IndexByte(text[at:], '\n'); end >= 0 {
		return text[:at+end] + "\n" + mark + text[at+end:]
	}
	return text + "\n" + mark
}

type shortParser struct {
	text string
	pos  int
	load func(string) (string, error)
}

func (p *shortParser) end() bool { return p.pos >= len(p.text) }

func (p *shortParser) at(c byte) bool { return !p.end() && p.text[p.pos] == c }

func (p *shortParser) blanks() {
	for !p.end() && strings.IndexByte(" \t\n\r\v\f", p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// expect consumes one character and the blanks after it.
func (p *shortParser) expect(c byte) error {
	if !p.at(c) {
		return p.fail(string(c))
	}
	p.pos++
	p.blanks()
	return nil
}

func (p *shortParser) fail(expected string) error {
	received := "EOF"
	if !p.end() {
		r, _ := utf8.DecodeRuneInString(p.text[p.pos:])
		received = string(r)
	}
	return &shortError{p.text, p.pos, expected, received}
}

// expression is the whole word: pairs, each key once (R-CMD-31).
func (p *shortParser) expression() (*object, error) {
	o := &object{}
	p.blanks()
	for {
		start := p.pos
		key, v, err := p.pair(p.topValue)
		if err != nil {
			return nil, err
		}
		if _, again := o.get(key); again {
			return nil, fmt.Errorf("Second instance of key \"%s\" encountered for input:\n%s\n"+
				"This is often because there is a preceding \",\" instead of a space.", key, caret(p.text, start))
		}
		o.set(key, v)
		if p.blanks(); p.end() {
			return o, nil
		}
		if err := p.expect(','); err != nil {
			return nil, err
		}
	}
}

// pair is key=value, or key@=value whose scalars may name files.
func (p *shortParser) pair(inner func() (value, error)) (key string, v value, err error) {
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

func isKeyChar(c byte) bool {
	return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || strings.IndexByte("-_.#/:", c) >= 0
}

// loadAll replaces the scalars of a value that name files. Keys inside braces say for themselves whether they do.
func (p *shortParser) loadAll(v value) (value, error) {
	switch v := v.(type) {
	case string:
		if strings.HasPrefix(v, "file://") || strings.HasPrefix(v, "fileb://") {
			return p.load(v)
		}
	case list:
		for i := range v {
			var err error
			if v[i], err = p.loadAll(v[i]); err != nil {
				return nil, err
			}
		}
	}
	return v, nil
}

// topValue is a value outside brackets, where commas make lists.
func (p *shortParser) topValue() (value, error) {
	if p.at('[') || p.at('{') {
		return p.item()
	}
	return p.commaList()
}

// commaList is a scalar, or several with commas between. An element after which neither a comma nor the end comes was
// really the next key: the list ends before it (R-CMD-28).
func (p *shortParser) commaList() (value, error) {
	first, err := p.scalar()
	if err != nil {
		return nil, err
	}
	items := list{first}
	for p.blanks(); p.at(','); p.blanks() {
		comma := p.pos
		p.pos++
		p.blanks()
		start := p.pos
		if p.end() {
			return nil, &shortError{p.text, p.pos, "<second>", "<none>"}
		}
		next, ok := p.nextScalar()
		if p.blanks(); !ok || !p.end() && !p.at(',') {
			if p.pos = comma; p.text[start] == ',' {
				p.pos = start // one comma too many is swallowed
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

// item is a value inside brackets or braces, where a comma always separates.
func (p *shortParser) item() (value, error) {
	switch {
	case p.at('['):
		items := list{}
		err := p.enclosed('[', ']', func() error {
			v, err := p.item()
			items = append(items, v)
			return err
		})
		return items, err
	case p.at('{'):
		o := &object{}
		err := p.enclosed('{', '}', func() error {
			key, v, err := p.pair(p.item)
			o.set(key, v)
			return err
		})
		return o, err
	}
	return p.scalar()
}

func (p *shortParser) enclosed(open, end byte, one func() error) error {
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

// scalar is quoted or bare text; it may be empty.
func (p *shortParser) scalar() (string, error) {
	if p.at('\'') {
		return p.quoted('\'', "<singled quoted>")
	}
	if p.at('"') {
		return p.quoted('"', "<double quoted>")
	}
	return p.bare("\"']}"), nil
}

// nextScalar is a later element of a comma list: in bare text brackets are text, and '=' ends it.
func (p *shortParser) nextScalar() (string, bool) {
	if p.at('\'') || p.at('"') {
		text, err := p.scalar()
		return text, err == nil
	}
	start := p.pos
	text := p.bare("\"'=")
	return text, p.pos > start
}

// bare reads unquoted text up to a comma, a control character or one of stops. Only \, is an escape; blanks at the end
// are dropped (R-CMD-29, R-CMD-30).
func (p *shortParser) bare(stops string) string {
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
		if c == ',' || strings.IndexByte(stops, c) >= 0 || c < 0x20 && strings.IndexByte("\t\n\r\v\f", c) < 0 {
			break
		}
		out.WriteByte(c)
		p.pos++
	}
	return strings.TrimRight(out.String(), " \t\n\r\v\f")
}

// quoted reads text between quotes. A backslash stands for itself but in front of the quote or of another backslash; an
// escaped quote that nothing closes any more is a backslash and the end (R-CMD-30).
func (p *shortParser) quoted(quote byte, name string) (string, error) {
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
		return "", &shortError{p.text, p.pos, name, "<none>"}
	}
	p.pos = last + 1
	return out.String()[:kept] + `\`, nil
}
