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
	"runtime/debug"
	"strings"
	"syscall"

	"github.com/drover-iot/drover/cli"
	"github.com/drover-iot/drover/cli/ship"
	"github.com/drover-iot/drover/cli/transfer"
)

// usage is the help text of drover itself.
const usage = `drover runs jobs on fleets of devices. It speaks the AWS IoT Jobs API.

usage: drover <command> [options]

  serve            run the server
  demo             a first look: a server, devices and a job that is changed while it runs
  clock            read or move the clock of a server with --clock virtual
  sim              simulate a fleet, operators and crashes from a seed, and hold the server to its rules
  job create       ship a file to devices: store it, create a job that names it, show its progress
  artifact         bring files to the store that devices download from, and back
  keys create      make another operator key for a data folder
  iot              call the control plane, as "aws iot" does
  iot-jobs-data    call the device plane, as "aws iot-jobs-data" does
  version          print the version

"drover <command> --help" says more about each.
`

// errUsage is a wrong command line whose message was printed already.
var errUsage = errors.New("usage")

// main runs a command until it ends or a signal ends it.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	var status int
	if strings.TrimSuffix(filepath.Base(os.Args[0]), ".exe") == "aws" {
		status = callAPI(ctx, "aws", os.Args[1:])
	} else {
		status = run(ctx, os.Args[1:])
	}
	stop()
	os.Exit(status)
}

// run runs one command and returns the exit status: 0, 1 for a failure, 2 for a wrong command
// line, 130 for what was interrupted and goes on; the API commands have statuses of their own.
func run(ctx context.Context, args []string) int {
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		return 2
	}
	// A command that returns errUsage has printed what is wrong; flag.ErrHelp, that help was
	// asked for.
	var err error
	switch args[0] {
	case "serve":
		err = serve(ctx, args[1:])
	case "demo":
		err = runDemo(ctx, args[1:])
	case "clock":
		err = runClock(ctx, args[1:])
	case "sim":
		err = simulate(ctx, args[1:])
	case "keys":
		err = keys(args[1:])
	case "job":
		err = runJob(ctx, args[1:])
	case "artifact":
		err = runArtifact(ctx, args[1:])
	case "iot", "iot-jobs-data", "aws": // with exit statuses of their own
		return callAPI(ctx, "drover", args)
	case "version", "--version":
		fmt.Println("drover " + version())
	case "help", "--help", "-h":
		fmt.Print(usage)
	default:
		// Global options of the API may stand before the service (R-CMD-5).
		if strings.HasPrefix(args[0], "--") {
			return callAPI(ctx, "drover", args)
		}
		fmt.Fprintf(os.Stderr, "drover: there is no command %q\n\n%s", args[0], usage)
		return 2
	}
	// Everything else is a failure, and its message goes to standard error.
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintln(os.Stderr, "drover: "+err.Error())
	if errors.Is(err, transfer.ErrInterrupted) || errors.Is(err, ship.ErrLeft) {
		return 130 // as a shell expects of a program that got the signal
	}
	return 1
}

// callAPI is the command line of the API: drover iot, drover iot-jobs-data. program is the name
// in its messages.
func callAPI(ctx context.Context, program string, args []string) int {
	return cli.Run(ctx, args, cli.Env{
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Getenv:    os.Getenv,
		LookupEnv: os.LookupEnv,
		Program:   program,
		Version:   version(),
	})
}

// version is the version that the binary was built as: that of the module, or development for one
// that was built from a checkout.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}

// parse reads flags. Unknown flags and words that are left over are a wrong command line, and
// have been reported when errUsage is returned. about is the help text.
func parse(flags *flag.FlagSet, args []string, about string) error {
	flags.Usage = func() {
		fmt.Fprintf(flags.Output(), "usage: drover %s [options]\n\n%s\n\noptions:\n",
			flags.Name(), about)
		flags.PrintDefaults()
	}
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if flags.NArg() > 0 {
		fmt.Fprintf(flags.Output(), "drover %s: unknown words: %s\n",
			flags.Name(), strings.Join(flags.Args(), " "))
		return errUsage
	}
	return nil
}
