package jobs

import (
	"fmt"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Background work. A job of a million things is never worked on in one go: each step touches a
// bounded number of executions and leaves the job where the next step goes on. The first step of
// what a request brought about is part of its commit, so that a small job is rolled out, canceled
// or deleted when the request is answered.

// Review does one small step of each job that the commit has changed and that has work to do now,
// while the commit has room (R-ROLL-21, R-JOB-62). The rest is left to the due loop. It is a hook
// of every commit.
func (b *Background) Review(tx *commit.Tx) error {
	end := tx.Work() + InlineRoom
	for _, j := range tx.ChangedJobs() {
		if j.Due.IsZero() || j.Due.After(tx.Now) {
			continue
		}
		room := end - tx.Work()
		if room <= 0 {
			return nil
		}
		if err := b.step(tx, j, min(InlineStep, room)); err != nil {
			return fmt.Errorf("review job %s: %w", j.ID, err)
		}
		if err := tx.Apply(); err != nil {
			return err
		}
	}
	return nil
}

// step does one bounded piece of the work that comes next for a job; job.Job.Next says which that
// is. limit is how many executions it may touch.
func (b *Background) step(tx *commit.Tx, j job.Job, limit int) error {
	switch j.Next(tx.Now) {
	case job.WorkDelete:
		return deleteStep(tx, j, limit)
	case job.WorkSweep:
		return cancelStep(tx, j, limit)
	case job.WorkOpenWindow:
		return b.openStep(tx, j)
	case job.WorkNotifyWindow:
		return notifyStep(tx, j, limit)
	case job.WorkRetries:
		return waitingRetriesStep(tx, j, limit)
	case job.WorkRetryFailed:
		return retryFailedStep(tx, j, limit)
	case job.WorkLateJoiners:
		return lateJoinersStep(tx, j, limit)
	case job.WorkBackfill:
		return backfillStep(tx, j, limit)
	case job.WorkWave:
		return waveStep(tx, j)
	case job.WorkRelease:
		return releaseStep(tx, j, limit)
	}
	j.Recompute(tx.Now) // time alone has changed the job
	tx.SetJob(j)
	return nil
}

// releaseStep opens the next tick of the rollout if its time has come, and creates up to limit
// executions of its quota (R-ROLL-3). It also learns whether any target is left (R-ROLL-13).
func releaseStep(tx *commit.Tx, j job.Job, limit int) error {
	quota := min(j.Tick(tx.Now), limit)
	if quota == 0 && !j.Progress.Searching {
		tx.SetJob(j)
		return nil
	}
	search := rolloutSearch(j)
	search.from, search.limit, search.step = j.Progress.Cursor, quota, limit
	page, err := nextTargets(tx, j, search)
	if err != nil {
		return err
	}
	tx.SetJob(j)
	for _, thing := range page.things {
		if err := queue(tx, j.FirstExecution(thing, tx.Now)); err != nil {
			return err
		}
	}
	j.ReleasedExecutions(len(page.things), page.at, page.exhausted, tx.Now)
	if !page.exhausted && !page.more {
		j.SearchOn(tx.Now)
	}
	tx.SetJob(j)
	return nil
}

// rolloutSearch is the search of a rollout for the next things, those of a wave if it has waves.
func rolloutSearch(j job.Job) targetSearch {
	w, state, _ := j.CurrentWave()
	if w.Group != "" {
		return groupWaveSearch(state.Group)
	}
	return targetSearch{
		sources:   j.Sources[:j.FirstAssociatedSource()],
		accept:    acceptFirst,
		returners: j.TargetSelection != job.Continuous,
	}
}

// acceptFirst accepts a thing that its wave takes and that never had an execution of the job, not
// even one that was deleted.
func acceptFirst(tx *commit.Tx, j job.Job, _ job.Source, m registry.Member) (bool, error) {
	if !j.TakesInWave(m.Name) {
		return false, nil
	}
	number, err := tx.LastNumber(j.Key, m.Thing)
	return number == 0, err
}

// cancelStep cancels up to limit executions of a job that was canceled (R-JOB-21, R-JOB-22).
func cancelStep(tx *commit.Tx, j job.Job, limit int) error {
	event, statuses := j.Sweep.EventAndStatuses()
	for _, status := range statuses {
		found, err := tx.PendingOfJob(j.Key, status, job.ExecutionCursor{}, limit+1)
		if err != nil {
			return err
		}
		for _, x := range found[:min(limit, len(found))] {
			if err := applyEvent(tx, x, event); err != nil {
				return err
			}
		}
		if limit -= len(found); limit < 0 {
			return nil // there are more
		}
	}
	j, err := tx.Job(j.Key)
	if err != nil {
		return err
	}
	j.FinishSweep(tx.Now)
	tx.SetJob(j)
	return nil
}

// deleteStep deletes up to limit executions, or other rows, of a job that is being deleted. The job
// goes with the last (R-JOB-34).
func deleteStep(tx *commit.Tx, j job.Job, limit int) error {
	tx.SetJob(j)
	found, err := tx.SomeOfJob(j.Key, limit+1)
	if err != nil {
		return err
	}
	for _, x := range found[:min(limit, len(found))] {
		if err := deleteExecution(tx, x); err != nil {
			return err
		}
	}
	if len(found) > limit {
		return nil
	}
	if rest, err := deleteRest(tx, j.Key, limit-len(found)); err != nil || rest {
		return err
	}
	if j.Purging() {
		tx.CountPurged(commit.Purged{Jobs: 1})
	}
	tx.DeleteJob(j.Key)
	tx.SetTags(registry.KindJob, j.ID, nil) // R-JOB-37
	return nil
}

// deleteRest deletes up to limit rows that a job without executions has left: the things that wait
// for one or for a retry, confirmations, and the numbers of executions that operators have deleted.
// It reports whether there are more.
func deleteRest(tx *commit.Tx, key job.Key, limit int) (more bool, err error) {
	for _, deletePage := range []func(*commit.Tx, job.Key, int) (int, error){
		deleteLateJoiners, deleteWaitingRetries, deleteConfirmations, deleteUsedNumbers,
	} {
		found, err := deletePage(tx, key, limit)
		if err != nil {
			return false, err
		}
		if limit -= found; limit < 0 {
			return true, nil
		}
	}
	return false, nil
}

// deleteLateJoiners and the like delete up to limit rows of their kind. They return how many they
// found, which is one more than limit when there are more.
func deleteLateJoiners(tx *commit.Tx, key job.Key, limit int) (found int, err error) {
	things, err := tx.LateJoiners(key, limit+1)
	c := &tx.Changes.Job
	for _, thing := range things[:min(limit, len(things))] {
		c.LateJoinersDone = append(c.LateJoinersDone, store.LateJoiner{Job: key, Thing: thing})
	}
	return len(things), err
}

func deleteWaitingRetries(tx *commit.Tx, key job.Key, limit int) (found int, err error) {
	retries, err := tx.WaitingRetries(key, limit+1)
	c := &tx.Changes.Job
	c.RetriesDone = append(c.RetriesDone, retries[:min(limit, len(retries))]...)
	return len(retries), err
}

func deleteConfirmations(tx *commit.Tx, key job.Key, limit int) (found int, err error) {
	waiting, err := tx.ConfirmationsOfJob(key, limit+1)
	c := &tx.Changes.Job
	for _, w := range waiting[:min(limit, len(waiting))] {
		done := store.ConfirmationCursor{Thing: w.Thing, Job: key}
		c.ConfirmationsDone = append(c.ConfirmationsDone, done)
	}
	return len(waiting), err
}

func deleteUsedNumbers(tx *commit.Tx, key job.Key, limit int) (found int, err error) {
	things, err := tx.UsedNumbers(key, limit+1)
	c := &tx.Changes.Job
	for _, thing := range things[:min(limit, len(things))] {
		c.ForgottenNumbers = append(c.ForgottenNumbers, store.UsedNumber{Job: key, Thing: thing})
	}
	return len(things), err
}
