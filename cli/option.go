package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/drover-iot/drover/schema"
)

// An option is one word of the command line that starts with dashes, and what may follow it.
type option struct {
	name     string         // without dashes
	takes    arity          // what follows
	member   *schema.Member // of the request; nil for options of the command line itself
	negation bool           // the --no- form of a boolean
	hidden   bool           // works, but is not shown in help
	choices  []string
	number   bool // a whole number, of an option of the command line itself
}

// whole reports whether an option takes a whole number.
func (o *option) whole() bool {
	return o.number || o.member != nil && (o.member.Shape.Kind == schema.Integer || o.member.Shape.Kind == schema.Long)
}

type arity uint8

const (
	takesOne arity = iota
	takesNone
	takesAll      // every word up to the next option (R-CMD-13)
	takesOptional // one word or none
)

// globals may stand anywhere (R-CMD-98).
var globals = []*option{
	{name: "debug", takes: takesNone},
	{name: "endpoint-url"},
	{name: "no-verify-ssl", takes: takesNone},
	{name: "no-paginate", takes: takesNone},
	{name: "output", choices: []string{"json", "text", "table", "yaml", "yaml-stream", "off"}},
	{name: "query"},
	{name: "profile"},
	{name: "region"},
	{name: "version", takes: takesNone},
	{name: "color", choices: []string{"on", "off", "auto"}},
	{name: "no-sign-request", takes: takesNone},
	{name: "ca-bundle"},
	{name: "cli-read-timeout", number: true},
	{name: "cli-connect-timeout", number: true},
	{name: "no-cli-pager", takes: takesNone},
	{name: "help", takes: takesNone, hidden: true},
}

// options are those of an operation, in model order, then those that every operation has.
func options(op *schema.Description) []*option {
	var all []*option
	for _, m := range op.Input.Members {
		o := &option{name: dashed(m.Name), member: m, hidden: pagingMember(op, m.Name)}
		switch m.Shape.Kind {
		case schema.Boolean:
			o.takes = takesNone
			all = append(all, o, &option{name: "no-" + o.name, takes: takesNone, member: m, negation: true})
			continue
		case schema.List:
			o.takes = takesAll
		}
		all = append(all, o)
	}
	all = append(all, &option{name: "cli-input-json"})
	if op.Page != nil {
		all = append(all, &option{name: "starting-token"})
		if op.Page.Size != "" && op.Page.Size != "pageSize" { // R-CMD-129: the service's own pageSize wins
			all = append(all, &option{name: "page-size", number: true})
		}
		all = append(all, &option{name: "max-items", number: true})
	}
	all = append(all, &option{name: "generate-cli-skeleton", takes: takesOptional, choices: []string{"input", "output"}})
	for _, file := range outfiles[op.Name] {
		all = append(all, &option{name: file.option})
	}
	return all
}

// pagingMember reports whether a member is one that automatic paging looks after (R-CMD-95).
func pagingMember(op *schema.Description, name string) bool {
	return op.Page != nil && (name == op.Page.In || name == op.Page.Size && name != "pageSize")
}

// outfiles are files that a successful call writes parts of its answer to (R-CMD-130). They are part of the command line,
// not of the API.
var outfiles = map[string][]struct{ option, path string }{
	"CreateKeysAndCertificate": {
		{"certificate-pem-outfile", "certificatePem"}, {"public-key-outfile", "keyPair.PublicKey"}, {"private-key-outfile", "keyPair.PrivateKey"},
	},
	"CreateCertificateFromCsr": {{"certificate-pem-outfile", "certificatePem"}},
}

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
	words, err := c.loadWords(o, words)
	if err != nil {
		return nil, err
	}
	switch s.Kind {
	case schema.List:
		return c.listParameter(o, s, words)
	case schema.Structure, schema.Map:
		return c.complexParameter(o, s, words[0])
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
	text, err := os.ReadFile(os.Expand(path, c.env.Getenv))
	if err != nil {
		return "", fmt.Errorf("Unable to load paramfile %s: %w", name, err)
	}
	if strings.HasPrefix(name, "fileb://") {
		return string(text), nil
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
	if err != nil {
		return nil, parsingError("--"+o.name, err)
	}
	return v, nil
}

func (c *call) jsonParameter(o *option, text string) (value, error) {
	v, err := parseJSON(text)
	if err != nil {
		return nil, parsingError("--"+o.name, fmt.Errorf("Invalid JSON: %w\nJSON received: %s", err, text))
	}
	return v, nil
}

// parsingError is a value that could not be read.
func parsingError(where string, err error) error {
	return &exitError{status: statusUsage, message: fmt.Sprintf("Error parsing parameter '%s': %v", where, err)}
}
