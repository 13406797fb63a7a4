package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/schema"
)

// drover things hold, release and holds: single things that get no work (R-STR-14).

// holdAbout is the help text of drover things hold.
const holdAbout = `Hold a thing: it does not see what is QUEUED for it, of any job, and cannot start it. What is
IN_PROGRESS goes on. It is held until it is released, or until a time. A thing that is held already
gets the new reason and the new end.

  drover things hold pump-07 its line is busy
  drover things hold pump-07 ticket 4711 --until 2030-01-02T15:04:05Z
  drover things hold pump-07 ticket 4711 --until 36h`

// holdThing holds a thing.
func holdThing(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("things hold", flag.ContinueOnError)
	until := flags.String("until", "", "`time` at which the hold ends by itself, or how long it is: "+
		"2030-01-02T15:04:05Z, 90m, 36h, 7d")
	c := newCaller(flags)
	words, err := parseWords(flags, args, how, holdAbout)
	if err != nil {
		return err
	}
	const thingAndReason = 2
	if len(words) < thingAndReason || words[0] == "" {
		return wrongWords(flags)
	}
	request := &drover.HoldThingRequest{
		ThingName: iot.ThingName(words[0]),
		Reason:    drover.HoldReason(strings.Join(words[1:], " ")),
	}
	by, isSpan := time.Duration(0), false
	if *until != "" {
		at, timeErr := time.Parse(time.RFC3339, *until)
		span, spanErr := clock.ParseDuration(*until)
		if by, isSpan = span, spanErr == nil; timeErr != nil && spanErr != nil {
			return wrongValue(flags, "--until %s is neither a time such as 2030-01-02T15:04:05Z "+
				"nor a duration such as 36h", *until)
		}
		request.Until = new(schema.At(at))
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	server := c.client(c.Attempts)
	if isSpan { // by the clock of the server, which may be a virtual one
		request.Until = new(schema.At(overview.Now(ctx, server).Add(by)))
	}
	hold, err := client.Call(ctx, server, drover.HoldThing, request)
	if err != nil {
		return err
	}
	fmt.Println(holdLine(*hold))
	return nil
}

// holdLine says that a thing is held.
func holdLine(h drover.Hold) string {
	text := fmt.Sprintf("%s is held", h.ThingName)
	if h.Until != nil {
		text += " until " + h.Until.Time().Format(time.RFC3339)
	}
	return text + ": " + string(h.Reason)
}

// releaseAbout is the help text of drover things release.
const releaseAbout = `Release a thing that is held: it sees what is QUEUED for it.

  drover things release pump-07`

// releaseThing releases a thing.
func releaseThing(ctx context.Context, how string, args []string) error {
	flags := flag.NewFlagSet("things release", flag.ContinueOnError)
	c := newCaller(flags)
	words, err := parseWords(flags, args, how, releaseAbout)
	if err != nil {
		return err
	}
	if len(words) != 1 || words[0] == "" {
		return wrongWords(flags)
	}
	if err := c.find(ctx); err != nil {
		return err
	}
	_, err = client.Call(ctx, c.client(c.Attempts), drover.ReleaseThing,
		&drover.ReleaseThingRequest{ThingName: iot.ThingName(words[0])})
	if err == nil {
		fmt.Printf("%s is released\n", words[0])
	}
	return err
}

// holdsAbout is the help text of drover things holds.
const holdsAbout = `List the things that are held, in the order in which they were created: why, since when and until
when.

  drover things holds
  drover things holds --output json --limit 1000

The rows of --output json are those of GET /_drover/holds: thingName, reason, since and until.`

// listHolds lists the things that are held.
func listHolds(ctx context.Context, how string, args []string) error {
	l := newList(flag.NewFlagSet("things holds", flag.ContinueOnError))
	if err := l.read(ctx, how, holdsAbout, args); err != nil {
		return err
	}
	server := l.client(l.Attempts)
	page := drover.ListHoldsResponse{Holds: []drover.Hold{}}
	cut := false
	for hold, err := range client.All(ctx, server, drover.ListHolds, &drover.ListHoldsRequest{}) {
		if err != nil {
			return err
		}
		if cut = len(page.Holds) == *l.limit; cut {
			break
		}
		page.Holds = append(page.Holds, hold)
	}
	hint := l.more(cut)
	if len(page.Holds) == 0 {
		hint = "No thing is held."
	}
	table := overview.HoldTable(page.Holds, overview.Now(ctx, server))
	return l.show(table, json.RawMessage(schema.Append(nil, page)), hint)
}
