package job

// EventName is a lifecycle event of a job: the last word of its topic, and the status word in its payload, two of which
// the API never shows (R-EVT-12).
type EventName struct{ Operation, Status string }

// The lifecycle events of jobs.
var (
	EventCompleted = EventName{"completed", "COMPLETED"}
	EventCanceling = EventName{"cancellation_in_progress", "CANCELLATION_IN_PROGRESS"}
	EventCanceled  = EventName{"canceled", "CANCELED"}
	EventDeleting  = EventName{"deletion_in_progress", "DELETION_IN_PROGRESS"}
	EventDeleted   = EventName{"deleted", "DELETED"}
	NoEvent        = EventName{}
)

// EventOf names the event of a job that goes from before to after. Creation, start and update have none (R-EVT-10).
func EventOf(before, after Job) EventName {
	swept := before.Sweep != NoSweep && after.Sweep == NoSweep
	widened := after.Sweep != before.Sweep && after.Sweep == SweepPending
	switch {
	case after.Status == Completed && before.Status != Completed:
		return EventCompleted
	case after.Status == Canceled && (before.Status != Canceled || widened):
		return EventCanceling
	case after.Status == Canceled && swept:
		return EventCanceled
	case after.Status == DeletionInProgress && before.Status != DeletionInProgress:
		return EventDeleting
	}
	return NoEvent
}

// EndEvent is the event of an execution that ended; "" for QUEUED and IN_PROGRESS, which have none (R-EVT-24).
func (s ExecutionStatus) EndEvent() string {
	switch s {
	case ExecutionSucceeded:
		return "succeeded"
	case ExecutionFailed:
		return "failed"
	case ExecutionRejected:
		return "rejected"
	case ExecutionTimedOut:
		return "timed_out"
	case ExecutionCanceled:
		return "canceled"
	case ExecutionRemoved:
		return "removed"
	}
	return ""
}

// ExecutionDeletedEvent is the event of an execution that was deleted; its status is the one it had (R-EVT-22).
const ExecutionDeletedEvent = "deleted"
