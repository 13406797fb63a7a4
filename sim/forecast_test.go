package sim

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/answers"
	fleets "github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// A forecast is held against what the engine does. For each of many random jobs there is a forecast
// and a few runs of the real engine with devices that answer as the forecast assumes. What the runs
// come to lies in the 10-90 % band of the forecast in 70 to 90 of 100 points (R-FCT-8).

// rollout is one random job and the devices that it is for.
type rollout struct {
	rand   *rand.Rand
	things int
	assume forecast.Assumptions
	job    jobs.NewJob
}

// drawRollout draws a job. Most of what a job may have is in some of them.
func drawRollout(seed uint64) rollout {
	r := rollout{rand: rand.New(rand.NewPCG(seed, 1))}
	chance := func(p float64) bool { return r.rand.Float64() < p }
	between := func(low, high float64) float64 { return low * math.Pow(high/low, r.rand.Float64()) }
	delay := func() forecast.Delay {
		median := between(10, 1200)
		spread := between(1.2, 6)
		seconds := func(x float64) time.Duration { return time.Duration(x) * time.Second }
		return forecast.Delay{Median: seconds(median), P90: seconds(median * spread)}
	}
	r.things = int(between(80, 400))
	r.assume = forecast.Assumptions{Started: delay(), Ended: delay()}
	if r.assume.Failed = r.assume.Ended; chance(0.5) {
		r.assume.Failed = delay()
	}
	if chance(0.7) {
		r.assume.FailureRate = between(0.01, 0.3)
	}
	if chance(0.3) {
		r.assume.RejectionRate = between(0.01, 0.1)
	}
	if chance(0.3) {
		r.assume.SilentRate = between(0.01, 0.1)
	}
	d := &r.job.Definition
	d.Targets = []job.Target{job.GroupTarget(registry.DefaultScope, "all")}
	if chance(0.3) {
		d.Targets = append(d.Targets, job.GroupTarget(registry.DefaultScope, "few"))
	}
	d.Rollout = &job.RolloutConfig{MaximumPerMinute: int(between(1, 100))}
	if chance(0.4) {
		d.Rollout = &job.RolloutConfig{Exponential: &job.Exponential{
			BasePerMinute:   int(between(1, 10)),
			IncrementTenths: 11 + r.rand.IntN(20),
			NotifiedThings:  int64(between(5, 100)),
			SucceededThings: int64(between(5, 100)),
		}}
	}
	if chance(0.3) {
		r.assume.TimeoutRate = between(0.01, 0.1)
		d.Timeout = &job.TimeoutConfig{InProgressMinutes: int64(between(1, 60))}
	}
	if chance(0.4) {
		d.Retry = &job.RetryConfig{Criteria: []job.RetryCriterion{
			{FailureType: job.FailureFailed, Retries: 1 + r.rand.IntN(2)}, {FailureType: job.FailureTimedOut, Retries: 1},
		}}
	}
	if chance(0.3) {
		d.Abort = &job.AbortConfig{Criteria: []job.AbortCriterion{{
			FailureType:         job.FailureAll,
			ThresholdHundredths: int64(between(500, 5000)),
			MinExecuted:         int64(between(2, 50)),
		}}}
	}
	if chance(0.2) {
		d.Schedule = &job.ScheduleConfig{Windows: []job.Window{
			{StartTime: "cron(15 * * * ? *)", Minutes: int(between(5, 40))},
		}}
	}
	r.steer(chance, between)
	r.job.ID, r.job.Document = fmt.Sprint("job-", seed), "{}"
	return r
}

// steer draws the settings of the job.
func (r *rollout) steer(chance func(float64) bool, between func(low, high float64) float64) {
	add := func(key, format string, args ...any) {
		r.job.Tags = append(r.job.Tags, registry.Tag{Key: "drover:" + key, Value: fmt.Sprintf(format, args...)})
	}
	if chance(0.15) {
		add("max-outstanding", "%d", int(between(10, 60)))
	}
	if chance(0.2) {
		add("guard", "ALL %dpct settle=%dm", int(between(3, 20)), int(between(1, 20)))
	}
	if chance(0.2) && r.job.Definition.Retry != nil {
		add("retry-backoff", "%dm/%dm", int(between(1, 5)), int(between(5, 40)))
	}
	switch {
	case chance(0.15):
		add("waves", "group=few soak=%dm / 50pct soak=%dm / 100pct", int(between(1, 20)), int(between(1, 20)))
	case chance(0.1):
		add("waves", "20pct ok=%dpct / 100pct", int(between(40, 100)))
	}
}

// bench is an engine with devices that answer by the assumptions of a rollout.
type bench struct {
	rollout
	ctx     context.Context
	time    *timeline
	engine  *engine.Engine
	devices map[registry.ThingID]*answering
	problem error
}

// answering is a device that answers by assumptions.
type answering struct {
	*bench
	name   string
	silent bool  // it never does
	seen   int64 // the number of the execution that it is going to start, or has started
}

// newBench makes the things of a rollout and their groups.
func newBench(ctx context.Context, r rollout, run uint64) (b *bench, err error) {
	b = &bench{rollout: r, ctx: ctx, time: newTimeline(), devices: map[registry.ThingID]*answering{}}
	b.rand = rand.New(rand.NewPCG(run, 2))
	b.engine = engine.New(engine.Config{
		Store:   memory.Open(),
		Clock:   b.time.clock,
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Notify:  b.notify,
		Stepped: true,
	})
	for _, group := range []string{"all", "few"} {
		if _, err := b.engine.Fleet.CreateGroup(ctx, fleets.NewGroup{Name: group}); err != nil {
			return nil, err
		}
	}
	for i := range r.things {
		d := &answering{bench: b, name: fmt.Sprintf("thing-%04d", i), silent: b.chance(r.assume.SilentRate)}
		thing, err := b.engine.Fleet.CreateThing(ctx, fleets.NewThing{Name: d.name})
		if err != nil {
			return nil, err
		}
		b.devices[thing.ID] = d
		groups := []string{"all", "few"}
		if i%10 != 0 {
			groups = groups[:1]
		}
		change := fleets.MembershipChange{Add: groups}
		if err := b.engine.Fleet.ChangeMemberships(ctx, d.name, change); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (b *bench) chance(p float64) bool { return b.rand.Float64() < p }

// draw draws a delay.
func (b *bench) draw(d forecast.Delay) time.Duration {
	const deviationOf90 = 1.2815515655446004
	sigma := math.Log(float64(d.P90)/float64(d.Median)) / deviationOf90
	return time.Duration(float64(d.Median) * math.Exp(sigma*b.rand.NormFloat64()))
}

// notify wakes the devices of things.
func (b *bench) notify(_ context.Context, notices []store.Notice) error {
	for _, n := range notices {
		if d := b.devices[n.Thing]; !d.silent {
			d.look()
		}
	}
	return nil
}

// look looks for a new execution, which the device starts after a while.
func (d *answering) look() {
	pending, err := d.engine.Jobs.Pending(d.ctx, d.name, 2)
	if err != nil || len(pending) == 0 || pending[0].Status != job.ExecutionQueued || pending[0].Number == d.seen {
		return
	}
	number := pending[0].Number
	d.seen = number
	d.time.after(d.draw(d.assume.Started), func() { d.start(number) })
}

// report reports an event.
func (d *answering) report(number int64, event job.Event) bool {
	_, err := d.engine.Jobs.Report(d.ctx, d.name, d.job.ID, job.Report{Event: event, Number: &number}, false)
	return err == nil
}

// start starts an execution. One that is hidden cannot start: the device is notified again when it
// shows. The device may hang then, or end it after a while.
func (d *answering) start(number int64) {
	if !d.report(number, job.ReportInProgress) {
		d.seen = 0
		return
	}
	a, u := d.assume, d.rand.Float64()
	event, after := job.ReportSucceeded, a.Ended
	switch {
	case u < a.TimeoutRate:
		return
	case u < a.TimeoutRate+a.FailureRate:
		event, after = job.ReportFailed, a.Failed
	case u < a.TimeoutRate+a.FailureRate+a.RejectionRate:
		event, after = job.ReportRejected, a.Failed
	}
	d.time.after(d.draw(after), func() { d.report(number, event) })
}

// create creates the job.
func (b *bench) create() error {
	_, err := b.engine.Jobs.CreateJob(b.ctx, b.job)
	return err
}

// run runs the job and returns what it has come to at the times of a curve.
func (b *bench) run(curve []forecast.Point) (seen []forecast.Point, err error) {
	for _, p := range curve {
		b.time.after(p.At.Sub(b.time.now()), func() {
			j, err := b.engine.Jobs.DescribeJob(b.ctx, b.job.ID)
			if err != nil {
				b.problem = err
			}
			same := func(n int64) forecast.Band { return forecast.Band{P10: n, P50: n, P90: n} }
			seen = append(seen, forecast.Point{
				At:         b.time.now(),
				Released:   same(j.Progress.Notified),
				InProgress: same(j.Counts[job.ExecutionInProgress]),
				Ended:      same(j.Progress.Notified - j.Counts.Pending()),
			})
		})
	}
	for len(seen) < len(curve) && b.problem == nil {
		due, err := b.engine.NextDue(b.ctx)
		if err != nil {
			return nil, err
		}
		if !due.IsZero() && due.Before(b.time.next()) {
			b.time.clock.Set(later(due, b.time.now()))
		} else {
			b.time.happen()
		}
		if err := b.engine.RunDue(b.ctx); err != nil {
			return nil, err
		}
		if err := b.engine.Announce(b.ctx); err != nil {
			return nil, err
		}
	}
	return seen, b.problem
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// forecast is the forecast of the rollout, before it begins or while it goes on.
func (b *bench) forecast(of answers.ForecastOf) (answers.Forecast, error) {
	a := b.assume
	return b.engine.Answers.Forecast(b.ctx, of, answers.Assume{
		Started:       &a.Started,
		Ended:         &a.Ended,
		Failed:        &a.Failed,
		FailureRate:   &a.FailureRate,
		RejectionRate: &a.RejectionRate,
		TimeoutRate:   &a.TimeoutRate,
		SilentRate:    &a.SilentRate,
	}, nil)
}

// widest is how many points of a curve are looked at, spread evenly; narrowest how wide a band must
// be at least: one that has hardly any width says nothing about its edges, because counts are whole
// numbers.
const widest, narrowest = 25, 5

// coverage is how many points lie in the band, and how many there are.
type coverage struct{ inside, below, above int }

func (c *coverage) add(b forecast.Band, n int64) {
	switch {
	case b.P90-b.P10 < narrowest:
	case n < b.P10:
		c.below++
	case n > b.P90:
		c.above++
	default:
		c.inside++
	}
}

func (c coverage) share() float64 {
	return float64(c.inside) / float64(max(1, c.inside+c.below+c.above))
}

// hold holds the forecast of one random job against runs of it.
func hold(ctx context.Context, seed uint64, runs int) (c coverage, err error) {
	r := drawRollout(seed)
	b, err := newBench(ctx, r, 0)
	if err != nil {
		return c, err
	}
	f, err := b.forecast(answers.ForecastOf{Create: &b.job})
	if err != nil {
		return c, err
	}
	curve := spreadOut(f)
	for run := range uint64(runs) {
		b, err := newBench(ctx, r, seed*1000+run+1)
		if err == nil {
			err = b.create()
		}
		if err != nil {
			return c, err
		}
		if err := b.compare(curve, &c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// compare runs the job on and compares what it comes to with a curve.
func (b *bench) compare(curve []forecast.Point, c *coverage) error {
	seen, err := b.run(curve)
	for i, p := range seen {
		c.add(curve[i].InProgress, p.InProgress.P50)
		c.add(curve[i].Ended, p.Ended.P50)
		c.add(curve[i].Released, p.Released.P50)
	}
	return err
}

// holdRunning holds forecasts that are made while a job goes on against what becomes of it then.
// Each begins with what the job has come to (R-FCT-4).
func holdRunning(ctx context.Context, seed uint64, runs int) (c coverage, err error) {
	r := drawRollout(seed)
	before, err := newBench(ctx, r, 0)
	if err != nil {
		return c, err
	}
	f, err := before.forecast(answers.ForecastOf{Create: &r.job})
	if err != nil {
		return c, err
	}
	half := spreadOut(f)
	half = half[:1+len(half)/3]
	for run := range uint64(runs) {
		b, err := newBench(ctx, r, seed*1000+run+1)
		if err == nil {
			err = b.create()
		}
		if err != nil {
			return c, err
		}
		if _, err := b.run(half); err != nil {
			return c, err
		}
		j, err := b.engine.Jobs.DescribeJob(ctx, r.job.ID)
		if err != nil {
			return c, err
		}
		if !j.Status.Active() || j.Paused != "" {
			continue
		}
		f, err := b.forecast(answers.ForecastOf{JobID: r.job.ID})
		if err != nil {
			return c, err
		}
		same := func(n int64) forecast.Band { return forecast.Band{P10: n, P50: n, P90: n} }
		want := forecast.Point{
			At:         b.time.now(),
			Released:   same(j.Progress.Notified),
			InProgress: same(j.Counts[job.ExecutionInProgress]),
			Ended:      same(j.Progress.Notified - j.Counts.Pending()),
		}
		if f.Curve[0] != want {
			return c, fmt.Errorf("the forecast begins with %+v, the job has come to %+v", f.Curve[0], want)
		}
		if err := b.compare(spreadOut(f), &c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// spreadOut is a few points of the curve of a forecast, before the long end in which hardly anything
// happens.
func spreadOut(f answers.Forecast) (curve []forecast.Point) {
	last := len(f.Curve) - 1
	for last > 0 && f.Curve[last-1].Ended.P50 >= f.Curve[len(f.Curve)-1].Ended.P50*98/100 {
		last--
	}
	for i := range widest {
		if at := 1 + i*last/widest; len(curve) == 0 || f.Curve[at].At.After(curve[len(curve)-1].At) {
			curve = append(curve, f.Curve[at])
		}
	}
	return curve
}

// What the engine does lies in the band of a forecast in 70 to 90 of 100 points.
// DROVER_FORECAST=long looks at 200 jobs.
func TestForecastBand(t *testing.T) { // R-FCT-8
	t.Parallel()
	holdMany(t, 1, 2, 5, hold)
}

// A forecast of a job that goes on begins with what it has come to, and what it comes to later lies
// in the band as often.
func TestForecastBandOfRunningJob(t *testing.T) { // R-FCT-4, R-FCT-8
	t.Parallel()
	holdMany(t, 10, 2, 3, holdRunning)
}

// holdMany holds the forecasts of many jobs, each against so many runs; in a plain run those of a few,
// from the first on. Few jobs have few points that do not depend on each other: the first is one from
// which on they are no worse than all.
func holdMany(
	t *testing.T, first uint64, few, many int, hold func(context.Context, uint64, int) (coverage, error),
) {
	t.Helper()
	count, runs := 12, few
	if os.Getenv("DROVER_FORECAST") == "long" {
		first, count, runs = 1, 200, many
	}
	var lock sync.Mutex
	var all coverage
	var wait sync.WaitGroup
	seeds := make(chan uint64)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for seed := range seeds {
				c, err := hold(t.Context(), seed, runs)
				lock.Lock()
				if err != nil {
					t.Errorf("job %d: %v", seed, err)
				}
				t.Logf("job %d: %.2f of %+v", seed, c.share(), c)
				all.inside, all.below, all.above = all.inside+c.inside, all.below+c.below, all.above+c.above
				lock.Unlock()
			}
		})
	}
	for seed := range uint64(count) {
		seeds <- first + seed
	}
	close(seeds)
	wait.Wait()
	t.Logf("all: %.3f of %+v", all.share(), all)
	if s := all.share(); s < 0.7 || s > 0.9 {
		t.Errorf("%.1f of 100 points lie in the band, want 70 to 90: %+v", s*100, all)
	}
}
