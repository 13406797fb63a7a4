package command

import "github.com/drover-iot/drover/schema"

// The options that there are: one table of global ones, and for each operation those of its
// members, made from its description.

// An Option is one word of the command line that starts with dashes, and what may follow it.
type Option struct {
	Name     string         // without dashes
	Takes    Arity          // what follows
	Member   *schema.Member // of the request; nil for options of the command line itself
	Negation bool           // the --no- form of a boolean
	Hidden   bool           // works, but is not shown in help
	Choices  []string       // the only values allowed; nil: any
	About    string         // for help, of an option of the command line itself
	Number   bool           // takes a whole number; of an option of the command line itself
}

// Whole reports whether an option takes a whole number.
func (o *Option) Whole() bool {
	return o.Number || o.Member != nil &&
		(o.Member.Shape.Kind == schema.Integer || o.Member.Shape.Kind == schema.Long)
}

// Arity is how many words are an option's value.
type Arity uint8

// The arities. Most options take one word.
const (
	TakesOne Arity = iota
	TakesNone
	TakesAll      // every word up to the next option (R-CMD-13)
	TakesOptional // one word or none
)

// helpOption has a short form, -h.
var helpOption = &Option{Name: "help", Takes: TakesNone, Hidden: true}

// Globals are the options that every command has and that may stand anywhere (R-CMD-98).
var Globals = []*Option{
	{Name: "debug", Takes: TakesNone,
		About: "Says on standard error what is sent and how it went."},
	{Name: "endpoint-url", About: "The server to call, instead of the configured one."},
	{Name: "no-verify-ssl", Takes: TakesNone, About: "Accepts any certificate of the server."},
	{Name: "no-paginate", Takes: TakesNone,
		About: "Makes one request of a paged command, and shows the answer as it came."},
	{Name: "output", Choices: []string{"json", "text", "table", "yaml", "yaml-stream", "off"},
		About: "How the answer is shown; json unless told."},
	{Name: "query", About: "A JMESPath expression that picks from the answer."},
	{Name: "profile", About: "The profile of the shared files."},
	{Name: "region", About: "The region that requests are signed for."},
	{Name: "version", Takes: TakesNone, About: "Prints the version."},
	{Name: "color", Choices: []string{"on", "off", "auto"},
		About: "Whether tables are coloured: on, off, or auto (on a terminal)."},
	{Name: "no-sign-request", Takes: TakesNone,
		About: "Sends the request unsigned and looks for no credentials."},
	{Name: "ca-bundle", About: "A PEM file with the only certificates to trust."},
	{Name: "cli-read-timeout", Number: true,
		About: "Seconds to wait for each piece of an answer: 60 unless told, 0 for ever."},
	{Name: "cli-connect-timeout", Number: true,
		About: "Seconds to wait for a connection: 60 unless told, 0 for ever."},
	{Name: "cli-binary-format", Choices: []string{"base64", "raw-in-base64-out"}, Hidden: true},
	{Name: "no-cli-pager", Takes: TakesNone,
		About: "Shows help and answers without a pager, whatever the settings say."},
	{Name: "cli-auto-prompt", Takes: TakesNone, Hidden: true},
	{Name: "no-cli-auto-prompt", Takes: TakesNone, Hidden: true},
	{Name: "cli-error-format",
		Choices: []string{"legacy", "json", "yaml", "text", "table", "enhanced"},
		About: "How errors are shown: for people, with details (enhanced, the default) or " +
			"without (legacy), or for programs."},
	helpOption,
}

// Options are those of an operation: one for each member of its request, in model order, then those
// that every operation has. A boolean has two: --force and --no-force.
func Options(op *schema.Description) []*Option {
	var all []*Option
	for _, m := range op.Input.Members {
		o := &Option{Name: Dashed(m.Name), Member: m, Hidden: PagingMember(op, m.Name)}
		switch m.Shape.Kind {
		case schema.Boolean:
			o.Takes = TakesNone
			no := &Option{Name: "no-" + o.Name, Takes: TakesNone, Member: m, Negation: true}
			all = append(all, o, no)
			continue
		case schema.List:
			o.Takes = TakesAll
		}
		all = append(all, o)
	}
	// The options of the command line itself come last, as in the reference's help.
	all = append(all,
		&Option{Name: "cli-input-json", About: "A JSON object with the members of the request, " +
			"file://PATH, or - for standard input. Options given beside it replace whole members."},
		&Option{Name: "cli-input-yaml",
			About: "The same as --cli-input-json, in YAML 1.2: yes and on are texts."},
	)
	// Automatic paging has options where there is something to page, and a size where the service
	// lets a caller choose it (R-CMD-96).
	if op.Page != nil {
		all = append(all, &Option{Name: "starting-token",
			About: "Begins the list at the NextToken that --max-items ended another one with."})
		if op.Page.Size != "" && op.Page.Size != ownPageSize {
			all = append(all, &Option{Name: "page-size", Number: true,
				About: "How many items one request asks for. All pages are fetched all the same."})
		}
		all = append(all, &Option{Name: "max-items", Number: true,
			About: "Ends the list after so many items, with a NextToken to go on from."})
	}
	all = append(all, &Option{
		Name:    "generate-cli-skeleton",
		Takes:   TakesOptional,
		Choices: []string{SkeletonInput, SkeletonYAML, SkeletonOutput},
		About: "Prints a sample of the request (input, the default) or of the answer (output), " +
			"and sends nothing.",
	})
	if w, ok := WaitOf(op); ok {
		all = append(all, w.options()...)
	}
	if describe, _ := DescribedBy(op); describe != nil {
		all = append(all, diffOptions()...)
	}
	for _, file := range Outfiles[op.Name] {
		all = append(all, &Option{
			Name:  file.Option,
			About: "A file that gets " + file.Part + " of the answer, readable by you alone.",
		})
	}
	return all
}

// ownPageSize is the member of older list operations whose option is named like that of automatic
// paging, --page-size. The service's own wins (R-CMD-129).
const ownPageSize = "pageSize"

// PagingMember reports whether a member is one that automatic paging fills in: the token and the
// size of a page. Their options work and are not shown in help (R-CMD-95).
func PagingMember(op *schema.Description, name string) bool {
	return op.Page != nil && (name == op.Page.In || name == op.Page.Size && name != ownPageSize)
}
