package job

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

var failed = []ExecutionStatus{ExecutionFailed}

// The retries that an operator asks for take from the quotas of the rollout, and no two ticks open
// within a minute, also when the rollout has finished (R-STR-60, R-ROLL-3).
func TestRetryFailedRate(t *testing.T) {
	t.Parallel()
	j := steered(nil)
	j.Rollout = &RolloutConfig{MaximumPerMinute: 5}
	j.ReleasedExecutions(j.Tick(start)-2, RolloutCursor{After: "c"}, false, start)
	if err := j.RetryFailed(failed, nil, start); err != nil {
		t.Fatal(err)
	}
	if j.Next(start) != WorkRetryFailed || j.RetryTick(start) != 2 {
		t.Fatalf("%d is due, %d may be created, want the 2 that are left", j.Next(start), j.RetryTick(start))
	}
	j.TookRetries(make([]Execution, 1), *j.Steered.Retry, false, start)
	if got := j.RetryTick(start); got != 1 || j.Tick(start) != 1 {
		t.Errorf("after one retry %d may be created in this minute, want 1", got)
	}
	j.ReleasedExecutions(1, RolloutCursor{}, true, start) // the rollout finishes
	next := start.Add(Tick)
	if j.Next(start) != WorkNone || !j.Due.Equal(next) || j.RetryTick(start) != 0 {
		t.Errorf("the rollout has finished: %d is due, the next at %s", j.Next(start), j.Due)
	}
	if got := j.RetryTick(next); got != 5 || j.Tick(next) != 0 {
		t.Errorf("the next minute: %d may be created, want 5", got)
	}
	j.TookRetries(make([]Execution, 3), *j.Steered.Retry, true, next)
	if j.retryPass() != nil || !j.Progress.NextTick.IsZero() || j.Counts[ExecutionQueued] != 8 {
		t.Errorf("the end of the pass: %+v", j.State)
	}

	soon := next.Add(time.Second)
	if err := j.RetryFailed(failed, nil, soon); err != nil || !j.Due.Equal(next.Add(Tick)) {
		t.Errorf("another pass, a second after its tick: %v, due at %s", err, j.Due)
	}
	steer(t, &j, pausedTag, soon)
	j.NotifiedWindow(ExecutionKey{Thing: 1}, true, soon)
	if later := soon.Add(time.Hour); j.Next(later) != WorkNone || j.RetryTick(later) != 0 {
		t.Errorf("paused: %d is due", j.Next(soon.Add(time.Hour)))
	}
	if err := j.CancelJob(Cancellation{}, soon); err != nil || j.retryPass() != nil {
		t.Errorf("canceled: %v, %+v", err, j.Steered)
	}
}

// A snapshot job does not complete while something is to be tried again.
func TestRetryFailedHoldsJobOpen(t *testing.T) {
	t.Parallel()
	j := steered(nil)
	j.ReleasedExecutions(2, RolloutCursor{}, true, start)
	j.Counts = Counts{ExecutionQueued: 1, ExecutionFailed: 1}
	if err := j.RetryFailed(failed, nil, start); err != nil {
		t.Fatal(err)
	}
	x := Execution{ExecutionKey: ExecutionKey{Job: 1, Thing: 1, Number: 1}, Version: 1}
	out, err := ApplyEvent(j, x, ReportSucceeded, start)
	if err != nil || out.Job.Status != InProgress {
		t.Fatalf("%v, the job is %s", err, out.Job.Status)
	}
	out.Job.RetryTick(start.Add(Tick))
	out.Job.TookRetries(nil, RetryPass{}, true, start.Add(Tick))
	if out.Job.Status != Completed {
		t.Errorf("with nothing left the job is %s", out.Job.Status)
	}
}

func TestAskedRetry(t *testing.T) { // R-STR-60, R-RTY-12
	t.Parallel()
	j := steered(nil)
	if err := j.RetryFailed([]ExecutionStatus{ExecutionFailed, ExecutionRejected}, nil, start); err != nil {
		t.Fatal(err)
	}
	for status := range ExecutionStatus(statuses) {
		x := Execution{
			ExecutionKey: ExecutionKey{Job: 1, Thing: 4, Number: 3},
			Status:       status,
			RetriesUsed:  RetriesUsed{Failed: 2},
			Wave:         2,
		}
		got, ok := j.AskedRetry(x, 5, start)
		if want := status == ExecutionFailed || status == ExecutionRejected; ok != want {
			t.Errorf("%s is tried again: %v", status, ok)
		} else if !ok {
			continue
		}
		want := NewExecution(ExecutionKey{Job: 1, Thing: 4, Number: 6}, start)
		want.RetriesUsed, want.Wave = x.RetriesUsed, 2
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", status, diff)
		}
	}
}

func TestRetryFailedRefused(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*Job){
		"COMPLETED":     func(j *Job) { j.Status = Completed },
		"its end time":  func(j *Job) { j.RolloutEnded = true },
		"being deleted": func(j *Job) { j.Status = DeletionInProgress },
	} {
		j := steered(nil)
		change(&j)
		if err := j.RetryFailed(failed, nil, start); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "drover jobs retry --as NEW-ID") {
			t.Errorf("%s: %v", name, err)
		}
	}
	j := steered(nil)
	many := make([]registry.ThingID, MaxRetryThings+1)
	if err := j.RetryFailed(failed, many, start); !fault.Is(err, fault.Invalid) || !strings.Contains(err.Error(), "51 are named, at most 50 may be") {
		t.Errorf("too many things: %v", err)
	}
	if err := j.RetryFailed(failed, many[1:], start); err != nil {
		t.Errorf("as many as may be: %v", err)
	}
	if err := j.RetryFailed(failed, nil, start); !fault.Is(err, fault.Conflict) {
		t.Errorf("a second time: %v", err)
	}
	for status, refused := range map[ExecutionStatus]bool{
		ExecutionQueued: true, ExecutionInProgress: true, ExecutionSucceeded: true, ExecutionCanceled: true,
		ExecutionRemoved: true, ExecutionFailed: false, ExecutionTimedOut: false, ExecutionRejected: false,
	} {
		j := steered(nil)
		if err := j.RetryFailed([]ExecutionStatus{status}, nil, start); fault.Is(err, fault.Invalid) != refused {
			t.Errorf("%s: %v", status, err)
		}
	}
}
