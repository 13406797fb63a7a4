package main

import (
	"context"
	"flag"
	"os"

	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/terminal"
)

// watchAbout is the help text of drover jobs watch.
const watchAbout = `Watch a job: its executions by status as a bar and as numbers, the configured and the actual rate,
how near its abort criteria are, and the executions that changed last. It ends with the job, or when
q is pressed, which does nothing to the job.

  drover jobs watch fw-2-5

In the bar # has succeeded, ! has ended otherwise, > is in progress, - is queued. Of a job with more
than 250 executions, some are looked at for those that changed last: those in progress, and those
that went wrong. Where there is no terminal, a line says what has changed, as with --wait. The exit
status is 0 when every execution has succeeded or q was pressed, 1 otherwise.`

// watchJob shows a job until it has ended (R-CMD-158).
func watchJob(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("jobs watch", flag.ContinueOnError)
	c := newCaller(flags)
	words, err := parseWords(flags, args, how, watchAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return wrongWords(flags)
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	screen := terminal.Of(os.Stdout)
	if !terminal.Moves(screen, os.Getenv) {
		f := c.follower()
		f.Progress = terminal.NewProgress(os.Stdout, os.Getenv)
		f.Endless = true
		return f.Job(ctx, words[0], false)
	}
	w := &overview.Watch{
		Client: c.client(1),
		ID:     words[0],
		Screen: screen,
		Keys:   os.Stdin,
		Colors: terminal.Colors(screen, os.Getenv),
	}
	return w.Run(ctx)
}
