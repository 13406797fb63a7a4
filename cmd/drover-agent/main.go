// Command drover-agent is drover agent by itself, for devices: the same options and the same jobs, in a
// binary without the server and the command line of the API (R-AGT-21).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/drover-iot/drover/agent/command"
	"github.com/drover-iot/drover/internal/buildinfo"
	"github.com/drover-iot/drover/internal/nearest"
)

// main runs the agent until a signal ends it.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// run returns the exit status: 0, 1 for a failure, 2 for a wrong command line.
func run(ctx context.Context, args []string, out, errs io.Writer) int {
	if len(args) == 1 && (args[0] == "version" || args[0] == "--version") {
		fmt.Fprint(out, buildinfo.Read())
		return 0
	}
	flags := flag.NewFlagSet("drover-agent", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // what is wrong is said below
	agent := command.New(flags)
	err := flags.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp), flags.NArg() == 1 && flags.Arg(0) == "help":
		writeHelp(out, flags)
		return 0
	case err != nil:
		fmt.Fprintln(errs, "drover-agent: "+err.Error())
		if _, wrong, unknown := strings.Cut(err.Error(), "not defined: -"); unknown {
			if near := nearest.To(wrong, names(flags)); near != "" {
				fmt.Fprintf(errs, "(did you mean --%s?)\n", near)
			}
		}
		fmt.Fprintln(errs, `"drover-agent --help" lists the options.`)
		return 2
	case flags.NArg() > 0:
		fmt.Fprintf(errs, "drover-agent: unknown words: %q\n", flags.Args())
		return 2
	}
	if err := agent.Run(ctx, out); err != nil {
		fmt.Fprintln(errs, "drover-agent: "+err.Error())
		return 1
	}
	return 0
}

// names are those of all options.
func names(flags *flag.FlagSet) (all []string) {
	flags.VisitAll(func(f *flag.Flag) { all = append(all, f.Name) })
	return all
}

// writeHelp writes the text on the agent and all options.
func writeHelp(out io.Writer, flags *flag.FlagSet) {
	fmt.Fprintf(out, "usage: drover-agent [options]\n       drover-agent version\n\n%s\n\nOptions:\n",
		command.About("drover-agent"))
	flags.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		if value != "" {
			value = " <" + value + ">"
		}
		fmt.Fprintf(out, "\n  --%s%s\n      %s", f.Name, value, text)
		if f.DefValue != "" && f.DefValue != "false" {
			fmt.Fprintf(out, " (default %s)", f.DefValue)
		}
		fmt.Fprintln(out)
	})
}
