// Package jsoncheck says what is wrong with a text that should be one JSON value, and where. People
// write such texts by hand, into files and between the quotes of a shell, and "invalid" does not
// help them: a comma too many, a comment, single quotes, or quotes that the shell has removed.
//
// Whether a text is JSON is decided by encoding/json. This package looks only at the place where
// that stopped. Start with Problem.
package jsoncheck

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

const (
	blank = " \t\r\n" // what is white space in JSON
	mark  = "\ufeff"  // a byte order mark, which some editors write
)

// Problem says in words why a text is not one JSON value, and at which byte, line and column; empty
// when it is one. Bytes count from 0, lines and columns from 1, columns in characters: in {"é" 1}
// the 1 is at byte 6, line 1, column 6.
func Problem(text string) string {
	if strings.HasPrefix(text, mark) {
		return at(text, 0, "a byte order mark is not JSON; save the text without one")
	}
	if !utf8.ValidString(text) {
		return at(text, len(validPrefix(text)), "the bytes are not UTF-8")
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	var value json.RawMessage
	err := decoder.Decode(&value)
	if err == nil {
		end := int(decoder.InputOffset())
		rest := strings.TrimLeft(text[end:], blank)
		if rest == "" {
			return ""
		}
		return at(text, len(text)-len(rest), comment(rest, "the text goes on after its JSON value"))
	}
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF):
		return "the text is empty"
	case errors.As(err, &syntax) && syntax.Offset > 0 && int(syntax.Offset) <= len(text):
		place := int(syntax.Offset) - 1 // the offset is behind the byte that was one too many
		place, words := wrong(text, place, syntax.Error())
		return at(text, place, words)
	}
	return at(text, len(text), "the text ends before its JSON value does")
}

// validPrefix is the text up to the first byte that is not UTF-8.
func validPrefix(text string) string {
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return text[:i]
		}
	}
	return text
}

// at puts the place of a byte before what is wrong there.
func at(text string, place int, words string) string {
	before := text[:place]
	line := strings.Count(before, "\n") + 1
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
	return fmt.Sprintf("at byte %d (line %d, column %d): %s", place, line, column, words)
}

// comment is what is said of a text at whose beginning something else than JSON stands, where other
// is said of anything but a comment.
func comment(rest, other string) string {
	if strings.HasPrefix(rest, "//") || strings.HasPrefix(rest, "/*") || rest[0] == '#' {
		return "JSON has no comments"
	}
	return other
}

// wrong says what is wrong at a place, which is that of the first byte that cannot follow the text
// before it. It may point to an earlier byte, the one to change. other is what encoding/json says.
func wrong(text string, place int, other string) (int, string) {
	c := text[place]
	if insideString(text[:place]) {
		if c < ' ' {
			return place, `a line end or control character inside a string is written \n or \u00..`
		}
		return place, `inside a string, '\' stands only before one of " \ / b f n r t u`
	}
	word, start := wordAround(text, place)
	if word != "" && !json.Valid([]byte(word)) {
		return start, unquoted(word)
	}
	before := strings.TrimRight(text[:place], blank)
	switch {
	case (c == '}' || c == ']') && strings.HasSuffix(before, ","):
		return len(before) - 1, fmt.Sprintf("a comma stands before '%c'", c)
	case c == '\'':
		return place, "texts stand in double quotes, not in single ones"
	case endsValue(before) && (strings.IndexByte(`"{[`, c) >= 0 || word != "" && start == place):
		return place, "a comma or colon is missing"
	}
	return place, comment(text[place:], other)
}

// insideString reports whether a text that is correct so far ends inside a string.
func insideString(text string) (inside bool) {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			inside = !inside
		case text[i] == '\\' && inside:
			i++
			if i == len(text) {
				return true
			}
		}
	}
	return inside
}

// wordAround is the word, number or the like that a place belongs to, and where it starts; empty
// when the byte there is not part of one. In {"a":nul} it is nul, found from its end on: there the
// text becomes wrong.
func wordAround(text string, place int) (word string, start int) {
	isPart := func(c byte) bool {
		return c >= utf8.RuneSelf || c == '_' || c == '.' || c == '+' || c == '-' || c == '$' ||
			'0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z'
	}
	start = place
	for start > 0 && isPart(text[start-1]) {
		start--
	}
	end := place
	for end < len(text) && isPart(text[end]) {
		end++
	}
	return text[start:end], start
}

// elsewhere has words of other languages with what JSON writes for them, empty for nothing.
var elsewhere = map[string]string{
	"True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
	"None": "null", "nil": "null", "NULL": "null", "undefined": "null",
	"NaN": "", "nan": "", "Infinity": "", "-Infinity": "", "inf": "",
}

// unquoted says what is wrong with a word that stands outside of quotes and is no value.
func unquoted(word string) string {
	const most = 20 // characters that are shown
	if runes := []rune(word); len(runes) > most {
		word = string(runes[:most]) + "…"
	}
	instead, known := elsewhere[word]
	switch {
	case known && instead == "":
		return fmt.Sprintf("JSON has no %s", word)
	case known:
		return fmt.Sprintf("JSON writes %s for %s", instead, word)
	case strings.ContainsAny(word, "“”„‘’"):
		return "texts stand in straight double quotes"
	case strings.IndexByte("+-.0123456789", word[0]) >= 0:
		return fmt.Sprintf("%s is not written as JSON writes numbers", word)
	}
	return fmt.Sprintf("%s must stand in double quotes; a shell removes those that are not quoted "+
		"themselves", word)
}

// endsValue reports whether a value may end at the end of the text.
func endsValue(text string) bool {
	return text != "" && strings.IndexByte(`{[,:`, text[len(text)-1]) < 0
}
