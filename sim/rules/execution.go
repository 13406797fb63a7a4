package rules

import (
	"reflect"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
)

// nextStatuses lists the statuses that an execution may get (docs/spec/21 section 2). A status that
// is not listed is final.
var nextStatuses = map[job.ExecutionStatus][]job.ExecutionStatus{
	job.ExecutionQueued: {
		job.ExecutionInProgress, job.ExecutionSucceeded, job.ExecutionFailed, job.ExecutionRejected,
		job.ExecutionCanceled, job.ExecutionRemoved,
	},
	job.ExecutionInProgress: {
		job.ExecutionInProgress, job.ExecutionSucceeded, job.ExecutionFailed, job.ExecutionRejected,
		job.ExecutionTimedOut, job.ExecutionCanceled, job.ExecutionRemoved,
	},
}

// executionCreated checks a new execution: it has the next number, nothing in it yet, and a job
// that may create one.
func (c *commit) executionCreated(x job.Execution) {
	c.ch.created++
	rec := c.ch.jobs[x.Job]
	if rec == nil || !active(rec.stored.Status) {
		c.fail("R-JOB-20, R-ROLL-17", "%+v is queued in a job that has ended", x)
		return
	}
	filled := !x.StartedAt.IsZero() || len(x.Details) > 0 || x.Message != "" || x.ForceCanceled
	switch last := rec.lastNumber[x.Thing]; {
	case x.Number != last+1:
		c.fail("R-CON-14", "%+v of %s is queued after number %d", x, rec.id, last)
	case x.Version != 1 || x.Status != job.ExecutionQueued || filled:
		c.fail("R-EXE-1", "%+v of %s is queued", x, rec.id)
	case !x.QueuedAt.Equal(c.now) || !x.UpdatedAt.Equal(c.now):
		c.fail("R-EXE-1", "%+v of %s is queued at %s", x, rec.id, c.now)
	}
	c.checkMayBegin(rec, x, "queued")
	c.checkBackoff(rec, x)
	switch {
	case rec.over(c.now):
		c.fail("R-SCH-22", "%+v of %s is queued after its end: %+v", x, rec.id, rec.stored.Schedule)
	case rec.steered.asked[x.Thing]: // it uses none of the retries that the chain has left
		delete(rec.mustQueue, x.Thing)
		delete(rec.mayQueue, x.Thing)
	case x.Attempt > 0: // a retry: it may come between two windows (R-SCH-17)
		if !rec.steered.retried[x.Thing] {
			c.retryWaited(rec, x)
		}
	case rec.waitsForSchedule(c.now):
		c.fail("R-SCH-16, R-SCH-17", "%+v of %s is released between windows: %+v",
			x, rec.id, rec.stored.Schedule)
	default:
		rec.retriesUsed[x.Thing] = retryCount{}
		delete(rec.mustQueue, x.Thing)
		delete(rec.mayQueue, x.Thing)
	}
	rec.lastNumber[x.Thing] = x.Number
	c.ch.remember(x)
}

// executionUpdate is one change of an execution while it is checked.
type executionUpdate struct {
	c      *commit
	rec    *jobRecord    // its job
	was, x job.Execution // before and after
	// created are the executions that the same decision creates, the retry of this one among them.
	created []job.Execution
	// guardFires says that the guard of the job has come to fire before this change. It may have
	// paused the job by then, or do so with it.
	guardFires bool
}

// executionUpdated checks one change of an execution and what must follow from it.
func (c *commit) executionUpdated(x job.Execution, created []job.Execution) {
	rec := c.ch.jobs[x.Job]
	if rec == nil {
		c.fail("R-JOB-37", "%+v changes, its job is gone", x)
		return
	}
	was, exists := rec.executions[x.ExecutionKey]
	switch {
	case !exists || x.Version != was.Version+1 || !x.UpdatedAt.Equal(c.now):
		c.fail("R-EXE-7", "%+v of %s became %+v at %s", was, rec.id, x, c.now)
	case !slices.Contains(nextStatuses[was.Status], x.Status):
		c.fail("R-EXE-5, docs/spec/21 section 2", "%+v of %s became %+v", was, rec.id, x)
	}
	fires := (was.Status != x.Status) && rec.advanceGuard(c.now)
	if was.Status == job.ExecutionQueued && x.Status == job.ExecutionInProgress {
		c.checkMayBegin(rec, x, "started")
		if !c.ch.visibleByItself(was) {
			c.fail("R-STR-14, R-STR-45", "%+v of %s is started, and was hidden", x, rec.id)
		}
	}
	c.ch.remember(x)
	c.showGuard(rec, was, x)
	if fires {
		defer c.guardFires(rec)
	}
	c.expectEndEvent(rec, x)
	u := executionUpdate{c, rec, was, x, created, fires}
	u.checkTimers()
	switch x.Status {
	case job.ExecutionRemoved:
		u.checkRemoved()
	case job.ExecutionCanceled:
		if !u.canceledByCall() {
			rec.step.canceled = append(rec.step.canceled, was)
		}
	case job.ExecutionSucceeded, job.ExecutionFailed, job.ExecutionRejected, job.ExecutionTimedOut:
		u.checkRetry()
		c.evaluateAbort(rec)
		if x.Status == job.ExecutionSucceeded {
			c.succeeded(rec, x)
		}
	}
}

// checkRemoved checks that a thing is deleted, or is no target any more while its execution is
// QUEUED (R-EXE-20 to R-EXE-25).
func (u executionUpdate) checkRemoved() {
	switch {
	case u.c.deletedThings[u.x.Thing]:
	case u.was.Status == job.ExecutionInProgress:
		u.c.fail("R-EXE-22", "%+v of %s became %+v, and its thing exists", u.was, u.rec.id, u.x)
	case u.rec.isTarget(u.c.store, u.x.Thing):
		u.c.fail("R-EXE-20, R-EXE-25", "%+v of %s became %+v, and is still a target",
			u.was, u.rec.id, u.x)
	}
}

// executionAmended checks a change without a new version: start-next for an execution that is
// IN_PROGRESS already may set its step timer (R-HTTP-14), and a thing that enters the targets again
// has used no retries (R-RTY-11). Nothing else changes so.
func (c *commit) executionAmended(x job.Execution) {
	rec := c.ch.jobs[x.Job]
	if rec == nil {
		return
	}
	was := rec.executions[x.ExecutionKey]
	c.ch.remember(x)
	x.Held = false
	if was.Status == job.ExecutionQueued && due(was.ShowAt, c.now) && x.ShowAt.IsZero() {
		was.ShowAt = time.Time{} // it has waited long enough (R-STR-45)
		if reflect.DeepEqual(was, x) {
			return
		}
	}
	was.StepDeadline = x.StepDeadline
	if x.RetriesUsed == (job.RetriesUsed{}) && rec.retriesUsed[x.Thing] == (retryCount{}) {
		was.RetriesUsed = x.RetriesUsed
	}
	if was.Status != job.ExecutionInProgress || !reflect.DeepEqual(was, x) {
		c.fail("R-HTTP-14", "%+v of %s was amended to %+v", was, rec.id, x)
	}
}
