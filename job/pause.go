package job

import "time"

// A job that is paused creates no executions, and hides those that are QUEUED, exactly as between
// maintenance windows; what is IN_PROGRESS goes on (R-STR-10). Operators pause it with the tag
// drover:paused, and the server does so by itself, with a reason that says why (R-STR-13).

// paused reports whether the job is held back by drover:paused: on a job that has ended it means
// nothing.
func (s State) paused() bool { return s.Paused != "" && s.Status.Active() }

// pauseBy pauses the job for a reason of the server's own. One that is paused already keeps its
// reason.
func (j *Job) pauseBy(reason string, now time.Time) {
	if j.paused() {
		return
	}
	before := j.State
	j.Paused, j.PausedAt, j.UpdatedAt = reason, now, now
	j.showOrHide(before)
}

// pausedSince is since when a job is paused that has this reason now, empty for none. before is what
// it was: one that only gets another reason has been paused all the time.
func (s State) pausedSince(before State, now time.Time) time.Time {
	switch {
	case s.Paused == "":
		return time.Time{}
	case before.Paused != "":
		return before.PausedAt
	}
	return now
}

// resume lets a job go on that was paused: what waited for that is due, and the ramp goes on at the
// step that it had (R-STR-11). Ticks that were missed are not caught up: the next one opens at once
// if its time has come, and no other in the same minute.
func (j *Job) resume() {
	j.LateJoinersWaiting = j.TargetSelection == Continuous && j.RolloutStarted() && !j.RolloutEnded
}

// showOrHide begins the pass that notifies devices when the job shows what is QUEUED, and did not
// before, or the other way round.
func (j *Job) showOrHide(before State) {
	if !j.RolloutStarted() || !j.Status.Active() || before.hides() == j.hides() {
		return
	}
	if !j.hides() {
		j.HiddenAtSweep = before.hiddenFromAll()
	}
	j.NotifyCursor = &ExecutionCursor{}
}

// WaitingRetry is the retry of an execution that ended while the job was paused, without its
// Sequence; last is the largest number of an execution that the thing had. ok is false when there
// is none any more: the configuration has changed, or the thing has another one pending.
func (j Job) WaitingRetry(latest Execution, last int64, now time.Time) (retry Execution, ok bool) {
	if !latest.Status.Terminal() || j.RolloutEnded {
		return retry, false
	}
	next := j.nextAttempt(latest, now)
	if next == nil {
		return retry, false
	}
	next.Number = last + 1
	return *next, true
}

// TookWaitingRetries records that so many things that waited for a retry had their turn, which
// retries were created for them, and whether more things wait.
func (j *Job) TookWaitingRetries(things int, created []Execution, more bool, now time.Time) {
	s := j.steered()
	if s.RetriesWaiting = max(1, s.RetriesWaiting-int64(things)); !more {
		s.RetriesWaiting = 0
	}
	for _, x := range created {
		j.queuedAgain(x)
	}
	j.Recompute(now)
}

// retryNothing is for a job that tries nothing again any more.
func (j *Job) retryNothing() {
	if j.retriesWaiting() > 0 {
		j.steered().RetriesWaiting = 0
	}
	j.endRetryPass()
}
