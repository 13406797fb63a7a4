package main

import (
	"context"
	"encoding/json"
	"flag"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// steeringAbout is the help text of drover jobs steering.
const steeringAbout = `Show how a job is steered: its settings, and what they have come to, such as the abort criteria that
were met and did not cancel it, and the things that wait for a retry.

  drover jobs steering fw-2
  drover jobs steering fw-2 --output json

The members of --output json are those of GET /_drover/jobs/JOB/steering: jobId, status, settings,
state and warnings.`

// showSteering shows how a job is steered.
func showSteering(ctx context.Context, how string, args []string) error {
	l := newShortList(flag.NewFlagSet("jobs steering", flag.ContinueOnError))
	words, err := l.readWords(ctx, how, steeringAbout, args, 1)
	if err != nil {
		return err
	}
	server := l.client(l.Attempts)
	steering, err := client.Call(ctx, server, drover.DescribeSteering,
		&drover.DescribeSteeringRequest{JobID: iot.JobID(words[0])})
	if err != nil {
		return err
	}
	warn(steering)
	hint := ""
	if len(steering.Settings) == 0 {
		hint = "Nothing steers this job. \"drover jobs set --help\" says what can."
	}
	table := overview.SteeringTable(steering, overview.Now(ctx, server))
	return l.show(table, json.RawMessage(schema.Append(nil, steering)), hint)
}
