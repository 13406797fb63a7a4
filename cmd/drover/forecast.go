package main

import (
	"context"
	"errors"
	"flag"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli"
	apicommand "github.com/drover-iot/drover/cli/command"
	"github.com/drover-iot/drover/schema"
)

// forecastAbout is the help text of drover forecast.
const forecastAbout = `Say what will become of a job before it is created or changed, or of one that goes on: how many things
will have had their turn and how many will have ended at which time, when it will have finished, how
likely it is that an abort criterion or the guard stops it, and what to change. Nothing is changed,
stored or sent, and what the operation would refuse is refused with the same error.

create-job and update-job take the options of drover iot create-job and drover iot update-job.

  drover forecast create-job --job-id fw-2 --document file://fw-2.json --targets ARN \
      --job-executions-rollout-config maximumPerMinute=50
  drover forecast update-job --job-id fw-2 --abort-config file://abort.json
  drover forecast job fw-2
  drover forecast job fw-2 --assume failedPercentage=2,ended={medianSeconds=300,p90Seconds=1200}
  drover forecast job fw-2 --output json --query finish

How long devices take and how many fail is learned from executions of the job that have ended, at
least 30, or of earlier jobs with a target in common; --assume says something else. In the chart,
minus signs are the things that have had their turn, and hashes those that have ended, in half of all
simulations. With --output or --query the answer is that of POST /_drover/forecast.`

// forecastCommand is drover forecast: its lines are those of the API, so that package cli reads
// them.
func forecastCommand() command {
	return command{"forecast", "says what will become of a job, and what to change",
		cli.ForecastVerbs(), runForecast}
}

// exitStatus is the error of a command that has said what is wrong, and ends with a status of its
// own.
type exitStatus int

// Error is not shown.
func (exitStatus) Error() string { return "the command failed" }

// runForecast says what will become of a job (R-FCT-1).
func runForecast(ctx context.Context, args []string) error {
	if asksHelp(args) || len(args) > 1 && asksHelp(args[1:]) {
		return forecastPage(args)
	}
	if status := cli.Forecast(ctx, args, environment("drover")); status != 0 {
		return exitStatus(status)
	}
	return nil
}

// forecastPage is the page of drover forecast, or of one of its verbs.
func forecastPage(args []string) error {
	name, how, verb := "forecast", "create-job|update-job|job [options]", ""
	if len(args) > 0 && slices.Contains(cli.ForecastVerbs(), args[0]) {
		verb = args[0]
		name += " " + verb
		if how = "[options of drover iot " + args[0] + "] [options]"; args[0] == "job" {
			how = "JOB [options]"
		}
	}
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.String("assume", "", "`what` is assumed of devices, as shorthand or JSON: started, ended and failed, "+
		"each with medianSeconds and p90Seconds; failedPercentage, rejectedPercentage, timedOutPercentage, "+
		"silentPercentage")
	flags.Int("seed", 1, "`number` from which random numbers are made")
	flags.String("output", "", "`json|yaml|text|table`: the answer of the API, not the chart")
	if op := apicommand.Find(&iot.Service, verb); op != nil {
		addOptions(flags, op)
	}
	return flagPage(flags, how, forecastAbout)
}

// addOptions adds the options of an operation to those of a forecast of it.
func addOptions(flags *flag.FlagSet, op *schema.Description) {
	for _, o := range apicommand.Options(op) {
		usage := "`value` as of drover iot " + apicommand.Dashed(op.Name)
		switch {
		case o.Hidden || o.Member == nil && o.Takes == apicommand.TakesNone || o.Name == apicommand.TimeoutOption:
		case o.Takes == apicommand.TakesNone:
			flags.Bool(o.Name, false, strings.ReplaceAll(usage, "`value` ", ""))
		default:
			flags.String(o.Name, "", usage)
		}
	}
}

// statusOf is the exit status that an error asks for by itself.
func statusOf(err error) (status int, ok bool) {
	var own exitStatus
	ok = errors.As(err, &own)
	return int(own), ok
}
