package cli

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/shorthand"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/schema"
)

// The value of one option, by the kind of its member (docs/spec/40, sections 3 to 5). A structure,
// map or list is JSON or shorthand; one word may name a file that holds it.

// parameter reads the words of an option as the value of its member.
func (r reader) parameter(o *command.Option, words []string) (value.Value, error) {
	s := o.Member.Shape
	if s.Kind == schema.Boolean {
		return !o.Negation, nil
	}
	if o.Whole() {
		n, _ := value.Integer(words[0]) // reading the line has seen that it is one
		return n, nil
	}
	// Whether the value is bytes is seen from the word, not from what the file holds.
	written := words
	words, err := r.loadWords(o, written)
	if err != nil {
		return nil, err
	}
	// A list has all words of its option, anything else has one.
	switch s.Kind {
	case schema.List:
		return r.listParameter(o, s, words)
	case schema.Structure, schema.Map:
		return r.complexParameter(o, s, words[0])
	}
	if strings.HasPrefix(written[0], "fileb://") {
		return value.Raw(words[0]), nil
	}
	return words[0], nil
}

// loadWords replaces the only word of an option by a file's text (R-CMD-42).
func (r reader) loadWords(o *command.Option, words []string) ([]string, error) {
	if len(words) != 1 || !namesFile(words[0]) {
		return words, nil
	}
	text, err := r.loadFile(words[0])
	if err != nil {
		return nil, parsingError("--"+o.Name, err)
	}
	return []string{text}, nil
}

// namesFile reports whether a word stands for a file's text.
func namesFile(word string) bool {
	return strings.HasPrefix(word, "file://") || strings.HasPrefix(word, "fileb://")
}

// loadFile reads a file named by file://PATH or fileb://PATH. In PATH, ~ and variables are
// replaced; a variable that is not set stays as it is.
func (r reader) loadFile(name string) (string, error) {
	_, path, _ := strings.Cut(name, "://")
	if rest, home := strings.CutPrefix(path, "~/"); home {
		path = settings.Home(r.env.Getenv) + "/" + rest
	}
	text, err := os.ReadFile(os.Expand(path, func(variable string) string {
		if set := r.env.Getenv(variable); set != "" {
			return set
		}
		return "$" + variable
	}))
	switch {
	case err != nil:
		return "", fmt.Errorf("Unable to load paramfile %s: %w", name, err)
	case strings.HasPrefix(name, "fileb://"):
		return string(text), nil
	}
	if text, err = r.decoded(text); err != nil {
		return "", err
	}
	if !utf8.Valid(text) {
		return "", fmt.Errorf("Unable to load paramfile (%s), "+
			"text contents could not be decoded. If this is a binary file, "+
			"please use the fileb:// prefix instead of the file:// prefix.", path)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), nil
}

// decoded is the text of a file in UTF-8. AWS_CLI_FILE_ENCODING says what it is in (R-CMD-134).
func (r reader) decoded(text []byte) ([]byte, error) {
	name := r.env.Getenv("AWS_CLI_FILE_ENCODING")
	switch strings.ToLower(name) {
	case "", "utf-8", "utf8":
		return text, nil
	case "latin-1", "latin1", "iso-8859-1":
		runes := make([]rune, len(text)) // each byte is the number of its character
		for i, b := range text {
			runes[i] = rune(b)
		}
		return []byte(string(runes)), nil
	}
	return nil, exit.Environment("AWS_CLI_FILE_ENCODING: %s is no encoding that is known; "+
		"utf-8 and latin-1 are", name)
}

// listParameter reads each word as an element, or one word as a JSON list (R-CMD-34, R-CMD-40,
// R-CMD-46).
func (r reader) listParameter(
	o *command.Option, s *schema.Shape, words []string,
) (value.Value, error) {
	if len(words) == 1 && strings.HasPrefix(strings.TrimSpace(words[0]), "[") {
		return r.jsonParameter(o, words[0])
	}
	// No words are an empty list: --tags alone sends "tags":[] (R-CMD-13).
	items := value.List{}
	for _, word := range words {
		if k := s.Elem.Kind; k != schema.Structure && k != schema.Map && k != schema.List {
			items = append(items, word)
			continue
		}
		item, err := r.complexParameter(o, s.Elem, word)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// complexParameter reads one word as JSON when it looks like it, or else as shorthand (R-CMD-25).
func (r reader) complexParameter(
	o *command.Option, s *schema.Shape, word string,
) (value.Value, error) {
	if first := strings.TrimSpace(word); strings.HasPrefix(first, "{") {
		return r.jsonParameter(o, word)
	} else if strings.HasPrefix(first, "[") { // a list where a structure or map should be
		return nil, parsingError("--"+o.Name, fmt.Errorf("Invalid JSON:\n%s", word))
	}
	// What is wrong with the syntax gets a hint; what is wrong with a type says itself what it
	// wants.
	parsed, err := shorthand.Parse(word, r.loadFile)
	var v value.Value
	if err == nil {
		v, err = typed(s, parsed, "")
	}
	if _, syntax := errors.AsType[*shorthand.SyntaxError](err); syntax {
		err = fmt.Errorf("%w\n(a value with commas, quotes or brackets is quoted, key='a,b', "+
			"or the whole is written as JSON)", err)
	}
	if err != nil {
		return nil, parsingError("--"+o.Name, err)
	}
	return v, nil
}

// bareKey matches JSON whose quotes a shell has removed: {inProgressTimeoutInMinutes:5}.
var bareKey = regexp.MustCompile(`^\s*\[?\s*\{\s*[A-Za-z]`)

// jsonParameter reads a word that begins like JSON.
func (r reader) jsonParameter(o *command.Option, text string) (value.Value, error) {
	v, err := value.ParseJSON(text)
	if err != nil {
		hint := ""
		if bareKey.MatchString(text) {
			hint = "\n(the quotes around its keys are gone: the shell may have taken them; " +
				"file://PATH reads it from a file)"
		}
		return nil, parsingError("--"+o.Name, invalidJSON(err, text, hint))
	}
	return v, nil
}
