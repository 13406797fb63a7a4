package cli

import (
	"regexp"
	"strings"
)

// ruleIDs are references to docs/spec, which somebody who asks for help has not open.
var ruleIDs = regexp.MustCompile(` \(R-[A-Z]+-\d+((, | to )R-[A-Z]+-\d+)*\)`)

// wrapped fills a text into lines behind a margin.
func wrapped(text, margin string) string {
	text = ruleIDs.ReplaceAllString(text, "")
	var b strings.Builder
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && len(line)+1+len(word) > 100 {
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

func indented(text, margin string) string {
	return margin + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n"+margin) + "\n"
}

// sentence is the first sentence of a text.
func sentence(text string) string {
	text = ruleIDs.ReplaceAllString(strings.Join(strings.Fields(text), " "), "")
	if at := strings.Index(text, ". "); at >= 0 {
		return text[:at+1]
	}
	return text
}
