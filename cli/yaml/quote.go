package yaml

import (
	"fmt"
	"strings"
	"unicode"
)

// A text is written without quotes when it reads back as the same text, in single quotes when it
// has nothing to escape, and else in double quotes.

// quoted writes a text as a value. Further lines of one in single quotes begin with the margin.
func quoted(text, margin string) string {
	text = strings.ToValidUTF8(text, "\uFFFD")
	switch {
	case isPlain(text):
		return text
	case needsEscapes(text):
		return doubleQuoted(text)
	}
	return singleQuoted(text, margin)
}

// singleQuoted writes a text in single quotes. A line break alone would be read as a blank, so one
// more stands in front of those that follow each other.
func singleQuoted(text, margin string) string {
	var b strings.Builder
	lines := strings.Split(strings.ReplaceAll(text, "'", "''"), "\n")
	b.WriteString("'" + lines[0])
	for i, line := range lines[1:] {
		if i == 0 || lines[i] != "" {
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
		// An empty line has no margin; the closing quote has one.
		if line != "" || i == len(lines)-2 {
			b.WriteString(margin)
		}
		b.WriteString(line)
	}
	b.WriteByte('\'')
	return b.String()
}

// longestKey is the length from which a key is written with a question mark in front: a reader need
// not find the colon behind a longer one.
const longestKey = 1000

// quotedKey writes a text as a key, with its colon. A key has one line only.
func quotedKey(text, margin string) string {
	key := quoted(text, margin)
	if strings.Contains(key, "\n") {
		key = doubleQuoted(text)
	}
	if len(key) > longestKey {
		return "? " + key + "\n" + margin + ":"
	}
	return key + ":"
}

// isPlain reports whether a text without quotes is read as itself.
func isPlain(text string) bool {
	if v, err := plain(text); err != nil || v != any(text) || text == "=" || text == "<<" {
		return false
	}
	if strings.TrimSpace(text) != text || strings.ContainsFunc(text, isEscaped) {
		return false
	}
	// Indicators begin something else. Three of them do so only with a blank behind.
	if strings.IndexByte(",[]{}#&*!|>'\"%@`", text[0]) >= 0 {
		return false
	}
	if strings.IndexByte("-?:", text[0]) >= 0 && (len(text) == 1 || text[1] == ' ') {
		return false
	}
	return !strings.HasPrefix(text, "---") && !strings.HasPrefix(text, "...") &&
		!strings.Contains(text, ": ") && !strings.Contains(text, " #") &&
		!strings.HasSuffix(text, ":")
}

// needsEscapes reports whether a text is not the same in single quotes: it has characters that only
// escapes can stand for, or a blank beside a line break, which a reader would drop.
func needsEscapes(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool { return r != '\n' && isEscaped(r) }) ||
		strings.Contains(text, " \n") || strings.Contains(text, "\n ")
}

// isEscaped reports whether a character has to be escaped: a control character, one that breaks a
// line, and what YAML does not count as printable.
func isEscaped(r rune) bool {
	switch {
	case unicode.IsControl(r), r == '\u2028', r == '\u2029', r == '\uFEFF':
		return true
	}
	return r == 0xFFFE || r == 0xFFFF
}

// Characters with an escape of one letter, and those letters.
const (
	shortEscaped = "\"\\\x00\a\b\t\n\v\f\r\x1b"
	shortLetters = "\"\\0abtnvfre"
)

// doubleQuoted writes a text in double quotes, on one line.
func doubleQuoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		at := strings.IndexRune(shortEscaped, r)
		switch {
		case at >= 0:
			b.WriteString("\\" + shortLetters[at:at+1])
		case isEscaped(r) && r <= 0xFF:
			fmt.Fprintf(&b, "\\x%02X", r)
		case isEscaped(r):
			fmt.Fprintf(&b, "\\u%04X", r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
