package jobs

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Attempts that do not follow at once from the one before: retries that waited while their job was
// paused, and those that an operator asks for.

// RetryRequest says what is tried again: things whose last attempt has ended in one of the
// statuses. Without names these are all things of the job.
type RetryRequest struct {
	Statuses []job.ExecutionStatus
	Things   []string
}

// RetryFailed has a job try again on things whose last attempt has failed, in the background
// (R-STR-60). It returns how many executions were found: those of the things that are named;
// without names, all that have ended so, of which earlier attempts of a thing are passed over.
func (s *Service) RetryFailed(ctx context.Context, id string, r RetryRequest) (found int64, err error) {
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		found = 0
		j, err := tx.JobByID(id)
		if err != nil {
			return err
		}
		var things []registry.ThingID
		for _, name := range r.Things {
			thing, err := thingID(tx, name)
			if err != nil {
				return err
			}
			things = append(things, thing)
		}
		if err := j.RetryFailed(r.Statuses, things, tx.Now); err != nil {
			return err
		}
		if found, err = countRetries(tx, j, r.Statuses, things); err != nil || found == 0 {
			return err
		}
		tx.SetJob(j)
		return nil
	})
	return found, err
}

// countRetries counts the executions that are to be tried again.
func countRetries(
	tx *commit.Tx, j job.Job, statuses []job.ExecutionStatus, things []registry.ThingID,
) (n int64, err error) {
	if things == nil {
		for _, status := range statuses {
			n += j.Counts[status]
		}
		return n, nil
	}
	for _, thing := range things {
		latest, err := tx.Latest(j.Key, thing)
		if err != nil && !commit.Missing(err) {
			return n, err
		}
		if _, ok := j.AskedRetry(latest, latest.Number, tx.Now); err == nil && ok {
			n++
		}
	}
	return n, nil
}

// waitingRetriesStep creates the retries of up to limit things that waited until the job was
// resumed (R-STR-11).
func waitingRetriesStep(tx *commit.Tx, j job.Job, limit int) error {
	waiting, err := tx.WaitingRetries(j.Key, limit)
	if err != nil {
		return err
	}
	var created []job.Execution
	for _, w := range waiting {
		tx.Changes.Job.RetriesDone = append(tx.Changes.Job.RetriesDone, w)
		retry, err := tryAgain(tx, j, w.Thing, j.WaitingRetry)
		if err != nil {
			return err
		}
		created = append(created, retry...)
	}
	j.TookWaitingRetries(len(waiting), created, len(waiting) == limit, tx.Now)
	tx.SetJob(j)
	return nil
}

// tryAgain creates a further attempt on a thing, if decide makes one of its latest execution and
// the thing is still a target (R-RTY-9). It returns those that it created.
func tryAgain(
	tx *commit.Tx, j job.Job, thing registry.ThingID,
	decide func(latest job.Execution, last int64, now time.Time) (job.Execution, bool),
) (created []job.Execution, err error) {
	latest, err := tx.Latest(j.Key, thing)
	if commit.Missing(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	last, err := tx.LastNumber(j.Key, thing)
	if err != nil {
		return nil, err
	}
	retry, ok := decide(latest, last, tx.Now)
	if !ok {
		return nil, nil
	}
	if still, err := isTarget(tx, j, thing); err != nil || !still {
		return nil, err
	}
	return []job.Execution{retry}, queueAgain(tx, j, retry)
}

// retryFailedStep goes on with the pass that RetryFailed has begun, as far as the quota of the tick
// goes.
func retryFailedStep(tx *commit.Tx, j job.Job, limit int) error {
	quota := min(j.RetryTick(tx.Now), limit)
	if quota == 0 {
		tx.SetJob(j)
		return nil
	}
	left := *j.Steered.Retry
	things, done, err := nextRetries(tx, j, &left, quota, 2*limit)
	if err != nil {
		return err
	}
	var created []job.Execution
	for _, thing := range things {
		retry, err := tryAgain(tx, j, thing, j.AskedRetry)
		if err != nil {
			return err
		}
		created = append(created, retry...)
	}
	j.TookRetries(created, left, done, tx.Now)
	tx.SetJob(j)
	return nil
}

// nextRetries returns up to quota things that come next in a pass, of which left becomes what is
// left. It looks at up to limit executions; done says that these were the last.
func nextRetries(
	tx *commit.Tx, j job.Job, left *job.RetryPass, quota, limit int,
) (things []registry.ThingID, done bool, err error) {
	if left.Things != nil {
		n := min(quota, len(left.Things))
		things, left.Things = left.Things[:n], left.Things[n:]
		return things, len(left.Things) == 0, nil
	}
	found, err := tx.ExecutionsOfJob(store.JobExecutionQuery{
		Job:   j.Key,
		After: &store.JobExecutionCursor{ThingName: left.After.Name, Thing: left.After.Thing},
		Limit: limit,
	})
	tx.AddWork(len(found) / lookFactor)
	for _, x := range found {
		if x.Thing == left.After.Thing {
			continue // an earlier attempt: those of a thing come from the newest on
		}
		if len(things) == quota {
			return things, false, err
		}
		left.After = job.ThingCursor{Name: x.ThingName, Thing: x.Thing}
		if _, ok := j.AskedRetry(x.Execution, x.Number, tx.Now); ok {
			things = append(things, x.Thing)
		}
	}
	return things, len(found) < limit, err
}
