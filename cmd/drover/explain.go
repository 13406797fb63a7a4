package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/drover-iot/drover/api"
	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// explainAbout is the help text of drover explain.
const explainAbout = `Explain why a thing has not done a job, or what a job waits for: a verdict, and
the reasons in the order in which they bind. The first holds now; when it is gone, the second does.

  drover explain pump-07 fw-2
  drover explain pump-07
  drover explain fw-2
  drover explain pump-07 fw-2 --output json

A thing alone is explained with the first job that it sees, else the first that is pending, else
the newest that has still to come to it. A word that names both a thing and a job needs --thing or
--job. The verdict is DONE, RUNNING, WAITING, BLOCKED (somebody has to act), NOT_TARGETED or
UNKNOWN_THING.

The members of --output json are those of GET /_drover/things/THING/explain, or of
GET /_drover/jobs/JOB/explain.`

// explainHow is what follows drover explain.
const explainHow = "THING [JOB] [options]"

// explain explains a thing or a job (R-EXP-1, R-EXP-3).
func explain(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	isThing := flags.Bool("thing", false, "the word is the name of a thing")
	isJob := flags.Bool("job", false, "the word is the id of a job")
	l := newShortList(flags)
	words, err := l.readSome(ctx, explainHow, explainAbout, args, 1, 2)
	if err != nil {
		return err
	}
	if *isThing && *isJob || *isJob && len(words) > 1 {
		return wrongValue(flags, "--job is for one word alone, and not for --thing")
	}
	x := explainer{list: l, server: l.client(l.Attempts)}
	switch {
	case len(words) > 1:
		return x.thing(ctx, words[0], (*iot.JobID)(&words[1]))
	case *isThing:
		return x.thing(ctx, words[0], nil)
	case *isJob:
		return x.job(ctx, words[0])
	}
	return x.either(ctx, words[0])
}

// explainer asks the server.
type explainer struct {
	list
	server *client.Client
}

// thing explains a thing.
func (x explainer) thing(ctx context.Context, name string, job *iot.JobID) error {
	answer, err := x.askThing(ctx, name, job)
	if err != nil {
		return err
	}
	return x.showThing(ctx, answer)
}

func (x explainer) askThing(
	ctx context.Context, name string, job *iot.JobID,
) (*drover.ThingExplanation, error) {
	return client.Call(ctx, x.server, drover.ExplainThing,
		&drover.ExplainThingRequest{ThingName: iot.ThingName(name), JobID: job})
}

func (x explainer) showThing(ctx context.Context, answer *drover.ThingExplanation) error {
	return x.show(ctx, overview.ThingExplanation(answer), schema.Append(nil, answer))
}

// job explains a job.
func (x explainer) job(ctx context.Context, id string) error {
	answer, err := x.askJob(ctx, id)
	if err != nil {
		return err
	}
	return x.showJob(ctx, answer)
}

func (x explainer) askJob(ctx context.Context, id string) (*drover.JobExplanation, error) {
	return client.Call(ctx, x.server, drover.ExplainJob,
		&drover.ExplainJobRequest{JobID: iot.JobID(id)})
}

func (x explainer) showJob(ctx context.Context, answer *drover.JobExplanation) error {
	return x.show(ctx, overview.JobExplanation(answer), schema.Append(nil, answer))
}

// either explains what a word names: a thing or a job. A word that names both is refused, and one
// that names neither is answered as a thing that does not exist.
func (x explainer) either(ctx context.Context, word string) error {
	thing, err := x.askThing(ctx, word, nil)
	if err != nil {
		return err
	}
	job, err := x.askJob(ctx, word)
	noJob := errors.Is(err, api.ResourceNotFound) || errors.Is(err, api.InvalidRequest)
	switch {
	case err != nil && !noJob:
		return err
	case noJob:
		return x.showThing(ctx, thing)
	case thing.Verdict == "UNKNOWN_THING":
		return x.showJob(ctx, job)
	}
	fmt.Fprintf(os.Stderr, "drover explain: %s is a thing and a job: add --thing or --job\n", word)
	return errUsage
}

// show shows an explanation for people or for scripts.
func (x explainer) show(ctx context.Context, e overview.Explanation, answer []byte) error {
	if *x.output == "json" {
		return x.list.show(overview.Table{}, json.RawMessage(answer), "")
	}
	screen := terminal.Of(os.Stdout)
	columns, _ := terminal.Size(screen)
	fmt.Print(e.String(overview.Now(ctx, x.server), columns, terminal.Colors(screen, os.Getenv)))
	return nil
}
