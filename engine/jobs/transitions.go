package jobs

import (
	"fmt"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// What happens to executions. Package job says what an event does to an execution and to its job;
// the functions here stage it, with the notices for the thing and the lifecycle event.

// applyEvent applies an event that no device asked for to one execution: a timeout, a cancellation,
// a removal.
func applyEvent(tx *commit.Tx, x job.Execution, event job.Event) error {
	j, err := tx.Job(x.Job)
	if err != nil {
		return err
	}
	outcome, err := job.ApplyEvent(j, x, event, tx.Now)
	if err != nil {
		return fmt.Errorf("execution %d of thing %d: %w", x.Number, x.Thing, err)
	}
	return recordOutcome(tx, x, outcome)
}

// recordOutcome stages what one event did: the execution, its retry, the job, and what the thing is
// notified of. An outcome that leaves the execution as it was is a repeat, and nothing is staged.
func recordOutcome(tx *commit.Tx, before job.Execution, outcome job.Outcome) error {
	if outcome.Execution.Version == before.Version {
		return nil
	}
	if err := notifyOfChange(tx, before, outcome.Execution); err != nil {
		return err
	}
	if err := tx.UpdateExecution(before, outcome.Execution); err != nil {
		return err
	}
	if err := queueRetry(tx, &outcome); err != nil {
		return err
	}
	if err := awaitConfirmation(tx, &outcome); err != nil {
		return err
	}
	tx.SetJob(outcome.Job)
	return nil
}

// queueRetry stages the next attempt, if the job's budget allows one and its thing is still a
// target (R-RTY-9). While the job is paused the thing waits for it (R-STR-10).
func queueRetry(tx *commit.Tx, outcome *job.Outcome) error {
	if outcome.Retry == nil && !outcome.RetryWaits {
		return nil
	}
	x := outcome.Execution
	if still, err := isTarget(tx, outcome.Job, x.Thing); err != nil {
		return err
	} else if !still {
		outcome.WithdrawRetry(tx.Now)
		return nil
	}
	if outcome.RetryWaits {
		waiting := store.WaitingRetry{Job: x.Job, Thing: x.Thing}
		tx.Changes.Job.RetriesWaiting = append(tx.Changes.Job.RetriesWaiting, waiting)
		return nil
	}
	retry := *outcome.Retry
	last, err := tx.LastNumber(retry.Job, retry.Thing)
	if err != nil {
		return err
	}
	retry.Number = last + 1
	return queueAgain(tx, outcome.Job, retry)
}

// queueAgain stages a further attempt and notifies its thing of it, unless it is hidden.
func queueAgain(tx *commit.Tx, j job.Job, retry job.Execution) error {
	retry.Sequence = tx.Keys.Sequence()
	tx.CreateExecution(retry)
	return notifyOfNew(tx, j, retry)
}

// show stages that a retry has waited long enough, and notifies its thing of it, unless something
// else hides it (R-STR-45).
func show(tx *commit.Tx, j job.Job, x job.Execution) error {
	x = x.Show()
	tx.AmendExecution(x)
	return notifyOfNew(tx, j, x)
}

// isTarget reports whether a thing is a target of the job now. One that was deleted is a target of
// nothing, also of a job that names it.
func isTarget(tx *commit.Tx, j job.Job, thing registry.ThingID) (bool, error) {
	if j.TargetsThing(thing) {
		_, err := tx.Thing(thing)
		if commit.Missing(err) {
			return false, nil
		}
		return err == nil, err
	}
	groups, err := reach(tx, thing)
	return j.IsTarget(thing, groups), err
}

// reach returns the groups of a thing and all groups above them.
func reach(tx *commit.Tx, thing registry.ThingID) ([]registry.GroupID, error) {
	memberships, err := tx.Memberships(thing)
	if err != nil {
		return nil, err
	}
	return fleet.Reach(tx, memberships)
}

// queue stages a new QUEUED execution and notifies its thing of it, unless that is held.
func queue(tx *commit.Tx, x job.Execution) (err error) {
	if x.Held, err = tx.IsHeld(x.Thing); err != nil {
		return err
	}
	x.Sequence = tx.Keys.Sequence()
	tx.CreateExecution(x)
	if x.Held {
		return nil
	}
	head, err := visibleHead(tx, x.Thing)
	if err != nil {
		return err
	}
	notify(tx, x.Thing, job.NoticeOfNew(head, x))
	return nil
}

// deleteExecution stages the deletion of one execution. One that is pending leaves the list of its
// thing (R-JOB-35).
func deleteExecution(tx *commit.Tx, x job.Execution) error {
	j, err := tx.Job(x.Job)
	if err != nil {
		return err
	}
	if !x.Status.Terminal() {
		if err := notifyOfChange(tx, x, job.Execution{Status: job.ExecutionRemoved}); err != nil {
			return err
		}
	}
	if err := tx.DeleteExecution(x, j.Sweep == job.SweepAll); err != nil {
		return err
	}
	if j.Purging() {
		tx.CountPurged(commit.Purged{Executions: 1})
	}
	if err := dropConfirmation(tx, &j, x); err != nil {
		return err
	}
	j.ExecutionDeleted(x, tx.Now)
	tx.SetJob(j)
	return nil
}

// sweep does to one execution what the sweep of its job will do to it.
// Sweeping one execution ahead of its turn is the same as waiting for the sweep to reach it.
func sweep(tx *commit.Tx, kind job.Sweep, x job.Execution) error {
	if kind == job.SweepAll {
		return deleteExecution(tx, x)
	}
	event, _ := kind.EventAndStatuses()
	return applyEvent(tx, x, event)
}
