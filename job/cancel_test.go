package job

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// Deleting an execution lowers its counter (R-JOB-47). It completes a job of which nothing pends
// any more (R-JOB-16), and never aborts one, whatever the shares are then (R-ABT-9, R-EXE-47).
func TestExecutionDeleted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		before  Counts
		status  ExecutionStatus
		rolling bool
		after   Counts
		want    Status
	}{
		{"the last pending one", Counts{ExecutionQueued: 1}, ExecutionQueued, false, Counts{}, Completed},
		{"one of two", Counts{ExecutionQueued: 2}, ExecutionQueued, false, Counts{ExecutionQueued: 1},
			InProgress},
		{"one that works, while another waits",
			Counts{ExecutionQueued: 1, ExecutionInProgress: 1}, ExecutionInProgress, false,
			Counts{ExecutionQueued: 1}, InProgress},
		{"R-JOB-19 the last pending one before the last batch", Counts{ExecutionQueued: 1},
			ExecutionQueued, true, Counts{}, InProgress},
		{"R-ABT-9 a success among failures",
			Counts{ExecutionQueued: 1, ExecutionSucceeded: 1, ExecutionFailed: 9}, ExecutionSucceeded,
			true, Counts{ExecutionQueued: 1, ExecutionFailed: 9}, InProgress},
	} {
		j := Job{Definition: Definition{TargetSelection: Snapshot, Abort: &AbortConfig{
			Criteria: []AbortCriterion{{FailureFailed, 9500, 1}},
		}}, State: State{Status: InProgress, Counts: tt.before}}
		j.Progress.Finished = !tt.rolling
		j.ExecutionDeleted(Execution{Status: tt.status}, start)
		if diff := cmp.Diff(tt.after, j.Counts); diff != "" || j.Status != tt.want {
			t.Errorf("%s: %s, want %s (-want +got):\n%s", tt.name, j.Status, tt.want, diff)
		}
	}
}

// A purge deletes what an ended job has, page by page, and leaves its status as it is until then
// (R-LIM-44, R-LIM-49).
func TestPurge(t *testing.T) {
	t.Parallel()
	for _, status := range []Status{Completed, Canceled} {
		j := Job{State: State{Status: status, UpdatedAt: start}}
		j.Purge(start.AddDate(2, 0, 0))
		if j.Next(start) != WorkDelete || j.Status != status || !j.UpdatedAt.Equal(start) {
			t.Errorf("R-LIM-49 %s: %+v", status, j.State)
		}
	}
}

// What a refusal of CancelJobExecution says to do (R-EXE-31, R-EXE-32).
func TestCancelExecutionSays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule   string
		status ExecutionStatus
		force  bool
		says   string
	}{
		{"R-EXE-31", ExecutionInProgress, false,
			"the execution is IN_PROGRESS: it can be canceled with force only"},
		{"R-EXE-32", ExecutionFailed, false, "cancel is not possible: the execution is FAILED"},
		{"R-EXE-32", ExecutionFailed, true, "forced cancel is not possible: the execution is FAILED"},
	} {
		_, err := CancelExecution(Job{}, Execution{Status: tt.status}, tt.force, nil, nil, start)
		if f := fault.Of(err); f == nil || f.Code != fault.BadTransition || f.Message != tt.says {
			t.Errorf("%s: %v, want %q", tt.rule, err, tt.says)
		}
	}
}

// Why a job was canceled stays when it is canceled once more with force, unless that call says why
// (R-JOB-25, R-JOB-27, R-ABT-13). A first call says it alone, also by saying nothing.
func TestWhyCanceled(t *testing.T) {
	t.Parallel()
	aborted := State{
		Status:     Canceled,
		ReasonCode: ReasonAbort,
		Comment:    "abort criterion 1 was met",
		Progress:   Progress{Finished: true},
	}
	associated := State{Status: InProgress, Comment: "one more site"}
	for _, tt := range []struct {
		name            string
		state           State
		call            Cancellation
		reason, comment string
	}{
		{"force after an abort", aborted, Cancellation{Force: true}, aborted.ReasonCode,
			aborted.Comment},
		{"with a reason", aborted, Cancellation{Force: true, ReasonCode: "R"}, "R",
			aborted.Comment},
		{"with a comment", aborted, Cancellation{Force: true, Comment: "c"}, aborted.ReasonCode,
			"c"},
		{"with both", aborted, Cancellation{Force: true, ReasonCode: "R", Comment: "c"}, "R", "c"},
		{"at first", associated, Cancellation{}, "", ""},
		{"at first with a reason", associated, Cancellation{ReasonCode: "R"}, "R", ""},
		{"at first with both", associated, Cancellation{ReasonCode: "R", Comment: "c"}, "R", "c"},
	} {
		j := Job{State: tt.state}
		if err := j.CancelJob(tt.call, start); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if j.ReasonCode != tt.reason || j.Comment != tt.comment {
			t.Errorf("%s: %q %q, want %q %q", tt.name, j.ReasonCode, j.Comment, tt.reason, tt.comment)
		}
	}
}
