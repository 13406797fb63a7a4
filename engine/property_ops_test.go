package engine

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// operator makes random requests.
type operator struct {
	*world
	r *rand.Rand
}

// groupParents are the groups of a world.
var groupParents = map[string]string{"a": "", "b": "a", "c": "b", "d": "", "e": ""}

func (o operator) populate() {
	for _, name := range []string{"a", "b", "c", "d", "e"} {
		if _, err := o.CreateGroup(o.t.Context(), NewGroup{Name: name, Parent: groupParents[name]}); err != nil {
			o.failf("create group: %v", err)
		}
	}
	for i := range 9 {
		name := fmt.Sprintf("t%d", i)
		if _, err := o.CreateThing(o.t.Context(), NewThing{Name: name}); err != nil {
			o.failf("create thing: %v", err)
		}
		if i%3 != 0 {
			_ = o.AddMember(o.t.Context(), o.group(), name)
		}
	}
}

func (o operator) chance(percent int) bool { return o.r.IntN(100) < percent }
func (o operator) thing() string           { return fmt.Sprintf("t%d", o.r.IntN(9)) }
func (o operator) group() string           { return string(rune('a' + o.r.IntN(5))) }
func (o operator) job() string             { return fmt.Sprintf("j%d", o.r.IntN(5)) }

// anything makes one request; alone says that nobody else makes one now, so that the answer is known.
func (o operator) anything(alone bool) {
	ctx := o.t.Context()
	switch n := o.r.IntN(100); {
	case n < 10:
		o.create()
	case n < 30:
		o.startNext(alone)
	case n < 70:
		o.report(alone)
	case n < 76:
		o.update()
	case n < 79:
		id, force := o.job(), o.chance(40)
		o.note("cancel %s force=%v", id, force)
		_, err := o.CancelJob(ctx, id, job.Cancellation{Force: force})
		o.accept("cancel", err)
	case n < 82:
		id, force := o.job(), o.chance(40)
		o.note("delete %s force=%v", id, force)
		o.accept("delete", o.DeleteJob(ctx, id, force, nil))
	case n < 90:
		thing, group := o.thing(), o.group()
		o.note("join %s %s", thing, group)
		o.accept("join", o.AddMember(ctx, group, thing))
	case n < 95:
		thing, group := o.thing(), o.group()
		o.note("leave %s %s", thing, group)
		o.accept("leave", o.RemoveMember(ctx, group, thing))
	case n < 96:
		o.note("delete and create a group")
		o.accept("delete group", o.DeleteGroup(ctx, "e", nil))
		_, err := o.CreateGroup(ctx, NewGroup{Name: "e"})
		o.accept("create group", err)
	case n < 98:
		thing := o.thing()
		o.note("delete thing %s", thing)
		o.accept("delete thing", o.DeleteThing(ctx, thing, nil))
	default:
		thing := o.thing()
		o.note("create thing %s", thing)
		_, err := o.CreateThing(ctx, NewThing{Name: thing})
		o.accept("create thing", err)
	}
}

// advance moves the clock by an odd amount or to what is due next.
func (o operator) advance() {
	if o.chance(50) {
		o.note("next")
		_, err := o.AdvanceToNext(o.t.Context(), o.clock)
		o.accept("next", err)
		return
	}
	by := []time.Duration{time.Millisecond, time.Second, 59 * time.Second, 61 * time.Second, 7 * time.Minute, time.Hour}[o.r.IntN(6)]
	o.note("advance %s", by)
	o.accept("advance", o.Advance(o.t.Context(), o.clock, o.clock.Now().Add(by)))
}

func (o operator) create() {
	d := job.Definition{TargetSelection: job.Snapshot}
	for range 1 + o.r.IntN(3) {
		if o.chance(50) {
			d.Targets = append(d.Targets, o.Scope.ARN(registry.KindGroup, o.group()))
		} else {
			d.Targets = append(d.Targets, o.Scope.ARN(registry.KindThing, o.thing()))
		}
	}
	d.Rollout, d.Abort, d.Timeout, d.Retry = o.rollout(), o.abort(), o.timeout(), o.retry()
	id := o.job()
	_, err := o.CreateJob(o.t.Context(), NewJob{ID: id, Document: "{}", Definition: d})
	if o.accept("create job", err) {
		o.note("create %s on %v: rollout %+v abort %+v timeout %+v retry %+v", id, d.Targets, deref(d.Rollout), deref(d.Abort), deref(d.Timeout), deref(d.Retry))
	}
}

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return fmt.Sprintf("%+v", *p)
}

func (o operator) rollout() *job.RolloutConfig {
	switch o.r.IntN(4) {
	case 0:
		return nil
	case 1:
		return &job.RolloutConfig{MaximumPerMinute: 1 + o.r.IntN(3)}
	}
	e := &job.Exponential{BasePerMinute: 1 + o.r.IntN(2), IncrementTenths: 11 + o.r.IntN(40)}
	e.NotifiedThings, e.SucceededThings = int64(o.r.IntN(4)), int64(o.r.IntN(3))
	if e.NotifiedThings+e.SucceededThings == 0 {
		e.NotifiedThings = 1
	}
	return &job.RolloutConfig{MaximumPerMinute: 2 + o.r.IntN(4), Exponential: e}
}

func (o operator) abort() *job.AbortConfig {
	if o.chance(50) {
		return nil
	}
	types := []job.FailureType{job.FailureFailed, job.FailureRejected, job.FailureTimedOut, job.FailureAll}
	c := &job.AbortConfig{}
	for range 1 + o.r.IntN(2) {
		c.Criteria = append(c.Criteria, job.AbortCriterion{
			FailureType: types[o.r.IntN(4)], ThresholdHundredths: []int64{0, 2500, 3333, 3334, 5000, 6667, 10000}[o.r.IntN(7)], MinExecuted: 1 + o.r.Int64N(6),
		})
	}
	return c
}

func (o operator) timeout() *job.TimeoutConfig {
	if o.chance(40) {
		return nil
	}
	return &job.TimeoutConfig{InProgressMinutes: o.r.Int64N(12)}
}

func (o operator) retry() *job.RetryConfig {
	switch o.r.IntN(4) {
	case 0:
		return nil
	case 1:
		return &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureAll, Retries: o.r.IntN(4)}}}
	case 2:
		return &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: o.r.IntN(4)}}}
	}
	return &job.RetryConfig{Criteria: []job.RetryCriterion{
		{FailureType: job.FailureTimedOut, Retries: o.r.IntN(4)}, {FailureType: job.FailureFailed, Retries: o.r.IntN(4)},
	}}
}

// update changes one or more members of a running job.
func (o operator) update() {
	id, u := o.job(), job.Update{}
	if o.chance(30) {
		u.Description = new("changed")
	}
	if o.chance(40) {
		u.Rollout = o.rollout()
	}
	if o.chance(40) {
		u.Abort = o.abort()
	}
	if o.chance(30) {
		u.Timeout = &job.TimeoutConfig{InProgressMinutes: o.r.Int64N(12)}
	}
	if o.chance(20) {
		u.Retry = &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: o.r.IntN(5) / 4}}}
	}
	o.note("update %s: rollout %+v abort %+v timeout %+v retry %+v", id, deref(u.Rollout), deref(u.Abort), deref(u.Timeout), deref(u.Retry))
	o.watch.expect(u)
	o.accept("update", o.UpdateJob(o.t.Context(), id, nil, u))
}

// expect announces an update to the watch, which recognises its parts when they are written.
func (m *watch) expect(u job.Update) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if u.Rollout != nil {
		m.rollouts[u.Rollout] = true
	}
	if u.Abort != nil {
		m.aborts[u.Abort] = true
	}
}

func (o operator) minutes() *int64 {
	if o.chance(60) {
		return nil
	}
	return new(1 + o.r.Int64N(15))
}

// known reads the key of a thing, and of a job, as far as they exist.
func (o operator) known(thing, jobID string) (id registry.ThingID, key job.Key) {
	_ = o.watch.Read(o.t.Context(), func(r store.Reader) error {
		id, _ = r.ThingID(thing)
		j, _ := r.JobByID(jobID)
		key = j.Key
		return nil
	})
	return id, key
}

func (o operator) startNext(alone bool) {
	thing, step := o.thing(), o.minutes()
	id, _ := o.known(thing, "")
	o.watch.mu.Lock()
	pending := o.watch.pending()[id]
	o.watch.mu.Unlock()
	o.note("start-next %s step=%v", thing, deref(step))
	task, err := o.StartNext(o.t.Context(), thing, nil, step)
	if !o.accept("start-next", err) || !alone {
		return
	}
	show(pending) // sorts
	switch {
	case (task == nil) != (len(pending) == 0):
		o.failf("start-next %s returns %+v of %+v", thing, task, pending)
	case task != nil && (task.ExecutionKey != pending[0].ExecutionKey || task.Status != job.ExecutionInProgress):
		o.failf("start-next %s returns %+v of %+v (R-HTTP-14)", thing, task, pending)
	case task != nil && pending[0].Status == job.ExecutionInProgress && task.Version != pending[0].Version:
		o.failf("start-next %s changes %+v to %+v (R-HTTP-14)", thing, pending[0], task)
	}
}

// report sends an update, sometimes stale, repeated, or for another attempt.
func (o operator) report(alone bool) {
	thing, jobID := o.thing(), o.job()
	id, key := o.known(thing, jobID)
	latest, exists := o.watch.latest(id)[key]
	status := []string{"IN_PROGRESS", "IN_PROGRESS", "SUCCEEDED", "SUCCEEDED", "FAILED", "FAILED", "FAILED", "REJECTED", "QUEUED"}[o.r.IntN(9)]
	event, err := job.ParseReportedStatus(status)
	if err != nil {
		o.failf("status: %v", err)
	}
	in := job.Report{Event: event, StepMinutes: o.minutes(), Token: []string{"", "x", "y"}[o.r.IntN(3)]}
	if o.chance(30) {
		in.ExpectedVersion = new(latest.Version - o.r.Int64N(2))
	}
	if o.chance(30) {
		in.Number = new(latest.Number - int64(o.r.IntN(4)/3))
	}
	o.note("report %s %s %s version=%v number=%v step=%v token=%q", thing, jobID, status, deref(in.ExpectedVersion), deref(in.Number), deref(in.StepMinutes), in.Token)
	task, err := o.Report(o.t.Context(), thing, jobID, in, false)
	o.accept("report", err)
	if alone {
		o.answered(latest, exists, status, in, task, err)
	}
}

// answered checks the answer to a report in the order of R-HTTP-21.
func (o operator) answered(x job.Execution, exists bool, status string, in job.Report, task *DeviceExecution, err error) {
	moves := legal[x.Status.String()]
	possible, current := false, in.ExpectedVersion == nil || *in.ExpectedVersion == x.Version
	for _, to := range moves {
		possible = possible || to == status
	}
	repeat := in.Token != "" && in.Token == x.Token && status == x.Status.String() && status != "QUEUED" // R-HTTP-24
	want := fault.Code("")
	before := o.watch.all[job.ExecutionKey{Job: x.Job, Thing: x.Thing, Number: x.Number - 1}]
	if x.Status == job.ExecutionQueued && x.Attempt > 0 && in.Token != "" && in.Token == before.Token && status == before.Status.String() &&
		(in.Number == nil || *in.Number == before.Number) {
		if err != nil || task.Number != before.Number { // R-HTTP-24: it ended the attempt before
			o.failf("the report that ended %+v, once more, is answered %+v, %v", before, task, err)
		}
		return
	}
	switch {
	case !exists || in.Number != nil && *in.Number != x.Number:
		want = fault.NotFound
	case (!possible || !current) && repeat:
	case !possible:
		want = fault.BadTransition
	case !current:
		want = fault.VersionDiffers
	}
	got := fault.Code("")
	if f := fault.Of(err); f != nil {
		got = f.Code
	}
	if got != want {
		o.failf("the report is answered %q (%v), expected %q: %+v", got, err, want, x)
	}
	if err != nil {
		return
	}
	step := x.StepDeadline
	if in.StepMinutes != nil && status == "IN_PROGRESS" {
		step = o.clock.Now().Add(time.Duration(*in.StepMinutes) * time.Minute)
	}
	switch applied := possible && current; {
	case task.Status.String() != status || applied && task.Version != x.Version+1 || !applied && task.Version != x.Version:
		o.failf("the report makes %+v of %+v", task, x)
	case applied && status == "IN_PROGRESS" && !task.StepDeadline.Equal(step):
		o.failf("the report makes %+v of %+v, its step deadline should be %s (R-TMO-3, R-TMO-5)", task, x, step)
	}
}
