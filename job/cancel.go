package job

import (
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// MaxDeleting is how many jobs may be in DELETION_IN_PROGRESS (R-JOB-33).
const MaxDeleting = 10

// Cancellation is what CancelJob asks for.
type Cancellation struct {
	Force               bool
	ReasonCode, Comment string
}

// CancelJob cancels the job at the operator's wish: QUEUED executions become CANCELED, with force those IN_PROGRESS
// too (R-JOB-21, R-JOB-22). A job that is CANCELED already may only be forced once, to stop the stragglers (R-JOB-27).
func (j *Job) CancelJob(c Cancellation, now time.Time) error {
	straggling := j.Status == Canceled && c.Force && !j.ForceCanceled
	if !j.Status.Active() && !straggling {
		return fault.New(fault.Invalid, "job %s is %s: only SCHEDULED and IN_PROGRESS jobs can be canceled", j.ID, j.Status)
	}
	j.ForceCanceled = c.Force
	j.ReasonCode, j.Comment = c.ReasonCode, c.Comment
	sweep := SweepQueued
	if c.Force {
		sweep = SweepPending
	}
	j.cancel(sweep, now)
	return nil
}

// DeleteJob begins the deletion: without force only of an ended job (R-JOB-30, R-JOB-31). The rollout stops, and what
// is left of a cancellation is dropped (R-JOB-36).
func (j *Job) DeleteJob(force bool, deleting int, now time.Time) error {
	if j.Status == DeletionInProgress || j.Status.Active() && !force {
		return fault.New(fault.BadTransition, "job %s is %s: it can be deleted once it is COMPLETED or CANCELED, or with force",
			j.ID, j.Status)
	}
	if deleting >= MaxDeleting {
		return fault.New(fault.Limit, "%d jobs are being deleted already, at most %d may be", deleting, MaxDeleting)
	}
	j.cancel(SweepAll, now)
	j.Status = DeletionInProgress
	j.Settle(now)
	return nil
}

// Event is what the sweep does to an execution, and the statuses that it does it to.
func (s Sweep) Event() (Event, []ExecutionStatus) {
	if s == SweepPending {
		return ForcedCancel, []ExecutionStatus{Queued, Running}
	}
	return Cancel, []ExecutionStatus{Queued}
}

// Hides reports whether the sweep of a job is about to end an execution that a device could still see in this status:
// it must not be started any more (R-JOB-20, R-JOB-35).
func (j Job) Hides(s ExecutionStatus) bool {
	switch j.Sweep {
	case SweepAll, SweepPending:
		return true
	case SweepQueued:
		return s == Queued
	}
	return false
}
