package help

import (
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/schema"
)

// The page of an operation, in the sections of R-CMD-123. All of it but the examples comes from
// the description and its doc comments.

// Operation returns the page of an operation. program is the name that drover was called by.
func Operation(program string, s *schema.Service, op *schema.Description) (*Page, error) {
	docs, err := command.Docs(s)
	if err != nil {
		return nil, err
	}
	about := docs.Operation(op.Name)
	p := &Page{
		Name:    strings.Join([]string{program, s.Name, command.Dashed(op.Name)}, " "),
		Summary: command.Sentence(about),
	}
	// The order is that of the reference.
	p.Sections = []Section{
		NameSection(p),
		{"DESCRIPTION", description(op, about)},
		{"SYNOPSIS", []Block{synopsis(p.Name, op)}},
		{"OPTIONS", options(docs, op)},
		{"GLOBAL OPTIONS", globalOptions()},
		{"EXAMPLES", examplesOf(program, s, op)},
		{"OUTPUT", answer(docs, op)},
	}
	return p, nil
}

// NameSection is the section that every page begins with: the name and the summary.
func NameSection(p *Page) Section {
	text := p.Name
	if p.Summary != "" {
		text += " - " + strings.TrimSuffix(p.Summary, ".")
	}
	return Section{"NAME", []Block{Paragraph(text)}}
}

// description is the text on an operation, and what is to know of a list that has pages.
func description(op *schema.Description, about string) []Block {
	blocks := []Block{Paragraph(command.PlainText(about))}
	if op.Page != nil {
		blocks = append(blocks, Paragraph("The answer comes in pages. All of them are fetched and "+
			"shown as one list, unless --no-paginate is given. "+op.Page.Items+" is the list."))
	}
	return blocks
}

// synopsis lists the options as they are written, optional ones in brackets: --job-id <value>,
// [--force | --no-force]. The operation's own come first, then those of every command, then the
// global ones.
func synopsis(name string, op *schema.Description) Code {
	lines := Code{name}
	for _, o := range append(shown(command.Options(op)), shown(command.Globals)...) {
		lines = append(lines, "  "+usage(o))
	}
	return lines
}

// shown are the options that help speaks of. The two forms of a boolean are one.
func shown(options []*command.Option) (list []*command.Option) {
	for _, o := range options {
		if !o.Hidden && !o.Negation {
			list = append(list, o)
		}
	}
	return list
}

// usage is an option as it is written, with its value.
func usage(o *command.Option) string {
	text := "--" + o.Name + value(o)
	if boolean(o) {
		text += " | --no-" + o.Name
	}
	// Only what a request cannot do without is outside of brackets.
	if o.Member == nil || !o.Member.Required {
		return "[" + text + "]"
	}
	return text
}

// value is what follows an option.
func value(o *command.Option) string {
	switch o.Takes {
	case command.TakesOne:
		return " <value>"
	case command.TakesAll:
		return " <value> ..."
	case command.TakesOptional:
		return " [<value>]"
	}
	return ""
}

// boolean reports whether an option has a --no- form.
func boolean(o *command.Option) bool {
	return o.Member != nil && o.Member.Shape.Kind == schema.Boolean
}

// options are the entries of an operation's own options and of those that every operation has. The
// service's own token and page size work, and automatic paging makes them superfluous.
func options(docs schema.Docs, op *schema.Description) (entries []Block) {
	for _, o := range shown(command.Options(op)) {
		if o.Member == nil {
			entries = append(entries, own(o))
			continue
		}
		e := member(docs, op.Input, o.Member)
		e.Term = "--" + o.Name
		if boolean(o) {
			e.Term += " | --no-" + o.Name
		}
		if s := o.Member.Shape; hasShorthand(s) {
			e.Blocks = append(e.Blocks,
				Entry{Mark: "Shorthand syntax:", Blocks: []Block{Code{shorthandLine(s)}}},
				Entry{Mark: "JSON syntax:", Blocks: []Block{jsonLines(s)}})
		} else if s.Kind == schema.List {
			e.Blocks = append(e.Blocks,
				Entry{Mark: "Syntax:", Blocks: []Block{Code{`"string" "string" ...`}}})
		}
		entries = append(entries, e)
	}
	return entries
}

// own is the entry of an option of the command line itself.
func own(o *command.Option) Entry {
	e := Entry{Term: "--" + o.Name, Mark: " (string)", Blocks: []Block{Paragraph(o.About)}}
	switch {
	case o.Number:
		e.Mark = " (integer)"
	case o.Takes == command.TakesNone:
		e.Mark = " (boolean)"
	}
	if o.Choices != nil {
		e.Blocks = append(e.Blocks, possible(o.Choices))
	}
	return e
}

// globalOptions are the entries of the options that every command has.
func globalOptions() (entries []Block) {
	for _, o := range shown(command.Globals) {
		entries = append(entries, own(o))
	}
	return entries
}

// possible lists the values of an enumeration.
func possible(values []string) Paragraph {
	return Paragraph("Possible values: " + strings.Join(values, ", "))
}

// member says all about one member: its type, its text, its constraints and what is inside it.
func member(docs schema.Docs, s *schema.Shape, m *schema.Member) Entry {
	e := Entry{Term: m.Name, Mark: " (" + m.Shape.Kind.String() + ")"}
	if m.Required {
		e.Mark += " [required]"
	}
	if text := command.PlainText(docs.Member(s, m)); text != "" {
		e.Blocks = append(e.Blocks, Paragraph(text))
	}
	if text := limits(m.Shape); text != "" {
		e.Blocks = append(e.Blocks, Paragraph("Constraints: "+text))
	}
	if values := m.Shape.Constraint.OneOf; len(values) > 0 {
		e.Blocks = append(e.Blocks, possible(values))
	}
	e.Blocks = append(e.Blocks, nested(docs, m.Shape)...)
	return e
}

// nested are the entries of the members inside a value. Lists and maps of structures are shown as
// the structure; of lists and maps of texts, what the texts may be.
func nested(docs schema.Docs, s *schema.Shape) (entries []Block) {
	inside := s
	for inside.Kind == schema.List || inside.Kind == schema.Map {
		inside = inside.Elem
	}
	if inside != s && inside.Kind != schema.Structure {
		if text := limits(inside); text != "" {
			entries = append(entries, Paragraph("Constraints of each: "+text))
		}
		if values := inside.Constraint.OneOf; len(values) > 0 {
			entries = append(entries, possible(values))
		}
	}
	for _, m := range inside.Members {
		entries = append(entries, member(docs, inside, m))
	}
	return entries
}

// answer are the entries of the members of an answer.
func answer(docs schema.Docs, op *schema.Description) (entries []Block) {
	for _, m := range op.Output.Members {
		entries = append(entries, shape(docs, op.Output, m))
	}
	if entries == nil {
		return []Block{Paragraph("None")}
	}
	return entries
}

// shape is the entry of a member of an answer: jobArn -> (string). What is allowed in a request is
// of no interest there, but for the values of an enumeration.
func shape(docs schema.Docs, s *schema.Shape, m *schema.Member) Entry {
	e := Entry{Term: m.Name, Mark: " -> (" + m.Shape.Kind.String() + ")"}
	if text := command.PlainText(docs.Member(s, m)); text != "" {
		e.Blocks = append(e.Blocks, Paragraph(text))
	}
	inside := m.Shape
	for inside.Kind == schema.List || inside.Kind == schema.Map {
		inside = inside.Elem
	}
	if values := inside.Constraint.OneOf; len(values) > 0 {
		e.Blocks = append(e.Blocks, possible(values))
	}
	for _, within := range inside.Members {
		e.Blocks = append(e.Blocks, shape(docs, inside, within))
	}
	return e
}
