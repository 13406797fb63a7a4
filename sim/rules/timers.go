package rules

import (
	"maps"
	"time"

	"github.com/drover-iot/drover/job"
)

// checkTimers checks the two timers of an execution: set when it starts, kept while it reports
// progress, gone when it has ended, and never over too early (docs/spec/21 section 4).
func (u executionUpdate) checkTimers() {
	c, rec, was, x := u.c, u.rec, u.was, u.x
	switch {
	case x.Status == job.ExecutionTimedOut:
		u.checkTimeout()
	case was.Status == job.ExecutionQueued && x.Status == job.ExecutionInProgress:
		want := time.Time{}
		if limit := rec.stored.Timeout; limit != nil && limit.InProgressMinutes > 0 {
			want = c.now.Add(time.Duration(limit.InProgressMinutes) * time.Minute)
		}
		if !x.Deadline.Equal(want) || !x.StartedAt.Equal(c.now) {
			c.fail("R-TMO-1", "%+v of %s started, its deadline should be %s", x, rec.id, want)
		}
	case x.Status == job.ExecutionInProgress:
		if !x.Deadline.Equal(was.Deadline) || !x.StartedAt.Equal(was.StartedAt) {
			c.fail("R-TMO-2, R-EXE-4", "%+v of %s became %+v", was, rec.id, x)
		}
	case !x.Deadline.IsZero() || !x.StepDeadline.IsZero():
		c.fail("R-TMO-11", "%+v of %s has ended and has a timer", x, rec.id)
	}
	u.checkNotLate()
}

// checkTimeout checks an execution that became TIMED_OUT: its deadline has come, and its details
// are kept. A deadline of 12:00:00 has come at 12:00:00, not a moment before.
func (u executionUpdate) checkTimeout() {
	if at := deadline(u.was); at.IsZero() || u.c.now.Before(at) {
		u.c.fail("R-TMO-9", "%+v of %s timed out, its deadline was %s", u.x, u.rec.id, at)
	}
	if !maps.Equal(u.x.Details, u.was.Details) {
		u.c.fail("R-TMO-8", "%+v of %s timed out as %+v", u.was, u.rec.id, u.x)
	}
}

// checkNotLate checks that nothing that a device reports is accepted once the deadline has come:
// the execution is TIMED_OUT then, even when the server is late to write it (R-TMO-10).
func (u executionUpdate) checkNotLate() {
	switch u.x.Status {
	case job.ExecutionTimedOut, job.ExecutionCanceled, job.ExecutionRemoved:
		return // no device reports these
	}
	if at := deadline(u.was); !at.IsZero() && !u.c.now.Before(at) {
		u.c.fail("R-TMO-10", "%+v of %s became %+v at %s, after its deadline",
			u.was, u.rec.id, u.x, u.c.now)
	}
}
