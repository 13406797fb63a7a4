package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/overview"
	"github.com/drover-iot/drover/client"
	"github.com/drover-iot/drover/internal/clock"
)

// drover sinks list, show, dead-letters, retry and discard (R-SNK-10, R-SNK-15).

// listSinksAbout is the help text of drover sinks list.
const listSinksAbout = `List sinks by name: what waits for each, and what it could not be given.

  drover sinks list
  drover sinks list --output json`

// listSinks lists sinks.
func listSinks(ctx context.Context, how string, args []string) error {
	l := newList(flag.NewFlagSet("sinks list", flag.ContinueOnError))
	if err := l.read(ctx, how, listSinksAbout, args); err != nil {
		return err
	}
	page, cut := drover.ListSinksResponse{Sinks: []drover.Sink{}}, false
	request := &drover.ListSinksRequest{}
	for sink, err := range client.All(ctx, l.client(l.Attempts), drover.ListSinks, request) {
		if err != nil {
			return err
		}
		if cut = len(page.Sinks) == *l.limit; cut {
			break
		}
		page.Sinks = append(page.Sinks, sink)
	}
	hint := l.more(cut)
	if len(page.Sinks) == 0 {
		hint = "There is no sink."
	}
	return l.show(overview.SinkTable(page.Sinks, clock.Now()), page, hint)
}

// showSinkAbout is the help text of drover sinks show.
const showSinkAbout = `Show a sink and how it does.

  drover sinks show ops
  drover sinks show ops --output json`

// showSink shows a sink.
func showSink(ctx context.Context, how string, args []string) error {
	l := newShortList(flag.NewFlagSet("sinks show", flag.ContinueOnError))
	words, err := l.readWords(ctx, how, showSinkAbout, args, 1)
	if err != nil {
		return err
	}
	sink, err := client.Call(ctx, l.client(l.Attempts), drover.DescribeSink,
		&drover.DescribeSinkRequest{SinkName: drover.SinkName(words[0])})
	if err != nil {
		return err
	}
	if *l.output != "json" {
		warnOf(sink.Warnings)
	}
	return l.show(overview.SinkDetails(*sink, clock.Now()), sink, "")
}

// deadLettersAbout is the help text of drover sinks dead-letters.
const deadLettersAbout = `List the events that a sink could not be given, the oldest first. --output json has their payloads.

  drover sinks dead-letters ops
  drover sinks dead-letters ops --output json --limit 1000`

// listDeadLetters lists dead letters.
func listDeadLetters(ctx context.Context, how string, args []string) error {
	l := newList(flag.NewFlagSet("sinks dead-letters", flag.ContinueOnError))
	words, err := l.readWords(ctx, how, deadLettersAbout, args, 1)
	if err != nil {
		return err
	}
	page, cut := drover.ListDeadLettersResponse{DeadLetters: []drover.DeadLetter{}}, false
	request := &drover.ListDeadLettersRequest{SinkName: drover.SinkName(words[0])}
	for letter, err := range client.All(ctx, l.client(l.Attempts), drover.ListDeadLetters, request) {
		if err != nil {
			return err
		}
		if cut = len(page.DeadLetters) == *l.limit; cut {
			break
		}
		page.DeadLetters = append(page.DeadLetters, letter)
	}
	hint := l.more(cut)
	if len(page.DeadLetters) == 0 {
		hint = "There is no dead letter."
	}
	return l.show(overview.DeadLetterTable(page.DeadLetters, clock.Now()), page, hint)
}

// retryLettersAbout is the help text of drover sinks retry.
const retryLettersAbout = `Have dead letters of a sink sent again: those of some numbers, or all. Those that are delivered go.

  drover sinks retry ops
  drover sinks retry ops 4711 4712`

// retryDeadLetters has dead letters sent again.
func retryDeadLetters(ctx context.Context, how string, args []string) error {
	c, name, ids, err := readLetters(ctx, "sinks retry", how, retryLettersAbout, args)
	if err != nil {
		return err
	}
	request := &drover.RetryDeadLettersRequest{SinkName: name, DeadLetterIDs: ids}
	done, err := client.Call(ctx, c.client(c.Attempts), drover.RetryDeadLetters, request)
	if err == nil {
		fmt.Printf("%d are sent again\n", done.Count)
	}
	return err
}

// discardLettersAbout is the help text of drover sinks discard.
const discardLettersAbout = `Delete dead letters of a sink: those of some numbers, or all.

  drover sinks discard ops
  drover sinks discard ops 4711 4712`

// discardDeadLetters deletes dead letters.
func discardDeadLetters(ctx context.Context, how string, args []string) error {
	c, name, ids, err := readLetters(ctx, "sinks discard", how, discardLettersAbout, args)
	if err != nil {
		return err
	}
	request := &drover.DeleteDeadLettersRequest{SinkName: name, DeadLetterIDs: ids}
	done, err := client.Call(ctx, c.client(c.Attempts), drover.DeleteDeadLetters, request)
	if err == nil {
		fmt.Printf("%d are deleted\n", done.Count)
	}
	return err
}

// readLetters reads the name of a sink and the numbers of dead letters, and finds the server.
func readLetters(ctx context.Context, command, how, about string, args []string) (
	c *caller, name drover.SinkName, ids drover.DeadLetterIDs, err error,
) {
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	c = newCaller(flags)
	words, err := parseWords(flags, args, how, about)
	if err != nil {
		return nil, "", nil, err
	}
	if len(words) == 0 || words[0] == "" {
		return nil, "", nil, wrongWords(flags)
	}
	for _, word := range words[1:] {
		id, err := strconv.ParseInt(word, 10, 64)
		if err != nil {
			return nil, "", nil, wrongValue(flags, "%q is no number of a dead letter", word)
		}
		ids = append(ids, drover.DeadLetterID(id))
	}
	return c, drover.SinkName(words[0]), ids, c.find(ctx)
}
