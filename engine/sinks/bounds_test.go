package sinks_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// Whatever one sink does, commits and other sinks go on; what waits for it is bounded, and what is
// removed is counted (R-SNK-11).
func TestSilentSink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		underWay, most := 0, 0
		other.dial = func(to sinks.Target) error { return nil }
		other.answer = func(ctx context.Context, m sinks.Message, _ int) error {
			if m.Key != "silent" {
				return nil
			}
			other.mu.Lock()
			underWay++
			most = max(most, underWay)
			other.mu.Unlock()
			<-ctx.Done()
			return ctx.Err()
		}
		w := newWorld(t, memory.Open(), other)
		w.create("silent", func(d *sink.Definition) { d.Jobs = []string{"silent"} })
		w.create("good", func(d *sink.Definition) { d.Jobs = []string{"good"} })
		before := time.Now()
		const commits = 4000
		for i := range commits {
			w.publish(fmt.Sprintf("silent/s%d", i), fmt.Sprintf("good/g%d", i))
		}
		if took := time.Since(before); took != 0 {
			t.Errorf("commits have waited for %s", took)
		}
		later(3 * time.Second)
		if n := len(other.ids()); n != commits {
			t.Errorf("the other sink has %d of %d", n, commits)
		}
		if most > 1 {
			t.Errorf("%d events of one job were under way", most)
		}
		for i := range 20 { // more than may wait
			w.publish(fmt.Sprintf("silent/%0*d", maxWaiting/10, i))
		}
		later(5 * time.Second)
		err := w.kept.Read(t.Context(), func(r store.Reader) error {
			backlog, err := r.SinkBacklog()
			if backlog.Bytes > maxWaiting || backlog.Bytes < maxWaiting/4 {
				t.Errorf("%d bytes wait, %d may", backlog.Bytes, maxWaiting)
			}
			return err
		})
		if s := w.status("silent"); err != nil || s.Skipped < commits || s.WaitingSince.IsZero() {
			t.Errorf("skipped %d, waits since %s, %v", s.Skipped, s.WaitingSince, err)
		}
		if s := w.status("good"); s.Skipped != 0 || s.Delivered != commits {
			t.Errorf("the other one: skipped %d, delivered %d", s.Skipped, s.Delivered)
		}
		before = time.Now()
		w.stop()
		if took := time.Since(before); took > 3*time.Second {
			t.Errorf("the end has waited for %s", took)
		}
	})
}

// While an event of a job is tried again, at most a bounded number of events is read ahead.
func TestReadAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		block := true
		other.answer = func(_ context.Context, m sinks.Message, _ int) error {
			other.mu.Lock()
			defer other.mu.Unlock()
			if m.Key == "a" && block {
				return &sinks.Refusal{Reason: "answered 500"}
			}
			return nil
		}
		w := newWorld(t, memory.Open(), other)
		w.create("s", nil)
		w.publish("a/first")
		const others = 3000
		for i := range others {
			w.publish(fmt.Sprintf("a/a%d", i), fmt.Sprintf("b/b%d", i))
		}
		later(20 * time.Second)
		ahead := len(other.ids())
		if ahead < 400 || ahead > 1200 {
			t.Errorf("%d events of the other job were sent", ahead)
		}
		other.mu.Lock()
		block = false
		other.mu.Unlock()
		later(10 * time.Minute)
		if n := len(other.ids()); n != 2*others+1 {
			t.Errorf("%d of %d in the end", n, 2*others+1)
		}
	})
}

// Dead letters are kept up to a number and an age, the oldest go first, and are counted (R-SNK-10).
func TestDeadLettersAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		other.answer = func(context.Context, sinks.Message, int) error {
			return &sinks.Refusal{Reason: "answered 400", Final: true}
		}
		w := newWorld(t, memory.Open(), other)
		w.create("s", nil)
		of := w.status("s")
		var c store.Changes
		add := func(id int, failed time.Time) {
			c.Sinks.DeadLetters = append(c.Sinks.DeadLetters, store.DeadLetter{
				Sink:     of.ID,
				ID:       int64(id - 2*sink.MaxDeadLetters),
				Event:    event("a", "x"),
				FailedAt: failed,
			})
		}
		for i := range 3 {
			add(i, time.Now().Add(-sink.DeadLettersKept-time.Second))
		}
		for i := range sink.MaxDeadLetters {
			add(i+3, time.Now())
		}
		err := w.kept.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(c) })
		if err != nil {
			t.Fatal(err)
		}
		later(2 * time.Minute)
		if s := w.status("s"); s.DeadLetters != sink.MaxDeadLetters || s.Dropped != 3 {
			t.Errorf("of an age: %d are left, %d dropped", s.DeadLetters, s.Dropped)
		}
		w.publish("a/1", "a/2")
		later(3 * time.Second)
		letters, err := w.DeadLetters(t.Context(), "s", -3*sink.MaxDeadLetters, 1)
		if err != nil || len(letters) != 1 || letters[0].ID != int64(5-2*sink.MaxDeadLetters) {
			t.Errorf("the oldest is %+v, %v", letters, err)
		}
		if s := w.status("s"); s.DeadLetters != sink.MaxDeadLetters || s.Dropped != 5 {
			t.Errorf("of a number: %d are left, %d dropped", s.DeadLetters, s.Dropped)
		}
		n, err := w.Service.DeleteDeadLetters(t.Context(), "s", nil)
		if n != sink.MaxDeadLetters || err != nil {
			t.Errorf("deleted %d, %v", n, err)
		}
	})
}

// A secret that cannot be opened stops the sink, says so, and harms nothing else (R-SNK-14, R-SNK-15).
func TestSinkThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		tried := 0
		other.dial = func(to sinks.Target) error {
			if to.URL == "https://bad" {
				tried++
				return fmt.Errorf("ca: has no certificate in PEM")
			}
			return nil
		}
		w := newWorld(t, memory.Open(), other)
		w.create("bad", func(d *sink.Definition) { d.URL = "https://bad" })
		w.create("good", nil)
		w.publish("a/1")
		later(10*time.Minute + time.Second)
		w.want("the other one", "1")
		if tried < 10 || tried > 12 {
			t.Errorf("tried %d times in ten minutes", tried)
		}
		s := w.status("bad")
		if s.LastError != "ca: has no certificate in PEM" || s.WaitingSince.IsZero() {
			t.Errorf("got %+v", s)
		}
		change := func(d *sink.Definition) { d.URL = "https://mended" }
		if _, err := w.Update(t.Context(), "bad", change, sinks.Secrets{}); err != nil {
			t.Fatal(err)
		}
		later(5 * time.Second)
		w.want("when it was mended", "1", "1")
	})
}
