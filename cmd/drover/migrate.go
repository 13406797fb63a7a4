package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"

	"github.com/drover-iot/drover/migrate"
)

// drover import and export: a fleet moves between an AWS account and a Drover (R-MOV-1).
// docs/moving.md says more.

// importVerbs and exportVerbs are the kinds of server at the other end.
func importVerbs() []verb { return []verb{{"aws", "[options]", importAWS}} }
func exportVerbs() []verb { return []verb{{"aws", "[options]", exportAWS}} }

// importAbout is the help text of drover import aws.
const importAbout = `Copy a fleet from an AWS account into this Drover: thing types, billing groups, thing groups, things,
policies, certificates, what is attached to what, job templates, and jobs that can still run. The
account is only read. Look at the plan first:

  drover import aws --plan --profile prod --region eu-west-1
  drover import aws --profile prod --region eu-west-1
  drover import aws --profile prod --region eu-west-1 --only types,groups,things,memberships

What is there already stays as it is; where it differs, that is reported. So the command may be
interrupted and run again, and a second run has nothing to do.

A thing that has finished a job in any way, or is at it, never gets it again. Jobs arrive paused, for
a group of those things that have not begun. Before "drover jobs resume": cancel the job in the
account, and run the import again, which takes out what has begun there meanwhile. Things without any
execution are left out too, unless --unreleased says that the rollout has not come to them.

The credentials of the account are found as the aws command line finds them. The Drover is the one
that runs here, or that of --data, --endpoint-url or AWS_ENDPOINT_URL. The exit status is 1 when
something could not come. Private keys are with the devices, and are not part of this.`

// exportAbout is the help text of drover export aws.
const exportAbout = `Copy a fleet from this Drover into an AWS account, the other way than "drover import aws". In the
account things are only created: nothing is deleted or changed. Look at the plan first:

  drover export aws --plan --profile prod --region eu-west-1
  drover export aws --profile prod --region eu-west-1

An account knows no pause of jobs: an exported job starts at once. So only jobs that are paused here
are exported, for the things that have not begun; cancel them here afterwards. Dynamic groups need
fleet indexing to be switched on in the account. What Drover adds to jobs by tags has no effect there.`

// importAWS copies an account into this Drover.
func importAWS(ctx context.Context, how string, args []string) error {
	return newMigration("import aws", "source").run(ctx, how, importAbout, args)
}

// exportAWS copies this Drover into an account.
func exportAWS(ctx context.Context, how string, args []string) error {
	return newMigration("export aws", "target").run(ctx, how, exportAbout, args)
}

// A migration is one call of drover import or export.
type migration struct {
	flags            *flag.FlagSet
	account          account
	drover           droverEnd
	only             words
	plan, unreleased *bool
	output           *string
	export           bool
}

// newMigration makes the flags of a command. account is the end that is the account.
func newMigration(name, account string) *migration {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	a := newAccount(flags, account)
	m := &migration{
		flags:      flags,
		account:    a,
		drover:     newDroverEnd(flags, a),
		plan:       flags.Bool("plan", false, "say what would be done, and do nothing"),
		unreleased: flags.Bool("unreleased", false, "take things along that have no execution of a job yet"),
		output:     flags.String("output", "table", "`table|json`: for people or for scripts"),
		export:     account == "target",
	}
	var kinds []string
	for _, kind := range migrate.Kinds() {
		kinds = append(kinds, string(kind))
	}
	flags.Var(&m.only, "only", "the `kinds` to copy, behind commas: "+strings.Join(kinds, ", "))
	return m
}

// run copies.
func (m *migration) run(ctx context.Context, how, about string, args []string) error {
	left, err := parseWords(m.flags, args, how, about)
	if err != nil {
		return err
	}
	kinds := typed[migrate.Kind](m.only)
	for _, kind := range kinds {
		if !slices.Contains(migrate.Kinds(), kind) {
			return wrongValue(m.flags, "--only %s is refused: must be one of the kinds that --help lists", kind)
		}
	}
	switch {
	case len(left) > 0:
		return wrongValue(m.flags, "%q belongs to nothing: the rest are options", left[0])
	case *m.output != "table" && *m.output != "json":
		return wrongValue(m.flags, "--output %s is refused: must be table or json", *m.output)
	case !(*m.account.rate > 0):
		return wrongValue(m.flags, "--rate %v is refused: must be more than 0", *m.account.rate)
	}
	drover, account, err := m.ends(ctx)
	if err != nil {
		return err
	}
	source, target := account, drover
	if m.export {
		source, target = drover, account
	}
	return m.copy(ctx, source, target, kinds)
}

// ends are the clients of both ends.
func (m *migration) ends(ctx context.Context) (drover, account *iot.Client, err error) {
	if drover, err = m.drover.client(ctx); err != nil {
		return nil, nil, err
	}
	if account, err = m.account.client(); err != nil {
		return nil, nil, err
	}
	if aws.ToString(account.Options().BaseEndpoint) == aws.ToString(drover.Options().BaseEndpoint) {
		return nil, nil, fmt.Errorf("both ends are %s: give --endpoint-url or --data for the Drover",
			aws.ToString(drover.Options().BaseEndpoint))
	}
	return drover, account, nil
}

// copy copies from one to the other, and reports.
func (m *migration) copy(
	ctx context.Context, source, target *iot.Client, kinds []migrate.Kind,
) error {
	line := newProgressLine()
	report := newMigrationReport(os.Stdout, *m.output == "json", *m.plan, line)
	began := time.Now()
	summary, err := migrate.Copy(ctx, source, target, migrate.Options{
		Only:       kinds,
		Plan:       *m.plan,
		Export:     m.export,
		Unreleased: *m.unreleased,
		Found:      report.found,
		Progress: func(kind migrate.Kind, done int) {
			text := fmt.Sprintf("%s: %d", kind, done)
			line.Show(text, text, false, time.Now())
		},
	})
	line.End()
	if shown := report.end(summary, err == nil); shown != nil {
		return shown
	}
	if err != nil {
		return failed(ctx, "not all was copied; run the command again to go on", err)
	}
	fmt.Fprintf(os.Stderr, "In %s.\n", time.Since(began).Round(100*time.Millisecond))
	if summary.Count(migrate.Refused) > 0 {
		return exitStatus(1)
	}
	return nil
}
