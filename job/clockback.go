package job

import "time"

// A clock that was set back leaves times behind that were computed under a later time. Whatever
// waits for one of them is given the time that it would have been given now, so that nothing waits
// for a time that the clock had reached by mistake (R-CON-28). What has ended, has ended.

// maxTimer is the longest time that a timer of an execution may be set for (R-VAL-25, R-TMO-3).
const maxTimer = 10080 * time.Minute

// ClockWentBack gives a job the times that it waits for anew: its next tick, which is never more
// than a minute away, and the start time or the edge of the maintenance window. A job that
// ended later than now has ended now, so that it is not stored for longer. changed is false for one
// that had nothing wrong.
//
// For example, the clock stood a year ahead when a job had its first tick, and its second is due a
// minute after that. Set back, the job has its second tick a minute from now.
func (j *Job) ClockWentBack(now time.Time) (changed bool) {
	if !j.Status.Active() {
		changed = j.UpdatedAt.After(now)
		j.UpdatedAt = earliest(j.UpdatedAt, now) // from when on it is kept (R-LIM-44)
		return changed
	}
	guard := j.guardClockWentBack(now)
	status, edge, tick := j.Status, j.WindowEdge, j.Progress.NextTick
	if soon := now.Add(Tick); tick.After(soon) {
		j.Progress.NextTick = soon
	}
	j.Progress.Closed = earliest(j.Progress.Closed, now.Add(Tick))
	if !j.RolloutEnded {
		j.waitAnew(now)
	}
	j.soakAnew(now)
	j.Recompute(now)
	return guard || j.Status != status || !j.WindowEdge.Equal(edge) || !j.Progress.NextTick.Equal(tick)
}

// waitAnew finds the next edge of the schedule as if the job had come to where it is now.
func (j *Job) waitAnew(now time.Time) {
	windows := j.Schedule.windows()
	switch {
	case j.Status == Scheduled && !j.RolloutStarted():
		edge := later(now, j.Schedule.StartAt)
		if len(windows) > 0 {
			edge = windows.opening(edge)
		}
		if !edge.IsZero() {
			j.WindowEdge = edge
		}
	case len(windows) == 0:
	case j.Status == InProgress && !windows.until(now).IsZero():
		j.WindowEdge = windows.closing(now)
	default:
		j.waitForWindow(windows, now)
	}
}

// ExecutionClockWentBack is an execution of the job with the times that it waits for anew: a retry
// that backs off waits from now for no longer than it would if it were new. changed is false when
// that was so already. It is no new version.
func (j Job) ExecutionClockWentBack(x Execution, now time.Time) (_ Execution, changed bool) {
	if x.Status != ExecutionQueued {
		return x.clockWentBack(now)
	}
	before := x.ShowAt
	x.ShowAt = j.showAt(x, earliest(x.QueuedAt, now), now)
	if before.IsZero() || x.ShowAt.After(before) {
		x.ShowAt = before
	}
	return x, !x.ShowAt.Equal(before)
}

// clockWentBack is an execution whose timers run from now if they were set later than now: by so
// much as they were set for then. Its own times are not later than now either. changed is false
// when that was so already. It is no new version.
func (e Execution) clockWentBack(now time.Time) (_ Execution, changed bool) {
	if e.Status != ExecutionInProgress {
		return e, false
	}
	before := e
	e.Deadline = movedBack(e.Deadline, e.StartedAt, now)
	e.StepDeadline = movedBack(e.StepDeadline, e.UpdatedAt, now)
	e.StartedAt, e.UpdatedAt = earliest(e.StartedAt, now), earliest(e.UpdatedAt, now)
	return e, !e.Deadline.Equal(before.Deadline) || !e.StepDeadline.Equal(before.StepDeadline) ||
		!e.StartedAt.Equal(before.StartedAt) || !e.UpdatedAt.Equal(before.UpdatedAt)
}

// movedBack is a deadline that was set at a time, as it would have been set now if that time had
// not come yet. A step timer may have been set later than its execution was changed, so that no
// deadline is further away than any timer may be.
func movedBack(deadline, set, now time.Time) time.Time {
	if deadline.IsZero() {
		return deadline
	}
	if set.After(now) {
		deadline = deadline.Add(-set.Sub(now))
	}
	return earliest(deadline, now.Add(maxTimer))
}
