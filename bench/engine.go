package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/sqlite"
	"github.com/drover-iot/drover/store/sqlite/rawbench"
)

// retention is how long the engine of a rig stores jobs that have ended.
const retention = 730 * 24 * time.Hour

// rig is an engine on a store of its own, on a virtual clock.
type rig struct {
	*engine.Engine
	clock *clock.Virtual
	stop  func() error
}

// newRig is a rig on a file of the embedded store.
func newRig(ctx context.Context, path string) (*rig, error) {
	s, err := sqlite.Open(path)
	if err != nil {
		return nil, err
	}
	return newRigOn(ctx, s), nil
}

// newRigOn is a rig on a store, which it closes.
func newRigOn(ctx context.Context, s store.Store) *rig {
	return newRigWith(ctx, s, engine.SinkConfig{})
}

// newRigWith is newRigOn for an engine that sends to sinks.
func newRigWith(ctx context.Context, s store.Store, sinks engine.SinkConfig) *rig {
	r := &rig{clock: clock.NewVirtual(time.Now())}
	r.Engine = engine.New(engine.Config{
		Sinks:  sinks,
		Store:  s,
		Clock:  r.clock,
		IDs:    ids.Random{},
		Events: events.Renderer{Scope: registry.DefaultScope, IDs: ids.Random{}},
		Limits: job.Limits{Retention: retention},
		Log:    slog.New(slog.DiscardHandler),
	})
	running, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.Run(running) }()
	r.stop = func() error {
		cancel()
		if err := <-done; err != nil {
			return err
		}
		return s.Close()
	}
	return r
}

// each calls f for 0 to n-1 from several goroutines.
func each(n, workers int, f func(i int) error) error {
	var next atomic.Int64
	var failed atomic.Value
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n) && failed.Load() == nil; i = next.Add(1) - 1 {
				if err := f(int(i)); err != nil {
					failed.Store(err)
				}
			}
		})
	}
	group.Wait()
	err, _ := failed.Load().(error)
	return err
}

func thing(i int) string { return fmt.Sprintf("pump-%07d", i) }

// fleet makes things in a group, from so many callers, and returns how many were made a second.
func (r *rig) fleet(ctx context.Context, group string, from, n, callers int) (string, error) {
	if _, err := r.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: group}); err != nil {
		return "", err
	}
	start := time.Now()
	if err := each(n, callers, func(i int) error {
		_, err := r.Fleet.CreateThing(ctx, fleet.NewThing{Name: thing(from + i)})
		return err
	}); err != nil {
		return "", err
	}
	speed := perSecond(int64(n), time.Since(start))
	return speed, each(n, 1024, func(i int) error {
		return r.Fleet.AddMember(ctx, group, thing(from+i))
	})
}

// create makes a job for a group, which starts at once and whose executions time out after ten
// hours: each has a timer, as in a real fleet, and none fires.
func (r *rig) create(ctx context.Context, id, group string) error {
	return r.createWith(ctx, id, group, `{"operation":"upgrade"}`)
}

// createWith creates a job with a document, which may have placeholders.
func (r *rig) createWith(ctx context.Context, id, group, document string) error {
	_, err := r.Jobs.CreateJob(ctx, jobs.NewJob{
		ID:       id,
		Document: document,
		Definition: job.Definition{
			Targets:         []job.Target{job.GroupTarget(registry.DefaultScope, group)},
			TargetSelection: job.Snapshot,
			Timeout:         &job.TimeoutConfig{InProgressMinutes: 600},
			PresignedURL:    &job.PresignedURLConfig{RoleARN: "arn:aws:iam::000000000000:role/r"},
		},
	})
	return err
}

// engineRows measures the engine on SQLite, without a network. It returns what SQLite alone can do.
func engineRows(ctx context.Context, dir string, s sizes) (bound float64, err error) {
	path := filepath.Join(dir, "engine.db")
	r, err := newRig(ctx, path)
	if err != nil {
		return 0, err
	}
	made, err := r.fleet(ctx, "small", 0, 1000, 64)
	if err != nil {
		return 0, err
	}
	row("CreateThing, 64 in flight", made, "")
	if made, err = r.fleet(ctx, "large", 1000, s.fleet, 1024); err != nil {
		return 0, err
	}
	row("  1,024 in flight", made, "")
	if err := r.scaleRows(ctx, s); err != nil {
		return 0, err
	}
	engineSpeed, err := r.reports(ctx, s)
	if err != nil {
		return 0, err
	}
	if err := r.sweepRows(ctx, s); err != nil {
		return 0, err
	}
	if err := r.stop(); err != nil {
		return 0, err
	}
	if bound, err = rawSpeed(path, s.spell); err != nil {
		return 0, err
	}
	row("SQLite alone, the same conditional updates, 512 a commit", fmt.Sprintf("%.0f/s", bound), "")
	row("durable reports through engine and SQLite, 1,024 in flight",
		fmt.Sprintf("%.0f/s", engineSpeed), "")
	row("  as a share of SQLite alone", percent(engineSpeed/bound), "80 %")
	return bound, nil
}

// scaleRows measures what must not grow with the fleet, and the release of the whole of it.
func (r *rig) scaleRows(ctx context.Context, s sizes) error {
	if err := r.create(ctx, "small", "small"); err != nil {
		return err
	}
	took, err := timed(1, func(int) error { return r.create(ctx, "large", "large") })
	if err != nil {
		return err
	}
	row(fmt.Sprintf("CreateJob on a group of %d things", s.fleet),
		brief(took[0], 100*time.Microsecond), "100 ms at 10⁵, 1 s at 10⁶")
	if took, err = timed(300, func(i int) error { return r.changeRate(ctx, i) }); err != nil {
		return err
	}
	row("UpdateJob on it between two ticks, p50, p99",
		p50p99(took, 10*time.Microsecond), "p99 10 ms")
	start := time.Now()
	took, err = r.updateWhile(ctx, func() error { return r.release(ctx, "large", s.fleet) })
	if err != nil {
		return err
	}
	row(fmt.Sprintf("%d executions released, the clock jumping from tick to tick", s.fleet),
		brief(time.Since(start), time.Millisecond), "60 s at 10⁶")
	row("  UpdateJob meanwhile, p50, p99", p50p99(took, 10*time.Microsecond), "")
	row("  most memory that the process ever held until then",
		fmt.Sprintf("%d MB", status(os.Getpid(), "VmHWM:")>>10), "300 MB")
	return r.readRows(ctx, s)
}

// changeRate gives the large job another rate with every call, never the one that it has.
func (r *rig) changeRate(ctx context.Context, i int) error {
	rollout := &job.RolloutConfig{MaximumPerMinute: 1000 - i%2}
	return r.Jobs.UpdateJob(ctx, "large", nil, job.Update{Rollout: rollout})
}

// updateWhile changes the rate of the large job again and again while f runs, and returns how long
// each change took.
func (r *rig) updateWhile(ctx context.Context, f func() error) (took []time.Duration, err error) {
	done := make(chan error, 1)
	go func() { done <- f() }()
	for i := 0; ; i++ {
		select {
		case err := <-done:
			return took, err
		case <-time.After(5 * time.Millisecond):
		}
		start := time.Now()
		if err := r.changeRate(ctx, i); fault.Of(err) != nil {
			return took, <-done // it has ended
		} else if err != nil {
			return took, errors.Join(err, <-done)
		}
		took = append(took, time.Since(start))
	}
}

// release lets the clock jump from tick to tick until a job has all its executions.
func (r *rig) release(ctx context.Context, id string, executions int) error {
	for {
		j, err := r.Jobs.DescribeJob(ctx, id)
		if err != nil || j.Counts.Total() >= int64(executions) {
			return err
		}
		if _, err := r.AdvanceToNext(ctx); err != nil {
			return err
		}
	}
}

// readRows compares reads on a job of a thousand executions with reads on the large one.
func (r *rig) readRows(ctx context.Context, s sizes) error {
	for _, read := range []struct {
		name string
		call func(id, thing string) error
	}{
		{"DescribeJob", func(id, _ string) error {
			_, err := r.Jobs.DescribeJob(ctx, id)
			return err
		}},
		{"GetPendingJobExecutions", func(_, thing string) error {
			_, err := r.Jobs.Pending(ctx, thing, 10)
			return err
		}},
		{"DescribeJobExecution $next", func(_, thing string) error {
			_, err := r.Jobs.Next(ctx, thing, true)
			return err
		}},
	} {
		var small, large []time.Duration
		for turn := range 20 { // in turns, so that a busy machine slows both
			a, err := timed(200, func(i int) error { return read.call("small", thing(i*7919%1000)) })
			if err != nil {
				return err
			}
			b, err := timed(200, func(i int) error {
				return read.call("large", thing(1000+(turn*200+i)*7919%s.fleet))
			})
			if err != nil {
				return err
			}
			small, large = append(small, a...), append(large, b...)
		}
		a, b := quantile(small, 0.5), quantile(large, 0.5)
		base := brief(a, 100*time.Nanosecond)
		row(fmt.Sprintf("%s, p50 at %d over p50 at 1000 (%s)", read.name, s.fleet, base),
			fmt.Sprintf("%.2f", float64(b)/float64(a)), "1.2")
	}
	return nil
}

// reports has 1,024 callers report on executions of the large job, each IN_PROGRESS and then
// SUCCEEDED.
func (r *rig) reports(ctx context.Context, s sizes) (perSecond float64, err error) {
	var done atomic.Int64
	details := map[string]string{"progress": "50", "step": "install"}
	deadline := time.Now().Add(s.spell)
	start := time.Now()
	err = each(s.fleet, 1024, func(i int) error {
		if time.Now().After(deadline) {
			return nil
		}
		i = i * 7919 % s.fleet // in no order, as the raw figure has it
		for _, event := range []job.Event{job.ReportInProgress, job.ReportSucceeded} {
			report := job.Report{Event: event, Details: details}
			if _, err := r.Jobs.Report(ctx, thing(1000+i), "large", report, false); err != nil {
				return err
			}
			done.Add(1)
		}
		return nil
	})
	return float64(done.Load()) / time.Since(start).Seconds(), err
}

// rawSpeed is how many reports a second SQLite alone makes durable, on a file that the engine has
// left.
func rawSpeed(path string, spell time.Duration) (float64, error) {
	b, err := rawbench.Open(path)
	if err != nil {
		return 0, err
	}
	b.Repeat = 2 // as the engine's reports: each execution twice
	n, start := 0, time.Now()
	for ; time.Since(start) < spell; n += 512 {
		if err := b.Group(512); err != nil {
			return 0, err
		}
	}
	return float64(n) / time.Since(start).Seconds(), b.Close()
}
