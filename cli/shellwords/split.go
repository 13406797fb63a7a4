// Package shellwords splits a line into words as a shell does: the command of a credential_process,
// which no shell is started for, and the examples of help, which are lines for a shell.
package shellwords

import "strings"

// Split splits a line into the words that a shell would make of it, without expanding anything: no
// variables, no patterns, no operators. open reports whether the line ends within a word, which is
// then the last one.
//
//	drover iot describe-job --job-id 'a b    is drover, iot, describe-job, --job-id, "a b"; open
func Split(line string) (words []string, open bool) {
	var word strings.Builder
	var quote byte // the one that is open, 0 for none
	end := func() {
		if open {
			words = append(words, word.String())
		}
		word.Reset()
		open = false
	}
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case c == '\\' && quote != '\'' && i+1 < len(line):
			i++
			switch {
			case line[i] == '\n': // the line goes on
				continue
			case quote == '"' && !strings.ContainsRune("$`\"\\", rune(line[i])):
				word.WriteByte(c) // in double quotes most backslashes are themselves
			}
			word.WriteByte(line[i])
			open = true
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '\'' || c == '"':
			quote, open = c, true
		case c == ' ' || c == '\t' || c == '\n':
			end()
		default:
			word.WriteByte(c)
			open = true
		}
	}
	if open {
		words = append(words, word.String())
	}
	return words, open
}
