package complete

import (
	"strings"

	"github.com/drover-iot/drover/cli/command"
)

// What is said of a candidate. The texts are those of help, cut to what fits beside a word.

// operationText is the first sentence on an operation. name is that on the command line, for one
// that is no candidate nothing is looked up.
func (w *walk) operationText(operation, name string) string {
	if !strings.HasPrefix(name, w.line.Word) {
		return ""
	}
	w.readDocs()
	return short(w.docs.Operation(operation))
}

// optionText is the first sentence on an option.
func (w *walk) optionText(o *command.Option) string {
	if o.Member == nil {
		return short(o.About)
	}
	w.readDocs()
	text := short(w.docs.Member(w.cursor.Operation.Input, o.Member))
	switch {
	case !w.texts:
		return ""
	case o.Negation:
		return strings.TrimSpace("Not: " + text)
	case o.Member.Required:
		return strings.TrimSpace("[required] " + text)
	}
	return text
}

// readDocs reads the texts on the service of the line, when texts are wanted.
func (w *walk) readDocs() {
	if w.texts && w.docs == nil && w.cursor.Service != nil {
		w.docs, _ = command.Docs(w.cursor.Service) // without texts, candidates do as well
	}
}

// longest is how many characters a text beside a candidate has at most.
const longest = 90

// short is the first sentence of a text, without the full stop.
func short(text string) string {
	text = strings.TrimSuffix(command.Sentence(text), ".")
	if runes := []rune(text); len(runes) > longest {
		return strings.TrimSpace(string(runes[:longest-1])) + "…"
	}
	return text
}
