package sinks_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/sinks"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/seal"
	"github.com/drover-iot/drover/registry/sink"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// A world is a store, and a server on it that sends to another side made of a function. It lives in a
// bubble of testing/synctest, so that minutes and days pass at once.
type world struct {
	*testing.T
	*sinks.Service
	kept    store.Store
	commits *commit.Committer
	other   *otherSide
	stop    func()
}

// otherSide is what the server sends to.
type otherSide struct {
	mu   sync.Mutex
	got  []sinks.Message
	dial func(sinks.Target) error
	// answer decides about each attempt; nil accepts.
	answer func(ctx context.Context, m sinks.Message, attempt int) error
	tried  map[string]int
}

func (o *otherSide) Send(ctx context.Context, m sinks.Message) error {
	o.mu.Lock()
	o.tried[m.ID]++
	attempt, answer := o.tried[m.ID], o.answer
	o.mu.Unlock()
	if answer != nil {
		if err := answer(ctx, m, attempt); err != nil {
			return err
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.got = append(o.got, m)
	return nil
}

func (o *otherSide) Close() {}

// ids are those of the messages that were accepted, in their order.
func (o *otherSide) ids() (ids []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range o.got {
		ids = append(ids, m.ID)
	}
	return ids
}

func (o *otherSide) attempts(id string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.tried[id]
}

// maxWaiting is how much may wait for the sinks of a world, in bytes.
const maxWaiting = 1 << 20

func newOtherSide() *otherSide { return &otherSide{tried: map[string]int{}} }

func newWorld(t *testing.T, kept store.Store, other *otherSide) *world {
	t.Helper()
	return newNode(t, kept, other, commit.NodeConfig{})
}

// newNode is newWorld for one of several servers on a store.
func newNode(t *testing.T, kept store.Store, other *otherSide, node commit.NodeConfig) *world {
	t.Helper()
	key, err := seal.Derive([]byte("a key of the tests"), "sinks")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	w := &world{T: t, kept: kept, other: other}
	w.commits = commit.New(commit.Config{
		Store:   kept,
		Clock:   clock.Real{},
		Log:     log,
		Node:    node,
		Stepped: true,
	})
	w.Service = sinks.New(sinks.Config{
		Store:   kept,
		Commits: w.commits,
		Seal:    key,
		JobARNs: "arn:job/",

		MaxWaitingBytes: maxWaiting,

		Shared: node.Shared,
		Log:    log,
		Dial: func(to sinks.Target) (sinks.Sender, error) {
			if other.dial != nil {
				return other, other.dial(to)
			}
			return other, nil
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Service.Run(ctx)
	}()
	w.stop = sync.OnceFunc(func() {
		cancel()
		<-done
	})
	t.Cleanup(w.stop)
	return w
}

// crash ends the server as kill -9 does: what it has not stored is lost.
func (w *world) crash() {
	w.Helper()
	_ = w.commits.Exclusive(func() error {
		w.commits.Store = refusing{w.kept}
		return nil
	})
	w.stop()
}

// refusing is a store that writes nothing.
type refusing struct{ store.Store }

func (refusing) Write(context.Context, func(store.Tx) error) error { return errors.New("gone") }

func event(job, id string) store.Event {
	return store.Event{
		Topic:   "$aws/events/job/" + job + "/completed",
		Payload: fmt.Appendf(nil, `{"eventId":%q,"timestamp":1700000000}`, id),
	}
}

// publish commits events: texts of JOB/ID.
func (w *world) publish(events ...string) {
	w.Helper()
	err := w.commits.Do(w.Context(), func(tx *commit.Tx) error {
		for _, text := range events {
			job, id, _ := strings.Cut(text, "/")
			tx.Publish(event(job, id))
		}
		return nil
	})
	if err != nil {
		w.Fatal(err)
	}
	w.Wake()
}

func (w *world) create(name string, change func(*sink.Definition)) {
	w.Helper()
	d := sink.Definition{Kind: sink.Webhook, URL: "https://a", Enabled: true, RetryFor: time.Hour}
	if change != nil {
		change(&d)
	}
	if _, err := w.Create(w.Context(), name, d, sinks.Secrets{Signing: sinks.NewSecret()}); err != nil {
		w.Fatal(err)
	}
}

// later lets time pass, and everything happen that does in it.
func later(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func (w *world) want(what string, want ...string) {
	w.Helper()
	if diff := cmp.Diff(want, w.other.ids()); diff != "" {
		w.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (w *world) status(name string) sinks.Status {
	w.Helper()
	s, err := w.Describe(w.Context(), name)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

func (w *world) reasons(name string) (reasons []string) {
	w.Helper()
	letters, err := w.DeadLetters(w.Context(), name, 0, 100)
	if err != nil {
		w.Fatal(err)
	}
	for _, d := range letters {
		reasons = append(reasons, fmt.Sprintf("%s: %s after %d", d.Event.Payload[12:14], d.Reason, d.Attempts))
	}
	return reasons
}

func TestDelivered(t *testing.T) { // R-SNK-1, R-SNK-3, R-SNK-11, R-SNK-15
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.Open(), newOtherSide())
		w.publish("a/0")
		w.create("s", nil)
		w.publish("a/1", "a/2")
		later(100 * time.Millisecond)
		w.want("at once", "1", "2")
		w.publish("a/3")
		later(4 * time.Second)
		w.want("then", "1", "2", "3")
		s := w.status("s")
		if s.Delivered != 3 || !s.WaitingSince.IsZero() || s.LastDelivered.IsZero() {
			t.Errorf("got %+v", s)
		}
		err := w.kept.Read(t.Context(), func(r store.Reader) error {
			backlog, err := r.SinkBacklog()
			if backlog != (store.SinkBacklog{}) {
				t.Errorf("what was delivered is kept: %+v", backlog)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestCrashLosesNothing(t *testing.T) { // R-SNK-3
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		kept, other := memory.Open(), newOtherSide()
		w := newWorld(t, kept, other)
		w.create("s", nil)
		later(3 * time.Second)
		w.publish("a/0")
		later(60 * time.Millisecond)
		w.publish("a/1")
		later(60 * time.Millisecond)
		w.want("before the crash", "0", "1")
		w.crash()
		w = newWorld(t, kept, other)
		w.publish("a/2")
		later(3 * time.Second)
		w.want("what was not stored is sent again, in its order", "0", "1", "1", "2")
		w.stop()
		w = newWorld(t, kept, other)
		later(3 * time.Second)
		w.want("after an ordinary end nothing is", "0", "1", "1", "2")
	})
}

func TestRetries(t *testing.T) { // R-SNK-3, R-SNK-8
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		other.answer = func(_ context.Context, m sinks.Message, attempt int) error {
			if m.ID == "1" && attempt < 4 {
				return errors.New("no answer")
			}
			return nil
		}
		w := newWorld(t, memory.Open(), other)
		w.create("s", nil)
		w.publish("a/1", "a/2", "b/3")
		later(200 * time.Millisecond)
		w.want("other jobs go on", "3")
		later(9 * time.Second) // 1 + 2 + 4 s at the most
		w.want("then in its order", "3", "1", "2")
		if s := w.status("s"); s.LastError != "no answer" || s.Delivered != 3 || s.DeadLetters != 0 {
			t.Errorf("got %+v", s)
		}
	})
}

func TestRefusedForGood(t *testing.T) { // R-SNK-7, R-SNK-10
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		refuse := true
		other.answer = func(_ context.Context, m sinks.Message, _ int) error {
			other.mu.Lock()
			defer other.mu.Unlock()
			if m.ID == "11" && refuse {
				return &sinks.Refusal{Reason: "answered 400", Final: true}
			}
			return nil
		}
		w := newWorld(t, memory.Open(), other)
		w.create("s", nil)
		w.publish("a/11", "a/12")
		later(3 * time.Second)
		w.want("the next one follows", "12")
		if diff := cmp.Diff([]string{"11: answered 400 after 1"}, w.reasons("s")); diff != "" {
			t.Errorf("dead letters (-want +got):\n%s", diff)
		}
		resend := func() {
			t.Helper()
			if n, err := w.Resend(t.Context(), "s", nil); n != 1 || err != nil {
				t.Errorf("resend: got %d, %v", n, err)
			}
			later(5 * time.Second)
		}
		resend()
		if diff := cmp.Diff([]string{"11: answered 400 after 2"}, w.reasons("s")); diff != "" {
			t.Errorf("after it failed again (-want +got):\n%s", diff)
		}
		other.mu.Lock()
		refuse = false
		other.mu.Unlock()
		resend()
		w.want("sent again", "12", "11")
		if left := w.reasons("s"); left != nil {
			t.Errorf("left: %q", left)
		}
		if _, err := w.Resend(t.Context(), "s", []int64{7}); err == nil {
			t.Error("one that does not exist: no error")
		}
	})
}

func TestGivenUp(t *testing.T) { // R-SNK-8
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		other.answer = func(_ context.Context, m sinks.Message, _ int) error {
			if m.ID == "11" {
				return errors.New("no answer")
			}
			return nil
		}
		w := newWorld(t, memory.Open(), other)
		w.create("s", nil)
		w.publish("a/11", "a/12")
		later(time.Hour - time.Minute)
		w.want("before the hour")
		later(7 * time.Minute)
		w.want("after it", "12")
		if got := w.reasons("s"); len(got) != 1 {
			t.Errorf("dead letters: %q", got)
		}
		tried := other.attempts("11")
		if tried < 15 || tried > 40 {
			t.Errorf("tried %d times in an hour", tried)
		}
	})
}

// Where everything fails, the other side is asked now and then, with one event.
func TestSuspended(t *testing.T) { // R-SNK-8
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		down := true
		other.answer = func(context.Context, sinks.Message, int) error {
			other.mu.Lock()
			defer other.mu.Unlock()
			if down {
				return errors.New("no answer")
			}
			return nil
		}
		w := newWorld(t, memory.Open(), other)
		w.create("s", nil)
		for i := range 100 {
			w.publish(fmt.Sprintf("j%d/e%d", i, i))
		}
		later(10 * time.Minute)
		all := 0
		for i := range 100 {
			all += other.attempts(fmt.Sprint("e", i))
		}
		if all > 40 {
			t.Errorf("%d attempts in ten minutes", all)
		}
		other.mu.Lock()
		down = false
		other.mu.Unlock()
		later(6 * time.Minute)
		if n := len(other.ids()); n != 100 {
			t.Errorf("delivered %d of 100", n)
		}
	})
}

func TestRetryAfter(t *testing.T) { // R-SNK-8
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		other := newOtherSide()
		other.answer = func(_ context.Context, _ sinks.Message, attempt int) error {
			if attempt == 1 {
				return &sinks.Refusal{Reason: "answered 429", After: 10 * time.Minute}
			}
			return nil
		}
		w := newWorld(t, memory.Open(), other)
		w.create("s", nil)
		w.publish("a/1")
		later(time.Second)
		other.mu.Lock()
		other.answer = nil
		other.mu.Unlock()
		w.publish("b/2")
		later(9 * time.Minute)
		w.want("nothing is sent before")
		later(2 * time.Minute)
		if n := len(other.ids()); n != 2 {
			t.Errorf("delivered %d of 2", n)
		}
	})
}

func TestFilters(t *testing.T) { // R-SNK-2
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.Open(), newOtherSide())
		w.create("s", func(d *sink.Definition) { d.Jobs = []string{"fw-*"} })
		w.publish("a/1", "fw-1/2", "a/3")
		later(3 * time.Second)
		w.want("those of the pattern", "2")
		if s := w.status("s"); !s.WaitingSince.IsZero() {
			t.Errorf("waits for others: %+v", s)
		}
		change := func(d *sink.Definition) { d.Jobs = nil }
		if _, err := w.Update(t.Context(), "s", change, sinks.Secrets{}); err != nil {
			t.Fatal(err)
		}
		w.publish("a/4")
		later(3 * time.Second)
		w.want("all, once it was changed", "2", "4")
	})
}

func TestDisabledAndDeleted(t *testing.T) { // R-SNK-11
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, memory.Open(), newOtherSide())
		w.create("s", nil)
		enable := func(on bool) {
			change := func(d *sink.Definition) { d.Enabled = on }
			if _, err := w.Update(t.Context(), "s", change, sinks.Secrets{}); err != nil {
				t.Fatal(err)
			}
			later(3 * time.Second)
		}
		enable(false)
		w.publish("a/1")
		later(3 * time.Second)
		w.want("while it is disabled")
		enable(true)
		w.want("when it is enabled again", "1")
		enable(false)
		w.publish("a/2")
		later(73 * time.Hour)
		if s := w.status("s"); s.Skipped != 1 || !s.WaitingSince.IsZero() {
			t.Errorf("after three days: %+v", s)
		}
		enable(true)
		w.want("what was removed is not sent", "1")
		if err := w.Delete(t.Context(), "s"); err != nil {
			t.Fatal(err)
		}
		w.publish("a/3")
		later(3 * time.Second)
		w.want("after it was deleted", "1")
		if _, err := w.Describe(t.Context(), "s"); err == nil {
			t.Error("it is there")
		}
	})
}
