package job

import "time"

// Not only requests change a job: its end time comes, its window closes, its last execution ends.
// Recompute draws all such conclusions from present facts, so it does not matter how late it is
// called, or how often. Every exported method that changes a job ends with it.

// Recompute brings the status of the job and the time at which it is due in line with the time and
// its counts. The end time comes before the close of a window: when both fall on 18:00, the job
// ends and does not wait for another window (R-SCH-27).
func (j *Job) Recompute(now time.Time) {
	if j.Status.Active() {
		j.applyEndTime(now)
	}
	if j.Status.Active() {
		j.closeWindow(now)
	}
	j.advanceGuard(now)
	if j.Status.Active() && j.nothingToDo() && j.exhausted(now) {
		j.Status = Completed
		j.CompletedAt, j.UpdatedAt = now, now
	}
	j.Due = j.due(now)
}

// nothingToDo reports whether no execution is pending, and none waits to be tried again.
func (s State) nothingToDo() bool {
	return s.Counts.Pending() == 0 && s.retriesWaiting() == 0 && s.retryPass() == nil
}

// exhausted reports whether no execution will be created any more: for a snapshot job, because its
// rollout has finished (R-JOB-11, R-JOB-15); for a continuous one, because its end time has passed
// (R-JOB-12, R-JOB-13).
func (j *Job) exhausted(now time.Time) bool {
	if j.TargetSelection == Snapshot {
		return j.Progress.Finished
	}
	return j.RolloutEnded && !j.Schedule.EndAt.IsZero() && !now.Before(j.Schedule.EndAt)
}

// ApplySchedule returns the job as its schedule and its guard have it at a time, and whether that
// differs from what is stored: it has ended, its window has closed, the window that it waited for
// has passed, or the guard has stopped it. It is asked before a decision about a job, so that no
// decision depends on when the due work of the job is done (R-SCH-16, R-SCH-22).
func (j Job) ApplySchedule(now time.Time) (after Job, changed bool) {
	if !j.Status.Active() || j.Schedule == nil && !reached(j.guardDue(), now) {
		return j, false
	}
	after = j
	after.Recompute(now)
	if after.ReachedWindowEdge(now) {
		after.SkipMissedWindow(now)
	}
	return after, after.Status != j.Status || after.RolloutEnded != j.RolloutEnded ||
		after.Paused != j.Paused
}
