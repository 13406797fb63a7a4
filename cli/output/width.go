package output

import (
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// How much room a text needs in a terminal. Tables are drawn for terminals whose characters are one
// or two columns wide, and must stay straight whatever a value holds.

// DisplayWidth is the number of columns of a text without control characters. Full-width and
// ambiguous characters have two, and what is drawn over the character before it has none: 中 has
// two, and e with a combining acute accent has one (R-CMD-83).
func DisplayWidth(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case r < unicode.MaxASCII:
			n++
		case unicode.In(r, unicode.Mn, unicode.Me) || unicode.Is(unicode.Cf, r) && r != softHyphen:
		default:
			n += columnsOf(r)
		}
	}
	return n
}

// softHyphen is a format character that terminals draw all the same.
const softHyphen = '\u00AD'

// columnsOf is the width of one character that is drawn by itself.
func columnsOf(r rune) int {
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth, width.EastAsianAmbiguous:
		return 2
	}
	return 1
}

// OneLine is a text as it is drawn on one line: a tab as four blanks, every other control character
// as JSON would escape it. So no value can move the cursor or colour the terminal (R-CMD-83).
func OneLine(text string) string {
	if strings.IndexFunc(text, isControl) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\t':
			b.WriteString("    ")
		case isControl(r):
			fmt.Fprintf(&b, "\\u%04x", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// isControl reports whether a character is drawn in another form: a control character, or a line or
// paragraph separator.
func isControl(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
}

// cellLines are the lines of a cell, at least one: a text with line breaks is drawn over as many
// lines, without an empty one at its end (R-CMD-83).
func cellLines(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	for i, line := range lines {
		lines[i] = OneLine(line)
	}
	return lines
}

// widest is the width of the widest line.
func widest(lines []string) int {
	n := 0
	for _, line := range lines {
		n = max(n, DisplayWidth(line))
	}
	return n
}
