package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// How long devices wait while an operator does the worst that an operator can do. A few devices read
// their pending list, start their next execution and report on it, again and again, each with a short
// pause, on a fleet of which the operator changes everything. All runs on one engine over SQLite in
// this process, so that nothing but the engine and the store is measured.

const (
	// measuredDevices is how many devices ask, and devicePause how long each waits between two requests.
	measuredDevices = 16
	devicePause     = 5 * time.Millisecond
	// latencyBound is what 99 of 100 requests of devices must take at most, or so many times what
	// they take while nothing else is done, on a machine that is busy with other things.
	latencyBound, latencyRatio = 50 * time.Millisecond, 5
)

// leastSpell is how long devices are measured at least.
func (s sizes) leastSpell() time.Duration { return min(s.spell, time.Second) }

// disturbance is one thing that an operator does. prepare is done before devices are measured; do
// returns when the work behind it is done, too.
type disturbance struct {
	name        string
	prepare, do func(ctx context.Context, r *rig, s sizes) error
}

var disturbances = []disturbance{
	{name: "nothing", do: func(context.Context, *rig, sizes) error { return nil }},
	{name: "ten lists of things by an attribute, again and again", do: listInLoops},
	{name: "400 CreateJobs at once", do: createMany},
	{name: "CancelJob on all things", prepare: releaseAll("canceled"), do: cancelAll},
	{name: "DeleteJob of that job", do: deleteAll},
	{name: "the purge of a job on all things", prepare: endAll("purged"), do: purgeAll},
	{name: "a pause of a job on all things, and its end", prepare: releaseAll("paused"), do: pauseAll},
	{name: "20 things into a group of 900 continuous jobs", prepare: watchGroup, do: joinWatched},
	{name: "5,000 timeouts at once", prepare: startTimers, do: timeOutAll},
	{name: "AssociateTargetsWithJob with a group of a tenth", prepare: continuousJob, do: associate},
	{name: "a dynamic group of all things, and another query", do: dynamicGroup},
	{name: "DeleteThingGroup with a tenth of the things", do: deleteTenth},
}

// latencyRows prints the table. The error names what is beyond the bound; without bounded nothing is.
func latencyRows(ctx context.Context, path string, s sizes, bounded bool) error {
	r, err := newRig(ctx, path)
	if err != nil {
		return err
	}
	if err := r.latencyFleet(ctx, s); err != nil {
		return err
	}
	fmt.Printf("\n%-52s %32s %32s\n", fmt.Sprintf("devices of a fleet of %d, while an operator does", s.fleet),
		"reads: p50, p99, longest", "writes: p50, p99, longest")
	var broken error
	bound := latencyBound
	for i, d := range disturbances {
		if d.prepare != nil {
			if err := d.prepare(ctx, r, s); err != nil {
				return fmt.Errorf("before %s: %w", d.name, err)
			}
		}
		if err := r.WaitIdle(ctx); err != nil {
			return err
		}
		times, err := r.whileDevicesAsk(ctx, s.leastSpell(), func() error { return d.do(ctx, r, s) })
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		fmt.Printf("  %-50s %32s %32s\n", d.name, spread(times.reads), spread(times.writes))
		worst := max(quantile(times.reads, 0.99), quantile(times.writes, 0.99))
		if i == 0 {
			bound = max(bound, latencyRatio*worst)
		}
		if bounded && worst > bound {
			broken = errors.Join(broken, fmt.Errorf("devices wait %v while an operator does: %s, at most %v",
				worst, d.name, bound))
		}
	}
	return errors.Join(broken, r.stop())
}

// spread is the median, the 99th percentile and the longest of many.
func spread(all []time.Duration) string {
	return p50p99(all, 10*time.Microsecond) + ", " + brief(quantile(all, 1), 100*time.Microsecond)
}

func measured(i int) string { return fmt.Sprintf("measured-%d", i) }

// latencyFleet makes the things: those whose devices are measured, with an execution each, and the
// fleet, of which a tenth is in another group besides.
func (r *rig) latencyFleet(ctx context.Context, s sizes) error {
	if _, err := r.fleet(ctx, "large", 0, s.fleet, 1024); err != nil {
		return err
	}
	if _, err := r.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "tenth"}); err != nil {
		return err
	}
	if err := each(s.fleet/10, 1024, func(i int) error {
		return r.Fleet.AddMember(ctx, "tenth", thing(i))
	}); err != nil {
		return err
	}
	if _, err := r.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "measured"}); err != nil {
		return err
	}
	for i := range measuredDevices {
		if _, err := r.Fleet.CreateThing(ctx, fleet.NewThing{Name: measured(i)}); err != nil {
			return err
		}
		if err := r.Fleet.AddMember(ctx, "measured", measured(i)); err != nil {
			return err
		}
	}
	return r.jobOn(ctx, "measured", "measured", job.Snapshot)
}

// jobOn makes a job on a group.
func (r *rig) jobOn(ctx context.Context, id, group string, selection job.TargetSelection) error {
	_, err := r.Jobs.CreateJob(ctx, jobs.NewJob{
		ID:       id,
		Document: `{"operation":"upgrade"}`,
		Definition: job.Definition{
			Targets:         []job.Target{job.GroupTarget(registry.DefaultScope, group)},
			TargetSelection: selection,
		},
	})
	return err
}

// deviceTimes is how long requests of devices took.
type deviceTimes struct{ reads, writes []time.Duration }

// whileDevicesAsk measures devices until f has returned, and for a spell at least.
func (r *rig) whileDevicesAsk(
	ctx context.Context, least time.Duration, f func() error,
) (all deviceTimes, err error) {
	var devices sync.WaitGroup
	var mu sync.Mutex
	var failed error
	stop := make(chan struct{})
	for i := range measuredDevices {
		devices.Go(func() {
			times, err := r.ask(ctx, measured(i), stop)
			mu.Lock()
			defer mu.Unlock()
			all.reads = append(all.reads, times.reads...)
			all.writes = append(all.writes, times.writes...)
			failed = errors.Join(failed, err)
		})
	}
	start := time.Now()
	err = f()
	time.Sleep(max(0, least-time.Since(start)))
	close(stop)
	devices.Wait()
	return all, errors.Join(err, failed)
}

// ask is one device.
func (r *rig) ask(ctx context.Context, name string, stop <-chan struct{}) (t deviceTimes, err error) {
	report := job.Report{Event: job.ReportInProgress, Details: map[string]string{"step": "install"}}
	for {
		for _, request := range []struct {
			times *[]time.Duration
			do    func() error
		}{
			{&t.reads, func() error { _, err := r.Jobs.Pending(ctx, name, 10); return err }},
			{&t.writes, func() error { _, err := r.Jobs.StartNext(ctx, name, nil, nil); return err }},
			{&t.writes, func() error { _, err := r.Jobs.Report(ctx, name, "measured", report, false); return err }},
		} {
			select {
			case <-stop:
				return t, nil
			case <-time.After(devicePause):
			}
			start := time.Now()
			if err := request.do(); err != nil {
				return t, err
			}
			*request.times = append(*request.times, time.Since(start))
		}
	}
}

func listInLoops(ctx context.Context, r *rig, s sizes) error {
	end := time.Now().Add(s.leastSpell())
	by := registry.AttributeFilter{Name: "site", Value: "nowhere"}
	return each(10, 10, func(int) error {
		for after := ""; time.Now().Before(end); {
			q := store.ThingQuery{After: after, Limit: 25}
			var err error
			if _, after, err = r.Fleet.ListThings(store.ForOperator(ctx), q, by); err != nil {
				return err
			}
		}
		return nil
	})
}

func createMany(ctx context.Context, r *rig, _ sizes) error {
	if err := each(400, 400, func(i int) error {
		return r.jobOn(ctx, fmt.Sprint("many-", i), "tenth", job.Snapshot)
	}); err != nil {
		return err
	}
	return r.WaitIdle(ctx)
}

// releaseAll makes a job that has an execution on every thing.
func releaseAll(id string) func(context.Context, *rig, sizes) error {
	return func(ctx context.Context, r *rig, s sizes) error {
		if err := r.endMany(ctx); err != nil {
			return err
		}
		if err := r.jobOn(ctx, id, "large", job.Snapshot); err != nil {
			return err
		}
		return r.release(ctx, id, s.fleet)
	}
}

// endMany removes the jobs of createMany, so that they do not go on when the clock is moved.
func (r *rig) endMany(ctx context.Context) error {
	for i := range 400 {
		if _, err := r.Jobs.DescribeJob(ctx, fmt.Sprint("many-", i)); err != nil {
			return nil // removed before
		}
		if err := r.Jobs.DeleteJob(ctx, fmt.Sprint("many-", i), true, nil); err != nil {
			return err
		}
		if err := r.WaitIdle(ctx); err != nil {
			return err
		}
	}
	return nil
}

func cancelAll(ctx context.Context, r *rig, _ sizes) error {
	if _, err := r.Jobs.CancelJob(ctx, "canceled", job.Cancellation{}); err != nil {
		return err
	}
	return r.WaitIdle(ctx)
}

func pauseAll(ctx context.Context, r *rig, _ sizes) error {
	if err := r.Tags.Tag(ctx, registry.KindJob, "paused", tagged("paused", "later")); err != nil {
		return err
	}
	if err := r.WaitIdle(ctx); err != nil {
		return err
	}
	if err := r.Tags.Untag(ctx, registry.KindJob, "paused", []string{job.SteeringPrefix + "paused"}); err != nil {
		return err
	}
	return r.WaitIdle(ctx)
}

func deleteAll(ctx context.Context, r *rig, _ sizes) error {
	if err := r.Jobs.DeleteJob(ctx, "canceled", false, nil); err != nil {
		return err
	}
	return r.WaitIdle(ctx)
}

// endAll makes a job on every thing that is canceled.
func endAll(id string) func(context.Context, *rig, sizes) error {
	return func(ctx context.Context, r *rig, s sizes) error {
		if err := releaseAll(id)(ctx, r, s); err != nil {
			return err
		}
		_, err := r.Jobs.CancelJob(ctx, id, job.Cancellation{})
		return err
	}
}

func purgeAll(ctx context.Context, r *rig, _ sizes) error {
	return r.Advance(ctx, r.Now().Add(retention+time.Hour))
}

// watchGroup makes 900 continuous jobs on a group.
func watchGroup(ctx context.Context, r *rig, _ sizes) error {
	if _, err := r.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "watched"}); err != nil {
		return err
	}
	return each(900, 100, func(i int) error {
		return r.jobOn(ctx, fmt.Sprint("watching-", i), "watched", job.Continuous)
	})
}

func joinWatched(ctx context.Context, r *rig, _ sizes) error {
	for i := range 20 {
		if err := r.Fleet.AddMember(ctx, "watched", thing(i)); err != nil {
			return err
		}
	}
	return r.WaitIdle(ctx)
}

// startTimers has 5,000 devices, or as many as are in the group, begin a step of one minute.
func startTimers(ctx context.Context, r *rig, s sizes) error {
	if err := r.jobOn(ctx, "timed", "tenth", job.Snapshot); err != nil {
		return err
	}
	if err := r.release(ctx, "timed", s.fleet/10); err != nil {
		return err
	}
	report := job.Report{Event: job.ReportInProgress, StepMinutes: new(int64(1))}
	return each(min(5000, s.fleet/10), 1024, func(i int) error {
		_, err := r.Jobs.Report(ctx, thing(i), "timed", report, false)
		return err
	})
}

func timeOutAll(ctx context.Context, r *rig, _ sizes) error {
	return r.Advance(ctx, r.Now().Add(time.Minute))
}

func continuousJob(ctx context.Context, r *rig, _ sizes) error {
	if _, err := r.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: "empty"}); err != nil {
		return err
	}
	return r.jobOn(ctx, "continuous", "empty", job.Continuous)
}

func associate(ctx context.Context, r *rig, _ sizes) error {
	targets := []job.Target{job.GroupTarget(registry.DefaultScope, "tenth")}
	if _, err := r.Jobs.AssociateTargets(ctx, "continuous", nil, targets, nil); err != nil {
		return err
	}
	return r.WaitIdle(ctx)
}

func dynamicGroup(ctx context.Context, r *rig, _ sizes) error {
	_, err := r.Fleet.CreateDynamicGroup(ctx, fleet.NewDynamicGroup{Name: "dynamic", Query: "thingName:pump-*"})
	if err != nil {
		return err
	}
	if err := r.WaitIdle(ctx); err != nil {
		return err
	}
	query := "thingName:pump-0*"
	if _, err := r.Fleet.UpdateDynamicGroup(ctx, "dynamic", registry.GroupUpdate{}, &query); err != nil {
		return err
	}
	return r.WaitIdle(ctx)
}

func deleteTenth(ctx context.Context, r *rig, _ sizes) error {
	if err := r.Fleet.DeleteGroup(ctx, "tenth", nil); err != nil {
		return err
	}
	return r.WaitIdle(ctx)
}
