package jmespath

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
	"unicode"

	"github.com/drover-iot/drover/cli/value"
)

// The lexer turns an expression into tokens. Names, numbers and literals are read here to their
// value.

// A kind of token. Those of one or two fixed characters are named by them.
type kind string

const (
	name       kind = "a name"
	quotedName kind = "a quoted name"
	number     kind = "a number"
	literal    kind = "a literal"
	end        kind = "the end"
)

// symbols are the tokens of fixed characters, those of two before their first character alone. "-"
// and "=" alone are none.
var symbols = []kind{
	"[]", "[?", "||", "&&", "==", "!=", "<=", ">=",
	".", "*", "[", "]", ",", ":", "@", "(", ")", "{", "}", "|", "&", "<", ">", "!",
}

// A token is one word of an expression.
type token struct {
	kind  kind
	at    int         // where it begins, in bytes
	text  string      // of a name
	index int         // of a number
	value value.Value // of a literal
}

// tokenize splits an expression. The last token is the end.
func tokenize(text string) ([]token, error) {
	l := lexer{text: text}
	for {
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		l.tokens = append(l.tokens, t)
		if t.kind == end {
			return l.tokens, nil
		}
	}
}

// A lexer reads an expression from front to back.
type lexer struct {
	text   string
	pos    int
	tokens []token
}

// next reads the next token.
func (l *lexer) next() (token, error) {
	rest := strings.TrimLeft(l.text[l.pos:], " \t\n\r")
	l.pos = len(l.text) - len(rest)
	if rest == "" {
		return token{kind: end, at: l.pos}, nil
	}
	switch c := rest[0]; {
	case isNameByte(c) && !isDigit(c):
		return l.name(rest), nil
	case isDigit(c), c == '-':
		return l.number(rest)
	case c == '"', c == '\'', c == '`':
		return l.quoted(c)
	}
	for _, s := range symbols {
		if strings.HasPrefix(rest, string(s)) {
			l.pos += len(s)
			return token{kind: s, at: l.pos - len(s)}, nil
		}
	}
	return token{}, syntaxError(l.text, l.pos, "Unknown token %s", firstRune(rest))
}

// firstRune is the first character of a text.
func firstRune(s string) string { return string([]rune(s)[:1]) }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isNameByte reports whether a name without quotes may contain a byte. It begins with no digit.
func isNameByte(c byte) bool {
	return c == '_' || isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

// name reads a name that is not quoted.
func (l *lexer) name(rest string) token {
	n := 0
	for n < len(rest) && isNameByte(rest[n]) {
		n++
	}
	l.pos += n
	return token{kind: name, at: l.pos - n, text: rest[:n]}
}

// number reads an index or a bound of a slice. One that is too large stays the largest.
func (l *lexer) number(rest string) (token, error) {
	n := 1
	for n < len(rest) && isDigit(rest[n]) {
		n++
	}
	if rest[:n] == "-" {
		return token{}, syntaxError(l.text, l.pos, "Unknown token '-'")
	}
	index, _ := strconv.Atoi(rest[:n]) // out of range gives the nearest that is not
	l.pos += n
	return token{kind: number, at: l.pos - n, index: index}, nil
}

// quoted reads what stands between two quotes of one kind: "name", 'text' or `literal`.
func (l *lexer) quoted(quote byte) (t token, err error) {
	t.at = l.pos
	inside, err := l.until(quote)
	if err != nil {
		return t, err
	}
	switch quote {
	case '\'':
		t.kind, t.value = literal, strings.ReplaceAll(inside, `\'`, `'`)
	case '"':
		t.kind = quotedName
		if err := json.Unmarshal([]byte(`"`+inside+`"`), &t.text); err != nil {
			return t, syntaxError(l.text, t.at, "Bad quoted name: %v", err)
		}
	default:
		t.kind = literal
		var ok bool
		if t.value, ok = readLiteral(strings.ReplaceAll(inside, "\\`", "`")); !ok {
			return t, syntaxError(l.text, t.at, "Bad token %s", inside)
		}
	}
	return t, nil
}

// until reads to the next quote that is not behind a backslash, and returns what is before it, with
// the backslashes.
func (l *lexer) until(quote byte) (string, error) {
	start := l.pos + 1
	for i := start; i < len(l.text); i++ {
		switch l.text[i] {
		case '\\':
			i++
		case quote:
			l.pos = i + 1
			return l.text[start:i], nil
		}
	}
	return "", syntaxError(l.text, l.pos, "Unclosed %c delimiter", quote)
}

// readLiteral reads what stands in back-quotes: JSON, or else a text without its quotes and without
// the blanks before it. So `5` is a number, `"5"` and `5.0.1` are texts, and ` a` is the text a.
func readLiteral(text string) (v value.Value, ok bool) {
	v, err := value.ParseJSON(text)
	if err != nil {
		v, err = value.ParseJSON(`"` + strings.TrimLeftFunc(text, unicode.IsSpace) + `"`)
	}
	return canonical(v), err == nil
}

// canonical gives the numbers in a literal the form in which the reference shows them: 1.50 becomes
// 1.5, and 1e3 becomes 1000.0.
func canonical(v value.Value) value.Value {
	switch v := v.(type) {
	case json.Number:
		if whole, ok := new(big.Int).SetString(v.String(), 10); ok {
			return json.Number(whole.String())
		}
		if f, err := v.Float64(); err == nil {
			return value.Double(f)
		}
	case value.List:
		for i := range v {
			v[i] = canonical(v[i])
		}
	case *value.Object:
		for i := range v.Fields {
			v.Fields[i].Value = canonical(v.Fields[i].Value)
		}
	}
	return v
}
