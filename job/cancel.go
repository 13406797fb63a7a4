package job

import (
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// A job can be canceled or deleted at once, however many executions it has: its status changes, and
// a sweep over the executions follows in the background. This file has both, and the same for
// single executions.

// MaxDeleting is how many jobs may be in DELETION_IN_PROGRESS (R-JOB-33).
const MaxDeleting = 10

// Cancellation is what CancelJob asks for.
type Cancellation struct {
	Force               bool // also what is IN_PROGRESS
	ReasonCode, Comment string
}

// CancelJob cancels the job for an operator: QUEUED executions become CANCELED, with force those
// that are IN_PROGRESS too (R-JOB-21, R-JOB-22). A job that is CANCELED already may be canceled
// with force once, to stop what is still IN_PROGRESS (R-JOB-27). Why it was canceled at first, by
// an abort perhaps, stays as it is, unless the call says why itself (R-ABT-13).
func (j *Job) CancelJob(c Cancellation, now time.Time) error {
	forcedLater := j.Status == Canceled && c.Force && !j.ForceCanceled
	if !j.Status.Active() && !forcedLater {
		return fault.New(fault.Invalid,
			"job %s is %s: only SCHEDULED and IN_PROGRESS jobs can be canceled", j.ID, j.Status)
	}
	j.ForceCanceled = c.Force
	if c.ReasonCode != "" {
		j.ReasonCode = c.ReasonCode
	}
	if c.Comment != "" || !forcedLater { // an association may have left one
		j.Comment = c.Comment
	}
	sweep := SweepQueued
	if c.Force {
		sweep = SweepPending
	}
	j.cancel(sweep, now)
	return nil
}

// DeleteJob begins the deletion of a job: without force only of one that has ended (R-JOB-30,
// R-JOB-31). Its rollout stops, and so does a cancellation that is under way (R-JOB-36). deleting
// is how many jobs are being deleted already.
func (j *Job) DeleteJob(force bool, deleting int, now time.Time) error {
	if j.Status == DeletionInProgress || j.Status.Active() && !force {
		return fault.New(fault.BadTransition,
			"job %s is %s: it can be deleted once it is COMPLETED or CANCELED, or with force",
			j.ID, j.Status)
	}
	if deleting >= MaxDeleting {
		return fault.New(fault.Limit,
			"%d jobs are being deleted already, at most %d may be", deleting, MaxDeleting)
	}
	j.cancel(SweepAll, now)
	j.Status = DeletionInProgress
	j.Recompute(now)
	return nil
}

// CancelExecution applies CancelJobExecution to the latest execution of a thing: one that is
// IN_PROGRESS needs force (R-EXE-30 to R-EXE-36). The status is checked before the version
// (R-EXE-35).
func CancelExecution(
	j Job, x Execution, force bool, expectedVersion *int64, details map[string]string,
	now time.Time,
) (Outcome, error) {
	event := Cancel
	if force {
		event = ForcedCancel
	}
	if x.Status == ExecutionInProgress && !force { // R-EXE-31
		return Outcome{}, fault.New(fault.BadTransition,
			"the execution is IN_PROGRESS: it can be canceled with force only")
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

// CheckDelete refuses DeleteJobExecution without force of an execution that is IN_PROGRESS
// (R-EXE-40 to R-EXE-42).
func (e Execution) CheckDelete(force bool) error {
	if e.Status == ExecutionInProgress && !force {
		return fault.New(fault.BadTransition,
			"the execution is IN_PROGRESS: it can be deleted with force only")
	}
	return nil
}

// ExecutionDeleted records that an execution was deleted. That never aborts the job, but may
// complete it (R-EXE-47). It does not count for the guard unless it has counted already.
func (j *Job) ExecutionDeleted(x Execution, now time.Time) {
	j.Counts[x.Status]--
	j.countInWave(x.Wave, func(w *WaveState) {
		w.Created--
		w.end(x.Status, -1)
		w.Silent -= oneIf(x.Silent)
	})
	j.guardChange(x, Execution{}, now)
	j.Recompute(now)
}

// Purge begins the removal of a job that ended long ago (R-LIM-44).
func (j *Job) Purge(now time.Time) {
	j.Sweep = SweepAll
	j.Recompute(now)
}

// Purging reports whether the job is being removed because it was kept long enough, and not because
// it was deleted.
func (j Job) Purging() bool { return j.Sweep == SweepAll && j.Status != DeletionInProgress }

// EventAndStatuses is what a sweep that cancels does to an execution, and to those in which
// statuses.
func (s Sweep) EventAndStatuses() (Event, []ExecutionStatus) {
	if s == SweepPending {
		return ForcedCancel, []ExecutionStatus{ExecutionQueued, ExecutionInProgress}
	}
	return Cancel, []ExecutionStatus{ExecutionQueued}
}

// cancel ends the job as CANCELED: the rollout stops, no retry follows, and the sweep is due at
// once (R-JOB-20).
func (j *Job) cancel(sweep Sweep, now time.Time) {
	j.HiddenAtSweep = j.HiddenAtSweep || j.hiddenFromAll()
	j.Status = Canceled
	j.Progress.finish()
	j.retryNothing()
	j.WindowEdge, j.NotifyCursor, j.LateJoinersWaiting, j.Backfill = time.Time{}, nil, false, nil
	j.UpdatedAt = now
	j.Sweep = sweep
	j.Recompute(now)
}

// FinishSweep records that a sweep found nothing more to do (R-JOB-28).
func (j *Job) FinishSweep(now time.Time) {
	j.Sweep = NoSweep
	j.Recompute(now)
}
