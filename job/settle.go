package job

import "time"

// Begin starts a job that nothing holds back (R-JOB-1): its sources and the newest membership that counts are frozen,
// and tick 0 of the rollout is due (R-JOB-52).
func (j *Job) Begin(sources []Source, frozen int64, now time.Time) {
	j.Status = InProgress
	j.Sources, j.Frozen = sources, frozen
	j.Progress.start(now)
	j.Settle(now)
}

// Tick opens the next tick of the rollout when its time has come. It returns how many executions may be created now.
func (j *Job) Tick(now time.Time) int {
	if j.Status != InProgress {
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

// Settle brings the job's status and its next due time in line with its counts. It recomputes from present facts, so
// calling it twice does no harm.
func (j *Job) Settle(now time.Time) {
	if j.Status.Active() && j.Selection == Snapshot && j.Progress.Finished && j.Counts.Pending() == 0 {
		j.Status = Completed // R-JOB-11, R-JOB-15
		j.CompletedAt, j.UpdatedAt = now, now
	}
	j.Due = j.due(now)
}

// due is when the job wants to be looked at again: at once while work waits, at the next tick of its rollout, or never.
func (j *Job) due(now time.Time) time.Time {
	switch {
	case j.Sweep != NoSweep:
		return now
	case j.Status != InProgress || j.Progress.Finished:
		return time.Time{}
	case j.Progress.Quota > 0:
		return now
	}
	return j.Progress.NextTick
}

// cancel ends the job as CANCELED: the rollout stops, no retry follows, the sweep is due at once (R-JOB-20).
func (j *Job) cancel(sweep Sweep, now time.Time) {
	j.Status = Canceled
	j.Progress.finish()
	j.UpdatedAt = now
	j.Sweep = sweep
	j.Settle(now)
}

// Swept records that a sweep found nothing more to do (R-JOB-28).
func (j *Job) Swept(now time.Time) {
	j.Sweep = NoSweep
	j.Settle(now)
}
