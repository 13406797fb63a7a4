package cli

import (
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
	about    string // for help, of an option of the command line itself
	number   bool   // a whole number, of an option of the command line itself
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
	{name: "debug", about: "Says on standard error what is sent and how it went.", takes: takesNone},
	{name: "endpoint-url", about: "The server to call, instead of the configured one."},
	{name: "no-verify-ssl", about: "Accepts any certificate of the server.", takes: takesNone},
	{name: "no-paginate", about: "Makes one request of a paged command, and shows the answer as it came.", takes: takesNone},
	{name: "output", about: "How the answer is shown. Only json (the default) and text are available yet.", choices: []string{"json", "text", "table", "yaml", "yaml-stream", "off"}},
	{name: "query", about: "A JMESPath expression that picks from the answer."},
	{name: "profile", about: "The profile of the shared files."},
	{name: "region", about: "The region that requests are signed for."},
	{name: "version", about: "Prints the version.", takes: takesNone},
	{name: "color", about: "Of tables, which are not available yet; accepted all the same.", choices: []string{"on", "off", "auto"}},
	{name: "no-sign-request", about: "Sends the request unsigned and looks for no credentials.", takes: takesNone},
	{name: "ca-bundle", about: "A PEM file with the only certificates to trust."},
	{name: "cli-read-timeout", about: "Seconds to wait for each piece of an answer: 60 unless told, 0 for ever.", number: true},
	{name: "cli-connect-timeout", about: "Seconds to wait for a connection: 60 unless told, 0 for ever.", number: true},
	{name: "cli-binary-format", choices: []string{"base64", "raw-in-base64-out"}, hidden: true},
	{name: "no-cli-pager", about: "There is no pager; accepted all the same.", takes: takesNone},
	{name: "cli-auto-prompt", takes: takesNone, hidden: true},
	{name: "no-cli-auto-prompt", takes: takesNone, hidden: true},
	{name: "cli-error-format", choices: []string{"legacy", "json", "yaml", "text", "table", "enhanced"}, hidden: true},
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
	all = append(all, &option{name: "cli-input-json"}, &option{name: "cli-input-yaml", hidden: true})
	if op.Page != nil {
		all = append(all, &option{name: "starting-token"})
		if op.Page.Size != "" && op.Page.Size != "pageSize" { // R-CMD-129: the service's own pageSize wins
			all = append(all, &option{name: "page-size", number: true})
		}
		all = append(all, &option{name: "max-items", number: true})
	}
	all = append(all, &option{name: "generate-cli-skeleton", takes: takesOptional, choices: []string{"input", "yaml-input", "output"}})
	for _, file := range outfiles[op.Name] {
		all = append(all, &option{name: file.option})
	}
	return all
}

// pagingMember reports whether a member is one that automatic paging looks after (R-CMD-95).
func pagingMember(op *schema.Description, name string) bool {
	return op.Page != nil && (name == op.Page.In || name == op.Page.Size && name != "pageSize")
}
