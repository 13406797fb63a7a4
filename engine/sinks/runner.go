package sinks

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
)

// Bounds of what a runner has in memory and under way.
const (
	// windowEvents is how many events are read ahead: so far other jobs go on while one waits.
	windowEvents = 1024
	pageRows     = 64 // that are read at once
	parallel     = 16 // messages that are under way at once
	saveEvery    = time.Second
	endGrace     = 2 * time.Second // for what is under way when the runner ends
)

// A runner sends the events of one sink, on the one node that does. What it has done is stored at
// most once a second; after a crash the rest is sent again (R-SNK-3).
type runner struct {
	*Service
	sink   sink.Sink // with the progress as it will be stored
	node   store.NodeID
	sender Sender
	log    *slog.Logger

	window  *window
	read    int64 // the announcement up to which the log was read
	unread  bool  // there may be more to read
	results chan result
	busy    int // messages under way

	unusable time.Time // when the settings could not be used; zero when they could
	failures int       // since the last success
	resume   time.Time // nothing is sent before

	changed bool // progress is not stored
	saved   time.Time
	letters lettersOf
	wake    chan struct{}
}

// lettersOf is what the next commit changes of the dead letters.
type lettersOf struct {
	added []store.DeadLetter
	done  []store.DeadLetterKey
	again []store.DeadLetter
}

// A result is what became of a message.
type result struct {
	item *item
	err  error
}

func (s *Service) newRunner(of sink.Sink, node store.NodeID) *runner {
	s.counted.add(of, func(*Counts) {}) // a rate needs the 0 that comes before the first attempt
	return &runner{
		Service: s,
		sink:    of,
		node:    node,
		log:     s.Log.With("sink", of.Name),
		window:  newWindow(of.Position),
		read:    of.Position,
		unread:  true,
		results: make(chan result, parallel),
		wake:    make(chan struct{}, 1),
	}
}

// loop sends until ctx ends, or until another node sends for the sink.
func (r *runner) loop(ctx context.Context) {
	target, err := r.target(r.sink)
	if err == nil {
		r.sender, err = r.Dial(target)
	}
	if err != nil {
		r.unusable = now()
		r.failed(err)
		r.save()
		r.log.Error("a sink cannot be used", "err", err)
		return
	}
	defer r.sender.Close()
	sending, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	for ctx.Err() == nil {
		if err := r.fill(ctx); err != nil {
			r.log.Error("read the events of a sink", "err", err)
			r.resume = now().Add(saveEvery)
		}
		r.dispatch(sending)
		if !r.wait(ctx) {
			break
		}
		if r.changed && now().Sub(r.saved) >= saveEvery && !r.save() {
			break // another node sends for the sink, or it is gone
		}
	}
	time.AfterFunc(endGrace, stop)
	for r.busy > 0 {
		r.finish(<-r.results)
	}
	r.save()
}

// wait returns when there is something to do. False: ctx has ended.
func (r *runner) wait(ctx context.Context) bool {
	timer := time.NewTimer(r.idle())
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case done := <-r.results:
		r.finish(done)
		for len(r.results) > 0 {
			r.finish(<-r.results)
		}
	case <-r.wake:
		r.unread = true
	case <-timer.C:
	}
	return true
}

// idle is how long nothing is to be done without a result or an event.
func (r *runner) idle() time.Duration {
	const long = time.Hour
	idle, at := long, now()
	until := func(t time.Time) { idle = min(idle, max(0, t.Sub(at))) }
	if r.changed {
		until(r.saved.Add(saveEvery))
	}
	switch next := r.window.waitsUntil(); {
	case r.resume.After(at):
		until(r.resume)
	case r.busy >= r.limit(): // whoever waits goes on waiting, for a result
	case !next.IsZero():
		until(next)
	}
	return idle
}

// fill reads on, as far as there is room.
func (r *runner) fill(ctx context.Context) error {
	for r.unread && r.window.size < windowEvents/2 {
		var rows []store.SinkEvents
		var again []store.DeadLetter
		err := r.Store.Read(ctx, func(reader store.Reader) (err error) {
			if rows, err = reader.SinkEvents(r.read, pageRows); err != nil || r.window.letters() > 0 {
				return err
			}
			again, err = reader.DeadLetters(store.DeadLetterQuery{
				Sink:  r.sink.ID,
				Again: true,
				Limit: windowEvents / 4,
			})
			return err
		})
		if err != nil {
			return err
		}
		r.addLetters(again)
		for _, row := range rows {
			r.read = row.ID
			r.window.addRow(row.ID, r.items(row))
		}
		r.unread = len(rows) > 0
	}
	if position := r.window.advance(); position != r.sink.Position {
		r.sink.Position, r.changed = position, true
	}
	return nil
}

// items are the events of a row that the sink wants.
func (r *runner) items(row store.SinkEvents) (items []*item) {
	for _, e := range row.Events {
		event, err := sink.Parse(e.Topic, e.Payload)
		if err == nil && r.sink.Wants(event) {
			items = append(items, &item{event: event, at: row.At})
		}
	}
	return items
}

// addLetters has dead letters sent again that were not stored as done yet.
func (r *runner) addLetters(again []store.DeadLetter) {
	if len(r.letters.done)+len(r.letters.again) > 0 {
		return // some of them may be among these: after the next commit
	}
	for _, d := range again {
		event, err := sink.Parse(d.Event.Topic, d.Event.Payload)
		if err == nil {
			r.window.add(&item{
				event:   event,
				at:      d.PublishedAt,
				letter:  d.ID,
				earlier: d.Attempts,
			})
		}
	}
}

// dispatch sends what may be sent now.
func (r *runner) dispatch(ctx context.Context) {
	at := now()
	for r.busy < r.limit() && !r.resume.After(at) {
		it := r.window.next(at)
		if it == nil {
			return
		}
		if err := r.render(it); err != nil {
			r.end(it, result{it, &Refusal{Reason: err.Error(), Final: true}})
			continue
		}
		r.busy++
		go func() { r.results <- result{it, r.sender.Send(ctx, it.message)} }()
	}
}

// limit is how many messages may be under way.
func (r *runner) limit() int {
	if r.failures >= sink.SuspendAfter {
		return 1 // to find out
	}
	return parallel
}

// render makes the message of an event, the first time that it is sent.
func (r *runner) render(it *item) error {
	if it.message.Body != nil {
		return nil
	}
	c, err := it.event.CloudEvent(r.JobARNs)
	if err != nil {
		return err
	}
	it.message = Message{ID: c.ID, Key: it.event.JobID, Subject: r.sink.SubjectOf(it.event)}
	it.message.Body, err = json.Marshal(c)
	return err
}

// finish takes note of what became of a message.
func (r *runner) finish(done result) {
	r.busy--
	at := now()
	it := done.item
	r.count(done)
	if done.err == nil {
		r.failures, r.resume = 0, time.Time{}
		r.sink.Delivered++
		r.sink.LastDelivered = at
		r.end(it, done)
		return
	}
	if errors.Is(done.err, context.Canceled) {
		r.window.retry(it, at) // the server ends
		return
	}
	it.attempts++
	r.failures++
	r.failed(done.err)
	var refusal *Refusal
	known := errors.As(done.err, &refusal)
	if known && refusal.Final || r.sink.GivesUp(it.attempts, at.Sub(it.at)) {
		r.end(it, done)
		return
	}
	if known && refusal.After > 0 {
		r.resume = at.Add(sink.RetryAfter(refusal.After))
	} else if r.failures >= sink.SuspendAfter {
		r.resume = at.Add(sink.Backoff(r.failures-sink.SuspendAfter+1, rand.Float64()))
	}
	r.window.retry(it, at.Add(sink.Backoff(it.attempts, rand.Float64())))
}

// count counts an attempt that was made. One that was given up because the server ends is none.
func (r *runner) count(done result) {
	if errors.Is(done.err, context.Canceled) {
		return
	}
	r.counted.add(r.sink, func(c *Counts) {
		if done.err == nil {
			c.Delivered++
		} else {
			c.Failed++
		}
		if done.item.attempts+done.item.earlier > 0 {
			c.Retries++
		}
	})
}

// failed remembers the last failure, which DescribeSink shows.
func (r *runner) failed(err error) {
	r.sink.LastError, r.sink.LastErrorAt, r.changed = err.Error(), now(), true
}

// end is done with an event: it was delivered, or becomes a dead letter.
func (r *runner) end(it *item, how result) {
	r.window.done(it)
	r.changed = true
	if how.err != nil {
		r.counted.add(r.sink, func(c *Counts) { c.DeadLetters++ })
	}
	switch l := &r.letters; {
	case how.err == nil && it.letter != 0:
		l.done = append(l.done, store.DeadLetterKey{Sink: r.sink.ID, ID: it.letter})
	case how.err != nil && it.letter != 0:
		l.again = append(l.again, r.letter(it, how.err))
	case how.err != nil:
		l.added = append(l.added, r.letter(it, how.err))
	}
	if position := r.window.advance(); position != r.sink.Position {
		r.sink.Position = position
	}
	if len(r.letters.done)+len(r.letters.again) > 0 {
		r.unread = true // there may be more dead letters to send
	}
}

// letter is the dead letter of an event.
func (r *runner) letter(it *item, err error) store.DeadLetter {
	return store.DeadLetter{
		Sink:        r.sink.ID,
		ID:          it.letter,
		Event:       store.Event{Topic: it.event.Topic, Payload: it.event.Payload},
		PublishedAt: it.at,
		FailedAt:    now(),
		Attempts:    it.earlier + it.attempts,
		Reason:      err.Error(),
	}
}
