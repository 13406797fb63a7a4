package cli

import (
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/jmespath"
	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/cli/value"
)

// What a call found goes to standard output in the format in force, coloured and fitted to the
// terminal where there is one.

// A printer shows results on standard output.
type printer struct {
	env   Env             // for standard output
	style output.Style    // with the title of the call's operation
	query *jmespath.Query // nil for none
}

// newPrinter returns the printer of a call, with the settings in force.
func (c *call) newPrinter(s *settings.Settings) *printer {
	screen := terminal.Of(c.env.Stdout)
	columns, _ := terminal.Size(screen)
	style := output.Style{Format: s.Output, Title: c.op.Name, Width: columns}
	// An option says more than a variable that is meant for all programs (R-CMD-84).
	switch c.line.Text("color") {
	case "on":
		style.Color = true
	case "off":
	default:
		style.Color = screen != nil && c.env.Getenv("NO_COLOR") == ""
	}
	return &printer{env: c.env, style: style, query: c.query}
}

// show shows what the query makes of an answer. With nothing to show, the query is not asked
// (R-CMD-87).
func (p *printer) show(v value.Value) error {
	if p.style.Format == output.Off {
		return nil
	}
	result, err := p.query.Apply(v)
	if err != nil {
		return exit.Other("%v", err)
	}
	return output.Write(p.env.Stdout, p.style, result)
}
