package rules

import (
	"slices"

	"github.com/drover-iot/drover/job"
)

// retryCount is how many retries a chain of attempts had, by the status that caused them.
type retryCount struct{ failed, timedOut int }

// checkRetry checks that an attempt which ended is retried when, and only when, its job allows it
// (R-RTY-1 to R-RTY-9); created are the executions that the same decision creates. A retry that is
// missing is no fault yet: the job may be cancelled by the same commit, which checkProgress knows
// at its end.
func (u executionUpdate) checkRetry() {
	c, rec, x, created := u.c, u.rec, u.x, u.created
	at := slices.IndexFunc(created, func(q job.Execution) bool {
		return q.Job == x.Job && q.Thing == x.Thing
	})
	used := rec.retriesUsed[x.Thing]
	due := active(rec.stored.Status) && !rec.over(c.now) &&
		rec.step.criterionMet == "" && !rec.step.guardCancels &&
		retryAllowed(rec.stored.Retry, x.Status, used) && rec.isTarget(c.store, x.Thing)
	switch {
	case at < 0 && due && (rec.pausedNow() || u.guardFires && rec.steered.guard.of.Then == "pause"):
		rec.steered.waiting[x.Thing] = true // R-STR-10
	case at >= 0 && rec.pausedNow():
		c.fail("R-STR-10", "%+v of %s is retried, and it is paused", x, rec.id)
	case at < 0 && due:
		rec.step.missingRetries = append(rec.step.missingRetries, x.ExecutionKey)
	case at >= 0 && !due:
		c.fail("R-RTY-5, R-RTY-9", "%+v of %s is retried, after %+v", x, rec.id, used)
	case at >= 0:
		if created[at].Attempt != used.failed+used.timedOut+1 {
			c.fail("R-RTY-3", "%+v of %s is retried as %+v", x, rec.id, created[at])
		}
		if x.Status == job.ExecutionFailed {
			used.failed++
		} else {
			used.timedOut++
		}
		rec.retriesUsed[x.Thing], rec.steered.retried[x.Thing] = used, true
	}
}

// retryAllowed says whether an attempt that ended with a status is tried again after the retries
// that its chain has used (R-RTY-1, R-RTY-4). With FAILED 2, the third FAILED attempt is the last;
// with ALL 2, one FAILED and one TIMED_OUT attempt use up both.
func retryAllowed(c *job.RetryConfig, ended job.ExecutionStatus, used retryCount) bool {
	if c == nil {
		return false
	}
	budgets := map[job.FailureType]int{}
	for _, criterion := range c.Criteria {
		budgets[criterion.FailureType] = criterion.Retries
	}
	if all, shared := budgets["ALL"]; shared {
		retried := ended == job.ExecutionFailed || ended == job.ExecutionTimedOut
		return retried && used.failed+used.timedOut < all
	}
	switch ended {
	case job.ExecutionFailed:
		return used.failed < budgets["FAILED"]
	case job.ExecutionTimedOut:
		return used.timedOut < budgets["TIMED_OUT"]
	}
	return false
}
