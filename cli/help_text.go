package cli

import (
	"regexp"
	"strings"
)

// Doc comments are written for readers of the code. For help they are filled anew, and lose what
// only those readers can look up.

// ruleIDs are references to docs/spec, which somebody who asks for help has not open.
var ruleIDs = regexp.MustCompile(` \(R-[A-Z]+-\d+((, | to )R-[A-Z]+-\d+)*\)`)

// plainText is a doc comment on one line, without references to rules.
func plainText(comment string) string {
	return ruleIDs.ReplaceAllString(strings.Join(strings.Fields(comment), " "), "")
}

// helpWidth is how wide a line of help is, without its margin.
const helpWidth = 100

// wrapped fills a doc comment into lines behind a margin.
func wrapped(comment, margin string) string {
	var b strings.Builder
	line := ""
	for word := range strings.FieldsSeq(plainText(comment)) {
		if line != "" && len(line)+1+len(word) > helpWidth {
			b.WriteString(margin + line + "\n")
			line = ""
		}
		if line != "" {
			line += " "
		}
		line += word
	}
	if line != "" {
		b.WriteString(margin + line + "\n")
	}
	return b.String()
}

// indented puts a margin in front of each line of a text.
func indented(text, margin string) string {
	lines := strings.TrimSuffix(text, "\n")
	return margin + strings.ReplaceAll(lines, "\n", "\n"+margin) + "\n"
}

// sentence is the first sentence of a doc comment.
func sentence(comment string) string {
	text := plainText(comment)
	if at := strings.Index(text, ". "); at >= 0 {
		return text[:at+1]
	}
	return text
}
