package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/schema"
)

// Env is the world around a call.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Program        string // the name it was called by: drover, or aws
	Version        string
	Location       *time.Location                             // of times that are shown
	Wait           func(context.Context, time.Duration) error // between attempts; nil waits by the clock
}

// call is one run of the command line.
type call struct {
	env      Env
	ctx      context.Context
	service  *schema.Service
	op       *schema.Description
	line     commandLine
	query    *query
	settings settings
	client   *http.Client
}

var services = []*schema.Service{&iot.Service, &jobsdata.Service}

// Run runs one command line, from the service's name on ("aws" may stand in front), and returns the exit status
// (R-CMD-118).
func Run(ctx context.Context, args []string, env Env) int {
	if env.Location == nil {
		env.Location = time.Local
	}
	if env.Wait == nil {
		env.Wait = wait
	}
	c := &call{env: env, ctx: ctx}
	err := c.run(args)
	var exit *exitError
	switch {
	case err == nil || errors.Is(err, syscall.EPIPE): // R-CMD-121
		return 0
	case ctx.Err() != nil:
		fmt.Fprintln(env.Stdout)
		return 130
	case errors.As(err, &exit):
		fmt.Fprintln(env.Stderr, exit.message)
		if exit.usage {
			fmt.Fprint(env.Stderr, c.usage())
		}
		return exit.status
	}
	fmt.Fprintln(env.Stderr, err)
	return statusOther
}

func (c *call) usage() string {
	return fmt.Sprintf("usage: %[1]s [options] <command> <subcommand> [<subcommand> ...] [parameters]\n"+
		"To see help text, you can run: %[1]s help, %[1]s <command> help, %[1]s <command> <subcommand> help\n", c.env.Program)
}

// run does the checks in the order of R-CMD-20; the first that fails decides.
func (c *call) run(args []string) error {
	if len(args) > 0 && args[0] == "aws" {
		args = args[1:]
	}
	rest, err := c.findOperation(args)
	if errors.Is(err, errVersion) {
		return c.printVersion()
	}
	if err != nil {
		return err
	}
	if c.wantsHelp() {
		return c.help()
	}
	if c.op == nil {
		return usageError("the following arguments are required: operation")
	}
	if err := c.readOptions(rest); err != nil {
		return err
	}
	if c.wantsHelp() {
		return c.help()
	}
	input, err := c.parameters()
	if err != nil {
		return err
	}
	if c.wantsSkeleton() == "input" {
		return c.print(appendJSON(nil, skeleton(c.op.Input, "", sampleInput), "    ", ""))
	}
	return c.perform(input)
}

// findOperation reads the service, the options around it and the operation's name; it returns the words after that.
func (c *call) findOperation(words []string) ([]string, error) {
	var anywhere commandLine
	if err := anywhere.readGlobals(words); err != nil {
		return nil, err
	}
	if anywhere.has("version") {
		return nil, errVersion
	}
	var names []string
	for len(names) < 2 {
		at := firstPlain(words)
		if err := c.line.read(words[:at], globals); err != nil {
			return nil, err
		}
		if len(c.line.leftOver) > 0 {
			return nil, usageError("Unknown options: %s", strings.Join(c.line.leftOver, ", "))
		}
		if at == len(words) {
			break
		}
		names, words = append(names, words[at]), words[at+1:]
	}
	return words, c.choose(names, &anywhere)
}

// errVersion ends the reading of a line that asks for the version, whatever else is on it (R-CMD-98).
var errVersion = errors.New("version")

// firstPlain is the index of the first word that is neither a global option nor its value.
func firstPlain(words []string) int {
	for i := 0; i < len(words); i++ {
		_, _, hasValue, o, err := lookUp(words[i], globals)
		if o == nil && err == nil && !isOption(words[i]) {
			return i
		}
		if o != nil && o.takes == takesOne && !hasValue {
			i++
		}
	}
	return len(words)
}

// choose finds the service, then what is wrong with global options anywhere, then the operation (R-CMD-20).
func (c *call) choose(names []string, anywhere *commandLine) error {
	if len(names) == 0 || names[0] == "help" {
		if len(names) == 0 && !c.wantsHelp() {
			return usageError("the following arguments are required: command")
		}
		c.line.plain = append(c.line.plain, names...)
		return nil
	}
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

// commands are the operations of a service as they are called.
func commands(s *schema.Service) []string {
	names := make([]string, len(s.Operations))
	for i, op := range s.Operations {
		names[i] = dashed(op.OperationName())
	}
	return names
}

// findOperation finds an operation by its command. Only the one found is described.
func findOperation(s *schema.Service, command string) *schema.Description {
	for _, op := range s.Operations {
		if dashed(op.OperationName()) == command {
			return op.Describe()
		}
	}
	return nil
}

func (c *call) wantsHelp() bool {
	return c.line.has("help") || len(c.line.plain) > 0 && c.line.plain[0] == "help"
}

func (c *call) print(text []byte) error {
	_, err := c.env.Stdout.Write(append(text, '\n'))
	return err
}

func (c *call) printVersion() error {
	text := "drover " + c.env.Version
	if c.env.Program == "aws" { // R-CMD-131
		text = "aws-cli/2.36.7 drover/" + c.env.Version
	}
	return c.print([]byte(text))
}
