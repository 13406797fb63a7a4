package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// progressAbout is the help text of drover jobs progress.
const progressAbout = `Show how a job went so far: how many executions had been released at which time, and how many had
ended.

  drover jobs progress fw-2
  drover jobs progress fw-2 --output json

Executions are counted: a retry is one more. In the chart, minus signs are the executions that had been
released, hashes those that had ended, and exclamation marks those of them that had failed, timed out
or been rejected. What comes next is what drover forecast job says.`

// showProgress shows how a job went (R-WEB-30).
func showProgress(ctx context.Context, how string, args []string) error {
	l := newShortList(flag.NewFlagSet("jobs progress", flag.ContinueOnError))
	given, err := l.readWords(ctx, how, progressAbout, args, 1)
	if err != nil {
		return err
	}
	found, err := client.Call(ctx, l.client(l.Attempts), drover.DescribeJobProgress,
		&drover.DescribeJobProgressRequest{JobID: iot.JobID(given[0])})
	if err != nil {
		return err
	}
	if *l.output == "json" {
		return l.show(overview.Table{}, json.RawMessage(schema.Append(nil, found)), "")
	}
	screen := terminal.Of(os.Stdout)
	columns, _ := terminal.Size(screen)
	fmt.Println(overview.Progress(found, columns, terminal.Colors(screen, os.Getenv)))
	return nil
}
