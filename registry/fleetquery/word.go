package fleetquery

import (
	"strings"

	"github.com/drover-iot/drover/internal/wildcard"
)

// The smallest pieces of a query are words and phrases. A word ends at white space or at a
// character with a meaning of its own; '\' before such a character makes it part of the word, and
// so do quotation marks around all of it. Only in words are * and ? wildcards.

// phrase reads text in quotation marks, in which only \" and \\ are special.
func (p *parser) phrase() (string, error) {
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

// word is a word as it was read, in tokens.
type word wildcard.Pattern

// plain returns the text of a word; ok is false for one with wildcards.
func (w word) plain() (text string, ok bool) {
	if len(w) != 1 || w[0].Kind != wildcard.Literal {
		return "", false
	}
	return w[0].Text, true
}

// pattern returns the word for matching, in lower case.
func (w word) pattern() wildcard.Pattern {
	for i := range w {
		w[i].Text = strings.ToLower(w[i].Text)
	}
	return wildcard.Pattern(w)
}

const (
	// ends are the characters that end a word, besides white space.
	ends = "()[]{}<>\":"
	// reserved are those that a word must not have without a '\' before them.
	reserved = "^~!&|+"
)

// word reads one word up to a character that ends it. * and ? are wildcards; '\' takes the next
// character as it is.
func (p *parser) word() (w word, err error) {
	start, text := p.at, strings.Builder{}
	var runs, ones int
	wild := func(kind wildcard.Kind) {
		if text.Len() > 0 {
			w = append(w, wildcard.Token{Kind: wildcard.Literal, Text: text.String()})
			text.Reset()
		}
		w = append(w, wildcard.Token{Kind: kind})
	}
	for ; p.at < len(p.text) && !endsWord(p.text[p.at:]); p.at++ {
		switch c := p.text[p.at]; {
		case c == '*':
			runs++
			wild(wildcard.AnyRun)
		case c == '?':
			ones++
			wild(wildcard.AnyOne)
		case strings.IndexByte(reserved, c) >= 0 || c == '-' && p.at == start:
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
		w = append(w, wildcard.Token{Kind: wildcard.Literal, Text: text.String()})
	}
	return w, p.checkWord(start, w, runs, ones)
}

// endsWord reports whether a word ends where text begins.
func endsWord(text string) bool {
	return strings.IndexByte(ends, text[0]) >= 0 || spaceAt(text) > 0
}

// checkWord refuses a word that is no term; runs and ones are how many * and ? it has. It counts
// the words that begin with a wildcard; a * alone is none of them.
func (p *parser) checkWord(start int, w word, runs, ones int) error {
	switch written := p.text[start:p.at]; {
	case written == "":
		return p.missing()
	case written == "AND" || written == "OR" || written == "NOT" || written == "TO":
		return p.errorf(start, `%s is an operator and stands where a term is due; `+
			`as a value write it within "quotes"`, written)
	case runs > maxRunsPerTerm || ones > maxOnesPerTerm:
		return p.errorf(start, "%q has %d * and %d ?, at most %d and %d are allowed",
			written, runs, ones, maxRunsPerTerm, maxOnesPerTerm)
	case w[0].Kind != wildcard.Literal && written != all:
		if p.leading++; p.leading > maxLeadingTerms {
			return p.errorf(start, "%q begins with a wildcard, and so does a term before it; "+
				"at most %d is allowed", written, maxLeadingTerms)
		}
	}
	return nil
}

// missing is the fault of a term that is due and not there.
func (p *parser) missing() error {
	if p.at == len(p.text) {
		return p.errorf(p.at, "the query ends where a term is due")
	}
	return p.errorf(p.at, "'%c' stands where a term is due", p.text[p.at])
}
