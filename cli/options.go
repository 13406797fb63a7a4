package cli

import (
	"slices"
	"strings"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/jmespath"
)

// What is refused of the options before any value is read.

// checkGlobals refuses what is wrong before any operation is known (R-CMD-20, step 2). line is what
// readGlobals found.
func (c *call) checkGlobals(line *command.Line) (err error) {
	if g, given := line.Last("query"); given {
		if c.query, err = jmespath.Compile(g.Words[0]); err != nil {
			return exit.BadValue("Bad value for --query %s: %v", g.Words[0], err)
		}
	}
	if url := line.Text("endpoint-url"); url != "" && !strings.Contains(url, "://") {
		return exit.BadValue("Bad value for --endpoint-url %q: scheme is missing. "+
			"Must be of the form http://<hostname>/ or https://<hostname>/", url)
	}
	return nil
}

// readOptions reads what follows the operation's name, and checks that what is required is there
// (R-CMD-15) and that nothing is left over (R-CMD-16). With an input file, or for a sample,
// nothing is required of the line. more are options beside those of the operation.
func (c *call) readOptions(words []string, more ...*command.Option) error {
	known := slices.Concat(command.Globals, command.Options(c.op), more)
	if err := c.line.Read(words, known); err != nil {
		return err
	}
	if c.line.WantsHelp() {
		return nil
	}
	file := c.line.Has("cli-input-json") || c.line.Has("cli-input-yaml")
	sample := c.line.Skeleton()
	if !file && (sample == "" || sample == command.SkeletonOutput) {
		if err := c.checkRequired(); err != nil {
			return err
		}
	}
	// Options that nobody knows come before plain words, as the reference lists them.
	if left := append(append([]string(nil), c.line.LeftOver...), c.line.Plain...); len(left) > 0 {
		return exit.LeftOver(strings.Join(left, ", ") + optionHints(c.line.LeftOver, known))
	}
	return c.checkTogether()
}

// checkRequired refuses a line without the options of required members.
func (c *call) checkRequired() error {
	var missing []string
	for _, m := range c.op.Input.Members {
		name := command.Dashed(m.Name)
		if m.Required && !c.line.Has(name) && !c.line.Has("no-"+name) {
			missing = append(missing, "--"+name)
		}
	}
	if len(missing) > 0 {
		return exit.BadLine("the following arguments are required: %s", strings.Join(missing, ", "))
	}
	return nil
}

// checkTogether refuses options that contradict each other, and the prompt of the reference, which
// this command line does not have.
func (c *call) checkTogether() error {
	has := c.line.Has
	switch {
	case has(command.TimeoutOption) && !c.line.Waits(): // R-CMD-155
		return exit.BadValue("--" + command.TimeoutOption + " needs --wait")
	case strings.HasPrefix(c.line.Text(command.TimeoutOption), "-"): // R-CMD-155
		return exit.BadValue("--%s: %s is refused: must be 0 or more seconds",
			command.TimeoutOption, c.line.Text(command.TimeoutOption))
	case has("cli-input-json") && has("cli-input-yaml"): // R-CMD-49
		return exit.BadValue("Only one --cli-input- parameter may be specified.")
	case has("cli-auto-prompt") && has("no-cli-auto-prompt"): // R-CMD-98
		return exit.BadValue("Both --cli-auto-prompt and --no-cli-auto-prompt " +
			"cannot be specified at the same time.")
	case has("cli-auto-prompt"):
		return exit.BadValue("--cli-auto-prompt: there is no prompt; " +
			"\"help\" behind a command lists its options.")
	}
	return nil
}
