package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// What steering costs: the reports of devices on a job with a guard, waves and the like, beside those
// on a job without settings, in turns; and what it takes to pause a job of the whole fleet.

// steeredShare is how many reports on a job with settings there must be for those on one without.
const steeredShare = 0.9

// steeringRounds is how often both are measured; the middle ratio counts.
const steeringRounds = 5

// pauseBound is what a pause may take until it is answered, whatever the job has.
const pauseBound = 20 * time.Millisecond

// The jobs that are compared, by their settings.
var steeredJobs = []struct {
	id   string
	tags []registry.Tag
}{
	{"plain", nil},
	{"guard", tagged("guard", "FAILED 5pct settle=1m")},
	{"waves", tagged("waves", "50pct soak=1s / 100pct")},
	{"both", slices.Concat(tagged("guard", "FAILED 5pct settle=1m"),
		tagged("waves", "50pct soak=1s / 100pct"))},
}

func tagged(name, value string) []registry.Tag {
	return []registry.Tag{{Key: job.SteeringPrefix + name, Value: value}}
}

// steeringOnly prints the table. The error names what is beyond its bound.
func steeringOnly(ctx context.Context, dir string, s sizes) error {
	r, err := newRig(ctx, filepath.Join(dir, "steering.db"))
	if err != nil {
		return err
	}
	things := s.fleet / len(steeredJobs) // things of each job: the first reports must not pay for others
	for i, j := range steeredJobs {
		if _, err := r.fleet(ctx, j.id, 1000+i*things, things, 1024); err != nil {
			return err
		}
		if err := r.create(ctx, j.id, j.id); err != nil {
			return err
		}
		if len(j.tags) > 0 {
			if err := r.Tags.Tag(ctx, registry.KindJob, j.id, j.tags); err != nil {
				return err
			}
		}
		if err := r.release(ctx, j.id, things); err != nil {
			return err
		}
	}
	return errors.Join(r.steeredReports(ctx, things), r.pauseRows(ctx, s), r.stop())
}

// steeredReports compares the reports on the jobs, each of which has so many things.
func (r *rig) steeredReports(ctx context.Context, things int) error {
	costs := map[string][]float64{}
	share := things / steeringRounds
	for round := range steeringRounds {
		plain := 0.0
		for i, j := range steeredJobs {
			cost, err := r.reportCost(ctx, j.id, i*things+round*share, share)
			if err != nil {
				return err
			}
			if plain == 0 {
				plain = cost
			}
			costs[j.id] = append(costs[j.id], plain/cost)
		}
		fmt.Printf("a report on a job without settings: %.1f µs of a processor\n", plain)
	}
	var missed []string
	for _, j := range steeredJobs[1:] {
		ratio := medianOf(costs[j.id])
		row("reports on a job with "+j.id+", for those on one without", percent(ratio), ">= 90 %")
		if ratio < steeredShare {
			missed = append(missed, j.id)
		}
	}
	if len(missed) > 0 {
		return fmt.Errorf("reports cost too much with %s", strings.Join(missed, ", "))
	}
	return nil
}

// reportCost has n things start their execution of a job and succeed, and returns what a report
// takes of a processor, in µs: the machine may be busy with other things.
func (r *rig) reportCost(ctx context.Context, id string, from, n int) (float64, error) {
	before := processorTime()
	var done atomic.Int64
	err := each(n, 1024, func(i int) error {
		for _, event := range []job.Event{job.ReportInProgress, job.ReportSucceeded} {
			report := job.Report{Event: event}
			if _, err := r.Jobs.Report(ctx, thing(1000+from+i), id, report, false); err != nil {
				return err
			}
			done.Add(1)
		}
		return nil
	})
	return float64((processorTime() - before).Microseconds()) / float64(done.Load()), err
}

// processorTime is what this process has used of processors.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // it fails for wrong arguments only
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// pauseRows measures how long a pause and the end of one take until they are answered, and until
// every device has been notified.
func (r *rig) pauseRows(ctx context.Context, s sizes) error {
	if _, err := r.fleet(ctx, "large", 1000+s.fleet, s.fleet, 1024); err != nil {
		return err
	}
	if err := r.create(ctx, "paused", "large"); err != nil {
		return err
	}
	if err := r.release(ctx, "paused", s.fleet); err != nil {
		return err
	}
	var slow []string
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"pause", func() error { return r.Tags.Tag(ctx, registry.KindJob, "paused", tagged("paused", "x")) }},
		{"resume", func() error {
			return r.Tags.Untag(ctx, registry.KindJob, "paused", []string{job.SteeringPrefix + "paused"})
		}},
	} {
		begun := time.Now()
		if err := step.do(); err != nil {
			return err
		}
		answered := time.Since(begun)
		if err := r.WaitIdle(ctx); err != nil {
			return err
		}
		row(fmt.Sprintf("%s a job of %d executions that are QUEUED", step.name, s.fleet),
			brief(answered, 10*time.Microsecond), brief(pauseBound, time.Millisecond))
		row("  until all devices are notified", brief(time.Since(begun), time.Millisecond), "")
		if answered > pauseBound {
			slow = append(slow, step.name)
		}
	}
	if len(slow) > 0 {
		return fmt.Errorf("too slow: %s", strings.Join(slow, ", "))
	}
	return nil
}
