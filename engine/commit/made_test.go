package commit

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// Who observes commits is told of each: how many requests it had, what they wrote, into which
// statuses executions came, and how long its parts took.
func TestObserve(t *testing.T) { // R-OBS-4
	t.Parallel()
	c, _ := newStepped(t)
	var seen []Made
	c.Observe, c.Traced = func(m Made) { seen = append(seen, m) }, true
	x := job.Execution{ExecutionKey: job.ExecutionKey{Job: 1, Thing: 1, Number: 1}, Version: 1}
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, "of the request")
	c.Together(
		func() {
			err := c.Do(ctx, func(tx *Tx) error {
				create(tx, newJob(1, "one"))
				tx.Changes.Registry.CreatedThings = []registry.Thing{{ID: 1, Name: "pump"}}
				tx.CreateExecution(x)
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		},
		func() {
			err := c.Do(ctx, func(tx *Tx) error {
				tx.CreateExecution(x)
				return fault.New(fault.Invalid, "it is refused, so its execution does not count")
			})
			if !fault.Is(err, fault.Invalid) {
				t.Error(err)
			}
		},
	)
	do(t, c, func(tx *Tx) error {
		after := x
		after.Status = job.ExecutionInProgress
		after.Version++
		return tx.UpdateExecution(x, after)
	})
	if len(seen) != 2 {
		t.Fatalf("%d commits were observed, want 2", len(seen))
	}
	want := []Made{
		{Requests: 2, Rows: seen[0].Rows, Entered: entered(job.ExecutionQueued)},
		{Requests: 1, Rows: seen[1].Rows, Entered: entered(job.ExecutionInProgress)},
	}
	times := cmpopts.IgnoreFields(Made{}, "Began", "Turn", "Decided", "Ended", "Traced")
	if diff := cmp.Diff(want, seen, times); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for i, m := range seen {
		if m.Turn.Before(m.Began) || m.Decided.Before(m.Turn) || m.Ended.Before(m.Decided) || m.Rows == 0 {
			t.Errorf("commit %d: %+v", i, m)
		}
	}
	if traced := seen[0].Traced; len(traced) != 2 || traced[0].Context.Value(key{}) == nil ||
		traced[0].Refused != nil || traced[1].Refused == nil ||
		traced[0].Waited.IsZero() || traced[1].Decided.Before(traced[1].Began) {
		t.Errorf("traced: %+v", traced)
	}
	if c.LastWritten().IsZero() || c.Busy() != 0 {
		t.Errorf("written %v, busy %v", c.LastWritten(), c.Busy())
	}
}

// entered counts one execution that came into a status.
func entered(status job.ExecutionStatus) (n job.Counts) {
	n[status]++
	return n
}

// A blockedStore does not let anybody write until it is told to.
type blockedStore struct {
	store.Store
	asked, release chan struct{}
	err            error
}

func (s *blockedStore) Write(ctx context.Context, f func(store.Tx) error) error {
	s.asked <- struct{}{}
	<-s.release
	if s.err != nil {
		return s.err
	}
	return s.Store.Write(ctx, f)
}

// A committer whose store does not answer is busy all the time, one whose store refuses has written
// nothing, and a probe shows when it is well again.
func TestBusyAndProbe(t *testing.T) { // R-OBS-8, R-OBS-9
	t.Parallel()
	blocked := &blockedStore{
		Store:   memory.Open(),
		asked:   make(chan struct{}),
		release: make(chan struct{}),
	}
	c := New(Config{
		Store: blocked,
		Clock: clock.NewVirtual(start),
		Log:   slog.New(slog.DiscardHandler),
	})
	go c.Run(t.Context())
	probe := func() chan error {
		answer := make(chan error, 1)
		go func() { answer <- c.Probe(t.Context()) }()
		return answer
	}
	refused := probe()
	<-blocked.asked
	for c.Busy() == 0 { // the clock may stand still for a moment
		time.Sleep(time.Microsecond)
	}
	blocked.err = errors.New("the disk is full")
	blocked.release <- struct{}{}
	if err := <-refused; err == nil || !c.LastWritten().IsZero() {
		t.Errorf("a probe that the store refused: %v, written %v", err, c.LastWritten())
	}
	blocked.err = nil
	made := probe()
	<-blocked.asked
	blocked.release <- struct{}{}
	if err := <-made; err != nil || c.LastWritten().IsZero() {
		t.Errorf("a probe: %v, written %v", err, c.LastWritten())
	}
}

// BenchmarkObserve is a commit of one request that writes nothing, on the store in memory: what is
// measured of it costs some looks at the clock, and nothing when nobody wants to know.
func BenchmarkObserve(b *testing.B) { // R-OBS-6, R-OBS-12
	for _, row := range []struct {
		name             string
		observed, traced bool
	}{{"off", false, false}, {"observed", true, false}, {"traced", true, true}} {
		b.Run(row.name, func(b *testing.B) {
			b.ReportAllocs()
			c := New(Config{
				Store:   memory.Open(),
				Clock:   clock.NewVirtual(start),
				Log:     slog.New(slog.DiscardHandler),
				Stepped: true,
				Traced:  row.traced,
			})
			if row.observed {
				c.Observe = func(Made) {}
			}
			for b.Loop() {
				if err := c.Do(b.Context(), func(*Tx) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
