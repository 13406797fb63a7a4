package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/schema"
)

// timelineAbout is the help text of drover things timeline.
const timelineAbout = `Show what has happened to a thing, the newest first: when its executions were queued, started and ended,
what its device has reported last, whether its client is connected, and what operators have changed, by
the audit log.

  drover things timeline pump-07
  drover things timeline pump-07 --limit 200 --output json

It is made from what is stored: of the reports about an execution and of the connections of a client that
is the last one. The 2,000 executions that were queued last are looked at, and the 20,000 newest records
of the audit log; "drover audit list --resource thing/pump-07" finds older ones.`

// showTimeline shows what has happened to a thing (R-WEB-35).
func showTimeline(ctx context.Context, how string, args []string) error {
	l := newList(flag.NewFlagSet("things timeline", flag.ContinueOnError))
	given, err := l.readWords(ctx, how, timelineAbout, args, 1)
	if err != nil {
		return err
	}
	server := l.client(l.Attempts)
	all := drover.ListThingEventsResponse{Events: []drover.ThingEvent{}}
	in := &drover.ListThingEventsRequest{ThingName: iot.ThingName(given[0])}
	for more := true; more && len(all.Events) <= *l.limit; {
		page, err := client.Call(ctx, server, drover.ListThingEvents, in)
		if err != nil {
			return err
		}
		all.Events = append(all.Events, page.Events...)
		all.CompleteSince, in.NextToken, more = page.CompleteSince, page.NextToken, page.NextToken != nil
	}
	cut := len(all.Events) > *l.limit
	all.Events = all.Events[:min(len(all.Events), *l.limit)]
	hint := l.more(cut)
	if since := all.CompleteSince; !cut && since != nil {
		hint = fmt.Sprintf("There may be more from before %s.", since.Time().Format(time.RFC3339))
	}
	return l.show(overview.TimelineTable(all.Events), json.RawMessage(schema.Append(nil, all)), hint)
}
