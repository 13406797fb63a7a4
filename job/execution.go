package job

import (
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// ExecutionStatus is the status of a job execution. The numbers are stored, also as positions in
// Counts: never renumber them.
type ExecutionStatus uint8

const (
	// ExecutionQueued is how every execution begins. A device leaves it by starting or by reporting
	// an end (R-EXE-3).
	ExecutionQueued ExecutionStatus = iota
	// ExecutionInProgress is entered when the device starts to work on it. It is left by the
	// device, by a timer, or by force.
	ExecutionInProgress
	// ExecutionSucceeded is entered by the device. Final.
	ExecutionSucceeded
	// ExecutionFailed is entered by the device. Final; may be retried.
	ExecutionFailed
	// ExecutionTimedOut is entered by a timer. Final; may be retried.
	ExecutionTimedOut
	// ExecutionRejected is entered by the device. Final.
	ExecutionRejected
	// ExecutionRemoved is entered when the thing is deleted or stops being a target. Final.
	ExecutionRemoved
	// ExecutionCanceled is entered by the operator or by an abort. Final.
	ExecutionCanceled
	statuses int = iota
)

var statusNames = [statuses]string{
	"QUEUED", "IN_PROGRESS", "SUCCEEDED", "FAILED", "TIMED_OUT", "REJECTED", "REMOVED", "CANCELED",
}

// ExecutionStatuses lists every status, in the order of the API.
func ExecutionStatuses() []ExecutionStatus {
	return []ExecutionStatus{
		ExecutionQueued, ExecutionInProgress, ExecutionSucceeded, ExecutionFailed,
		ExecutionTimedOut, ExecutionRejected, ExecutionRemoved, ExecutionCanceled,
	}
}

// String is the status as the API spells it.
func (s ExecutionStatus) String() string { return statusNames[s] }

// ParseExecutionStatus reads a status as the API spells it.
func ParseExecutionStatus(name string) (ExecutionStatus, bool) {
	for i, n := range statusNames {
		if n == name {
			return ExecutionStatus(i), true
		}
	}
	return 0, false
}

// Terminal reports whether the status is final.
func (s ExecutionStatus) Terminal() bool { return s > ExecutionInProgress }

// ExecutionKey addresses one attempt of one job on one thing (R-CON-11).
type ExecutionKey struct {
	Job    Key
	Thing  registry.ThingID
	Number int64 // from 1, plus one for each new attempt, never reused (R-CON-14)
}

// ExecutionCursor is the position of a pass over the executions of one job, which goes by thing and
// number: it has done the one with these. Zero is before all of them.
type ExecutionCursor struct {
	Thing  registry.ThingID `json:"thing,omitzero"`
	Number int64            `json:"number,omitzero"`
}

// Execution is one attempt of one job on one thing.
type Execution struct {
	ExecutionKey
	Status        ExecutionStatus
	Version       int64       // from 1, plus one for each stored change (R-EXE-7)
	Attempt       int         // retryAttempt: 0 for a first attempt (R-CON-17)
	RetriesUsed   RetriesUsed // what this chain of attempts has taken from the budgets (R-RTY-12)
	ForceCanceled bool        // it was canceled with force
	QueuedAt      time.Time
	StartedAt     time.Time // zero until it was IN_PROGRESS (R-API-30)
	UpdatedAt     time.Time
	// Sequence grows with every execution created; it breaks ties of QueuedAt (R-ORD-2).
	Sequence int64
	// Deadline is when the in-progress timer runs out, StepDeadline the step timer. Zero when they
	// do not run (docs/spec/21, section 4).
	Deadline, StepDeadline time.Time
	Details                map[string]string // statusDetails
	// Message identifies the message that carried the update that was accepted last, by which a
	// repeat of it is recognised (MessageID, R-HTTP-24). Empty when nothing could repeat it.
	Message string
	// ShowAt is when a retry that backs off is shown to its device (R-STR-45). Until then it is
	// QUEUED and hidden. Zero for an execution that does not wait.
	ShowAt time.Time
	// Wave is the wave of the rollout that created the execution, from 1 (R-STR-50); those that were
	// taken off the job are counted (Steered.EarlierWaves). 0 for a job
	// without waves. It never changes, and a retry has that of the attempt before it.
	Wave uint8
	// Silent says that the execution has succeeded and was not confirmed in time (R-STR-40).
	Silent bool
	// Held says that an operator holds the thing (R-STR-14). It is not stored with the execution:
	// whatever reads one looks whether there is a Hold of its thing.
	Held bool
}

// TimesOutAt is when time alone changes the execution: the earlier of the two deadlines while it is
// IN_PROGRESS (R-TMO-6), and ShowAt while it is QUEUED. Zero when it waits for no time.
func (e Execution) TimesOutAt() time.Time {
	switch {
	case e.Status == ExecutionQueued:
		return e.ShowAt
	case e.Status != ExecutionInProgress:
		return time.Time{}
	case e.Deadline.IsZero():
		return e.StepDeadline
	case e.StepDeadline.IsZero() || e.Deadline.Before(e.StepDeadline):
		return e.Deadline
	}
	return e.StepDeadline
}

// SecondsBeforeTimedOut is approximateSecondsBeforeTimedOut: whole seconds to the deadline, rounded
// up, at least 0. With 29.6 seconds left it is 30. ok is false without a running timer (R-TMO-12).
func (e Execution) SecondsBeforeTimedOut(now time.Time) (seconds int64, ok bool) {
	at := e.TimesOutAt()
	if at.IsZero() || e.Status != ExecutionInProgress {
		return 0, false
	}
	left := at.Sub(now) + time.Second - 1
	return max(0, int64(left/time.Second)), true
}

// Before reports whether e comes before o among the pending executions of one thing: what is
// IN_PROGRESS comes first, then what was queued first (R-ORD-1, R-ORD-2).
func (e Execution) Before(o Execution) bool {
	if (e.Status == ExecutionInProgress) != (o.Status == ExecutionInProgress) {
		return e.Status == ExecutionInProgress
	}
	if !e.QueuedAt.Equal(o.QueuedAt) {
		return e.QueuedAt.Before(o.QueuedAt)
	}
	return e.Sequence < o.Sequence
}

// CheckPending refuses what only an execution that has not ended can answer, with the fault that
// the device plane has for that (R-HTTP-15). jobID is how the fault calls its job.
func (e Execution) CheckPending(jobID string) error {
	if e.Status.Terminal() {
		return fault.New(fault.Terminal, "execution %d of job %s is %s", e.Number, jobID, e.Status)
	}
	return nil
}
