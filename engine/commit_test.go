package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// gate is a store whose commits wait while somebody has hold, and which fails on purpose.
type gate struct {
	store.Store
	hold    sync.Mutex
	entered atomic.Int64                // commits begun
	fail    func(c store.Changes) error // nil: nothing fails
	unread  atomic.Int64                // so many reads of announcements fail
}

func (g *gate) Read(ctx context.Context, f func(store.Reader) error) error {
	return g.Store.Read(ctx, func(r store.Reader) error { return f(unreadable{r, g}) })
}

type unreadable struct {
	store.Reader
	*gate
}

func (u unreadable) Announcements(after int64, limit int) ([]store.Announcement, error) {
	if u.unread.Add(-1) >= 0 {
		return nil, errors.New("unreadable")
	}
	return u.Reader.Announcements(after, limit)
}

func (g *gate) Write(ctx context.Context, f func(store.Tx) error) error {
	g.entered.Add(1)
	g.hold.Lock()
	defer g.hold.Unlock()
	return g.Store.Write(ctx, func(tx store.Tx) error { return f(failing{tx, g}) })
}

type failing struct {
	store.Tx
	*gate
}

func (f failing) Apply(c store.Changes) error {
	if f.fail != nil {
		if err := f.fail(c); err != nil {
			return err
		}
	}
	return f.Tx.Apply(c)
}

func newGated(t *testing.T) (e *Engine, g *gate, stop func()) {
	g = &gate{Store: memory.Open()}
	e = New(Config{
		Store: g, Clock: clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), IDs: &ids.Counting{},
		Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(stop)
	return e, g, stop
}

// together makes n calls at once, so that they are decided as one group, and returns their answers.
func (g *gate) together(t *testing.T, e *Engine, n int, call func(i int) error) []error {
	answers := make([]error, n)
	g.hold.Lock()
	before := g.entered.Load()
	var all sync.WaitGroup
	all.Go(func() { // keeps the committer busy while the others gather
		_ = e.commits.Do(t.Context(), func(*commit.Tx) error { return nil })
	})
	await(t, func() bool { return g.entered.Load() > before })
	for i := range n {
		all.Go(func() { answers[i] = call(i) })
	}
	await(t, func() bool { return e.commits.Waiting() == n })
	g.hold.Unlock()
	all.Wait()
	return answers
}

func await(t *testing.T, holds func() bool) {
	for deadline := time.Now().Add(10 * time.Second); !holds(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain")
		}
	}
}

// A request that the store refuses fails alone: its neighbours in the group are committed
// (R-CON-25).
func TestOneFailureIsAlone(t *testing.T) {
	t.Parallel()
	e, g, _ := newGated(t)
	broken := errors.New("broken")
	g.fail = func(c store.Changes) error {
		for _, thing := range c.Registry.CreatedThings {
			if thing.Name == "t3" {
				return broken
			}
		}
		return nil
	}
	answers := g.together(t, e, 8, func(i int) error {
		_, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: fmt.Sprintf("t%d", i)})
		return err
	})
	for i, err := range answers {
		if i == 3 && !errors.Is(err, broken) || i != 3 && err != nil {
			t.Errorf("t%d: %v", i, err)
		}
		_, err := e.Fleet.DescribeThing(t.Context(), fmt.Sprintf("t%d", i))
		if (i == 3) != fault.Is(err, fault.NotFound) {
			t.Errorf("describe t%d: %v", i, err)
		}
	}
}

// Everybody is answered when the server stops while requests wait, and an answer that reports
// success is true.
func TestStopAnswersEverybody(t *testing.T) {
	t.Parallel()
	e, g, stop := newGated(t)
	answers := make([]error, 50)
	var all sync.WaitGroup
	g.hold.Lock()
	for i := range answers {
		all.Go(func() {
			_, answers[i] = e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: fmt.Sprintf("t%02d", i)})
		})
	}
	await(t, func() bool { return g.entered.Load() > 0 })
	all.Go(stop)
	runtime.Gosched()
	g.hold.Unlock()
	all.Wait()
	for i, err := range answers {
		_, missing := e.Fleet.DescribeThing(t.Context(), fmt.Sprintf("t%02d", i))
		if (err == nil) != (missing == nil) || err != nil && !fault.Is(err, fault.Unavailable) {
			t.Errorf("t%02d was answered %v, and to describe it gives %v", i, err, missing)
		}
	}
	if _, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "late"}); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after the end: %v", err)
	}
}

// A caller that gives up while its request waits is told the outcome all the same.
func TestGivingUp(t *testing.T) {
	t.Parallel()
	e, g, _ := newGated(t)
	ctx, cancel := context.WithCancel(t.Context())
	answer := make(chan error, 1)
	g.hold.Lock()
	go func() {
		_, err := e.Fleet.CreateThing(ctx, fleet.NewThing{Name: "t1"})
		answer <- err
	}()
	await(t, func() bool { return g.entered.Load() > 0 })
	cancel()
	g.hold.Unlock()
	if err := <-answer; err != nil {
		t.Error(err)
	}
	if _, err := e.Fleet.DescribeThing(t.Context(), "t1"); err != nil {
		t.Error(err)
	}
}

// Small jobs are gone when DeleteJob answers, so any number may be deleted at the same time
// (R-JOB-33, R-JOB-62).
func TestDeleteManySmallJobs(t *testing.T) {
	t.Parallel()
	e, g, _ := newGated(t)
	if _, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "t1"}); err != nil {
		t.Fatal(err)
	}
	const n = 3 * job.MaxDeleting
	for i := range n {
		if _, err := e.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: fmt.Sprintf("j%d", i), Document: "{}", Definition: job.Definition{
			TargetSelection: job.Snapshot, Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "t1")},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	for i, err := range g.together(t, e, n, func(i int) error { return e.Jobs.DeleteJob(t.Context(), fmt.Sprintf("j%d", i), true, nil) }) {
		if err != nil {
			t.Errorf("j%d: %v", i, err)
		}
		if _, err := e.Jobs.DescribeJob(t.Context(), fmt.Sprintf("j%d", i)); !fault.Is(err, fault.NotFound) {
			t.Errorf("describe j%d: %v", i, err)
		}
	}
}

// Reset waits for what is under way, and what it wiped is not waited for any more.
func TestResetUnderLoad(t *testing.T) {
	t.Parallel()
	e, _, _ := newGated(t)
	var tellers sync.Mutex // while it is held, nothing is announced
	e.config.Notify = func(context.Context, []store.Notice) error {
		tellers.Lock()
		defer tellers.Unlock()
		return nil
	}
	if err := e.fill(t, 3); err != nil {
		t.Fatal(err)
	}
	tellers.Lock()
	_ = e.fill(t, 6) // the first is being announced, the others wait in the store
	err := e.Reset(t.Context())
	tellers.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := e.WaitIdle(ctx); err != nil || ctx.Err() != nil {
		t.Fatalf("settle after a reset: %v, %v", err, ctx.Err())
	}
	if err := e.fill(t, 3); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() { _ = e.fill(t, 20) }) // refused where the reset comes between
	}
	for range 20 {
		if err := e.Reset(t.Context()); err != nil {
			t.Error(err)
		}
	}
	all.Wait()
	if err := e.WaitIdle(t.Context()); err != nil {
		t.Fatal(err)
	}
	var left []store.Announcement
	err = e.config.Store.Read(t.Context(), func(r store.Reader) (err error) {
		left, err = r.Announcements(0, 1000)
		return err
	})
	if err != nil || len(left) > 200 {
		t.Errorf("%d announcements wait to be removed, %v", len(left), err)
	}
}

// fill creates things with one job each.
func (e *Engine) fill(t *testing.T, n int) error {
	for i := range n {
		name := fmt.Sprintf("t%d", i)
		if _, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: name}); err != nil {
			return err
		}
		_, err := e.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: fmt.Sprintf("j%d", i), Document: "{}", Definition: job.Definition{
			TargetSelection: job.Snapshot, Targets: []job.Target{job.ThingTarget(registry.DefaultScope, name)},
		}})
		if err != nil && !fault.Is(err, fault.Exists) && !fault.Is(err, fault.NotFound) {
			return err
		}
	}
	return nil
}

// Due work that fails is tried again every second, not at once; announcements that cannot be read,
// or told, come later and stay in the store until then.
func TestTryAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, g, stop := newGated(t)
		defer stop()
		var told, deaf atomic.Int64
		e.config.Notify = func(context.Context, []store.Notice) error {
			if deaf.Add(-1) >= 0 {
				return errors.New("deaf")
			}
			told.Add(1)
			return nil
		}
		if err := e.fill(t, 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		g.unread.Store(3)
		if err := e.fill(t, 2); err != nil {
			t.Fatal(err)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if told.Load() != 2 {
			t.Errorf("told %d times of 2 jobs", told.Load())
		}
		deaf.Store(3)
		if err := e.fill(t, 3); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if position, _ := e.commits.Outbox.Position(); told.Load() != 2 || position != 2 {
			t.Errorf("told %d times and up to %d, want both 2", told.Load(), position)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if told.Load() != 3 {
			t.Errorf("told %d times of 3 jobs", told.Load())
		}
		if _, err := e.Jobs.StartNext(t.Context(), "t0", nil, new(int64(1))); err != nil {
			t.Fatal(err)
		}
		g.fail = func(c store.Changes) error {
			if len(c.Job.UpdatedExecutions) > 0 {
				return errors.New("broken")
			}
			return nil
		}
		e.config.Clock.(*clock.Virtual).Set(e.Now().Add(time.Hour))
		before := g.entered.Load()
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := g.entered.Load() - before; n < 5 || n > 15 {
			t.Errorf("tried %d times in ten seconds", n)
		}
	})
}

// What was told is struck out when it is kept for those who were told, and told again until then.
func TestToldUntilKept(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e, _, stop := newGated(t)
		defer stop()
		var told, lost atomic.Int64
		lost.Store(2)
		e.config.Notify = func(context.Context, []store.Notice) error {
			told.Add(1)
			return nil
		}
		e.config.Persisted = func(context.Context) error {
			if lost.Add(-1) >= 0 {
				return errors.New("disk full")
			}
			return nil
		}
		if err := e.fill(t, 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if position, _ := e.commits.Outbox.Position(); position != 0 {
			t.Errorf("struck out but not kept: up to %d", position)
		}
		time.Sleep(4 * time.Second)
		synctest.Wait()
		if position, _ := e.commits.Outbox.Position(); told.Load() != 3 || position != 1 {
			t.Errorf("told %d times, want 3; struck out up to %d, want 1", told.Load(), position)
		}
	})
}

// Updates at the same time are made one after the other: none is lost or refused, and of two that
// change the same member one stays whole (R-UPD-21).
func TestUpdatesTogether(t *testing.T) {
	t.Parallel()
	e, g, _ := newGated(t)
	if err := e.fill(t, 1); err != nil {
		t.Fatal(err)
	}
	for i, err := range g.together(t, e, 9, func(i int) error {
		u := job.Update{Description: new(fmt.Sprint("by ", i)), PresignedURL: &job.PresignedURLConfig{ExpiresInSec: int64(60 + i)}}
		switch i {
		case 7:
			u = job.Update{Timeout: &job.TimeoutConfig{InProgressMinutes: 7}}
		case 8:
			u = job.Update{Rollout: &job.RolloutConfig{MaximumPerMinute: 8}}
		}
		return e.Jobs.UpdateJob(t.Context(), "j0", nil, u)
	}) {
		if err != nil {
			t.Errorf("update %d: %v", i, err)
		}
	}
	j, err := e.Jobs.DescribeJob(t.Context(), "j0")
	if err != nil || j.Timeout == nil || j.Rollout == nil || j.PresignedURL == nil || j.Description != fmt.Sprint("by ", j.PresignedURL.ExpiresInSec-60) {
		t.Errorf("after all updates: %+v, %v", j.Definition, err)
	}
}
