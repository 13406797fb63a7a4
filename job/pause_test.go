package job

import (
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

var pausedTag = map[string]string{"drover:paused": "later"}

// While a job is paused nothing is created and what is QUEUED is hidden; what has begun goes on
// (R-STR-10). It goes on where it was, and minutes that were missed are not caught up (R-STR-11).
func TestPause(t *testing.T) {
	t.Parallel()
	j := steered(nil)
	j.Rollout = &RolloutConfig{MaximumPerMinute: 5}
	if j.Tick(start) != 5 {
		t.Fatal("no tick opens")
	}
	j.ReleasedExecutions(2, RolloutCursor{After: "b"}, false, start)
	steer(t, &j, pausedTag, start)
	if j.Status != InProgress || j.Next(start) != WorkNotifyWindow || !j.Hidden(Execution{}) {
		t.Fatalf("paused: %s, %d is due", j.Status, j.Next(start))
	}
	j.NotifiedWindow(ExecutionKey{Thing: 2}, true, start)
	later := start.Add(5 * time.Minute)
	if got := j.Next(later); got != WorkNone || j.Tick(later) != 0 || !j.Due.IsZero() {
		t.Errorf("paused: %d is due at %s", got, j.Due)
	}
	queued := Execution{ExecutionKey: ExecutionKey{Job: 1, Thing: 1, Number: 1}, Version: 1}
	if _, err := ApplyReport(j, queued, Report{Event: ReportInProgress}, start); !fault.Is(err, fault.BadTransition) ||
		!strings.HasSuffix(err.Error(), "the execution cannot start: its job is paused") {
		t.Errorf("an execution that is hidden starts: %v", err)
	}
	running := queued
	running.Status = ExecutionInProgress
	if j.Hidden(running) {
		t.Error("an execution that has begun is hidden")
	}

	steer(t, &j, nil, later)
	if j.Next(later) != WorkNotifyWindow || j.Hidden(queued) {
		t.Fatalf("resumed: %d is due", j.Next(later))
	}
	j.NotifiedWindow(ExecutionKey{Thing: 2}, true, later)
	if got := j.Tick(later); got != 5 || !j.Progress.NextTick.Equal(later.Add(Tick)) {
		t.Errorf("resumed: %d may be created, the next tick is at %s", got, j.Progress.NextTick)
	}
}

// Within one minute a pause does not give the rollout a second quota (R-STR-11, R-ROLL-18).
func TestPauseWithinTick(t *testing.T) {
	t.Parallel()
	j := steered(nil)
	j.Rollout = &RolloutConfig{MaximumPerMinute: 5}
	j.ReleasedExecutions(j.Tick(start)-3, RolloutCursor{After: "b"}, false, start)
	steer(t, &j, pausedTag, start.Add(time.Second))
	soon := start.Add(2 * time.Second)
	steer(t, &j, nil, soon)
	if got := j.Tick(soon); got != 3 || !j.Progress.NextTick.Equal(start.Add(Tick)) {
		t.Errorf("%d more may be created, want 3; the next tick is at %s", got, j.Progress.NextTick)
	}
}

// Windows and the end time go on counting while a job is paused. Devices are notified when it shows
// or hides something, and only then (R-STR-10).
func TestPauseAndWindows(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{TargetSelection: Continuous}}
	open := start.Truncate(24 * time.Hour).Add(12 * time.Hour)
	j.Schedule = &ScheduleConfig{
		Windows:     []Window{daily(12, 0, 60)},
		EndAt:       open.Add(72 * time.Hour),
		EndBehavior: StopRollout,
	}
	j.StartRollout([]Source{{Group: 1}}, 1, open)
	j.Counts[ExecutionQueued] = 1
	notices := func(when string, want bool) {
		t.Helper()
		if got := j.NotifyCursor != nil; got != want {
			t.Errorf("%s: devices are notified: %v, want %v", when, got, want)
		}
		j.NotifyCursor = nil
	}
	notices("started", false)
	steer(t, &j, pausedTag, open)
	notices("paused in a window", true)
	j.Recompute(open.Add(time.Hour))
	if j.Status != Scheduled {
		t.Fatalf("after the window the job is %s", j.Status)
	}
	notices("the window closes", false)
	j.ResumeRollout(open.Add(24 * time.Hour))
	if notices("the next one opens", false); j.Status != InProgress || j.Next(open.Add(24*time.Hour)) != WorkNone {
		t.Errorf("in the next window the job is %s, %d is due", j.Status, j.Next(open.Add(24*time.Hour)))
	}
	resumed := j
	steer(t, &resumed, nil, open.Add(24*time.Hour))
	if resumed.NotifyCursor == nil || !resumed.LateJoinersWaiting {
		t.Errorf("resumed in a window: %+v", resumed.State)
	}
	j.Recompute(open.Add(25 * time.Hour))
	steer(t, &j, nil, open.Add(25*time.Hour))
	notices("resumed between windows", false)
	steer(t, &j, pausedTag, open.Add(25*time.Hour))
	notices("paused between windows", false)
	j.Recompute(j.Schedule.EndAt)
	notices("the end time while paused", false)
	if !j.Hidden(Execution{}) || !j.RolloutEnded {
		t.Error("after the end time, what is QUEUED shows although the job is paused")
	}
	if steer(t, &j, nil, j.Schedule.EndAt); j.LateJoinersWaiting || j.NotifyCursor == nil {
		t.Errorf("resumed after the end time (R-SCH-22): %+v", j.State)
	}
}

// A job whose executions have all ended completes although it is paused; one with a retry that
// waits does not (R-STR-12).
func TestPausedJobCompletes(t *testing.T) {
	t.Parallel()
	x := Execution{ExecutionKey: ExecutionKey{Job: 1, Thing: 1, Number: 1}, Version: 1}
	for event, want := range map[Event]Status{ReportSucceeded: Completed, ReportFailed: InProgress} {
		j := steered(nil)
		j.Retry = &RetryConfig{Criteria: []RetryCriterion{{FailureFailed, 1}}}
		j.ReleasedExecutions(1, RolloutCursor{}, true, start)
		steer(t, &j, pausedTag, start)
		out, err := ApplyEvent(j, x, event, start)
		if err != nil || out.Job.Status != want || out.Retry != nil {
			t.Fatalf("%s: %v, the job is %s, its retry %v", event, err, out.Job.Status, out.Retry)
		}
		if j = out.Job; want == Completed {
			continue
		}
		if !out.RetryWaits || j.Counts.Pending() != 0 || j.Steered.RetriesWaiting != 1 {
			t.Errorf("the retry does not wait: %+v", j.State)
		}
		left := out
		if left.WithdrawRetry(start); left.RetryWaits || left.Job.Status != Completed {
			t.Errorf("without its thing the job is %s", left.Job.Status)
		}
		steer(t, &j, nil, start)
		j.NotifyCursor = nil
		retry, ok := j.WaitingRetry(out.Execution, 1, start)
		if j.Next(start) != WorkRetries || !ok || retry.Number != 2 || retry.RetriesUsed.Failed != 1 {
			t.Errorf("resumed: %d is due, the retry is %+v", j.Next(start), retry)
		}
		if _, ok := j.WaitingRetry(retry, 2, start); ok {
			t.Error("a thing whose retry is pending gets another one")
		}
		j.TookWaitingRetries(1, []Execution{retry}, false, start)
		if j.Counts.Pending() != 1 || j.Next(start) == WorkRetries {
			t.Errorf("after the retry: %+v", j.State)
		}
	}
}

// What waits for a paused job is forgotten when the job ends.
func TestPausedJobEnds(t *testing.T) {
	t.Parallel()
	j := steered(pausedTag)
	j.Steered = &Steered{RetriesWaiting: 3}
	if err := j.CancelJob(Cancellation{}, start); err != nil || j.Steered.RetriesWaiting != 0 || j.paused() {
		t.Errorf("canceled: %v, %+v", err, j.State)
	}
}

// The rollout of a job without targets has begun and ended, also while the job is paused (R-JOB-52,
// R-SCH-25).
func TestPausedWithoutTargets(t *testing.T) {
	t.Parallel()
	for selection, want := range map[TargetSelection]Status{Snapshot: Completed, Continuous: InProgress} {
		j := Job{Definition: Definition{TargetSelection: selection}, State: State{Paused: "later"}}
		if j.StartRollout(nil, 1, start); j.Status != want || !j.RolloutStarted() {
			t.Errorf("%s: the job is %s, its rollout has started: %v", selection, j.Status, j.RolloutStarted())
		}
	}
}

// A job that is paused keeps its reason when the server would pause it too (R-STR-13).
func TestPausedTwice(t *testing.T) {
	t.Parallel()
	j := steered(pausedTag)
	if j.pauseBy("abort: criterion 1", start.Add(time.Hour)); j.Paused != "later" || !j.UpdatedAt.Equal(start) {
		t.Errorf("paused %q at %s", j.Paused, j.UpdatedAt)
	}
}
