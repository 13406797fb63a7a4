package registry

import (
	"strings"
	"unicode/utf8"
)

// pattern is text with wildcards and variables: '*' matches any run of characters, '?' any one, ${name} the value of a
// variable, literally (R-ID-26, R-ID-30).
type pattern []token

type token struct {
	kind tokenKind
	text string // of a literal, or the name of a variable
}

type tokenKind uint8

const (
	literal tokenKind = iota
	anyRun
	anyOne
	variable
)

// compilePattern splits text into tokens. A '$' that no '{' or '(' follows is itself (R-ID-36).
func compilePattern(text string) (p pattern) {
	start := 0
	flush := func(end int) {
		if end > start {
			p = append(p, token{literal, text[start:end]})
		}
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '*', '?':
			flush(i)
			kind := anyRun
			if text[i] == '?' {
				kind = anyOne
			}
			p = append(p, token{kind: kind})
			start = i + 1
		case '$':
			name, length := variableAt(text[i:])
			if length == 0 {
				continue
			}
			flush(i)
			switch name {
			case "*", "?", "$":
				p = append(p, token{literal, name})
			default:
				p = append(p, token{variable, name})
			}
			i += length - 1
			start = i + 1
		}
	}
	flush(len(text))
	return p
}

// variableAt reads ${name} or $(name) at the start of text; length is 0 when there is none.
func variableAt(text string) (name string, length int) {
	for _, brackets := range []string{"{}", "()"} {
		if len(text) > 1 && text[1] == brackets[0] {
			if end := strings.IndexByte(text, brackets[1]); end > 0 {
				return text[2:end], end + 1
			}
		}
	}
	return "", 0
}

// expand replaces the variables by literals; ok is false when one has no value, so that nothing can match.
func (p pattern) expand(c *Context) (expanded pattern, ok bool) {
	for i, t := range p {
		if t.kind != variable {
			continue
		}
		if expanded == nil {
			expanded = append(pattern(nil), p...)
		}
		values, found := c.lookup(t.text)
		if !found || len(values) != 1 {
			return nil, false
		}
		expanded[i] = token{literal, values[0]}
	}
	if expanded == nil {
		return p, true
	}
	return expanded, true
}

// match reports whether the whole text matches a pattern without variables. After each '*' the shortest run that lets
// the literals up to the next '*' match is taken, so the cost is linear in pattern times text.
func (p pattern) match(text string) bool {
	star, starText := -1, 0 // where to go on when a run must be longer
	at, pos := 0, 0
	for at < len(p) || pos < len(text) {
		if at < len(p) {
			if p[at].kind == anyRun {
				at++
				star, starText = at, pos
				continue
			}
			if n, ok := p[at].prefix(text[pos:]); ok {
				at++
				pos += n
				continue
			}
		}
		if star < 0 || starText >= len(text) {
			return false
		}
		starText++
		at, pos = star, starText
	}
	return true
}

// prefix reports whether the token matches at the start of text, and how many bytes it takes.
func (t token) prefix(text string) (int, bool) {
	if t.kind == anyOne {
		if text == "" {
			return 0, false
		}
		_, size := utf8.DecodeRuneInString(text)
		return size, true
	}
	return len(t.text), strings.HasPrefix(text, t.text)
}

// listApplies reports whether a list of patterns (or, negated, everything else) covers the text. A negated list with a
// variable that does not resolve covers nothing, as a plain one would (R-ID-30).
func listApplies(patterns []pattern, negated bool, text string, c *Context) bool {
	for _, p := range patterns {
		expanded, ok := p.expand(c)
		if !ok && negated {
			return false
		}
		if ok && expanded.match(text) {
			return !negated
		}
	}
	return negated
}
