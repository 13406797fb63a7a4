package config

import (
	"fmt"
	"strings"
)

// Markdown documents settings: a chapter for each group, and for each setting what it is, its
// values, its unit, its default and its variable. The settings must have their defaults.
func Markdown(groups []Group) string {
	var b strings.Builder
	for _, g := range groups {
		fmt.Fprintf(&b, "\n## %s\n", g.Title)
		for _, s := range g.Settings {
			s.document(&b)
		}
	}
	return b.String()
}

// document writes the part on one setting.
func (s Setting) document(b *strings.Builder) {
	title := s.Name
	if s.VariableOnly {
		title = Variable(s.Name)
	}
	fmt.Fprintf(b, "\n### `%s`\n\n%s\n\n", title, sentence(s.About))
	line := func(what, text string) {
		if text != "" {
			fmt.Fprintf(b, "- %s: %s\n", what, text)
		}
	}
	line("values", s.values())
	line("unit", s.Unit)
	line("default", "`"+s.written()+"`")
	if s.VariableOnly {
		line("changed", "with a restart; no option and no key of the file")
		return
	}
	line("variable", "`"+Variable(s.Name)+"`")
	if s.Live {
		line("changed", "with SIGHUP, when it stands in the file")
	} else {
		line("changed", "with a restart")
	}
}

// sentence is a text of help as a sentence of a document.
func sentence(about string) string {
	text := strings.ReplaceAll(strings.ReplaceAll(about, "`", ""), "\n", " ")
	// A placeholder such as ${…} and a list such as a|b are shown as they are.
	text = strings.NewReplacer("*", `\*`, "<", `\<`).Replace(text)
	return strings.ToUpper(text[:1]) + text[1:] + "."
}
