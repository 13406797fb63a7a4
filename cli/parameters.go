package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// checkGlobals refuses what is wrong before any operation is known (R-CMD-20, step 2).
func (c *call) checkGlobals(line *commandLine) (err error) {
	if g, given := line.last("query"); given {
		if c.query, err = parseQuery(g.words[0]); err != nil {
			return err
		}
	}
	if url := line.text("endpoint-url"); url != "" && !strings.Contains(url, "://") {
		return &exitError{status: statusUsage, message: fmt.Sprintf(
			"Bad value for --endpoint-url %q: scheme is missing. Must be of the form http://<hostname>/ or https://<hostname>/", url)}
	}
	return nil
}

// readOptions reads what follows the operation's name (R-CMD-15, R-CMD-16).
func (c *call) readOptions(words []string) error {
	known := append(append([]*option(nil), globals...), options(c.op)...)
	if err := c.line.read(words, known); err != nil {
		return err
	}
	if c.wantsHelp() {
		return nil
	}
	file := c.line.has("cli-input-json") || c.line.has("cli-input-yaml")
	if !file && (!c.line.has("generate-cli-skeleton") || c.wantsSkeleton() == "output") {
		if err := c.required(); err != nil {
			return err
		}
	}
	if left := append(append([]string(nil), c.line.leftOver...), c.line.plain...); len(left) > 0 {
		return usageError("Unknown options: %s", strings.Join(left, ", "))
	}
	return c.notYet()
}

// notYet refuses what the reference has and this version has not, rather than doing something else.
func (c *call) notYet() error {
	has := c.line.has
	switch {
	case has("cli-input-json") && has("cli-input-yaml"): // R-CMD-49
		return &exitError{status: statusUsage, message: "Only one --cli-input- parameter may be specified."}
	case has("cli-auto-prompt") && has("no-cli-auto-prompt"): // R-CMD-98
		return &exitError{status: statusUsage, message: "Both --cli-auto-prompt and --no-cli-auto-prompt cannot be specified at the same time."}
	case has("cli-input-yaml"):
		return notYet("--cli-input-yaml")
	case has("cli-auto-prompt"):
		return notYet("--cli-auto-prompt")
	case c.wantsSkeleton() == "yaml-input":
		return notYet("--generate-cli-skeleton yaml-input")
	case c.line.text("cli-binary-format") == "raw-in-base64-out":
		return notYet("--cli-binary-format raw-in-base64-out")
	case has("cli-error-format") && c.line.text("cli-error-format") != "legacy":
		return notYet("--cli-error-format " + c.line.text("cli-error-format"))
	}
	return nil
}

func (c *call) required() error {
	var missing []string
	for _, m := range c.op.Input.Members {
		if name := dashed(m.Name); m.Required && !c.line.has(name) && !c.line.has("no-"+name) {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return usageError("the following arguments are required: %s", strings.Join(missing, ", "))
	}
	return nil
}

// wantsSkeleton is "input" or "output" when a skeleton is asked for.
func (c *call) wantsSkeleton() string {
	g, given := c.line.last("generate-cli-skeleton")
	switch {
	case !given:
		return ""
	case len(g.words) == 0:
		return "input"
	}
	return g.words[0]
}

// parameters are the members that options give, in model order, then those that only the input file gives, in the
// file's order (R-CMD-47, R-CMD-59).
func (c *call) parameters() (*object, error) {
	in := &object{}
	for _, m := range c.op.Input.Members {
		g, ok := c.lastOf(m.Name)
		if !ok {
			continue
		}
		v, err := c.parameter(g.option, g.words)
		if err != nil {
			return nil, err
		}
		in.set(m.Name, v)
	}
	g, given := c.line.last("cli-input-json")
	if !given {
		return in, nil
	}
	file, err := c.inputFile(g.words[0])
	if err != nil {
		return nil, err
	}
	for _, f := range file.fields {
		if _, set := in.get(f.key); !set {
			in.set(f.key, f.value)
		}
	}
	return in, nil
}

// lastOf is the last option that sets a member, in either spelling of a boolean.
func (c *call) lastOf(member string) (found given, ok bool) {
	for _, g := range c.line.given {
		if g.member != nil && g.member.Name == member {
			found, ok = g, true
		}
	}
	return found, ok
}

// inputFile reads the value of --cli-input-json: JSON, or a file that holds it, or - for standard input (R-CMD-49).
func (c *call) inputFile(text string) (*object, error) {
	var err error
	switch {
	case text == "-" || text == "file:///dev/stdin":
		var all []byte
		all, err = io.ReadAll(c.env.Stdin)
		text = string(all)
	case strings.HasPrefix(text, "file://") || strings.HasPrefix(text, "fileb://"):
		text, err = c.loadFile(text)
	}
	if err != nil {
		return nil, parsingError("--cli-input-json", err)
	}
	v, err := parseJSON(strings.TrimPrefix(text, "\ufeff"))
	if err != nil {
		hint := ""
		if _, missing := os.Stat(text); missing == nil {
			hint = fmt.Sprintf("\n(there is a file of that name: did you mean file://%s?)", text)
		}
		return nil, parsingError("cli-input-json", fmt.Errorf("Invalid JSON: %w\nJSON received: %s%s", err, text, hint))
	}
	o, ok := v.(*object)
	if !ok {
		return nil, parsingError("--cli-input-json", fmt.Errorf("Invalid type: expecting map, received %s", jsonType(v)))
	}
	return o, nil
}
