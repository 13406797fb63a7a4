package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"slices"

	"github.com/drover-iot/drover/cli"
	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/settings"
)

// The commands beside drover iot that call a server find it as that does: by options, variables, a
// profile, or in the data folder of a server that runs here.

// callerOptions are the options of drover iot that say which server is called, and as whom, by
// their names.
var callerOptions = []struct{ name, usage string }{
	{"endpoint-url", "`address` of the server, instead of AWS_ENDPOINT_URL"},
	{"region", "`name` of the region to sign for"},
	{"profile", "`name` of the profile to use"},
	{"ca-bundle", "`file` of the only certificates to trust"},
}

// caller calls a server.
type caller struct {
	given    map[string]*string // by the name of the option
	noVerify bool

	*settings.Settings
	http *http.Client
}

// newCaller adds the options of a caller to the flags of a command.
func newCaller(flags *flag.FlagSet) *caller {
	c := &caller{given: map[string]*string{}}
	for _, o := range callerOptions {
		c.given[o.name] = flags.String(o.name, "", o.usage)
	}
	flags.BoolVar(&c.noVerify, "no-verify-ssl", false, "accept every certificate")
	return c
}

// find finds the server and the credentials.
func (c *caller) find(ctx context.Context) (err error) {
	c.Settings, err = settings.Find(settings.Sources{
		Option:  c.option,
		Getenv:  os.Getenv,
		Service: "iot",
		Ask:     cli.AskOnTerminal,
	})
	if err != nil {
		return err
	}
	if err := c.FindCredentials(ctx); err != nil {
		return err
	}
	c.http, err = c.Connection().Client()
	return err
}

// option is an option of drover iot. The format of its answers is none of these commands' concern,
// and a profile that asks for one that is not available does not hinder them.
func (c *caller) option(name string) (string, bool) {
	if name == "output" {
		return output.JSON, true
	}
	if name == "no-verify-ssl" {
		return "", c.noVerify
	}
	text := c.given[name]
	if text == nil || *text == "" {
		return "", false
	}
	return *text, true
}

// parseWords reads flags and words, which may stand in any order, and returns the words. Behind
// "--" all are words. how and about are the help text.
func parseWords(flags *flag.FlagSet, args []string, how, about string) (words []string, err error) {
	if asksHelp(args) {
		return nil, flagPage(flags, how, about)
	}
	setUsage(flags, how)
	for {
		if err := readFlags(flags, args); err != nil {
			return nil, err
		}
		read, rest := args[:len(args)-flags.NArg()], flags.Args()
		if len(rest) == 0 {
			return words, nil
		}
		if len(read) > 0 && read[len(read)-1] == "--" {
			return slices.Concat(words, rest), nil
		}
		words, args = append(words, rest[0]), rest[1:]
	}
}

// wrongValue says what is wrong with a line, and how it is written.
func wrongValue(flags *flag.FlagSet, format string, args ...any) error {
	fmt.Fprintf(os.Stderr, "drover "+flags.Name()+": "+format+"\n", args...)
	return wrongWords(flags)
}

// wrongWords says that the words of a command are not those that it needs.
func wrongWords(flags *flag.FlagSet) error {
	flags.Usage()
	return errUsage
}
