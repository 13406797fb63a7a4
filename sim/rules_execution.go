package sim

import (
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// legal lists where an execution may go (chapter 21, section 2). What is not listed is final.
var legal = map[job.ExecutionStatus][]job.ExecutionStatus{
	job.ExecutionQueued:     {job.ExecutionInProgress, job.ExecutionSucceeded, job.ExecutionFailed, job.ExecutionRejected, job.ExecutionCanceled, job.ExecutionRemoved},
	job.ExecutionInProgress: {job.ExecutionInProgress, job.ExecutionSucceeded, job.ExecutionFailed, job.ExecutionRejected, job.ExecutionTimedOut, job.ExecutionCanceled, job.ExecutionRemoved},
}

// operations are the events of executions that end.
var operations = map[job.ExecutionStatus]string{
	job.ExecutionSucceeded: "succeeded", job.ExecutionFailed: "failed", job.ExecutionRejected: "rejected", job.ExecutionTimedOut: "timed_out",
	job.ExecutionCanceled: "canceled", job.ExecutionRemoved: "removed",
}

// queued checks a new execution: a fresh number, nothing in it yet, and a job that may still have one.
func (c *commit) queued(x job.Execution) {
	c.report.Executions++
	m := c.jobs[x.Job]
	switch {
	case m == nil || !active(m.row.Status):
		c.fail("R-JOB-20, R-ROLL-17", "%+v is queued in a job that has ended", x)
		return
	case x.Number != m.had[x.Thing]+1:
		c.fail("R-CON-14", "%+v of %s is queued after number %d", x, m.id, m.had[x.Thing])
	case x.Version != 1 || x.Status != job.ExecutionQueued || !x.StartedAt.IsZero() || len(x.Details) > 0 || x.Token != "" || x.ForceCanceled:
		c.fail("R-EXE-1", "%+v of %s is queued", x, m.id)
	case !x.QueuedAt.Equal(c.now) || !x.UpdatedAt.Equal(c.now):
		c.fail("R-EXE-1", "%+v of %s is queued at %s", x, m.id, c.now)
	}
	switch {
	case m.over(c.now):
		c.fail("R-SCH-22", "%+v of %s is queued after its end: %+v", x, m.id, m.row.Schedule)
	case x.Attempt == 0 && m.held(c.now):
		c.fail("R-SCH-16, R-SCH-17", "%+v of %s is released between windows: %+v", x, m.id, m.row.Schedule)
	case x.Attempt == 0:
		m.spent[x.Thing] = spent{}
		delete(m.owed, x.Thing)
		delete(m.allowed, x.Thing)
	}
	m.had[x.Thing] = x.Number
	c.put(x)
}

// reported checks one change of an execution, and what must follow from it.
func (c *commit) reported(x job.Execution, changes store.Changes) {
	m := c.jobs[x.Job]
	if m == nil {
		c.fail("R-JOB-37", "%+v changes, its job is gone", x)
		return
	}
	was, exists := m.rows[x.ExecutionKey]
	switch {
	case !exists || x.Version != was.Version+1 || !x.UpdatedAt.Equal(c.now):
		c.fail("R-EXE-7", "%+v of %s became %+v at %s", was, m.id, x, c.now)
	case !slices.Contains(legal[was.Status], x.Status):
		c.fail("R-EXE-5, chapter 21 section 2", "%+v of %s became %+v", was, m.id, x)
	}
	c.put(x)
	if operation := operations[x.Status]; operation != "" {
		c.tell(m, operation, x)
	}
	c.timers(m, was, x)
	switch x.Status {
	case job.ExecutionRemoved:
		c.removed(m, was, x)
	case job.ExecutionCanceled:
		if !c.canceledAlone(m, was, x) {
			m.ended = append(m.ended, was)
		}
	case job.ExecutionSucceeded, job.ExecutionFailed, job.ExecutionRejected, job.ExecutionTimedOut:
		c.retries(m, x, changes.Job.CreatedExecutions)
		c.judge(m)
	}
}

// removed checks that a thing has left or is gone (R-EXE-20 to R-EXE-25).
func (c *commit) removed(m *model, was, x job.Execution) {
	switch {
	case c.gone[x.Thing]:
	case was.Status == job.ExecutionInProgress:
		c.fail("R-EXE-22", "%+v of %s became %+v, and its thing exists", was, m.id, x)
	case m.reaches(c.Reader, x.Thing):
		c.fail("R-EXE-20, R-EXE-25", "%+v of %s became %+v, and is still a target", was, m.id, x)
	}
}

// timers checks deadlines: set at the start, kept through progress, and never over early (chapter 21, section 4).
func (c *commit) timers(m *model, was, x job.Execution) {
	switch {
	case x.Status == job.ExecutionTimedOut:
		if at := deadline(was); at.IsZero() || c.now.Before(at) {
			c.fail("R-TMO-9", "%+v of %s timed out, its deadline was %s", x, m.id, at)
		}
		if !maps.Equal(x.Details, was.Details) {
			c.fail("R-TMO-8", "%+v of %s timed out as %+v", was, m.id, x)
		}
	case was.Status == job.ExecutionQueued && x.Status == job.ExecutionInProgress:
		want := time.Time{}
		if limit := m.row.Timeout; limit != nil && limit.InProgressMinutes > 0 {
			want = c.now.Add(time.Duration(limit.InProgressMinutes) * time.Minute)
		}
		if !x.Deadline.Equal(want) || !x.StartedAt.Equal(c.now) {
			c.fail("R-TMO-1", "%+v of %s started, its deadline should be %s", x, m.id, want)
		}
	case x.Status == job.ExecutionInProgress:
		if !x.Deadline.Equal(was.Deadline) || !x.StartedAt.Equal(was.StartedAt) {
			c.fail("R-TMO-2, R-EXE-4", "%+v of %s became %+v", was, m.id, x)
		}
	case !x.Deadline.IsZero() || !x.StepDeadline.IsZero():
		c.fail("R-TMO-11", "%+v of %s has ended and has a timer", x, m.id)
	}
	if late := deadline(was); x.Status != job.ExecutionTimedOut && !late.IsZero() && !c.now.Before(late) && c.lateByDevice(x) {
		c.fail("R-TMO-10", "%+v of %s became %+v at %s, after its deadline", was, m.id, x, c.now)
	}
}

// lateByDevice says whether a status can only come from a device.
func (c *commit) lateByDevice(x job.Execution) bool {
	return x.Status != job.ExecutionCanceled && x.Status != job.ExecutionRemoved
}

// rearmed checks that only the step timer moved (R-HTTP-14).
func (c *commit) rearmed(x job.Execution) {
	m := c.jobs[x.Job]
	if m == nil {
		return
	}
	was := m.rows[x.ExecutionKey]
	c.put(x)
	if was.StepDeadline = x.StepDeadline; was.Status != job.ExecutionInProgress || !reflect.DeepEqual(was, x) {
		c.fail("R-HTTP-14", "%+v of %s was rearmed to %+v", was, m.id, x)
	}
}

// retries checks that an attempt which ended is retried when, and only when, its budget allows (R-RTY-1 to R-RTY-9).
func (c *commit) retries(m *model, x job.Execution, queued []job.Execution) {
	at := slices.IndexFunc(queued, func(q job.Execution) bool { return q.Job == x.Job && q.Thing == x.Thing })
	had := m.spent[x.Thing]
	want := active(m.row.Status) && !m.over(c.now) && m.abortedBy == "" && budget(m.row.Retry, x.Status, had) && m.reaches(c.Reader, x.Thing)
	switch {
	case at < 0 && want:
		m.noRetry = append(m.noRetry, x.ExecutionKey)
	case at >= 0 && !want:
		c.fail("R-RTY-5, R-RTY-9", "%+v of %s is retried, after %+v", x, m.id, had)
	case at >= 0:
		if queued[at].Attempt != x.Attempt+1 {
			c.fail("R-RTY-3", "%+v of %s is retried as %+v", x, m.id, queued[at])
		}
		if x.Status == job.ExecutionFailed {
			had.failed++
		} else {
			had.timedOut++
		}
		m.spent[x.Thing] = had
	}
}

// budget says whether an attempt that ended so is tried again after what its chain has spent (R-RTY-1, R-RTY-4).
func budget(c *job.RetryConfig, ended job.ExecutionStatus, had spent) bool {
	if c == nil {
		return false
	}
	budgets := map[job.FailureType]int{}
	for _, criterion := range c.Criteria {
		budgets[criterion.FailureType] = criterion.Retries
	}
	if all, shared := budgets["ALL"]; shared {
		return (ended == job.ExecutionFailed || ended == job.ExecutionTimedOut) && had.failed+had.timedOut < all
	}
	switch ended {
	case job.ExecutionFailed:
		return had.failed < budgets["FAILED"]
	case job.ExecutionTimedOut:
		return had.timedOut < budgets["TIMED_OUT"]
	}
	return false
}
