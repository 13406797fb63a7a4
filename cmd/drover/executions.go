package main

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/overview"
)

const executionsAbout = `List which thing is how far with a job: the number of its execution, which a retry raises, its
status, and how long ago it was queued and was changed last.

  drover jobs executions fw-2
  drover jobs executions fw-2 --status FAILED
  drover jobs executions fw-2 --output json --limit 10000

"drover explain THING JOB" says why one of them does not go on, "drover jobs failures JOB" why they fail.`

// listExecutions lists the executions of a job (R-CMD-172).
func listExecutions(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("jobs executions", flag.ContinueOnError)
	statuses := iot.ExecutionStatus("").Constraint().OneOf
	status := flags.String("status", "",
		"only executions of a status: `"+strings.Join(statuses, "|")+"`")
	l := newList(flags)
	words, err := l.readWords(ctx, how, executionsAbout, args, 1)
	if err != nil {
		return err
	}
	if *status != "" && !slices.Contains(statuses, *status) {
		return wrongValue(flags, "--status %s is refused: must be %s", *status,
			strings.Join(statuses, ", "))
	}
	f := overview.ExecutionFilter{Job: words[0], Status: *status, Limit: *l.limit}
	server := l.client(l.Attempts)
	all, cut, err := overview.Executions(ctx, server, f)
	if err != nil {
		return err
	}
	hint := l.more(cut)
	switch {
	case len(all) > 0:
	case f.Status != "":
		hint = fmt.Sprintf("No execution of %s is %s.", f.Job, f.Status)
	default:
		hint = fmt.Sprintf("%[1]s has no executions yet. \"drover explain %[1]s\" says what it waits for.",
			f.Job)
	}
	table := overview.ExecutionTable(all, overview.Now(ctx, server))
	return l.show(table, map[string]any{"executions": all}, hint)
}
