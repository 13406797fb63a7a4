package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/retry"
	"github.com/drover-iot/drover/client"
)

// retryAbout is the help text of drover jobs retry.
const retryAbout = `Try a job again on the things on which it has failed: each whose last attempt has ended so gets
another one, at the rate of the rollout, and apart from the retries of the job's own configuration.
Single things may be named, 50 at most.

  drover jobs retry fw-2
  drover jobs retry fw-2 --status TIMED_OUT,REJECTED
  drover jobs retry fw-2 --thing pump-07,pump-08

A job that has ended cannot do so. Then --as creates a job for these things: with the same document,
configurations and tags, as a snapshot and without a schedule. The things are at most 100, as a job
names no more.

  drover jobs retry fw-2 --as fw-2-again`

// words is a flag that has words behind commas or blanks, and may be given more than once.
type words []string

func (w *words) String() string { return strings.Join(*w, ",") }

func (w *words) Set(text string) error {
	blank := func(r rune) bool { return r == ',' || r == ' ' }
	*w = append(*w, strings.FieldsFunc(text, blank)...)
	return nil
}

// retryJob tries again what has failed (R-STR-60).
func retryJob(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("jobs retry", flag.ContinueOnError)
	failed := drover.FailedStatus("").Constraint().OneOf
	var statuses, things words
	flags.Var(&statuses, "status", "`"+strings.Join(failed, "|")+"`: how the last attempt has ended; "+
		"several behind commas (default: any of them)")
	flags.Var(&things, "thing", "only the things of these `names`, behind commas")
	newID := flags.String("as", "", "create a job with this `id` for the things")
	c := newCaller(flags)
	given, err := parseWords(flags, args, how, retryAbout)
	if err != nil {
		return err
	}
	if len(given) != 1 || given[0] == "" {
		return wrongWords(flags)
	}
	if len(statuses) == 0 {
		statuses = failed
	}
	for _, status := range statuses {
		if !slices.Contains(failed, status) {
			return wrongValue(flags, "--status %s is refused: must be one of %s", status, strings.Join(failed, ", "))
		}
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	if *newID != "" {
		return c.retryAs(ctx, given[0], *newID, statuses, things)
	}
	return c.retryIn(ctx, given[0], statuses, things)
}

// retryIn has an active job try again.
func (c *caller) retryIn(ctx context.Context, id string, statuses, things words) error {
	answer, err := client.Call(ctx, c.client(c.Attempts), drover.RetryJobExecutions,
		&drover.RetryJobExecutionsRequest{
			JobID:    iot.JobID(id),
			Statuses: typed[drover.FailedStatus](statuses),
			Things:   typed[iot.ThingName](things),
		})
	if err != nil {
		return err
	}
	if answer.Found == 0 {
		fmt.Fprintf(os.Stderr, "No execution of %s has ended so.\n", id)
		return nil
	}
	fmt.Printf("%s: %d to try again\n", id, answer.Found)
	return nil
}

// retryAs creates a job for what has failed in another one.
func (c *caller) retryAs(ctx context.Context, id, newID string, statuses, things words) error {
	err := retry.Create(ctx, c.client(c.Attempts), retry.Order{
		Job:      iot.JobID(id),
		NewID:    iot.JobID(newID),
		Statuses: typed[iot.ExecutionStatus](statuses),
		Things:   things,
	})
	if err == nil {
		fmt.Println(newID)
	}
	return err
}

// typed turns words into another type of text, nil for none.
func typed[T ~string](words []string) (out []T) {
	for _, word := range words {
		out = append(out, T(word))
	}
	return out
}
