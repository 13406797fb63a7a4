package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/exit"
	"github.com/drover-iot/drover/cli/jmespath"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/cli/value"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// Env is the world around a call: a test gives it buffers, variables and a clock that does not
// wait.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Getenv         func(string) string

	// LookupEnv tells a variable that is empty from one that is not set; nil where the two are the
	// same.
	LookupEnv func(string) (string, bool)

	// StderrShown says that standard error is a terminal; when it is false, that is found out.
	StderrShown bool

	// Ask asks the user for a text that is not shown; nil where nobody can be asked.
	Ask func(ctx context.Context, prompt string) (string, error)

	// Confirm asks the user for a word, which is shown; nil where nobody can be asked, unless the
	// terminal of Stdin and Stderr can.
	Confirm func(ctx context.Context, prompt string) (string, error)

	// Program is the name it was called by, drover or aws. Version is that of Drover.
	Program, Version string

	// Location is where times are shown; nil means time.Local.
	Location *time.Location

	// Wait is called between two attempts at a request; nil means client.Sleep.
	Wait func(context.Context, time.Duration) error
}

// print writes a line on standard output.
func (e Env) print(text string) error {
	_, err := fmt.Fprintln(e.Stdout, text)
	return err
}

// call is one run of the command line: what the line says, as far as it has been read.
type call struct {
	env     Env
	service *schema.Service     // nil until it is known, and for help on all
	op      *schema.Description // nil until it is known, and for help on a service
	line    command.Line
	query   *jmespath.Query // of --query; nil for none
}

// Run runs one command line, from the service's name on ("aws" may stand in front), and returns the
// exit status (R-CMD-118).
func Run(ctx context.Context, args []string, env Env) int {
	c := &call{env: env.complete()}
	return c.end(ctx, c.run(ctx, args))
}

// complete fills in what was left out.
func (e Env) complete() Env {
	if e.Location == nil {
		e.Location = time.Local
	}
	if e.Wait == nil {
		e.Wait = client.Sleep
	}
	if e.Confirm == nil {
		e.Confirm = confirmOn(e.Stdin, e.Stderr)
	}
	e.StderrShown = e.StderrShown || terminal.Of(e.Stderr) != nil
	return e
}

// These end the reading of a line that calls no operation.
var (
	errVersion   = errors.New("version")   // asked for by an option (R-CMD-98)
	errConfigure = errors.New("configure") // the first word (R-CMD-132)
)

// run does the checks in the order of R-CMD-20; the first that fails decides.
func (c *call) run(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "aws" {
		args = args[1:]
	}
	rest, err := c.findOperation(args)
	if errors.Is(err, errVersion) {
		return c.env.print(c.version())
	}
	if errors.Is(err, errConfigure) {
		return c.configure(ctx, rest)
	}
	if err != nil {
		return err
	}
	if c.line.WantsHelp() {
		return c.help(ctx)
	}
	if c.op == nil { // a service alone
		return exit.BadLine("the following arguments are required: operation")
	}
	if err := c.readOptions(rest); err != nil {
		return err
	}
	if c.line.WantsHelp() { // asked for behind the operation's name
		return c.help(ctx)
	}
	input, err := reader{c.env, c.op, &c.line}.parameters()
	if err != nil {
		return err
	}
	if shown, err := c.showSkeleton(); shown || err != nil {
		return err
	}
	return c.perform(ctx, input)
}

// showSkeleton shows a sample of the request, if the line asks for one.
func (c *call) showSkeleton() (shown bool, err error) {
	switch c.line.Skeleton() {
	case command.SkeletonInput:
		sample := skeleton(c.op.Input, "", sampleInput)
		return true, c.env.print(string(value.AppendJSON(nil, sample, "    ", "")))
	case command.SkeletonYAML:
		return true, c.skeletonYAML()
	}
	return false, nil
}

// version names the program and its version; called as aws, in the form of that program
// (R-CMD-131).
func (c *call) version() string {
	if c.env.Program == "aws" {
		return "aws-cli/2.36.7 drover/" + c.env.Version
	}
	return "drover " + c.env.Version
}
