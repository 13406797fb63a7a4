package job

import "time"

// StartRollout starts a job that nothing holds back (R-JOB-1): its sources and the newest membership that counts are frozen,
// and tick 0 of the rollout is due (R-JOB-52).
func (j *Job) StartRollout(sources []Source, frozen int64, now time.Time) {
	j.Status, j.UpdatedAt = InProgress, now // R-JOB-18
	j.Sources, j.NewestMembership = sources, frozen
	j.WindowEdge = j.closing(now)
	j.Progress.start(now)
	j.Recompute(now)
}

// Tick opens the next tick of the rollout when its time has come. It returns how many executions may be created now.
func (j *Job) Tick(now time.Time) int {
	if j.Recompute(now); j.Status != InProgress {
		return 0
	}
	j.Progress.tick(j.Rollout, j.Counts[ExecutionSucceeded], now)
	j.Recompute(now)
	return j.Progress.Quota
}

// ReleasedExecutions records that the rollout created n executions, that it goes on at the cursor, and whether no target is
// left (R-ROLL-13).
func (j *Job) ReleasedExecutions(n int, at RolloutCursor, exhausted bool, now time.Time) {
	j.Progress.Cursor = at
	j.Progress.Quota -= n
	j.Progress.Notified += int64(n)
	j.Counts[ExecutionQueued] += int64(n)
	if exhausted {
		j.Progress.finish()
		j.UpdatedAt = now // the end of the rollout, R-JOB-18
	}
	j.Recompute(now)
}

// QueuedLateJoiner records that a thing which entered the targets of a continuous job got its execution. It counts for nothing in
// the rollout (R-ROLL-15).
func (j *Job) QueuedLateJoiner(now time.Time) {
	j.Counts[ExecutionQueued]++
	j.Recompute(now)
}

// AdvanceBackfill records that the roll-out of groups that were associated later goes on at the cursor, or is exhausted
// (R-JOB-42).
func (j *Job) AdvanceBackfill(at RolloutCursor, exhausted bool, now time.Time) {
	j.Backfill = &at
	if exhausted {
		j.Backfill = nil
	}
	j.Recompute(now)
}

// Recompute brings the job's status and its next due time in line with the time and its counts. It recomputes from present
// facts, so calling it twice does no harm. The end time comes before the edge of a window (R-SCH-27).
func (j *Job) Recompute(now time.Time) {
	if j.Status.Active() {
		j.applyEndTime(now)
	}
	if j.Status.Active() {
		j.closeWindow(now)
	}
	if j.Status.Active() && j.Counts.Pending() == 0 && j.exhausted(now) {
		j.Status = Completed
		j.CompletedAt, j.UpdatedAt = now, now
	}
	j.Due = j.due(now)
}

// exhausted reports whether no execution will be created any more: for a snapshot job, its rollout has finished
// (R-JOB-11, R-JOB-15); for a continuous one, its end time has passed (R-JOB-12, R-JOB-13).
func (j *Job) exhausted(now time.Time) bool {
	if j.TargetSelection == Snapshot {
		return j.Progress.Finished
	}
	return j.RolloutEnded && !j.Schedule.EndAt.IsZero() && !now.Before(j.Schedule.EndAt)
}

// immediately is when work is due that waits for processor time only: before every time that a clock can show, also one that
// was set back (R-CON-26).
var immediately = time.UnixMilli(1).UTC()

// due is when the job wants to be looked at again: at once while work waits, at the next tick of its rollout, at the edge
// of a window, at its end, or never.
func (j *Job) due(now time.Time) time.Time {
	switch {
	case j.Sweep != NoSweep || j.Status.Active() && j.NotifyCursor != nil:
		return immediately
	case !j.Status.Active():
		return time.Time{}
	case j.Status == InProgress && (j.Progress.Quota > 0 || j.LateJoinersWaiting || j.Backfill != nil):
		return immediately
	}
	due := earliest(j.WindowEdge, j.Progress.NextTick)
	if j.Schedule != nil && now.Before(j.Schedule.EndAt) {
		due = earliest(due, j.Schedule.EndAt)
	}
	return due
}

// earliest is the earlier of two times, of which a zero one is none.
func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// cancel ends the job as CANCELED: the rollout stops, no retry follows, the sweep is due at once (R-JOB-20).
func (j *Job) cancel(sweep Sweep, now time.Time) {
	j.HiddenAtSweep = j.Status == Scheduled && j.NotifyCursor == nil // who has not been told yet that it is hidden is told of its end
	j.Status = Canceled
	j.Progress.finish()
	j.WindowEdge, j.NotifyCursor, j.LateJoinersWaiting, j.Backfill = time.Time{}, nil, false, nil
	j.UpdatedAt = now
	j.Sweep = sweep
	j.Recompute(now)
}

// FinishSweep records that a sweep found nothing more to do (R-JOB-28).
func (j *Job) FinishSweep(now time.Time) {
	j.Sweep = NoSweep
	j.Recompute(now)
}
