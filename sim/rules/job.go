package rules

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// nextJobStatuses lists the statuses that a job may have after a commit (docs/spec/20 section 2).
var nextJobStatuses = map[job.Status][]job.Status{
	"SCHEDULED": {
		"SCHEDULED", "IN_PROGRESS", "COMPLETED", "CANCELED", "DELETION_IN_PROGRESS",
	},
	"IN_PROGRESS": {
		"IN_PROGRESS", "SCHEDULED", "COMPLETED", "CANCELED", "DELETION_IN_PROGRESS",
	},
	"COMPLETED":            {"COMPLETED", "DELETION_IN_PROGRESS"},
	"CANCELED":             {"CANCELED", "DELETION_IN_PROGRESS"},
	"DELETION_IN_PROGRESS": {"DELETION_IN_PROGRESS"},
}

// Update is a call of UpdateJob. Members that it does not have must not be taken for a change of
// them.
type Update struct {
	JobID          string
	Rollout, Abort bool // whether the call has these configurations
}

// BeforeUpdate says that an operator calls UpdateJob. It counts for the next commit.
func (ch *Checker) BeforeUpdate(u Update) { ch.update = &u }

// DeletingJob says that an operator calls DeleteJob for a job; an empty id says that the call has
// been answered.
func (ch *Checker) DeletingJob(id string) { ch.deletingID = id }

// jobCreated remembers a new job. Its rollout begins at once unless its schedule makes it wait
// (R-JOB-1, R-JOB-2).
func (c *commit) jobCreated(j job.Job) {
	rec := newJobRecord(j)
	c.ch.jobs[j.Key], c.jobs[j.Key] = rec, true
	rec.stored.Status = "IN_PROGRESS"
	if rec.waitsForSchedule(c.now) {
		rec.stored.Status = "SCHEDULED"
		return
	}
	c.beginRollout(rec)
}

// jobDefined follows a new definition of a job: by AssociateTargetsWithJob, by the begin of its
// rollout, or by UpdateJob, which makes the rollout count anew and applies new abort criteria at
// once (R-UPD-11, R-UPD-13).
func (c *commit) jobDefined(j job.Job) {
	rec, update := c.ch.jobs[j.Key], c.ch.update
	if rec == nil {
		return
	}
	c.groupsAssociated(rec, j)
	before := rec.stored.Definition
	rec.stored.Definition = j.Definition
	c.settingsChanged(rec, before, j)
	if (j.Status == "IN_PROGRESS" || j.Status == "COMPLETED") && !rec.started && !rec.over(c.now) {
		c.beginRollout(rec)
	}
	if update == nil || update.JobID != j.ID {
		return
	}
	if update.Rollout {
		rec.rollout.restart(rec.counts()[job.ExecutionSucceeded])
	}
	if update.Abort {
		clear(rec.steered.observed) // what was recorded was of other criteria
		c.evaluateAbort(rec)
	}
}

// checkJob checks a job that the commit changed as it is after the commit.
func (c *commit) checkJob(key job.Key) {
	rec := c.ch.jobs[key]
	if rec == nil {
		return
	}
	j, err := c.store.Job(key)
	if errors.Is(err, store.ErrNotFound) {
		c.jobDeleted(rec)
		delete(c.ch.jobs, key)
		return
	}
	c.ch.must("job", err)
	c.checkGuard(rec, j)
	c.checkPause(rec, j)
	c.tickedWithoutRelease(rec, j)
	c.checkConfirmations(rec, j)
	c.checkRetryPass(rec, j)
	c.checkStatus(rec, j)
	c.checkProgress(rec, j)
	c.checkCanceledBySchedule(rec, j)
	c.windowOpenedOrClosed(rec, j)
	if rec.step.executionsDeleted && j.Status != "DELETION_IN_PROGRESS" && !c.purged(rec) {
		c.fail("R-EXE-40", "executions of %s are deleted, which is %s", rec.id, j.Status)
	}
	rec.stored, rec.step, rec.steered.paused = j, commitNotes{}, j.Paused != ""
	clear(rec.steered.retried)
}

// jobDeleted checks a job that is gone: its executions went before it, and an operator deleted it
// or it was purged.
func (c *commit) jobDeleted(rec *jobRecord) {
	was := rec.stored.Status
	switch {
	case len(rec.executions) > 0:
		c.fail("R-JOB-10", "%s is gone before its executions", rec.id)
	case was != "DELETION_IN_PROGRESS" && c.ch.deletingID != rec.id && !c.purged(rec):
		c.fail("R-JOB-8, R-LIM-44", "%s is gone, it was %s, and nobody deleted it", rec.id, was)
	}
}

// purged says whether a job ended so long ago that it is removed without a call (R-LIM-44,
// R-LIM-49).
func (c *commit) purged(rec *jobRecord) bool {
	ended := rec.stored.Status == "COMPLETED" || rec.stored.Status == "CANCELED"
	retention, age := c.ch.limits.Retention, c.now.Sub(rec.stored.UpdatedAt)
	return c.ch.deletingID != rec.id && ended && retention > 0 && age > retention
}

// checkStatus checks the counters of a job and its move to another status, and that executions are
// cancelled with it only by a status that does so: those IN_PROGRESS only by force (R-JOB-22).
func (c *commit) checkStatus(rec *jobRecord, j job.Job) {
	n := rec.counts()
	for status, counted := range j.Counts {
		if counted != n[job.ExecutionStatus(status)] {
			c.fail("R-JOB-45, R-JOB-49", "%s counts %v, there are %v", rec.id, j.Counts, n)
		}
	}
	if !slices.Contains(nextJobStatuses[rec.stored.Status], j.Status) {
		c.fail("docs/spec/20 section 2", "%s went from %s to %s",
			rec.id, rec.stored.Status, j.Status)
	}
	for _, was := range rec.step.canceled {
		goesOn := active(j.Status) || j.Status == "COMPLETED"
		if goesOn || was.Status == job.ExecutionInProgress && !j.ForceCanceled {
			c.fail("R-JOB-22, R-ABT-12", "%+v is CANCELED in %s, which is %s",
				was, rec.id, j.Status)
		}
	}
}

// checkProgress checks that the job is exactly as far as its executions say: aborted, retried,
// finished with its rollout and completed when it must be, and not before.
func (c *commit) checkProgress(rec *jobRecord, j job.Job) {
	c.checkAbort(rec, j)
	n := rec.counts()
	finished := active(j.Status) && j.Progress.Finished
	retries := rec.waitsForRetry(c.store, c.now)
	completes := j.Status == "COMPLETED" && active(rec.stored.Status)
	switch {
	case completes && (n.pending() > 0 || retries || !rec.exhausted(c.store, c.now)):
		c.fail("R-JOB-11 to R-JOB-13", "%s is COMPLETED with %d pending, waiting %v",
			rec.id, n.pending(), rec.unreleased(c.store))
	case finished && len(rec.unreleased(c.store)) > 0 && !rec.over(c.now):
		c.fail("R-ROLL-13", "%s has finished its rollout, waiting %v",
			rec.id, rec.unreleased(c.store))
	case finished && n.pending() == 0 && rec.exhausted(c.store, c.now) &&
		len(rec.steered.waiting) == 0 && rec.steered.retry == nil:
		c.fail("R-JOB-11, R-JOB-13", "%s has finished its rollout, has nothing pending and is %s",
			rec.id, j.Status)
	case j.Status == "COMPLETED" != !j.CompletedAt.IsZero():
		c.fail("R-JOB-17", "%s is %s, completed at %s", rec.id, j.Status, j.CompletedAt)
	}
}

// checkAbort checks that the job is aborted when, and only when, a criterion was met, and that no
// retry is missing.
func (c *commit) checkAbort(rec *jobRecord, j job.Job) {
	step := rec.step
	goesOn := active(j.Status) || j.Status == "COMPLETED"
	canceled := active(rec.stored.Status) && j.Status == "CANCELED"
	aborted := canceled && j.ReasonCode == "ABORT_CRITERIA_MET"
	switch {
	case goesOn && step.criterionMet != "":
		c.fail("R-ABT-2, R-ABT-15", "%s is %s though %s was met: %v",
			rec.id, j.Status, step.criterionMet, rec.counts())
	case aborted && step.criterionMet == "":
		c.fail("R-ABT-2", "%s is aborted though no criterion was met: %v", rec.id, rec.counts())
	case aborted && !strings.Contains(j.Comment, step.criterionMet):
		c.fail("R-ABT-1", "%s is aborted with %q, first was %s",
			rec.id, j.Comment, step.criterionMet)
	case (goesOn || aborted) && len(step.missingRetries) > 0:
		c.fail("R-RTY-5, R-RTY-10", "%s: %v are not retried", rec.id, step.missingRetries)
	}
}

// exhausted says whether no execution will be created any more.
func (rec *jobRecord) exhausted(r store.Reader, now time.Time) bool {
	if rec.continuous() {
		return rec.pastEnd(now)
	}
	return rec.over(now) || rec.started && len(rec.unreleased(r)) == 0
}
