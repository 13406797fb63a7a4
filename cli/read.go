package cli

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/drover-iot/drover/schema"
)

// parameter reads the words of an option as the value of its member (sections 3 to 5 of chapter 40).
func (c *call) parameter(o *option, words []string) (value, error) {
	s := o.member.Shape
	if s.Kind == schema.Boolean {
		return !o.negation, nil
	}
	if o.whole() {
		n, _ := wholeNumber(words[0]) // check has made sure of it
		return n, nil
	}
	written := words
	words, err := c.loadWords(o, written)
	if err != nil {
		return nil, err
	}
	switch s.Kind {
	case schema.List:
		return c.listParameter(o, s, words)
	case schema.Structure, schema.Map:
		return c.complexParameter(o, s, words[0])
	}
	if strings.HasPrefix(written[0], "fileb://") {
		return raw(words[0]), nil
	}
	return words[0], nil
}

// loadWords replaces the only word of an option by a file's text (R-CMD-42).
func (c *call) loadWords(o *option, words []string) ([]string, error) {
	if len(words) != 1 || !strings.HasPrefix(words[0], "file://") && !strings.HasPrefix(words[0], "fileb://") {
		return words, nil
	}
	text, err := c.loadFile(words[0])
	if err != nil {
		return nil, parsingError("--"+o.name, err)
	}
	return []string{text}, nil
}

// loadFile reads a file named by file://PATH or fileb://PATH; ~ and variables in PATH are expanded.
func (c *call) loadFile(name string) (string, error) {
	_, path, _ := strings.Cut(name, "://")
	if rest, home := strings.CutPrefix(path, "~/"); home {
		path = c.env.Getenv("HOME") + "/" + rest
	}
	text, err := os.ReadFile(os.Expand(path, func(variable string) string {
		return first(c.env.Getenv(variable), "$"+variable) // one that is not set stays as it is
	}))
	switch {
	case err != nil:
		return "", fmt.Errorf("Unable to load paramfile %s: %w", name, err)
	case strings.HasPrefix(name, "fileb://"):
		return string(text), nil
	case !utf8.Valid(text):
		return "", fmt.Errorf("Unable to load paramfile (%s), text contents could not be decoded. If this is a binary file, please use the "+
			"fileb:// prefix instead of the file:// prefix.", path)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n"), nil
}

// listParameter reads each word as an element, or one word as a JSON list (R-CMD-34, R-CMD-40, R-CMD-46).
func (c *call) listParameter(o *option, s *schema.Shape, words []string) (value, error) {
	if len(words) == 1 && strings.HasPrefix(strings.TrimSpace(words[0]), "[") {
		return c.jsonParameter(o, words[0])
	}
	items := list{}
	for _, word := range words {
		if k := s.Elem.Kind; k != schema.Structure && k != schema.Map && k != schema.List {
			items = append(items, word)
			continue
		}
		item, err := c.complexParameter(o, s.Elem, word)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	return items, nil
}

// complexParameter reads one word as JSON when it looks like it, else as shorthand (R-CMD-25).
func (c *call) complexParameter(o *option, s *schema.Shape, word string) (value, error) {
	if first := strings.TrimSpace(word); strings.HasPrefix(first, "{") {
		return c.jsonParameter(o, word)
	} else if strings.HasPrefix(first, "[") {
		return nil, parsingError("--"+o.name, fmt.Errorf("Invalid JSON:\n%s", word))
	}
	parsed, err := shorthand(word, c.loadFile)
	var v value
	if err == nil {
		v, err = typed(s, parsed, "")
	}
	var syntax *shortError
	if errors.As(err, &syntax) {
		err = fmt.Errorf("%w\n(a value with commas, quotes or brackets is quoted, key='a,b', or the whole is written as JSON)", err)
	}
	if err != nil {
		return nil, parsingError("--"+o.name, err)
	}
	return v, nil
}

// bareKey is JSON whose quotes a shell has taken.
var bareKey = regexp.MustCompile(`^\s*\[?\s*\{\s*[A-Za-z]`)

func (c *call) jsonParameter(o *option, text string) (value, error) {
	v, err := parseJSON(text)
	if err != nil {
		hint := ""
		if bareKey.MatchString(text) {
			hint = "\n(the quotes around its keys are gone: the shell may have taken them; file://PATH reads it from a file)"
		}
		return nil, parsingError("--"+o.name, fmt.Errorf("Invalid JSON: %w\nJSON received: %s%s", err, text, hint))
	}
	return v, nil
}

// parsingError is a value that could not be read.
func parsingError(where string, err error) error {
	return &exitError{status: statusUsage, message: fmt.Sprintf("Error parsing parameter '%s': %v", where, err)}
}
