package job

import "time"

// Begin starts a job that nothing holds back (R-JOB-1): its sources and the newest membership that counts are frozen,
// and tick 0 of the rollout is due (R-JOB-52).
func (j *Job) Begin(sources []Source, frozen int64, now time.Time) {
	j.Status, j.UpdatedAt = InProgress, now // R-JOB-18
	j.Sources, j.Frozen = sources, frozen
	j.Edge = j.closing(now)
	j.Progress.start(now)
	j.Settle(now)
}

// Tick opens the next tick of the rollout when its time has come. It returns how many executions may be created now.
func (j *Job) Tick(now time.Time) int {
	if j.Settle(now); j.Status != InProgress {
		return 0
	}
	j.Progress.tick(j.Rollout, j.Counts[Succeeded], now)
	j.Settle(now)
	return j.Progress.Quota
}

// Released records that the rollout created n executions, that it goes on at the cursor, and whether no target is
// left (R-ROLL-13).
func (j *Job) Released(n int, at Cursor, exhausted bool, now time.Time) {
	j.Progress.Cursor = at
	j.Progress.Quota -= n
	j.Progress.Notified += int64(n)
	j.Counts[Queued] += int64(n)
	if exhausted {
		j.Progress.finish()
		j.UpdatedAt = now // the end of the rollout, R-JOB-18
	}
	j.Settle(now)
}

// Admitted records that a thing which entered the targets of a continuous job got its execution. It counts for nothing in
// the rollout (R-ROLL-15).
func (j *Job) Admitted(now time.Time) {
	j.Counts[Queued]++
	j.Settle(now)
}

// Backfilled records that the roll-out of groups that were associated later goes on at the cursor, or is exhausted
// (R-JOB-42).
func (j *Job) Backfilled(at Cursor, exhausted bool, now time.Time) {
	j.Backfill = &at
	if exhausted {
		j.Backfill = nil
	}
	j.Settle(now)
}

// Settle brings the job's status and its next due time in line with the time and its counts. It recomputes from present
// facts, so calling it twice does no harm. The end time comes before the edge of a window (R-SCH-27).
func (j *Job) Settle(now time.Time) {
	if j.Status.Active() {
		j.end(now)
	}
	if j.Status.Active() {
		j.pause(now)
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
	if j.Selection == Snapshot {
		return j.Progress.Finished
	}
	return j.Ended && !j.Schedule.EndAt.IsZero() && !now.Before(j.Schedule.EndAt)
}

// atOnce is when work is due that waits for processor time only: before every time that a clock can show, also one that
// was set back (R-CON-26).
var atOnce = time.UnixMilli(1).UTC()

// due is when the job wants to be looked at again: at once while work waits, at the next tick of its rollout, at the edge
// of a window, at its end, or never.
func (j *Job) due(now time.Time) time.Time {
	switch {
	case j.Sweep != NoSweep || j.Status.Active() && j.Tell != nil:
		return atOnce
	case !j.Status.Active():
		return time.Time{}
	case j.Status == InProgress && (j.Progress.Quota > 0 || j.Admit || j.Backfill != nil):
		return atOnce
	}
	due := earliest(j.Edge, j.Progress.NextTick)
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
	j.Concealed = j.Status == Scheduled && j.Tell == nil // who has not been told yet that it is hidden is told of its end
	j.Status = Canceled
	j.Progress.finish()
	j.Edge, j.Tell, j.Admit, j.Backfill = time.Time{}, nil, false, nil
	j.UpdatedAt = now
	j.Sweep = sweep
	j.Settle(now)
}

// Swept records that a sweep found nothing more to do (R-JOB-28).
func (j *Job) Swept(now time.Time) {
	j.Sweep = NoSweep
	j.Settle(now)
}
