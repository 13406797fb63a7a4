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
	j.Recompute(now)
	return nil
}

// CancelExecution applies CancelJobExecution to the latest execution of a thing: IN_PROGRESS ones need force (R-EXE-30 to
// R-EXE-36).
func CancelExecution(j Job, x Execution, force bool, expectedVersion *int64, details map[string]string, now time.Time) (Outcome, error) {
	event := Cancel
	if force {
		event = ForcedCancel
	}
	if x.Status == ExecutionInProgress && !force { // R-EXE-31
		return Outcome{}, fault.New(fault.BadTransition, "the execution is IN_PROGRESS: it can be canceled with force only")
	}
	out, err := ApplyEvent(j, x, event, now)
	if err != nil {
		return out, err
	}
	if expectedVersion != nil && *expectedVersion != x.Version {
		return Outcome{}, x.versionConflict(*expectedVersion)
	}
	out.Execution.setDetails(details)
	return out, nil
}

// CheckDelete refuses DeleteJobExecution of an execution that is IN_PROGRESS, without force (R-EXE-40 to R-EXE-42).
func (e Execution) CheckDelete(force bool) error {
	if e.Status == ExecutionInProgress && !force {
		return fault.New(fault.BadTransition, "the execution is IN_PROGRESS: it can be deleted with force only")
	}
	return nil
}

// ExecutionDeleted records that an execution was deleted. That never aborts the job, but may complete it (R-EXE-47).
func (j *Job) ExecutionDeleted(status ExecutionStatus, now time.Time) {
	j.Counts[status]--
	j.Recompute(now)
}

// PublishesDeletion reports whether a job-execution event is due for an execution that is deleted in this status: always
// for DeleteJobExecution, with its job only if it was pending (R-JOB-38), and never when the job is purged (R-LIM-49).
func (j Job) PublishesDeletion(s ExecutionStatus) bool {
	return j.Sweep != SweepAll || j.Status == DeletionInProgress && !s.Terminal()
}

// Purge begins the removal of a job that ended long ago (R-LIM-44).
func (j *Job) Purge(now time.Time) {
	j.Sweep = SweepAll
	j.Recompute(now)
}

// EventAndStatuses is what the sweep does to an execution, and the statuses that it does it to.
func (s Sweep) EventAndStatuses() (Event, []ExecutionStatus) {
	if s == SweepPending {
		return ForcedCancel, []ExecutionStatus{ExecutionQueued, ExecutionInProgress}
	}
	return Cancel, []ExecutionStatus{ExecutionQueued}
}

// HiddenByWindow reports whether an execution in this status is hidden from its device for now: QUEUED ones are, between
// maintenance windows (R-SCH-17), and stay so while a sweep ends them.
func (j Job) HiddenByWindow(s ExecutionStatus) bool {
	return s == ExecutionQueued && (j.Status == Scheduled || j.Sweep != NoSweep && j.HiddenAtSweep)
}

// HiddenFromDevice reports whether a device does not see an execution of the job that has this status.
func (j Job) HiddenFromDevice(s ExecutionStatus) bool {
	return j.HiddenByWindow(s) || j.EndingBySweep(s)
}

// EndingBySweep reports whether the sweep of a job is about to end an execution that a device could still see in this status:
// it must not be started any more (R-JOB-20, R-JOB-35).
func (j Job) EndingBySweep(s ExecutionStatus) bool {
	switch j.Sweep {
	case SweepAll, SweepPending:
		return true
	case SweepQueued:
		return s == ExecutionQueued
	}
	return false
}
