package rules

import (
	"slices"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// ExecutionCall is a call of an operator about one execution: CancelJobExecution or
// DeleteJobExecution.
type ExecutionCall struct {
	Thing, JobID string
	Number       int64 // 0 is the latest one
	Force        bool
	Version      *int64 // expectedVersion, nil for none
	Deletes      bool

	// What was true when the call was made.
	execution job.Execution
	exists    bool
	certain   bool // nothing is due at this moment that changes the execution
}

// BeforeCall notes what is true before a call about one execution is made (docs/spec/21 sections 7
// to 9).
func (ch *Checker) BeforeCall(now State, call ExecutionCall) {
	ch.state = now
	thing, _ := now.Store.ThingID(call.Thing) // a thing that does not exist has no executions
	call.certain = true
	for _, rec := range ch.jobs {
		for _, x := range rec.executions {
			isLatest := call.Number == 0 && x.Number > call.execution.Number
			if rec.id != call.JobID || x.Thing != thing || call.Number != x.Number && !isLatest {
				continue
			}
			at := deadline(x)
			call.execution, call.exists = x, true
			call.certain = !ch.scheduleDue(rec) && rec.stored.Status != "DELETION_IN_PROGRESS" &&
				(at.IsZero() || now.Now.Before(at)) && !ch.steeringDue(x)
		}
	}
	ch.call = &call
}

// AfterCall checks how the call was answered, in the order of R-EXE-35.
func (ch *Checker) AfterCall(now State, err error) {
	ch.state = now
	call := *ch.call
	ch.call = nil
	got := fault.Code("")
	if f := fault.Of(err); f != nil {
		got = f.Code
	} else if err != nil {
		return // a commit failed
	}
	if want := call.expectedCode(); got != want && call.certain {
		ch.fail("R-EXE-30 to R-EXE-45", "%+v is answered %q, expected %q", call, err, want)
	}
}

// expectedCode says with which code the call must be answered, "" when it must be accepted.
func (call ExecutionCall) expectedCode() fault.Code {
	x := call.execution
	cancels := slices.Contains(nextStatuses[x.Status], job.ExecutionCanceled)
	switch {
	case !call.exists:
		return fault.NotFound
	case x.Status == job.ExecutionInProgress && !call.Force, !call.Deletes && !cancels:
		return fault.BadTransition
	case call.Version != nil && *call.Version != x.Version:
		return fault.VersionDiffers
	}
	return ""
}

// canceledByCall says whether an execution became CANCELED by a call about it alone, and checks
// that it was allowed to: one that is IN_PROGRESS only by force (R-EXE-31).
func (u executionUpdate) canceledByCall() bool {
	call := u.c.ch.call
	if call == nil || call.Deletes || call.execution.ExecutionKey != u.x.ExecutionKey {
		return false
	}
	if u.x.ForceCanceled != call.Force || u.was.Status == job.ExecutionInProgress && !call.Force {
		u.c.fail("R-EXE-31, R-EXE-33", "%+v of %s became %+v by %+v", u.was, u.rec.id, u.x, *call)
	}
	return true
}

// executionDeleted forgets a deleted execution. Only a call about it, the deletion of its job and,
// long after the end of the job, purging may delete one. There is an event of it, unless it had
// ended and goes with its job, or is purged (R-EVT-22, R-JOB-38).
func (c *commit) executionDeleted(key job.ExecutionKey) {
	rec, call := c.ch.jobs[key.Job], c.ch.call
	if rec == nil {
		return
	}
	x := rec.executions[key]
	byCall := call != nil && call.Deletes && call.execution.ExecutionKey == key
	if !byCall {
		rec.step.executionsDeleted = true
	} else if x.Status == job.ExecutionInProgress && !call.Force {
		c.fail("R-EXE-42", "%+v of %s is deleted by %+v", x, rec.id, *call)
	}
	if byCall || pending(x) && !c.purged(rec) {
		c.expectEvent(rec, "deleted", x)
	}
	if rec.advanceGuard(c.now) {
		c.guardFires(rec)
	}
	rec.steered.guard.seen = true
	delete(rec.steered.guard.waiting, key)
	c.ch.forget(key)
}
