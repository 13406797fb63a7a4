// Package wildcard matches text against patterns in which '*' stands for any run of characters, '?'
// for any one character, and ${name} for the value of a variable. Policies and fleet queries share
// it; it knows nothing of either.
//
// Start with Compile and Pattern.Match.
package wildcard

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Pattern is a pattern in tokens. A pattern with variables must be expanded before it can match.
type Pattern []Token

// Token is one piece of a pattern.
type Token struct {
	Kind Kind
	Text string // the text of a literal, or the name of a variable; empty for a wildcard
}

// Kind says what a token stands for.
type Kind uint8

const (
	// Literal stands for its own text.
	Literal Kind = iota
	// AnyRun is '*': any run of characters, an empty one too.
	AnyRun
	// AnyOne is '?': exactly one character.
	AnyOne
	// Variable is ${name}: the value that Expand finds for the name.
	Variable
)

// Compile splits text into tokens. ${*}, ${?} and ${$} stand for the characters themselves, and so
// does a '$' that no bracket follows: "$aws/things/*" has no variable (R-ID-36).
func Compile(text string) (p Pattern) {
	start := 0 // of the literal that is being read
	endLiteral := func(end int) {
		if end > start {
			p = append(p, Token{Kind: Literal, Text: text[start:end]})
		}
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '*', '?':
			endLiteral(i)
			kind := AnyRun
			if text[i] == '?' {
				kind = AnyOne
			}
			p = append(p, Token{Kind: kind})
			start = i + 1
		case '$':
			name, length := variableAt(text[i:])
			if length == 0 {
				continue
			}
			endLiteral(i)
			switch name {
			case "*", "?", "$":
				p = append(p, Token{Kind: Literal, Text: name})
			default:
				p = append(p, Token{Kind: Variable, Text: name})
			}
			i += length - 1
			start = i + 1
		}
	}
	endLiteral(len(text))
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

// Expand replaces the variables by what lookup returns for their names. A value is taken literally:
// a '*' in it stands for itself. ok is false when one has no value, so that nothing can match.
func (p Pattern) Expand(
	lookup func(name string) (value string, ok bool),
) (expanded Pattern, ok bool) {
	expanded = p
	for i, t := range p {
		if t.Kind != Variable {
			continue
		}
		value, found := lookup(t.Text)
		if !found {
			return nil, false
		}
		if &expanded[0] == &p[0] {
			expanded = slices.Clone(p)
		}
		expanded[i] = Token{Kind: Literal, Text: value}
	}
	return expanded, true
}

// Match reports whether the whole text matches. After each '*' the shortest run that lets the
// literals up to the next '*' match is taken: "*ab" tries 'a' at each place of "aaab" in turn and
// never goes back beyond the last '*'. The cost is at most the length of the pattern times that of
// the text.
func (p Pattern) Match(text string) bool {
	// star is the token after the last '*', -1 before the first; starText where its run ends.
	star, starText := -1, 0
	at, pos := 0, 0
	for at < len(p) || pos < len(text) {
		if at < len(p) {
			if p[at].Kind == AnyRun {
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
		starText++ // the run of the last '*' must be one byte longer
		at, pos = star, starText
	}
	return true
}

// prefix reports whether the token matches at the start of text, and how many bytes it takes there.
func (t Token) prefix(text string) (int, bool) {
	if t.Kind == AnyOne {
		if text == "" {
			return 0, false
		}
		_, size := utf8.DecodeRuneInString(text)
		return size, true
	}
	return len(t.Text), strings.HasPrefix(text, t.Text)
}

// Beginning returns the text that everything which matches begins with, and whether only that text
// itself does: "ab" of ab*c, the whole of ab, nothing of *c. The pattern has no variables.
func (p Pattern) Beginning() (text string, whole bool) {
	for _, t := range p {
		if t.Kind != Literal {
			return text, false
		}
		text += t.Text
	}
	return text, true
}

// String writes the pattern as text in which every character stands for itself: the wildcards as
// they were written, variables by their bare names.
func (p Pattern) String() string {
	var out strings.Builder
	for _, t := range p {
		switch t.Kind {
		case AnyRun:
			out.WriteByte('*')
		case AnyOne:
			out.WriteByte('?')
		default:
			out.WriteString(t.Text)
		}
	}
	return out.String()
}
