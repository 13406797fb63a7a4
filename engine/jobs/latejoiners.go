package jobs

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A late joiner is a thing that becomes a target of a continuous job after its rollout has begun.
// It gets its execution at once, outside the rollout's rate (R-ROLL-15), or waits for it while the
// job is SCHEDULED (R-JOB-56).

// lateJoinersStep creates executions for up to limit things that became targets while the job was
// SCHEDULED. One that has left or was deleted since gets none, also while the work that follows
// from that is left to the background (R-JOB-61).
func lateJoinersStep(tx *commit.Tx, j job.Job, limit int) error {
	things, err := tx.LateJoiners(j.Key, limit)
	if err != nil {
		return err
	}
	for _, thing := range things {
		done := store.LateJoiner{Job: j.Key, Thing: thing}
		tx.Changes.Job.LateJoinersDone = append(tx.Changes.Job.LateJoinersDone, done)
		still, err := isTarget(tx, j, thing)
		if err != nil {
			return err
		}
		if !still {
			continue
		}
		if err := queueLateJoiner(tx, j.Key, thing); err != nil {
			return err
		}
	}
	if j, err = tx.Job(j.Key); err != nil {
		return err
	}
	j.TookLateJoiners(len(things) == limit, tx.Now)
	tx.SetJob(j)
	return nil
}

// queueLateJoiner creates an execution for a late joiner, unless one is pending (R-JOB-57).
func queueLateJoiner(tx *commit.Tx, key job.Key, thing registry.ThingID) error {
	latest, err := tx.Latest(key, thing)
	if err != nil && !commit.Missing(err) {
		return err
	}
	pending := err == nil && !latest.Status.Terminal()
	last, err := tx.LastNumber(key, thing)
	if err != nil {
		return err
	}
	j, err := tx.Job(key)
	if err != nil {
		return err
	}
	x, ok := j.LateJoinerExecution(thing, last, pending, tx.Now)
	if !ok {
		return nil
	}
	if err := queue(tx, x); err != nil {
		return err
	}
	j.QueuedLateJoiner(tx.Now)
	tx.SetJob(j)
	return nil
}

// backfillStep creates executions for up to limit members of groups that were associated later.
// Like late joiners they do not wait for the rollout's rate (R-API-22), and where the job may create
// none now they wait until it may (R-JOB-56). Who gets one is decided at once: meanwhile a thing may
// leave the group through which it had its execution.
func backfillStep(tx *commit.Tx, j job.Job, limit int) error {
	page, err := nextTargets(tx, j, targetSearch{
		sources: j.Sources,
		from:    *j.Backfill,
		limit:   limit,
		step:    limit,
		accept:  acceptBackfill,
	})
	if err != nil {
		return err
	}
	tx.SetJob(j)
	for _, thing := range page.things {
		if !j.Creates() {
			waits := store.LateJoiner{Job: j.Key, Thing: thing}
			tx.Changes.Job.LateJoinersAdded = append(tx.Changes.Job.LateJoinersAdded, waits)
			continue
		}
		if err := queueLateJoiner(tx, j.Key, thing); err != nil {
			return err
		}
	}
	if j, err = tx.Job(j.Key); err != nil {
		return err
	}
	j.AdvanceBackfill(page.at, page.exhausted, tx.Now)
	tx.SetJob(j)
	return nil
}

// acceptBackfill accepts a thing that was no target of the job before the source's group was
// associated (R-JOB-51).
func acceptBackfill(
	tx *commit.Tx, j job.Job, source job.Source, m registry.Member,
) (bool, error) {
	last, err := tx.LastNumber(j.Key, m.Thing)
	if err != nil || j.Progress.Finished && last == 0 { // as most: nothing needs to be loaded
		return err == nil, err
	}
	groups, err := reach(tx, m.Thing)
	return j.AcceptsBackfill(source, m.Thing, groups, last), err
}
