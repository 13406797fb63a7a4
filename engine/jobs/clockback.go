package jobs

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// When the clock has gone back for good, one pass over all jobs that something may wait in gives
// them and their executions their times anew (R-CON-28). Package job says which; the pass goes page
// by page, each in a commit of its own. The newest time that is stored is set back with the last
// one, so that a server that is killed in between begins the pass again.

// FollowClockBack makes the pass when the clock has gone back since the last one, and reports
// whether it had.
func (b *Background) FollowClockBack(ctx context.Context) (bool, error) {
	steady, ok := b.Clock.(*clock.Steady)
	if !ok {
		return false, nil
	}
	times := steady.WentBack()
	if times == b.clockWentBack {
		return false, nil
	}
	for _, status := range []job.Status{
		job.InProgress, job.Scheduled, job.Canceled, job.Completed,
	} {
		if err := b.followClockBackIn(ctx, status); err != nil {
			return true, err
		}
	}
	if err := b.followClockBackInConfirmations(ctx); err != nil {
		return true, err
	}
	err := b.Commits.Do(ctx, func(tx *commit.Tx) error {
		tx.SaveTime()
		return nil
	})
	if err == nil {
		b.clockWentBack = times
	}
	return true, err
}

// followClockBackIn makes the pass over the jobs with one status.
func (b *Background) followClockBackIn(ctx context.Context, status job.Status) error {
	const page = 64
	for query := (store.JobQuery{Status: status, Limit: page}); ; {
		var found []job.Job
		err := b.Store.Read(ctx, func(r store.Reader) (err error) {
			found, err = r.Jobs(query)
			return err
		})
		if err != nil {
			return err
		}
		for _, j := range found {
			ended := j.Status == job.Completed && !j.UpdatedAt.After(b.Clock.Now())
			if !ended { // of those that have, there may be very many
				if err := b.followClockBackOf(ctx, j.Key); err != nil {
					return err
				}
			}
			query.After = &store.JobCursor{CreatedAt: j.CreatedAt, ID: j.ID}
		}
		if len(found) < page {
			return nil
		}
	}
}

// followClockBackOf gives one job its times anew, and those of its executions whose timers run or
// that may be retries that wait.
func (b *Background) followClockBackOf(ctx context.Context, key job.Key) error {
	for _, status := range []job.ExecutionStatus{job.ExecutionInProgress, job.ExecutionQueued} {
		for after, more := (job.ExecutionCursor{}), true; more; {
			err := b.Commits.Do(ctx, func(tx *commit.Tx) (err error) {
				after, more, err = clockBackStep(tx, key, status, after)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// clockBackStep does a page of the executions of one job in one status, after a place, and returns
// the next place and whether there are more. A job without retries has none that wait.
func clockBackStep(
	tx *commit.Tx, key job.Key, status job.ExecutionStatus, after job.ExecutionCursor,
) (last job.ExecutionCursor, more bool, err error) {
	j, err := tx.Job(key)
	if commit.Missing(err) {
		return after, false, nil
	}
	if err != nil {
		return after, false, err
	}
	if j.ClockWentBack(tx.Now) {
		tx.SetJob(j)
	}
	if status == job.ExecutionQueued && j.Retry == nil {
		return after, false, nil
	}
	page, err := tx.PendingOfJob(key, status, after, BackgroundStep)
	for _, x := range page {
		after = job.ExecutionCursor{Thing: x.Thing, Number: x.Number}
		if x, changed := j.ExecutionClockWentBack(x, tx.Now); changed {
			tx.AmendExecution(x)
		}
	}
	return after, len(page) == BackgroundStep, err
}

// followClockBackInConfirmations has successes that wait to be confirmed since a later time wait
// from now.
func (b *Background) followClockBackInConfirmations(ctx context.Context) error {
	for after, more := (store.ConfirmationCursor{}), true; more; {
		err := b.Commits.Do(ctx, func(tx *commit.Tx) error {
			page, err := tx.Confirmations(after, BackgroundStep)
			for _, c := range page {
				after = store.ConfirmationCursor{Thing: c.Thing, Job: c.Job}
				if c, changed := c.ClockWentBack(tx.Now); changed {
					tx.Changes.Job.Confirmations = append(tx.Changes.Job.Confirmations, c)
				}
			}
			more = len(page) == BackgroundStep
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
