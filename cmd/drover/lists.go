package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/cli/terminal"
)

// drover jobs list, drover things list and drover nodes: tables for people, JSON for scripts
// (R-CMD-157).

// usualLimit is how many rows a list has unless more are asked for.
const usualLimit = 20

// A list is one call of a command that lists.
type list struct {
	*caller
	flags  *flag.FlagSet
	limit  *int
	output *string
}

// newList adds the options that every list of what may be many has to its flags.
func newList(flags *flag.FlagSet) list {
	l := newShortList(flags)
	l.limit = flags.Int("limit", usualLimit, "`number` of rows at most")
	return l
}

// newShortList adds the options that every list has: it is shown whole.
func newShortList(flags *flag.FlagSet) list {
	return list{
		limit:  new(usualLimit),
		output: flags.String("output", "table", "`table|json`: for people or for scripts"),
		flags:  flags,
		caller: newCaller(flags),
	}
}

// read reads the words of a list and finds the server.
func (l list) read(ctx context.Context, how, about string, args []string) error {
	_, err := l.readWords(ctx, how, about, args, 0)
	return err
}

// readWords is read for a command with so many words beside its options.
func (l list) readWords(
	ctx context.Context, how, about string, args []string, n int,
) (words []string, err error) {
	return l.readSome(ctx, how, about, args, n, n)
}

// readSome is readWords for a number of words from least to most.
func (l list) readSome(
	ctx context.Context, how, about string, args []string, least, most int,
) (words []string, err error) {
	if words, err = parseWords(l.flags, args, how, about); err != nil {
		return nil, err
	}
	switch {
	case len(words) < least || slices.Contains(words, ""):
		return nil, wrongWords(l.flags)
	case len(words) > most:
		return nil, wrongValue(l.flags, "%q belongs to nothing: the rest are options", words[most])
	case *l.limit < 1:
		return nil, wrongValue(l.flags, "--limit %d is refused: must be 1 or more", *l.limit)
	case *l.output != "table" && *l.output != "json":
		return nil, wrongValue(l.flags, "--output %s is refused: must be table or json", *l.output)
	}
	return words, l.find(ctx)
}

// show prints a list: rows as a table, or all as JSON. hint follows on standard error, and is for
// people.
func (l list) show(table overview.Table, all any, hint string) error {
	if *l.output == "json" {
		encoder := json.NewEncoder(os.Stdout)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "    ")
		return encoder.Encode(all)
	}
	screen := terminal.Of(os.Stdout)
	columns, _ := terminal.Size(screen)
	if len(table.Rows) > 0 {
		fmt.Print(table.String(columns, terminal.Colors(screen, os.Getenv)))
	}
	if hint != "" {
		fmt.Fprintln(os.Stderr, hint)
	}
	return nil
}

// more is the hint below a list that the limit has cut.
func (l list) more(cut bool) string {
	if !cut {
		return ""
	}
	return fmt.Sprintf("There are more than these %d: --limit %d shows them.", *l.limit, *l.limit*5)
}

// jobsListAbout is the help text of drover jobs list.
const jobsListAbout = `List jobs, newest first: how many of the executions that were released have ended, with a plus
while the rollout creates more, and how many of them are FAILED, TIMED_OUT or REJECTED.

  drover jobs list
  drover jobs list --status IN_PROGRESS --group site-1
  drover jobs list --thing pump-07 --limit 5
  drover jobs list --output json --limit 500

The rows of --output json have the members jobId, status, paused, targets, executions, ended,
unsuccessful (ended and not SUCCEEDED), failed, releasing and createdAt.`

// listJobs lists jobs.
func listJobs(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("jobs list", flag.ContinueOnError)
	var f overview.JobFilter
	statuses := strings.Join(iot.JobStatus("").Constraint().OneOf, "|")
	flags.StringVar(&f.Status, "status", "", "only jobs of a status: `"+statuses+"`")
	flags.StringVar(&f.Group, "group", "", "only jobs that have the group of this `name` as a target")
	flags.StringVar(&f.Thing, "thing", "", "only jobs with an execution for the thing of this `name`")
	l := newList(flags)
	if err := l.read(ctx, how, jobsListAbout, args); err != nil {
		return err
	}
	if f.Group != "" && f.Thing != "" {
		return wrongValue(flags, "--group and --thing cannot be given together")
	}
	f.Limit = *l.limit
	server := l.client(l.Attempts)
	jobs, cut, err := overview.Jobs(ctx, server, f)
	if err != nil {
		return err
	}
	hint := l.more(cut)
	switch {
	case len(jobs) > 0:
	case f.Status+f.Group+f.Thing != "":
		hint = "There is no such job. \"drover jobs list\" shows all of them."
	default:
		hint = "There is no job yet. \"drover jobs create --help\" and \"drover iot create-job help\" " +
			"say how to make one."
	}
	table := overview.JobTable(jobs, overview.Now(ctx, server))
	return l.show(table, map[string]any{"jobs": jobs}, hint)
}

// thingsListAbout is the help text of drover things list.
const thingsListAbout = `List things by name: their type, their groups, and whether they are connected over MQTT, and
since when. A thing that was not seen since the server started has a dash.

  drover things list
  drover things list --group site-1 --type pump --jobs
  drover things list --query 'connectivity.connected:false AND attributes.version<3'
  drover things list --output json --limit 1000

The query language is that of the fleet index: "drover iot search-index help".`

// listThings lists things.
func listThings(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("things list", flag.ContinueOnError)
	var f overview.ThingFilter
	flags.StringVar(&f.Type, "type", "", "only things of the type of this `name`")
	flags.StringVar(&f.Group, "group", "",
		"only things in the group of this `name`, or in one below it")
	flags.StringVar(&f.Query, "query", "", "only things that match a `query` of the fleet index")
	flags.BoolVar(&f.Jobs, "jobs", false, "how many jobs wait or are in progress on each thing")
	l := newList(flags)
	if err := l.read(ctx, how, thingsListAbout, args); err != nil {
		return err
	}
	f.Limit = *l.limit
	things, cut, err := overview.Things(ctx, l.client(l.Attempts), f)
	if err != nil {
		return err
	}
	hint := l.more(cut)
	switch {
	case len(things) > 0:
	case f.Type+f.Group+f.Query != "":
		hint = "There is no such thing. \"drover things list\" shows all of them."
	default:
		hint = "There is no thing yet. \"drover iot create-thing help\" says how to make one."
	}
	table := overview.ThingTable(things, f.Jobs, time.Now())
	return l.show(table, map[string]any{"things": things}, hint)
}
