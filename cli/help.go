package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/schema"
)

// Help needs no server. Its sections and their order are those of the reference; the words are
// the doc comments of the API packages, which are part of the binary.

// help prints what there is to know about a service or an operation: all of it comes from the
// description and its doc comments (R-CMD-123, R-CMD-126).
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

// helpAll lists the services.
func (c *call) helpAll(b *strings.Builder) {
	fmt.Fprintf(b, "NAME\n    %s - calls the API of AWS IoT Jobs\n\nSERVICES\n", c.env.Program)
	for _, s := range command.Services {
		fmt.Fprintf(b, "    %s\n", s.Name)
	}
	b.WriteString("\n" + globalHelp())
}

// docs are the doc comments of the service that is called.
func (c *call) docs() (schema.Docs, error) {
	if c.service == &jobsdata.Service {
		return jobsdata.Docs()
	}
	return iot.Docs()
}

// helpService lists the operations of a service, each with the first sentence on it.
func (c *call) helpService(b *strings.Builder) error {
	docs, err := c.docs()
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "NAME\n    %s\n\nCOMMANDS\n", c.service.Name)
	about := map[string]string{} // by command
	// The table is ordered by subject; a list of commands is looked through by name.
	sorted := command.Names(c.service)
	for _, op := range c.service.Operations {
		about[command.Dashed(op.OperationName())] = sentence(docs.Operation(op.OperationName()))
	}
	slices.Sort(sorted)
	for _, name := range sorted {
		fmt.Fprintf(b, "    %-40s %s\n", name, about[name])
	}
	b.WriteString("\n" + globalHelp())
	return nil
}

// helpOperation says all about one operation, in the sections of R-CMD-123: name, description,
// synopsis, options, global options, examples, output.
func (c *call) helpOperation(b *strings.Builder) error {
	docs, err := c.docs()
	if err != nil {
		return err
	}
	name := command.Dashed(c.op.Name)
	fmt.Fprintf(b, "NAME\n    %s\n\nDESCRIPTION\n%s\nSYNOPSIS\n    %s %s %s\n", name,
		wrapped(docs.Operation(c.op.Name), "    "), c.env.Program, c.service.Name, name)
	for _, part := range synopsis(c.op) {
		fmt.Fprintf(b, "        %s\n", part)
	}
	b.WriteString("\nOPTIONS\n")
	// The service's own token and page size work, and automatic paging makes them superfluous.
	for _, m := range c.op.Input.Members {
		if !command.PagingMember(c.op, m.Name) {
			helpMember(b, docs, c.op.Input, m)
		}
	}
	b.WriteString(commonHelp(c.op))
	b.WriteString(globalHelp() + "\nEXAMPLES\n" + examples(c.env.Program, c.service.Name, c.op))
	b.WriteString("\nOUTPUT\n")
	if len(c.op.Output.Members) == 0 {
		b.WriteString("    None\n")
	}
	for _, m := range c.op.Output.Members {
		fmt.Fprintf(b, "    %s -> (%s)\n%s",
			m.Name, m.Shape.Kind, wrapped(docs.Member(c.op.Output, m), "        "))
		helpNested(b, docs, m.Shape, "        ")
	}
	return nil
}

// synopsis lists the options as they are written, optional ones in brackets: --job-id <value>,
// [--force | --no-force]. The operation's own come first, then those of every command, then the
// global ones.
func synopsis(op *schema.Description) (parts []string) {
	// Only what a request cannot do without is outside of brackets.
	for _, o := range append(command.Options(op), command.Globals...) {
		text := "--" + o.Name
		switch {
		case o.Hidden || o.Negation:
			continue
		case o.Member != nil && o.Member.Shape.Kind == schema.Boolean:
			text += " | --no-" + o.Name
		case o.Takes == command.TakesOne:
			text += " <value>"
		case o.Takes == command.TakesAll:
			text += " <value> ..."
		case o.Takes == command.TakesOptional:
			text += " [<value>]"
		}
		if o.Member == nil || !o.Member.Required {
			text = "[" + text + "]"
		}
		parts = append(parts, text)
	}
	return parts
}

// examples are the shortest call, with what is required, and the way through a file.
func examples(program, service string, op *schema.Description) string {
	call := fmt.Sprintf("    %s %s %s", program, service, command.Dashed(op.Name))
	short := call
	for _, m := range op.Input.Members {
		if m.Required {
			short += " --" + command.Dashed(m.Name) + " <value>"
		}
	}
	return short + "\n\n" +
		call + " --generate-cli-skeleton > input.json\n" +
		call + " --cli-input-json file://input.json\n"
}

// helpMember says all about one option: its type, its text, its constraints, what is inside it,
// and how it is written.
func helpMember(b *strings.Builder, docs schema.Docs, s *schema.Shape, m *schema.Member) {
	fmt.Fprintf(b, "    --%s (%s)%s\n%s",
		command.Dashed(m.Name), m.Shape.Kind, requiredMark(m),
		wrapped(docs.Member(s, m), "        "))
	if text := limits(m.Shape); text != "" {
		fmt.Fprintf(b, "        Constraints: %s\n", text)
	}
	helpNested(b, docs, m.Shape, "        ")
	if hasShorthand(m.Shape) {
		fmt.Fprintf(b, "        Shorthand syntax:\n            %s\n", shorthandLine(m.Shape))
		fmt.Fprintf(b, "        JSON syntax:\n%s", indented(jsonLines(m.Shape), "            "))
	}
	b.WriteString("\n")
}

// helpNested lists the members inside a value, each level further to the right. Lists and maps of
// structures are shown as the structure.
func helpNested(b *strings.Builder, docs schema.Docs, s *schema.Shape, margin string) {
	for s.Kind == schema.List || s.Kind == schema.Map {
		s = s.Elem
	}
	for _, m := range s.Members {
		fmt.Fprintf(b, "%s%s (%s)%s\n%s",
			margin, m.Name, m.Shape.Kind, requiredMark(m),
			wrapped(docs.Member(s, m), margin+"    "))
		if text := limits(m.Shape); text != "" {
			fmt.Fprintf(b, "%s    Constraints: %s\n", margin, text)
		}
		helpNested(b, docs, m.Shape, margin+"    ")
	}
}

// requiredMark stands behind the name of a required member.
func requiredMark(m *schema.Member) string {
	if m.Required {
		return " [required]"
	}
	return ""
}

// commonHelp describes the options that every command has, and those that few have: of paging,
// and of files for parts of the answer.
func commonHelp(op *schema.Description) string {
	text := `    --cli-input-json (string)
        A JSON object with the members of the request, file://PATH, or - for standard input.
        Options given beside it replace whole members.

`
	if op.Page != nil {
		text += `    --starting-token, --page-size, --max-items
        All pages are fetched and joined. These options begin at a token, set the size of a
        page, and limit the items in all.

`
	}
	text += `    --generate-cli-skeleton (string)
        Prints a sample request ("input", the default) or a sample answer ("output") and sends nothing.

`
	for _, file := range command.Outfiles[op.Name] {
		text += fmt.Sprintf("    --%s (string)\n        A file that gets %s of the answer.\n\n",
			file.Option, file.Part)
	}
	return text
}

// globalHelp lists the global options.
func globalHelp() string {
	var b strings.Builder
	b.WriteString("GLOBAL OPTIONS\n")
	for _, o := range command.Globals {
		if o.Hidden {
			continue
		}
		text := "    --" + o.Name
		if o.Takes == command.TakesOne {
			text += " <value>"
		}
		b.WriteString(text + "\n" + wrapped(o.About, "        "))
	}
	return b.String()
}
