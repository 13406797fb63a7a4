package storetest

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// fullSink is a sink with every member set.
func fullSink(id int64, name string) sink.Sink {
	return sink.Sink{
		ID: id, Name: name,
		Definition: sink.Definition{
			Kind: sink.Webhook, URL: "https://é.example/" + name, Enabled: true,
			Topics: []string{"#"}, Jobs: []string{"a*", "b"}, Subject: "s", CA: "ca",
			RetryFor: time.Hour, Mechanism: "m", Username: "u",
			Secrets: sink.Secrets{
				Signing: []byte{0, 1}, Previous: []byte{2}, PreviousUntil: at(9),
				Credentials: []byte{3}, Password: []byte{4},
			},
			CreatedAt: at(1), UpdatedAt: at(2), Version: 3,
		},
		Progress: sink.Progress{
			Position: id, Node: 2, Delivered: 3, Skipped: 4, Dropped: 5,
			LastDelivered: at(3), LastError: "refused", LastErrorAt: at(4),
		},
	}
}

func deadLetter(of, id int64) store.DeadLetter {
	return store.DeadLetter{
		Sink: of, ID: id,
		Event:       store.Event{Topic: fmt.Sprint("t", id), Payload: []byte("p")},
		PublishedAt: at(1), FailedAt: at(2),
		Attempts: 3,
		Reason:   "answered 500",
	}
}

func sinkChanges(c store.SinkChanges) store.Changes { return store.Changes{Sinks: c} }

// eventsOf are announcements with an event each, committed at a second.
func eventsOf(second int, ids ...int64) (c store.Changes) {
	c.Outbox.At = at(second)
	for _, id := range ids {
		events := []store.Event{{Topic: fmt.Sprint("t", id), Payload: []byte("payload")}}
		c.Outbox.Added = append(c.Outbox.Added, store.Announcement{ID: id, Events: events})
	}
	return c
}

// keptIDs are the announcements whose events wait for sinks.
func keptIDs(w world, after int64, limit int) []int64 {
	w.Helper()
	rows := read(w, func(r store.Reader) ([]store.SinkEvents, error) { return r.SinkEvents(after, limit) })
	return collect(rows, func(e store.SinkEvents) int64 { return e.ID })
}

var ofSinks = []promise{
	{"sinks are created, changed, listed by name and deleted with their dead letters", func(w world) {
		one, two := fullSink(1, "b"), fullSink(2, "B")
		w.apply(sinkChanges(store.SinkChanges{Created: []sink.Sink{one, two}, DeadLetters: []store.DeadLetter{deadLetter(1, 5), deadLetter(2, 5)}}))
		w.refused("a taken name", sinkChanges(store.SinkChanges{Created: []sink.Sink{fullSink(3, "b")}}))
		w.refused("a taken id", sinkChanges(store.SinkChanges{Created: []sink.Sink{fullSink(1, "c")}}))
		named := func(after string, limit int) []string {
			found := read(w, func(r store.Reader) ([]sink.Sink, error) { return r.Sinks(after, limit) })
			return collect(found, func(s sink.Sink) string { return s.Name })
		}
		same(w, "all", named("", 9), []string{"B", "b"})
		same(w, "after", named("B", 9), []string{"b"})
		same(w, "limit", named("", 1), []string{"B"})
		changed := one
		changed.URL, changed.Position = "https://other", 9
		w.apply(sinkChanges(store.SinkChanges{Definitions: []sink.Sink{changed}}))
		w.apply(sinkChanges(store.SinkChanges{Progress: []sink.Sink{{ID: 1, Progress: sink.Progress{Position: 7}}}}))
		one.URL, one.Progress = "https://other", sink.Progress{Position: 7}
		got := read(w, func(r store.Reader) (sink.Sink, error) { return r.Sink("b") })
		same(w, "changed", got, one)
		w.apply(sinkChanges(store.SinkChanges{Deleted: []int64{1}}))
		w.refused("gone", sinkChanges(store.SinkChanges{Deleted: []int64{1}}))
		w.refused("progress of one that is gone", sinkChanges(store.SinkChanges{Progress: []sink.Sink{one}}))
		same(w, "left", named("", 9), []string{"B"})
		for id, want := range map[int64]int{1: 0, 2: 1} {
			n := read(w, func(r store.Reader) (int, error) { return r.DeadLetterCount(id) })
			same(w, "dead letters", n, want)
		}
	}},
	{"events are kept for sinks as long as there is one, whatever the nodes have passed", func(w world) { // R-SNK-11
		w.apply(eventsOf(1, 1))
		same(w, "without a sink", keptIDs(w, 0, 9), nil)
		w.apply(sinkChanges(store.SinkChanges{Created: []sink.Sink{fullSink(2, "a")}}), joinNodes(1))
		w.apply(eventsOf(2, 3, 4), announce(store.Announcement{ID: 5}), eventsOf(3, 6), passed(1, 9))
		same(w, "all", keptIDs(w, 0, 9), []int64{3, 4, 6})
		same(w, "after", keptIDs(w, 3, 1), []int64{4})
		row := read(w, func(r store.Reader) ([]store.SinkEvents, error) { return r.SinkEvents(4, 9) })
		want := eventsOf(3, 6).Outbox
		same(w, "whole", row, []store.SinkEvents{{ID: 6, At: want.At, Events: want.Added[0].Events}})
		waiting := func(after int64, limit int) int {
			return read(w, func(r store.Reader) (int, error) { return r.SinkWaiting(after, limit) })
		}
		same(w, "counts", [4]int{waiting(0, 9), waiting(3, 9), waiting(6, 9), waiting(0, 2)}, [4]int{3, 2, 0, 2})
		backlog := func() store.SinkBacklog { return read(w, store.Reader.SinkBacklog) }
		before := backlog()
		same(w, "ends", [2]int64{before.Oldest, before.Newest}, [2]int64{3, 6})
		same(w, "oldest", before.OldestAt, at(2))
		w.apply(sinkChanges(store.SinkChanges{Trim: 4}))
		same(w, "trimmed", keptIDs(w, 0, 9), []int64{6})
		if after := backlog(); after.Bytes <= 0 || after.Bytes*2 >= before.Bytes {
			w.Errorf("bytes: got %d after %d, want a third", after.Bytes, before.Bytes)
		}
		w.apply(sinkChanges(store.SinkChanges{Trim: 99}))
		same(w, "none", backlog(), store.SinkBacklog{})
	}},
	{"a change removes a page of the events of sinks", func(w world) {
		w.apply(sinkChanges(store.SinkChanges{Created: []sink.Sink{fullSink(1, "a")}}))
		for i := range int64(store.TrimPage + 2) {
			w.apply(eventsOf(1, i+2))
		}
		w.apply(sinkChanges(store.SinkChanges{Trim: 9999}))
		same(w, "left", keptIDs(w, 0, 9), []int64{store.TrimPage + 2, store.TrimPage + 3})
	}},
	{"dead letters are listed by number, marked, and removed", func(w world) {
		w.apply(sinkChanges(store.SinkChanges{Created: []sink.Sink{fullSink(1, "a")}}))
		w.refused("of no sink", sinkChanges(store.SinkChanges{DeadLetters: []store.DeadLetter{deadLetter(7, 1)}}))
		letters := []store.DeadLetter{deadLetter(1, 1), deadLetter(1, 3), deadLetter(1, 2)}
		w.apply(sinkChanges(store.SinkChanges{DeadLetters: letters}))
		w.refused("again", sinkChanges(store.SinkChanges{DeadLetters: letters[:1]}))
		list := func(q store.DeadLetterQuery) []store.DeadLetter {
			return read(w, func(r store.Reader) ([]store.DeadLetter, error) { return r.DeadLetters(q) })
		}
		same(w, "all", list(store.DeadLetterQuery{Sink: 1, Limit: 9}), []store.DeadLetter{letters[0], letters[2], letters[1]})
		same(w, "after", list(store.DeadLetterQuery{Sink: 1, After: 1, Limit: 1}), letters[2:])
		marked := letters[1]
		marked.Again, marked.Attempts, marked.Reason = true, 4, "other"
		w.apply(sinkChanges(store.SinkChanges{DeadLettersAgain: []store.DeadLetter{marked, deadLetter(1, 8)}}))
		same(w, "marked", list(store.DeadLetterQuery{Sink: 1, Again: true, Limit: 9}), []store.DeadLetter{marked})
		w.apply(sinkChanges(store.SinkChanges{DeadLettersDone: []store.DeadLetterKey{{Sink: 1, ID: 1}, {Sink: 1, ID: 8}}}))
		n := read(w, func(r store.Reader) (int, error) { return r.DeadLetterCount(1) })
		same(w, "left", n, 2)
	}},
}

// sinks asks for sinks and what waits for them.
func (a answers) sinks(r store.Reader) {
	a.Helper()
	found, err := r.Sinks("", 100)
	add(a, found, err, "sinks")
	for _, name := range names {
		s, err := r.Sink(name)
		addWhole(a, s, err, "sink %s", name)
		found, err := r.Sinks(name, 2)
		add(a, found, err, "sinks after %s", name)
	}
	events, err := r.SinkEvents(3, 100)
	add(a, events, err, "events of sinks")
	waiting, err := r.SinkWaiting(3, 100)
	addOne(a, waiting, err, "events that wait for sinks")
	backlog, err := r.SinkBacklog()
	backlog.Bytes = 0 // every store counts as it stores
	addOne(a, backlog, err, "backlog of sinks")
	for key := int64(1); key <= 4; key++ {
		for _, again := range []bool{false, true} {
			letters, err := r.DeadLetters(store.DeadLetterQuery{Sink: key, Again: again, After: 1, Limit: 3})
			add(a, letters, err, "dead letters of %d, again %t", key, again)
		}
		n, err := r.DeadLetterCount(key)
		addOne(a, n, err, "number of dead letters of %d", key)
	}
}

// changeSinks adds a change of sinks.
func (g *generator) changeSinks(c *store.Changes) {
	s := fullSink(g.key(4), pick(g, names))
	d := deadLetter(g.key(4), g.key(6))
	d.Again = g.IntN(2) == 0
	switch g.IntN(9) {
	case 0, 1:
		c.Sinks.Created = []sink.Sink{s}
	case 2:
		c.Sinks.Definitions = []sink.Sink{s}
	case 3:
		c.Sinks.Progress = []sink.Sink{s}
	case 4:
		c.Sinks.Deleted = []int64{g.key(4)}
	case 5, 6:
		c.Sinks.DeadLetters = []store.DeadLetter{d}
	case 7:
		c.Sinks.DeadLettersDone = []store.DeadLetterKey{{Sink: d.Sink, ID: d.ID}}
		c.Sinks.DeadLettersAgain = []store.DeadLetter{deadLetter(g.key(4), g.key(6))}
	case 8:
		c.Sinks.Trim = g.key(20)
	}
}
