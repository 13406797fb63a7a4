// Command drover is the server, the command line, the demonstration and the simulator in one
// binary. Each command has a file here, which reads its flags and calls the package that does the
// work. Called through a link named aws, it is the command line of the API.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/drover-iot/drover/cli"
	apicommand "github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/help"
	"github.com/drover-iot/drover/cli/transfer"
	"github.com/drover-iot/drover/internal/buildinfo"
	"github.com/drover-iot/drover/internal/nearest"
)

// errUsage is a wrong command line whose message was printed already.
var errUsage = errors.New("usage")

// main runs a command until it ends or a signal ends it.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var status int
	switch name, args := programName(), os.Args[1:]; {
	case len(args) > 0 && args[0] == completeWord:
		answerShell(ctx, args[1:])
	case name == "aws" && (len(args) == 0 || args[0] != "completion"):
		status = callAPI(ctx, "aws", args)
	default:
		status = run(ctx, args)
	}
	stop()
	os.Exit(status)
}

// programName is what the program was called by: drover, or aws by a link of that name.
func programName() string {
	return strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe")
}

// run runs one command and returns the exit status: 0, 1 for a failure, 2 for a wrong command
// line, 130 for what was interrupted and goes on; the API commands have statuses of their own.
func run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, droverPage().Text(help.Style{}))
		return 2
	}
	switch args[0] {
	case "iot", "iot-jobs-data", "aws", "configure": // with exit statuses of their own
		return callAPI(ctx, "drover", args)
	case "version", "--version":
		fmt.Print(buildinfo.Read())
		return 0
	case "help", "--help", "-h":
		if len(args) > 1 { // drover help serve is drover serve --help
			return run(ctx, append(args[1:len(args):len(args)], "--help"))
		}
		return status(ctx, &helpWanted{page: droverPage()})
	}
	if c, found := findCommand(args[0]); found {
		return status(ctx, c.run(ctx, args[1:]))
	}
	// Global options of the API may stand before the service (R-CMD-5).
	if strings.HasPrefix(args[0], "--") {
		return callAPI(ctx, "drover", args)
	}
	fmt.Fprintf(os.Stderr, "drover: there is no command %q\n", args[0])
	if near := nearest.To(args[0], commandNames()); near != "" {
		fmt.Fprintf(os.Stderr, "(did you mean %s?)\n", near)
	}
	fmt.Fprintln(os.Stderr, `"drover help" lists the commands.`)
	return 2
}

// commandNames are the first words that drover knows.
func commandNames() []string {
	names := append(apicommand.ServiceNames(), "configure", "version", "help")
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

// status shows how one of drover's own commands ended, and returns its exit status. A command that
// returns errUsage has printed what is wrong.
func status(ctx context.Context, err error) int {
	var wanted *helpWanted
	if errors.As(err, &wanted) {
		none := func(string) (string, bool) { return "", false }
		err = environment("drover").ShowPage(ctx, wanted.page, none, true)
	}
	if own, ok := statusOf(err); ok {
		return own
	}
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	// Everything else is a failure, and its message goes to standard error.
	fmt.Fprintln(os.Stderr, "drover: "+err.Error())
	if errors.Is(err, transfer.ErrInterrupted) || errors.Is(err, follow.ErrLeft) {
		return 130 // as a shell expects of a program that got the signal
	}
	return 1
}

// callAPI is the command line of the API: drover iot, drover iot-jobs-data. program is the name
// in its messages.
func callAPI(ctx context.Context, program string, args []string) int {
	return cli.Run(ctx, args, environment(program))
}

// environment is the world around this process.
func environment(program string) cli.Env {
	return cli.Env{
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Getenv:    os.Getenv,
		LookupEnv: os.LookupEnv,
		Ask:       cli.AskOnTerminal,
		Program:   program,
		Version:   buildinfo.Read().Version,
	}
}

// parse reads flags. Unknown flags and words that are left over are a wrong command line, and
// have been reported when errUsage is returned. about is the help text.
func parse(flags *flag.FlagSet, args []string, about string) error {
	const how = "[options]"
	if asksHelp(args) {
		return flagPage(flags, how, about)
	}
	setUsage(flags, how)
	if err := readFlags(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(flags.Output(), "drover %s: unknown words: %s\n",
			flags.Name(), strings.Join(flags.Args(), " "))
		return errUsage
	}
	return nil
}
