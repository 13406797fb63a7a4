package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// failuresAbout is the help text of drover jobs failures.
const failuresAbout = `Show which things of a job fail: why, by what they said, and what those have in common that fail more
often than the others: a thing type, the value of an attribute, a group among the targets.

  drover jobs failures fw-2
  drover jobs failures fw-2 --output json
  drover jobs failures fw-2 --create-group fw-2-good --without thing-type=valve

Counted are first attempts that have ended. P is how probable a difference as large would be by chance
alone (Fisher's exact test, corrected for the number of groups); groups below 0.05 with five failures or
more come first, in red. A reason is new when none of the twenty jobs before has it. Attributes with more
than 50 values, such as serial numbers, are no groups.

With --create-group a static group is made of the targets of the job, without the things that --without
names, in the words of the table: thing-type=TYPE, group=GROUP, attribute.NAME=VALUE. A job for this group
leaves them out.`

// showFailures shows which things of a job fail (R-FAIL-1).
func showFailures(ctx context.Context, how string, args []string) error {
	l := newList(flag.NewFlagSet("jobs failures", flag.ContinueOnError))
	group := l.flags.String("create-group", "", "make a static group of this `name` of the targets")
	var without repeated
	l.flags.Var(&without, "without", "`trait` of things that are left out of the group; may be repeated")
	given, err := l.readWords(ctx, how, failuresAbout, args, 1)
	if err != nil {
		return err
	}
	if *group != "" {
		return l.createGroup(ctx, iot.JobID(given[0]), iot.ThingGroupName(*group), traits(without))
	}
	if len(without) > 0 {
		return wrongValue(l.flags, "--without is for --create-group")
	}
	found, err := client.Call(ctx, l.client(l.Attempts), drover.DescribeFailures,
		&drover.DescribeFailuresRequest{JobID: iot.JobID(given[0])})
	if err != nil {
		return err
	}
	all := json.RawMessage(schema.Append(nil, found))
	if *l.output == "json" {
		return l.show(overview.Table{}, all, "")
	}
	cut := len(found.Groups) > *l.limit
	found.Groups = found.Groups[:min(len(found.Groups), *l.limit)]
	for i, table := range overview.FailureTables(found) {
		if i > 0 {
			fmt.Println()
		}
		if err := l.show(table, all, ""); err != nil {
			return err
		}
	}
	return l.show(overview.Table{}, all, l.more(cut))
}

// repeated is a flag that may be given more than once.
type repeated []string

func (r *repeated) String() string { return strings.Join(*r, " ") }

func (r *repeated) Set(text string) error {
	*r = append(*r, text)
	return nil
}

// traits are the words of --without.
func traits(given repeated) (texts drover.TraitTexts) {
	for _, text := range given {
		texts = append(texts, drover.TraitText(text))
	}
	return texts
}
