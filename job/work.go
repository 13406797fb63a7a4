package job

import "time"

// The work that a job has to do outside of requests is data in its state: a sweep, a cursor, a
// quota, a time. This file is the one place that orders it. Each kind stands in one row of a table
// with the time from which it is due: Next returns the first row that is due, and the earliest of
// all times is when the job is due. So the two cannot disagree.

// Work is a kind of due work. A step of it is bounded; a large piece takes many steps.
type Work uint8

// The kinds of work, in the order in which they are done.
const (
	WorkNone         Work = iota // nothing is due
	WorkRecompute                // time has ended the job or closed its window: only recompute
	WorkDelete                   // delete a page of executions, the job with the last (R-JOB-34)
	WorkSweep                    // cancel a page of executions (R-JOB-21, R-JOB-22)
	WorkOpenWindow               // the start time has come, or a window opens: go on
	WorkNotifyWindow             // notify a page of devices of an open or closed window (R-SCH-17)
	WorkRetries                  // create retries that waited until the job was resumed (R-STR-11)
	WorkLateJoiners              // create executions for late joiners that waited (R-JOB-56)
	WorkBackfill                 // create executions for members of associated groups (R-API-22)
	WorkRetryFailed              // try again what has failed, for an operator (R-STR-60)
	WorkWave                     // begin a wave, or judge the gate behind one (R-STR-50)
	WorkRelease                  // open the next tick, or go on with this one (R-ROLL-3)
)

// workOrder lists the kinds of work that have a step of their own. from is the time from which a
// kind is due: Immediately, a time that is waited for, or zero when there is no such work.
//
// What ends a job comes before what goes on with it. Devices learn that a window has opened before
// more executions are queued for them, and things that waited for the window come before the next
// tick.
var workOrder = []struct {
	kind Work
	from func(*Job) time.Time
}{
	{WorkDelete, func(j *Job) time.Time { return atOnceIf(j.Sweep == SweepAll) }},
	{WorkSweep, func(j *Job) time.Time { return atOnceIf(j.Sweep != NoSweep) }},
	{WorkOpenWindow, func(j *Job) time.Time { return timeIf(j.Status == Scheduled, j.WindowEdge) }},
	{WorkNotifyWindow, func(j *Job) time.Time {
		return atOnceIf(j.Status.Active() && j.NotifyCursor != nil)
	}},
	{WorkRetries, func(j *Job) time.Time {
		return atOnceIf(j.Status.Active() && !j.paused() && j.retriesWaiting() > 0)
	}},
	{WorkLateJoiners, func(j *Job) time.Time {
		return atOnceIf(j.Creates() && j.LateJoinersWaiting)
	}},
	{WorkBackfill, func(j *Job) time.Time {
		return atOnceIf(j.Status.Active() && j.Backfill != nil)
	}},
	{WorkRetryFailed, (*Job).retryFrom},
	{WorkWave, (*Job).waveFrom},
	{WorkRelease, (*Job).releaseFrom},
}

// Next is the piece of work that comes next for the job, WorkNone when none is due. It does not
// change the job.
//
// For example, a continuous job whose window has just opened first notifies devices, then creates
// executions for those that entered meanwhile, then goes on with its rollout. Canceled in between,
// it sweeps, and does none of the rest.
func (j Job) Next(now time.Time) Work {
	before := j
	j.Recompute(now)
	if j.Status != before.Status || j.RolloutEnded != before.RolloutEnded || j.Paused != before.Paused {
		return WorkRecompute
	}
	for _, work := range workOrder {
		if reached(work.from(&j), now) {
			return work.kind
		}
	}
	if reached(before.Due, now) {
		return WorkRecompute
	}
	return WorkNone
}

// due is when the job must be looked at again: the earliest time from which some work is due,
// or at which time alone changes the job; zero when it waits for nothing.
func (j *Job) due(now time.Time) (due time.Time) {
	for _, work := range workOrder {
		due = earliest(due, work.from(j))
	}
	if j.Status == InProgress {
		due = earliest(due, j.WindowEdge) // the window closes
	}
	due = earliest(due, j.guardDue())
	if j.Status.Active() && j.Schedule != nil && now.Before(j.Schedule.EndAt) {
		due = earliest(due, j.Schedule.EndAt)
	}
	return due
}

// releaseFrom is when the rollout goes on: at once within a tick, and while it is not known whether
// any target is left; else at the next tick.
// With as many executions pending as there may be, it waits for one of them to end; behind a wave,
// for the next one.
func (j *Job) releaseFrom() time.Time {
	if j.Progress.Finished || j.atGate() {
		return time.Time{}
	}
	if j.Creates() && (j.Progress.Quota > 0 && j.room() != 0 || j.Progress.Searching) {
		return Immediately
	}
	return timeIf(j.Creates(), j.Progress.NextTick)
}

// Creates reports whether the job may create executions now: it waits for no window, and is not
// paused.
func (s State) Creates() bool { return s.Status == InProgress && !s.paused() }

// Immediately is the time of work that waits for processor time only. It is before every time that
// a clock can show, so such work is due also when the clock was set back (R-CON-26).
var Immediately = time.UnixMilli(1).UTC()

// atOnceIf is Immediately when there is work, else zero.
func atOnceIf(work bool) time.Time { return timeIf(work, Immediately) }

// timeIf is a time when there is work, else zero.
func timeIf(work bool, at time.Time) time.Time {
	if !work {
		return time.Time{}
	}
	return at
}

// reached reports whether a time is set and has come.
func reached(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

// earliest is the earlier of two times, of which a zero one is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// ExecutionWork is what is due for one execution.
type ExecutionWork uint8

// The kinds of work on one execution.
const (
	ExecutionWorkNone    ExecutionWork = iota // nothing is due
	ExecutionWorkSweep                        // what the sweep of its job does to it
	ExecutionWorkTimeOut                      // end it as TIMED_OUT
	ExecutionWorkShow                         // show it: it has waited long enough (R-STR-45)
)

// NextFor is what is due for one execution of the job, whenever the due work of the job reaches it.
// It is asked before a device's request is decided: a report that arrives at the deadline or later
// is too late, however long the timer has not been looked at (R-TMO-10), and an execution that a
// sweep is about to end cannot be started (R-JOB-20).
func (s State) NextFor(x Execution, now time.Time) ExecutionWork {
	switch {
	case x.Status.Terminal():
		return ExecutionWorkNone
	case s.EndingBySweep(x.Status):
		return ExecutionWorkSweep
	case !reached(x.TimesOutAt(), now):
		return ExecutionWorkNone
	case x.Status == ExecutionQueued:
		return ExecutionWorkShow
	default:
		return ExecutionWorkTimeOut
	}
}
