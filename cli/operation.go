package cli

import (
	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
)

// Which service and which operation a line means.

// findOperation reads the service, the options around it and the operation's name. It returns the
// words after that.
func (c *call) findOperation(words []string) ([]string, error) {
	// What is wrong with a global option is said first, wherever it stands on the line.
	var anywhere command.Line
	if err := anywhere.ReadGlobals(words); err != nil {
		return nil, err
	}
	if anywhere.Has("version") {
		return nil, errVersion
	}
	names, rest, err := c.line.ReadNames(words)
	if err != nil {
		return nil, err
	}
	if len(names) > 0 && names[0] == command.Configure {
		return append(names[1:], rest...), errConfigure
	}
	return rest, c.choose(names, &anywhere)
}

// choose finds the service, then what is wrong with global options anywhere, then the operation
// (R-CMD-20). The names found so far may be none, the service, or both; help may stand in place of
// either.
func (c *call) choose(names []string, anywhere *command.Line) error {
	// Plain words go to the line: a first one that is help asks for it.
	if len(names) == 0 || names[0] == "help" {
		if len(names) == 0 && !c.line.WantsHelp() {
			return exit.BadLine("the following arguments are required: command")
		}
		c.line.Plain = append(c.line.Plain, names...)
		return nil
	}
	if c.service = command.FindService(names[0]); c.service == nil {
		return invalidChoice("command", names[0], append(command.ServiceNames(), command.Configure))
	}
	if err := c.checkGlobals(anywhere); err != nil {
		return err
	}
	if len(names) < 2 || names[1] == "help" {
		c.line.Plain = append(c.line.Plain, names[1:]...)
		return nil
	}
	if c.op = command.Find(c.service, names[1]); c.op == nil {
		return invalidChoice("operation", names[1], command.Names(c.service))
	}
	return nil
}
