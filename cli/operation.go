package cli

import (
	"strings"

	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/schema"
)

// A line begins with two plain words, the service and the operation. Global options may stand
// before the first, between the two, and behind.

// findOperation reads the service, the options around it and the operation's name. It returns the
// words after that.
func (c *call) findOperation(words []string) ([]string, error) {
	// What is wrong with a global option is said first, wherever it stands on the line.
	var anywhere commandLine
	if err := anywhere.readGlobals(words); err != nil {
		return nil, err
	}
	if anywhere.has("version") {
		return nil, errVersion
	}
	// Each turn reads the options in front of a plain word, and the word.
	var names []string
	for len(names) < 2 {
		at := firstPlain(words)
		if err := c.line.read(words[:at], globals); err != nil {
			return nil, err
		}
		if len(c.line.leftOver) > 0 {
			return nil, exit.LeftOver(strings.Join(c.line.leftOver, ", "))
		}
		if at == len(words) {
			break
		}
		names, words = append(names, words[at]), words[at+1:]
	}
	return words, c.choose(names, &anywhere)
}

// firstPlain is the index of the first word that is neither a global option nor its value.
func firstPlain(words []string) int {
	for i := 0; i < len(words); i++ {
		found, err := lookUp(words[i], globals)
		if found.option == nil && err == nil && !isOption(words[i]) {
			return i
		}
		if found.option != nil && found.option.takes == takesOne && !found.hasValue {
			i++
		}
	}
	return len(words)
}

// choose finds the service, then what is wrong with global options anywhere, then the operation
// (R-CMD-20). The names found so far may be none, the service, or both; help may stand in place of
// either.
func (c *call) choose(names []string, anywhere *commandLine) error {
	// Plain words go to the line: a first one that is help asks for it.
	if len(names) == 0 || names[0] == "help" {
		if len(names) == 0 && !c.line.wantsHelp() {
			return exit.BadLine("the following arguments are required: command")
		}
		c.line.plain = append(c.line.plain, names...)
		return nil
	}
	// Services are found by their whole name only, and so are operations (R-CMD-17).
	for _, s := range services {
		if s.Name == names[0] {
			c.service = s
		}
	}
	if c.service == nil {
		return invalidChoice("command", names[0], []string{services[0].Name, services[1].Name})
	}
	if err := c.checkGlobals(anywhere); err != nil {
		return err
	}
	if len(names) < 2 || names[1] == "help" {
		c.line.plain = append(c.line.plain, names[1:]...)
		return nil
	}
	if c.op = findOperation(c.service, names[1]); c.op == nil {
		return invalidChoice("operation", names[1], commands(c.service))
	}
	return nil
}

// commands are the operations of a service as they are called, in table order: CreateJob is
// create-job.
func commands(s *schema.Service) []string {
	names := make([]string, len(s.Operations))
	for i, op := range s.Operations {
		names[i] = dashed(op.OperationName())
	}
	return names
}

// findOperation finds an operation by its command, nil without one. Only the one found is
// described: a call of the command line pays for one operation, not for a hundred.
func findOperation(s *schema.Service, command string) *schema.Description {
	for _, op := range s.Operations {
		if dashed(op.OperationName()) == command {
			return op.Describe()
		}
	}
	return nil
}
