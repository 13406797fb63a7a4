package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/schema"
)

// help prints what there is to know about a service or an operation: all of it is read off the description and its doc
// comments (R-CMD-123, R-CMD-126).
func (c *call) help() error {
	var b strings.Builder
	switch {
	case c.service == nil:
		c.helpAll(&b)
	case c.op == nil:
		if err := c.helpService(&b); err != nil {
			return err
		}
	default:
		if err := c.helpOperation(&b); err != nil {
			return err
		}
	}
	_, err := fmt.Fprint(c.env.Stdout, b.String())
	return err
}

func (c *call) helpAll(b *strings.Builder) {
	fmt.Fprintf(b, "NAME\n    %s - calls the API of AWS IoT Jobs\n\nSERVICES\n", c.env.Program)
	for _, s := range services {
		fmt.Fprintf(b, "    %s\n", s.Name)
	}
	b.WriteString("\n" + globalHelp())
}

func (c *call) docs() (schema.Docs, error) {
	if c.service == &jobsdata.Service {
		return jobsdata.Docs()
	}
	return iot.Docs()
}

func (c *call) helpService(b *strings.Builder) error {
	docs, err := c.docs()
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "NAME\n    %s\n\nCOMMANDS\n", c.service.Name)
	names := map[string]string{}
	var sorted []string
	for _, op := range c.service.Operations {
		name := dashed(op.Title())
		sorted = append(sorted, name)
		names[name] = sentence(docs.Operation(op.Title()))
	}
	slices.Sort(sorted)
	for _, name := range sorted {
		fmt.Fprintf(b, "    %-40s %s\n", name, names[name])
	}
	b.WriteString("\n" + globalHelp())
	return nil
}

// sentence is the first sentence of a text.
func sentence(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if at := strings.Index(text, ". "); at >= 0 {
		return text[:at+1]
	}
	return text
}

func (c *call) helpOperation(b *strings.Builder) error {
	docs, err := c.docs()
	if err != nil {
		return err
	}
	command := dashed(c.op.Name)
	fmt.Fprintf(b, "NAME\n    %s\n\nDESCRIPTION\n%s\nSYNOPSIS\n    %s %s %s\n", command,
		wrapped(docs.Operation(c.op.Name), "    "), c.env.Program, c.service.Name, command)
	for _, part := range synopsis(c.op) {
		fmt.Fprintf(b, "        %s\n", part)
	}
	b.WriteString("\nOPTIONS\n")
	for _, m := range c.op.Input.Members {
		if !pagingMember(c.op, m.Name) {
			helpMember(b, docs, c.op.Input, m)
		}
	}
	b.WriteString(commonHelp(c.op))
	b.WriteString("\n" + globalHelp() + "\nOUTPUT\n")
	if len(c.op.Output.Members) == 0 {
		b.WriteString("    None\n")
	}
	for _, m := range c.op.Output.Members {
		fmt.Fprintf(b, "    %s -> (%s)\n%s", m.Name, m.Shape.Kind, wrapped(docs.Member(c.op.Output, m), "        "))
	}
	return nil
}

// synopsis lists the options as they are written, optional ones in brackets.
func synopsis(op *schema.Description) (parts []string) {
	for _, m := range op.Input.Members {
		if pagingMember(op, m.Name) {
			continue
		}
		text := "--" + dashed(m.Name)
		if m.Shape.Kind == schema.Boolean {
			text += " | --no-" + dashed(m.Name)
		} else {
			text += " <value>"
		}
		if !m.Required {
			text = "[" + text + "]"
		}
		parts = append(parts, text)
	}
	for _, o := range options(op) {
		if o.member == nil && !o.hidden {
			parts = append(parts, "[--"+o.name+" <value>]")
		}
	}
	return parts
}

func helpMember(b *strings.Builder, docs schema.Docs, s *schema.Shape, m *schema.Member) {
	fmt.Fprintf(b, "    --%s (%s)%s\n%s", dashed(m.Name), m.Shape.Kind, requiredMark(m), wrapped(docs.Member(s, m), "        "))
	if text := limits(m.Shape); text != "" {
		fmt.Fprintf(b, "        Constraints: %s\n", text)
	}
	if hasShorthand(m.Shape) {
		fmt.Fprintf(b, "        Shorthand syntax:\n            %s\n", shorthandLine(m.Shape))
		fmt.Fprintf(b, "        JSON syntax:\n%s", indented(jsonLines(m.Shape), "            "))
	}
	b.WriteString("\n")
}

func requiredMark(m *schema.Member) string {
	if m.Required {
		return " [required]"
	}
	return ""
}

func commonHelp(op *schema.Description) string {
	text := `    --cli-input-json (string)
        A JSON object with the members of the request, file://PATH, or - for standard input. Options given beside it
        replace whole members.

`
	if op.Page != nil {
		text += `    --starting-token, --page-size, --max-items
        All pages are fetched and joined; these begin at a token, set the size of a page, and limit the items in all.

`
	}
	return text + `    --generate-cli-skeleton (string)
        Prints a sample request ("input", the default) or a sample answer ("output") and sends nothing.
`
}

func globalHelp() string {
	var b strings.Builder
	b.WriteString("GLOBAL OPTIONS\n")
	for _, o := range globals {
		if o.hidden {
			continue
		}
		text := "    --" + o.name
		if o.takes == takesOne {
			text += " <value>"
		}
		if o.choices != nil {
			text += " (" + strings.Join(o.choices, "|") + ")"
		}
		b.WriteString(text + "\n")
	}
	return b.String()
}

// wrapped fills a text into lines behind a margin.
func wrapped(text, margin string) string {
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
