package job

import (
	"fmt"
	"time"
)

// A job with a schedule is SCHEDULED while it waits for its start time or for a maintenance window,
// and IN_PROGRESS while it may roll out. WindowEdge is the one time that matters next, and cron
// texts are read only when it has come. At the end time, or when no window opens any more, the
// rollout ends for good (RolloutEnded), and what exists goes on or is canceled, as the end behavior
// says.

// WaitForSchedule makes a new job SCHEDULED until its time comes. It reports false and changes
// nothing when the job may start at once (R-SCH-9 to R-SCH-12).
func (j *Job) WaitForSchedule(now time.Time) bool {
	if j.Schedule == nil {
		return false
	}
	edge := later(now, j.Schedule.StartAt)
	if windows := j.Schedule.windows(); len(windows) > 0 {
		edge = windows.opening(edge)
	}
	if !edge.After(now) {
		return false
	}
	j.Status, j.WindowEdge = Scheduled, edge
	j.Recompute(now)
	return true
}

// RolloutStarted reports whether the rollout has begun: from then on the targets are frozen
// (R-JOB-52). A job of which no target existed any more has begun and ended at once.
func (j Job) RolloutStarted() bool { return len(j.Sources) > 0 || j.Progress.Finished }

// ReachedWindowEdge reports whether a SCHEDULED job may go on: its start time has come, or one of
// its windows opens.
func (s State) ReachedWindowEdge(now time.Time) bool {
	return s.Status == Scheduled && reached(s.WindowEdge, now)
}

// SkipMissedWindow makes a SCHEDULED job wait for the next window when the one that it waited for
// has closed again, because the server was away. It reports false when there is nothing to skip.
func (j *Job) SkipMissedWindow(now time.Time) bool {
	windows := j.Schedule.windows()
	if len(windows) == 0 || !windows.until(now).IsZero() {
		return false
	}
	j.waitForWindow(windows, now)
	j.Recompute(now)
	return true
}

// ResumeRollout lets a job go on in a window that opens. Its first tick is due at once, and the
// ramp goes on where it was (R-SCH-18, R-ROLL-16). Devices are notified of the executions that they
// see again, and things that entered meanwhile get theirs (R-JOB-56).
func (j *Job) ResumeRollout(now time.Time) {
	j.Status, j.UpdatedAt = InProgress, now
	j.WindowEdge = j.closing(now)
	if !j.Progress.Finished || j.retryPass() != nil {
		j.Progress.NextTick = now
	}
	j.LateJoinersWaiting = j.TargetSelection == Continuous
	if !j.hides() { // it is not paused
		j.NotifyCursor = &ExecutionCursor{}
	}
	j.Recompute(now)
}

// ClosedSince is since when a job waits between two of its windows: when the last one closed. Zero
// for a job that does not, or that has not begun.
func (j Job) ClosedSince(now time.Time) time.Time {
	if j.Status != Scheduled || !j.RolloutStarted() {
		return time.Time{}
	}
	return j.Schedule.windows().closed(now)
}

// closing is when the window that is open now closes, zero for a job without windows.
func (j Job) closing(now time.Time) time.Time {
	if windows := j.Schedule.windows(); len(windows) > 0 {
		return windows.closing(now)
	}
	return time.Time{}
}

// closeWindow makes a job wait for its next window when the present one has closed: the rollout
// stops, executions keep their status (R-SCH-16).
func (j *Job) closeWindow(now time.Time) {
	if j.Status != InProgress || !reached(j.WindowEdge, now) {
		return
	}
	windows := j.Schedule.windows()
	if !windows.until(now).IsZero() { // another window has opened meanwhile
		j.WindowEdge = windows.closing(now)
		return
	}
	j.waitForWindow(windows, now)
}

// waitForWindow makes the job wait for the next opening, or ends its rollout when there is none
// (R-SCH-21).
func (j *Job) waitForWindow(windows windows, now time.Time) {
	j.WindowEdge = windows.opening(now)
	if j.WindowEdge.IsZero() {
		j.stopRollout(now)
		return
	}
	if before := j.State; j.Status == InProgress {
		j.Status, j.UpdatedAt = Scheduled, now
		j.Progress.pause()
		j.LateJoinersWaiting = false
		j.showOrHide(before)
	}
}

// stopRollout ends releases, late joiners, windows and retries for good; executions that exist go
// on (R-SCH-22, R-SCH-23).
func (j *Job) stopRollout(now time.Time) {
	if before := j.State; j.Status == Scheduled {
		j.Status = InProgress
		j.showOrHide(before) // devices see again what was hidden
	}
	j.UpdatedAt = now
	j.RolloutEnded, j.WindowEdge, j.LateJoinersWaiting, j.Backfill = true, time.Time{}, false, nil
	j.Progress.finish()
	j.retryNothing()
}

// applyEndTime does what the end behavior asks for once the end time has come (R-SCH-22 to
// R-SCH-27). A job that has nothing pending just stops, whatever the behavior: there is nothing to
// cancel (R-SCH-25). One that never started is canceled by CANCEL, though it has nothing pending
// either (R-SCH-26).
func (j *Job) applyEndTime(now time.Time) {
	if j.Schedule == nil || !reached(j.Schedule.EndAt, now) {
		return
	}
	behavior := j.Schedule.EndBehavior
	nothingPending := j.RolloutStarted() && j.Counts.Pending() == 0
	switch {
	case nothingPending || behavior == StopRollout || behavior == "":
		if !j.RolloutEnded { // it may have ended before, after the last window
			j.stopRollout(now)
		}
		return
	case behavior == ForceCancel:
		j.ForceCanceled, j.ReasonCode = true, ReasonScheduleForce
		j.cancel(SweepPending, now)
	default:
		j.ReasonCode = ReasonScheduleEnd
		j.cancel(SweepQueued, now)
	}
	j.Comment = fmt.Sprintf("the end time %s was reached", j.Schedule.EndAt.Format(shownTime))
}

// CancelAtLimit cancels a SCHEDULED job whose time has come, because so many jobs are concurrent
// that it may not start (R-JOB-4).
func (j *Job) CancelAtLimit(limit int, now time.Time) {
	j.ReasonCode = ReasonConcurrency
	j.Comment = fmt.Sprintf("the job could not start: %d jobs were rolling out or being canceled, "+
		"the most that are allowed", limit)
	j.cancel(SweepQueued, now)
}

// ScheduledRollouts returns the next seven starts of maintenance windows as DescribeJob shows them,
// nil for a job without windows or one that will not use them any more (R-SCH-19).
func (j Job) ScheduledRollouts(now time.Time) (shown []string) {
	if !j.Status.Active() || j.Schedule == nil || j.RolloutEnded {
		return nil
	}
	for _, at := range j.Schedule.windows().starts(now, j.Schedule.StartAt, shownWindows) {
		if end := j.Schedule.EndAt; end.IsZero() || at.Before(end) {
			shown = append(shown, at.Format(shownTime))
		}
	}
	return shown
}
