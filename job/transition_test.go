package job

import (
	"testing"
	"time"
)

// When an execution was started, and when its in-progress timer runs out: both are set by entering
// IN_PROGRESS only, the timer only with a timeout in the configuration of that moment (R-API-30,
// R-TMO-1, R-TMO-2, R-UPD-10).
func TestStartedAt(t *testing.T) {
	t.Parallel()
	earlier := start.Add(-time.Hour)
	running := Execution{Status: ExecutionInProgress, StartedAt: earlier}
	running.Deadline = start.Add(time.Hour)
	for _, tt := range []struct {
		rule              string
		before            Execution
		event             Event
		timeout           *TimeoutConfig
		started, deadline time.Time
	}{
		{"R-TMO-1 starts", Execution{}, StartNext, &TimeoutConfig{InProgressMinutes: 1}, start,
			start.Add(time.Minute)},
		{"R-TMO-1 starts by a report", Execution{}, ReportInProgress,
			&TimeoutConfig{InProgressMinutes: 10080}, start, start.Add(7 * 24 * time.Hour)},
		{"R-UPD-10 starts without a timeout in the configuration", Execution{}, StartNext,
			&TimeoutConfig{}, start, time.Time{}},
		{"R-TMO-7 starts without a configuration", Execution{}, StartNext, nil, start, time.Time{}},
		{"R-TMO-2 goes on", running, ReportInProgress, &TimeoutConfig{InProgressMinutes: 5}, earlier,
			start.Add(time.Hour)},
		{"R-API-30 ends from QUEUED", Execution{}, ReportSucceeded,
			&TimeoutConfig{InProgressMinutes: 5}, time.Time{}, time.Time{}},
		{"R-TMO-11 ends from IN_PROGRESS", running, ReportSucceeded,
			&TimeoutConfig{InProgressMinutes: 5}, earlier, time.Time{}},
	} {
		j := Job{Definition: Definition{Timeout: tt.timeout}, State: State{Status: InProgress}}
		out, err := ApplyEvent(j, tt.before, tt.event, start)
		x := out.Execution
		if err != nil || !x.StartedAt.Equal(tt.started) || !x.Deadline.Equal(tt.deadline) {
			t.Errorf("%s: started %v, deadline %v, %v, want %v, %v", tt.rule, x.StartedAt,
				x.Deadline, err, tt.started, tt.deadline)
		}
	}
}

// Whether a failure is retried, by the job that it happens in: while the job is active, also
// between windows, and never once it has ended or its rollout has (R-RTY-9, R-RTY-13, R-SCH-22).
func TestRetryByJob(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule  string
		state State
		want  bool
	}{
		{"R-RTY-3 IN_PROGRESS", State{Status: InProgress}, true},
		{"R-RTY-13 SCHEDULED", State{Status: Scheduled}, true},
		{"R-RTY-9 CANCELED", State{Status: Canceled}, false},
		{"R-RTY-9 being deleted", State{Status: DeletionInProgress, Sweep: SweepAll}, false},
		{"R-SCH-22 after the end time", State{Status: InProgress, RolloutEnded: true}, false},
	} {
		tt.state.Counts = Counts{ExecutionInProgress: 1}
		j := Job{Definition: Definition{Retry: retries(FailureAll, 10), TargetSelection: Continuous,
			Schedule: &ScheduleConfig{}}, State: tt.state}
		out, err := ApplyEvent(j, Execution{Status: ExecutionInProgress}, ReportFailed, start)
		if err != nil || (out.Retry != nil) != tt.want {
			t.Errorf("%s: retried %v, %v", tt.rule, out.Retry != nil, err)
		}
		if got, want := out.Job.Counts.Pending() == 1, tt.want; got != want {
			t.Errorf("%s: counts %v (R-JOB-49)", tt.rule, out.Job.Counts)
		}
	}
}

// Each end that a device or its timer brings about has the abort criteria evaluated, a success too;
// what operators and the registry do has not (R-ABT-9).
func TestAbortByEvent(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		from  ExecutionStatus
		event Event
		want  Status
	}{
		{ExecutionInProgress, ReportSucceeded, Canceled},
		{ExecutionInProgress, ReportFailed, Canceled},
		{ExecutionInProgress, ReportRejected, Canceled},
		{ExecutionInProgress, TimeOut, Canceled},
		{ExecutionInProgress, ReportInProgress, InProgress},
		{ExecutionInProgress, ForcedCancel, InProgress},
		{ExecutionInProgress, ThingDeleted, InProgress},
		{ExecutionQueued, StartNext, InProgress},
		{ExecutionQueued, Cancel, InProgress},
		{ExecutionQueued, LeaveTargets, InProgress},
	} {
		// The criterion is met already, as it may be after executions were deleted (R-ABT-10).
		j := Job{Definition: Definition{Abort: &AbortConfig{
			Criteria: []AbortCriterion{{FailureAll, 1, 1}},
		}}, State: State{Status: InProgress, Counts: counts(9, 1, 0, 0)}}
		out, err := ApplyEvent(j, Execution{Status: tt.from}, tt.event, start)
		if err != nil || out.Job.Status != tt.want {
			t.Errorf("R-ABT-9 %s: %s, %v, want %s", tt.event, out.Job.Status, err, tt.want)
		}
	}
}

// A retry that is withdrawn, because its thing is no target any more, was never there: it is not
// counted, and the job completes without it when nothing else pends (R-RTY-9, R-JOB-11).
func TestWithdrawRetry(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		queued int64 // beside the one that fails
		want   Status
	}{
		{"the last of the job", 0, Completed},
		{"while another waits", 1, InProgress},
	} {
		j := Job{Definition: Definition{Retry: retries(FailureFailed, 1), TargetSelection: Snapshot}}
		j.Status, j.Progress.Finished = InProgress, true
		j.Counts[ExecutionQueued], j.Counts[ExecutionInProgress] = tt.queued, 1
		out, err := ApplyEvent(j, Execution{Status: ExecutionInProgress}, ReportFailed, start)
		if err != nil || out.Retry == nil {
			t.Fatalf("%s: no retry, %v", tt.name, err)
		}
		out.WithdrawRetry(start)
		after := out.Job
		if out.Retry != nil || after.Status != tt.want ||
			after.Counts[ExecutionQueued] != tt.queued {
			t.Errorf("%s: retry %v, %s, counts %v", tt.name, out.Retry, after.Status, after.Counts)
		}
	}
}
