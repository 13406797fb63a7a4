package cli

import (
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/schema"
)

// The options that there are: one table of global ones, and for each operation those of its
// members, made from its description.

// An option is one word of the command line that starts with dashes, and what may follow it.
type option struct {
	name     string         // without dashes
	takes    arity          // what follows
	member   *schema.Member // of the request; nil for options of the command line itself
	negation bool           // the --no- form of a boolean
	hidden   bool           // works, but is not shown in help
	choices  []string       // the only values allowed; nil: any
	about    string         // for help, of an option of the command line itself
	number   bool           // takes a whole number; of an option of the command line itself
}

// whole reports whether an option takes a whole number.
func (o *option) whole() bool {
	return o.number || o.member != nil &&
		(o.member.Shape.Kind == schema.Integer || o.member.Shape.Kind == schema.Long)
}

// arity is how many words are an option's value.
type arity uint8

// The arities. Most options take one word.
const (
	takesOne arity = iota
	takesNone
	takesAll      // every word up to the next option (R-CMD-13)
	takesOptional // one word or none
)

// helpOption has a short form, -h.
var helpOption = &option{name: "help", takes: takesNone, hidden: true}

// globals are the options that every command has and that may stand anywhere (R-CMD-98).
var globals = []*option{
	{name: "debug", takes: takesNone,
		about: "Says on standard error what is sent and how it went."},
	{name: "endpoint-url", about: "The server to call, instead of the configured one."},
	{name: "no-verify-ssl", takes: takesNone, about: "Accepts any certificate of the server."},
	{name: "no-paginate", takes: takesNone,
		about: "Makes one request of a paged command, and shows the answer as it came."},
	{name: "output", choices: []string{"json", "text", "table", "yaml", "yaml-stream", "off"},
		about: "How the answer is shown. Only json (the default) and text are available yet."},
	{name: "query", about: "A JMESPath expression that picks from the answer."},
	{name: "profile", about: "The profile of the shared files."},
	{name: "region", about: "The region that requests are signed for."},
	{name: "version", takes: takesNone, about: "Prints the version."},
	{name: "color", choices: []string{"on", "off", "auto"},
		about: "Of tables, which are not available yet; accepted all the same."},
	{name: "no-sign-request", takes: takesNone,
		about: "Sends the request unsigned and looks for no credentials."},
	{name: "ca-bundle", about: "A PEM file with the only certificates to trust."},
	{name: "cli-read-timeout", number: true,
		about: "Seconds to wait for each piece of an answer: 60 unless told, 0 for ever."},
	{name: "cli-connect-timeout", number: true,
		about: "Seconds to wait for a connection: 60 unless told, 0 for ever."},
	{name: "cli-binary-format", choices: []string{"base64", "raw-in-base64-out"}, hidden: true},
	{name: "no-cli-pager", takes: takesNone, about: "There is no pager; accepted all the same."},
	{name: "cli-auto-prompt", takes: takesNone, hidden: true},
	{name: "no-cli-auto-prompt", takes: takesNone, hidden: true},
	{name: "cli-error-format", choices: settings.ErrorFormats,
		about: "How errors are shown: for people, with details (enhanced, the default) or " +
			"without (legacy), or for programs."},
	helpOption,
}

// options are those of an operation: one for each member of its request, in model order, then those
// that every operation has. A boolean has two: --force and --no-force.
func options(op *schema.Description) []*option {
	var all []*option
	for _, m := range op.Input.Members {
		o := &option{name: dashed(m.Name), member: m, hidden: pagingMember(op, m.Name)}
		switch m.Shape.Kind {
		case schema.Boolean:
			o.takes = takesNone
			no := &option{name: "no-" + o.name, takes: takesNone, member: m, negation: true}
			all = append(all, o, no)
			continue
		case schema.List:
			o.takes = takesAll
		}
		all = append(all, o)
	}
	// The options of the command line itself come last, as in the reference's help.
	all = append(all,
		&option{name: "cli-input-json"},
		&option{name: "cli-input-yaml", hidden: true},
	)
	// Automatic paging has options where there is something to page, and a size where the service
	// lets a caller choose it (R-CMD-96).
	if op.Page != nil {
		all = append(all, &option{name: "starting-token"})
		if op.Page.Size != "" && op.Page.Size != ownPageSize {
			all = append(all, &option{name: "page-size", number: true})
		}
		all = append(all, &option{name: "max-items", number: true})
	}
	all = append(all, &option{
		name:    "generate-cli-skeleton",
		takes:   takesOptional,
		choices: []string{skeletonInput, "yaml-input", skeletonOutput},
	})
	for _, file := range outfiles[op.Name] {
		all = append(all, &option{name: file.option})
	}
	return all
}

// ownPageSize is the member of older list operations whose option is named like that of automatic
// paging, --page-size. The service's own wins (R-CMD-129).
const ownPageSize = "pageSize"

// pagingMember reports whether a member is one that automatic paging fills in: the token and the
// size of a page. Their options work and are not shown in help (R-CMD-95).
func pagingMember(op *schema.Description, name string) bool {
	return op.Page != nil && (name == op.Page.In || name == op.Page.Size && name != ownPageSize)
}
