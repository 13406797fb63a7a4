package job

import "testing"

// Which event a job's change is (R-EVT-10 to R-EVT-12, R-EVT-14, R-JOB-28).
func TestEventOf(t *testing.T) {
	t.Parallel()
	s := func(status Status, sweep Sweep) State { return State{Status: status, Sweep: sweep} }
	for _, tt := range []struct {
		name          string
		before, after State
		want          JobEvent
	}{
		{"R-EVT-10 created", State{}, s(InProgress, NoSweep), JobEvent{}},
		{"R-EVT-10 created to wait", State{}, s(Scheduled, NoSweep), JobEvent{}},
		{"R-EVT-10 started", s(Scheduled, NoSweep), s(InProgress, NoSweep), JobEvent{}},
		{"R-EVT-10 between windows", s(InProgress, NoSweep), s(Scheduled, NoSweep), JobEvent{}},
		{"R-EVT-10 updated", s(InProgress, NoSweep), s(InProgress, NoSweep), JobEvent{}},
		{"completed", s(InProgress, NoSweep), s(Completed, NoSweep), JobCompleted},
		{"completed before", s(Completed, NoSweep), s(Completed, NoSweep), JobEvent{}},
		{"R-EVT-11 canceled", s(InProgress, NoSweep), s(Canceled, SweepQueued), JobCanceling},
		{"R-EVT-11 swept in part", s(Canceled, SweepQueued), s(Canceled, SweepQueued), JobEvent{}},
		{"R-EVT-11 swept", s(Canceled, SweepQueued), s(Canceled, NoSweep), JobCanceled},
		{"R-EVT-11 swept in part, with force", s(Canceled, SweepPending), s(Canceled, SweepPending),
			JobEvent{}},
		{"R-JOB-26 a device reports after the sweep", s(Canceled, NoSweep), s(Canceled, NoSweep),
			JobEvent{}},
		{"R-JOB-27 canceled with force during the sweep", s(Canceled, SweepQueued),
			s(Canceled, SweepPending), JobCanceling},
		{"R-JOB-27 and after it", s(Canceled, NoSweep), s(Canceled, SweepPending), JobCanceling},
		{"R-EVT-14 deleted while active", s(InProgress, NoSweep), s(DeletionInProgress, SweepAll),
			JobDeleting},
		{"R-EVT-14 deleted while canceling", s(Canceled, SweepPending),
			s(DeletionInProgress, SweepAll), JobDeleting},
		{"deleted in part", s(DeletionInProgress, SweepAll), s(DeletionInProgress, SweepAll),
			JobEvent{}},
		{"R-LIM-49 purged", s(Completed, NoSweep), s(Completed, SweepAll), JobEvent{}},
		{"R-LIM-49 a canceled one purged", s(Canceled, NoSweep), s(Canceled, SweepAll), JobEvent{}},
	} {
		if got := EventOf(Job{State: tt.before}, Job{State: tt.after}); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// The closing event of a deletion, which a purge does not have (R-LIM-49).
func TestEventOfDeletion(t *testing.T) {
	t.Parallel()
	for _, status := range []Status{Scheduled, InProgress, Completed, Canceled,
		DeletionInProgress} {
		want := JobEvent{}
		if status == DeletionInProgress {
			want = JobDeleted
		}
		if got := EventOfDeletion(Job{State: State{Status: status, Sweep: SweepAll}}); got != want {
			t.Errorf("%s: %+v, want %+v", status, got, want)
		}
	}
}

// The words of events as they are published; two are in no answer of the API (R-EVT-12).
func TestEventWords(t *testing.T) {
	t.Parallel()
	for event, want := range map[JobEvent]string{
		JobCompleted: "completed COMPLETED",
		JobCanceling: "cancellation_in_progress CANCELLATION_IN_PROGRESS",
		JobCanceled:  "canceled CANCELED",
		JobDeleting:  "deletion_in_progress DELETION_IN_PROGRESS",
		JobDeleted:   "deleted DELETED",
	} {
		if got := event.Name + " " + event.Status; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

// Events of executions: by status (R-EVT-24), and for those that are deleted (R-EVT-22, R-JOB-38,
// R-LIM-49).
func TestExecutionEvents(t *testing.T) {
	t.Parallel()
	for status, want := range map[ExecutionStatus]string{
		ExecutionQueued: "", ExecutionInProgress: "", ExecutionSucceeded: "succeeded",
		ExecutionFailed:   "failed",
		ExecutionTimedOut: "timed_out", ExecutionRejected: "rejected", ExecutionRemoved: "removed",
		ExecutionCanceled: "canceled",
	} {
		if got := status.EndEvent(); got != want {
			t.Errorf("R-EVT-24 %s: %q, want %q", status, got, want)
		}
	}
	for _, status := range ExecutionStatuses() {
		for _, tt := range []struct {
			name  string
			state State
			want  bool
		}{
			{"DeleteJobExecution", State{Status: InProgress}, true},
			{"DeleteJobExecution during a cancellation",
				State{Status: Canceled, Sweep: SweepQueued}, true},
			{"R-JOB-38 DeleteJob", State{Status: DeletionInProgress, Sweep: SweepAll},
				!status.Terminal()},
			{"R-LIM-49 purge", State{Status: Completed, Sweep: SweepAll}, false},
		} {
			if got := (Job{State: tt.state}).PublishesDeletion(status); got != tt.want {
				t.Errorf("%s of %s: %v", tt.name, status, got)
			}
		}
	}
}
