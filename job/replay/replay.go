package replay

import (
	"cmp"
	"container/heap"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Attempt is a first attempt as it is recorded. Times that it has not come to are zero.
type Attempt struct {
	Released, Started, Ended time.Time
	// Status is that of one that has ended because of its device; QUEUED for one that has not, or
	// was canceled or removed: what would have become of it is not known.
	Status job.ExecutionStatus
}

// Settings are what may be tried. Criteria and guard stop nothing here: it is noted when they would
// have.
type Settings struct {
	Rollout *job.RolloutConfig // nil: things are released when they were
	Abort   *job.AbortConfig
	Guard   *job.Guard
	// Schedule is that of the job. It decides only when there is a rollout.
	Schedule *job.ScheduleConfig
}

// Stop is that a criterion or the guard would have stopped the job.
type Stop struct {
	Criterion int // its place in the list, from 1 on; 0 for the guard
	At        time.Time
	Reached   int64 // how many things had been released by then
	// Failures and Executed are what it was judged by.
	Failures, Executed int64
}

// Result is what came of the settings.
type Result struct {
	Released int64
	// First and Last are when the first and the last thing were released: how long the rollout
	// takes when nothing stops it. Zero when nothing was.
	First, Last time.Time
	// Unreleased are those for which there was no time before the end of the schedule.
	Unreleased int64
	// Unknown are those of which it is not known how they would have ended.
	Unknown int64
	Stops   []Stop // in the order of their times
}

// Run plays attempts once more, which are in the order of their release. An outcome keeps its
// distance from the release: a thing that was released at noon and failed at one fails at four when
// it is released at three.
func Run(attempts []Attempt, s Settings) Result {
	if len(attempts) == 0 {
		return Result{}
	}
	r := &run{attempts: attempts, job: s.job()}
	if s.Rollout == nil {
		r.asRecorded()
	} else {
		r.byRate()
	}
	r.result.Released = int64(r.released)
	r.result.Unreleased = int64(len(attempts) - r.released)
	return r.result
}

// job is one that has the settings and only notes what would stop it.
func (s Settings) job() job.Job {
	j := job.Job{ID: "replay", Definition: job.Definition{
		TargetSelection: job.Snapshot,
		Rollout:         s.Rollout,
		Abort:           s.Abort,
		Steering:        &job.Steering{Abort: job.ActionObserve},
	}}
	if s.Rollout != nil {
		j.Schedule = s.Schedule
	}
	if s.Guard != nil {
		guard := *s.Guard
		guard.Then = job.ActionObserve
		j.Steering.Guard = &guard
	}
	j.Status = job.Scheduled
	return j
}

// run is a job that is played.
type run struct {
	attempts []Attempt
	job      job.Job
	released int    // how many of attempts
	coming   coming // what will happen to those that were released
	result   Result
}

// sources are what the job seems to take things from: attempts stand for them.
var sources = []job.Source{{Thing: 1}}

// asRecorded releases every thing when it was released.
func (r *run) asRecorded() {
	r.job.StartRollout(sources, 0, r.attempts[0].Released)
	for r.released < len(r.attempts) {
		now := r.attempts[r.released].Released
		r.happens(now)
		n := 1
		for r.released+n < len(r.attempts) && r.attempts[r.released+n].Released.Equal(now) {
			n++
		}
		r.release(n, now)
	}
	r.happens(forever)
}

// byRate releases things tick by tick, as the rollout and the schedule of the job have it.
func (r *run) byRate() {
	now := r.attempts[0].Released
	if !r.job.WaitForSchedule(now) {
		r.job.StartRollout(sources, 0, now)
	}
	for r.job.Status.Active() && !r.job.Progress.Finished && !r.job.RolloutEnded {
		next := r.job.Due
		if next.IsZero() {
			break
		}
		if next.After(now) {
			now = next
		}
		r.happens(now)
		r.work(now)
	}
	r.happens(forever)
}

// work does what is due for the job.
func (r *run) work(now time.Time) {
	switch r.job.Next(now) {
	case job.WorkOpenWindow:
		if r.job.RolloutStarted() {
			r.job.ResumeRollout(now)
		} else {
			r.job.StartRollout(sources, 0, now)
		}
	case job.WorkNotifyWindow:
		r.job.NotifiedWindow(job.ExecutionKey{}, true, now)
	case job.WorkRelease:
		r.release(min(r.job.Tick(now), len(r.attempts)-r.released), now)
	default:
		r.job.Recompute(now)
		r.note(now)
	}
}

// release releases the next n things.
func (r *run) release(n int, now time.Time) {
	for i := range n {
		r.plan(r.released+i, now)
	}
	if r.released == 0 && n > 0 {
		r.result.First = now
	}
	if n > 0 {
		r.result.Last = now
	}
	r.released += n
	r.job.ReleasedExecutions(n, job.RolloutCursor{}, r.released == len(r.attempts), now)
}

// plan notes what happens to a thing that is released now.
func (r *run) plan(i int, now time.Time) {
	a, key := r.attempts[i], job.ExecutionKey{Thing: registry.ThingID(i + 1), Number: 1}
	if a.Status == job.ExecutionQueued {
		r.result.Unknown++
	}
	e := &event{execution: job.NewExecution(key, now), end: events[a.Status], order: i}
	if a.Status != job.ExecutionQueued {
		e.endsAt = now.Add(a.Ended.Sub(a.Released))
	}
	if !a.Started.IsZero() {
		e.kind, e.at = job.ReportInProgress, now.Add(a.Started.Sub(a.Released))
	} else if !e.endsAt.IsZero() {
		e.kind, e.at = e.end, e.endsAt
	}
	if !e.at.IsZero() {
		heap.Push(&r.coming, e)
	}
}

// events are what brings an execution into a status.
var events = map[job.ExecutionStatus]job.Event{
	job.ExecutionSucceeded: job.ReportSucceeded,
	job.ExecutionFailed:    job.ReportFailed,
	job.ExecutionRejected:  job.ReportRejected,
	job.ExecutionTimedOut:  job.TimeOut,
}

// forever is after everything that happens.
var forever = time.Unix(1<<40, 0)

// happens lets happen what comes up to a time, and what the guard counts on the way.
func (r *run) happens(until time.Time) {
	for {
		guard := r.job.GuardDue()
		next := until
		if len(r.coming) > 0 && r.coming[0].at.Before(next) {
			next = r.coming[0].at
		}
		switch {
		case !guard.IsZero() && guard.Before(next):
			r.job.Recompute(guard)
			r.note(guard)
		case len(r.coming) > 0 && !r.coming[0].at.After(until):
			r.apply(heap.Pop(&r.coming).(*event))
		default:
			return
		}
	}
}

// apply lets one event happen.
func (r *run) apply(e *event) {
	outcome, err := job.ApplyEvent(r.job, e.execution, e.kind, e.at)
	if err != nil { // a record that no server has written: such as TIMED_OUT without a start
		return
	}
	r.job = outcome.Job
	r.note(e.at)
	if e.kind == job.ReportInProgress && !e.endsAt.IsZero() {
		e.execution, e.kind, e.at = outcome.Execution, e.end, e.endsAt
		heap.Push(&r.coming, e)
	}
}

// note records what has just been observed.
func (r *run) note(now time.Time) {
	if r.job.Steered == nil {
		return
	}
	for _, o := range r.job.Steered.Observed[len(r.result.Stops):] {
		r.result.Stops = append(r.result.Stops, Stop{
			Criterion: o.Criterion,
			At:        now,
			Reached:   int64(r.released),
			Failures:  o.Failures,
			Executed:  o.Executed,
		})
	}
}

// event is what comes next for an execution, and how that ends.
type event struct {
	execution job.Execution
	kind, end job.Event
	at        time.Time
	endsAt    time.Time // zero when it does not end
	order     int       // that of the release
}

// coming is a heap of events, the earliest first.
type coming []*event

func (c coming) Len() int { return len(c) }
func (c coming) Less(i, j int) bool {
	return cmp.Or(c[i].at.Compare(c[j].at), cmp.Compare(c[i].order, c[j].order)) < 0
}
func (c coming) Swap(i, j int) { c[i], c[j] = c[j], c[i] }
func (c *coming) Push(x any)   { *c = append(*c, x.(*event)) }
func (c *coming) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
