package shellwords

import "strings"

// Quote returns a word as a line of a shell has it: as it is when no character of it means something
// to a shell, else between single quotes.
//
//	fw-2          is fw-2
//	/tmp/it's me  is '/tmp/it'\''s me'
func Quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, Special) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Special reports whether a character may mean something to a shell.
func Special(r rune) bool {
	return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		strings.ContainsRune("-_.:/@%+=,", r))
}
