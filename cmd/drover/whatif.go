package main

import (
	"context"
	"flag"

	"github.com/drover-iot/drover/cli"
)

// whatIfAbout is the help text of drover jobs what-if.
const whatIfAbout = `Say what other settings would have done to a job, by what is recorded of it: when each abort criterion
and the guard would have stopped it, how many things had been released by then, and how long the rollout
would have taken. Each first attempt ends as long after its release as it did. Nothing is changed.

  drover jobs what-if fw-2 --rollout maximumPerMinute=50
  drover jobs what-if fw-2 --guard "FAILED 1pct"
  drover jobs what-if fw-2 --abort file://abort.json --output json

--rollout and --abort have the form of --job-executions-rollout-config and --abort-config of drover iot
create-job, --guard that of the setting guard of drover jobs set. What is not given stays as it is.`

// whatIf says what other settings would have done (R-WHAT-1).
func whatIf(ctx context.Context, how string, args []string) error {
	if asksHelp(args) {
		flags := flag.NewFlagSet("jobs what-if", flag.ContinueOnError)
		flags.String("rollout", "", "how `fast` things would have been released, as shorthand or JSON")
		flags.String("abort", "", "`criteria` that would have been in force, as shorthand or JSON")
		flags.String("guard", "", "a `guard`, such as \"FAILED 1pct\"")
		flags.String("output", "", "`json|yaml|text|table`: the answer of the API, not the table")
		return flagPage(flags, how, whatIfAbout)
	}
	if status := cli.WhatIf(ctx, args, environment("drover")); status != 0 {
		return exitStatus(status)
	}
	return nil
}
