package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/settings"
	"github.com/drover-iot/drover/cli/value"
)

// How a call ends: what is said on standard error, and the exit status. Both follow settings, which
// are looked up here once more, because a call may fail before or while it finds them.

// usage follows the message about a wrong line. The program is its only argument.
const usage = `usage: %[1]s [options] <command> <subcommand> [<subcommand> ...] [parameters]
To see help text, you can run: %[1]s help, %[1]s <command> help, %[1]s <command> <subcommand> help
`

// end says why a call failed, if it did, and returns its exit status (R-CMD-118).
func (c *call) end(ctx context.Context, err error) int {
	// A reader that closed standard output has what it wanted. A call that was interrupted ends
	// as a shell expects of a program that got the signal.
	switch {
	case err == nil || isOutputClosed(err): // R-CMD-121
		return 0
	case errors.Is(err, follow.ErrLeft): // the answer was shown, and stays what it is
		fmt.Fprintln(c.env.Stderr, err)
		return 130
	case ctx.Err() != nil:
		fmt.Fprintln(c.env.Stdout)
		return 130
	}
	failed, ok := errors.AsType[*exit.Error](err)
	if !ok {
		failed = &exit.Error{Status: exit.StatusOther, Code: exit.CodeOther, Message: err.Error()}
	}
	how := settings.FindReporting(c.sources())
	if failed.Quiet {
		return failed.Status
	}
	c.say(failed, how.ErrorFormat)
	if how.FirstGeneration {
		return failed.FirstGeneration()
	}
	return failed.Status
}

// say writes an error on standard error: as a message for people, or as an object for programs
// (R-CMD-122).
func (c *call) say(e *exit.Error, format string) {
	switch format {
	case settings.ErrorLegacy, settings.ErrorEnhanced:
		fmt.Fprintln(c.env.Stderr, e.Message)
		if format == settings.ErrorEnhanced && len(e.Details) > 0 {
			fmt.Fprint(c.env.Stderr, "\nAdditional error details:\n")
			for _, d := range e.Details {
				fmt.Fprintf(c.env.Stderr, "%s: %s\n", d.Name, d.Value)
			}
		}
		if format == settings.ErrorEnhanced && e.Next != "" { // R-CMD-159
			fmt.Fprintf(c.env.Stderr, "(%s)\n", e.Next)
		}
		if e.Usage {
			fmt.Fprintf(c.env.Stderr, usage, c.env.Program)
		}
		return
	}
	o := &value.Object{}
	o.Set("Code", e.Code)
	o.Set("Message", strings.TrimPrefix(e.Message, "\n"))
	for _, d := range e.Details {
		o.Set(d.Name, d.Value)
	}
	// Nobody is left to be told when standard error cannot be written.
	_ = output.Write(c.env.Stderr, output.Style{Format: format, Title: "Error"}, o)
}

// isOutputClosed reports whether an error says that the reader of standard output has gone.
func isOutputClosed(err error) bool {
	return slices.ContainsFunc(outputClosed, func(one error) bool { return errors.Is(err, one) })
}
