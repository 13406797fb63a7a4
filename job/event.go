package job

// The lifecycle events that are published over MQTT: their names and the status words in them
// (docs/spec/24, section 2).

// JobEvent is an event of a job: the last part of its topic, and the status in its payload. Two of
// the status words exist in events only, the API never shows them (R-EVT-12). The zero JobEvent is
// none.
type JobEvent struct{ Name, Status string }

// The events of jobs. There is none for creation, start and update (R-EVT-10).
var (
	JobCompleted = JobEvent{"completed", "COMPLETED"}
	JobCanceling = JobEvent{"cancellation_in_progress", "CANCELLATION_IN_PROGRESS"}
	JobCanceled  = JobEvent{"canceled", "CANCELED"}
	JobDeleting  = JobEvent{"deletion_in_progress", "DELETION_IN_PROGRESS"}
	JobDeleted   = JobEvent{"deleted", "DELETED"}
)

// EventOf is the event of a job that changes from before to after, the zero JobEvent when there is
// none. Cancellation and deletion have two each: one when they begin, one when the last execution
// is done with (R-EVT-11). A canceled job that is canceled again, with force, begins anew.
func EventOf(before, after Job) JobEvent {
	swept := before.Sweep != NoSweep && after.Sweep == NoSweep
	forced := before.Sweep != SweepPending && after.Sweep == SweepPending
	switch {
	case after.Status == Completed && before.Status != Completed:
		return JobCompleted
	case after.Status == Canceled && (before.Status != Canceled || forced):
		return JobCanceling
	case after.Status == Canceled && swept:
		return JobCanceled
	case after.Status == DeletionInProgress && before.Status != DeletionInProgress:
		return JobDeleting
	}
	return JobEvent{}
}

// EventOfDeletion is the event of a job that is gone. One that was purged long after its end goes
// without an event (R-LIM-49); last is the job as it was before.
func EventOfDeletion(last Job) JobEvent {
	if last.Status == DeletionInProgress {
		return JobDeleted
	}
	return JobEvent{}
}

// ExecutionDeletedEvent is the name of the event of an execution that was deleted. The status in it
// is the one that the execution had (R-EVT-22).
const ExecutionDeletedEvent = "deleted"

// ExecutionSilentEvent is the name of the event of an execution that has succeeded and was not
// confirmed in time (R-STR-41). The status in it stays SUCCEEDED.
const ExecutionSilentEvent = "silent"

// executionEvents names the events of executions by the status that they have ended with.
var executionEvents = [statuses]string{
	ExecutionSucceeded: "succeeded",
	ExecutionFailed:    "failed",
	ExecutionRejected:  "rejected",
	ExecutionTimedOut:  "timed_out",
	ExecutionCanceled:  "canceled",
	ExecutionRemoved:   "removed",
}

// EndEvent is the name of the event of an execution that has got this status, empty for QUEUED and
// IN_PROGRESS, which have none (R-EVT-24).
func (s ExecutionStatus) EndEvent() string { return executionEvents[s] }

// PublishesDeletion reports whether an event is due for an execution that is deleted in this
// status. DeleteJobExecution always has one. Executions that go with their job have one only if
// they were pending (R-JOB-38), and none when the job is purged (R-LIM-49).
func (s State) PublishesDeletion(of ExecutionStatus) bool {
	return s.Sweep != SweepAll || s.Status == DeletionInProgress && !of.Terminal()
}
