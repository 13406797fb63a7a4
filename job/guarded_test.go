package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/registry"
)

// guardedJob is a job with this drover:guard whose rollout has created executions for things.
func guardedJob(guard string, things int) Job {
	j := steered(map[string]string{"drover:guard": guard})
	j.Tick(start)
	j.ReleasedExecutions(things, RolloutCursor{}, true, start)
	return j
}

// report applies events to the execution of a thing, one second after the other from a time on.
func report(t *testing.T, j *Job, thing registry.ThingID, at time.Time, events ...Event) Execution {
	t.Helper()
	x := NewExecution(ExecutionKey{Job: j.Key, Thing: thing, Number: 1}, start)
	for i, event := range events {
		out, err := ApplyEvent(*j, x, event, at.Add(time.Duration(i)*time.Second))
		if err != nil {
			t.Fatal(err)
		}
		*j, x = out.Job, out.Execution
	}
	return x
}

// workOff does what is due until a time, as the server does.
func workOff(t *testing.T, j *Job, until time.Time) {
	t.Helper()
	for range 100 {
		if !reached(j.Due, until) || j.NotifyCursor != nil || j.Sweep != NoSweep {
			return
		}
		if work := j.Next(j.Due); work != WorkRecompute {
			t.Fatalf("%d is due at %s", work, j.Due)
		}
		j.Recompute(j.Due)
	}
	t.Fatal("it stays due")
}

// What a guard does when it fires: as many things in ten fail as is evidence enough, when they
// count and not earlier (R-STR-30, R-STR-33, R-STR-13).
func TestGuardActs(t *testing.T) {
	t.Parallel()
	observed := func(a Action) []Observation {
		return []Observation{{At: after(31), Failures: 4, Executed: 10, Action: a}}
	}
	for then, want := range map[Action]State{
		ActionPause: {Status: InProgress, Paused: "guard: FAILED 4 of 10 - rate 10pct alpha 12.5pct",
			Steered: &Steered{Observed: observed(ActionPause)}},
		ActionCancel: {Status: Canceled, Sweep: SweepQueued, ReasonCode: "GUARD_FIRED",
			Comment: "the guard fired: 4 of 10 things failed (FAILED), which is evidence for a rate " +
				"above 10 percent at alpha 12.5 percent",
			Steered: &Steered{}},
		ActionObserve: {Status: InProgress, Steered: &Steered{Observed: observed(ActionObserve)}},
	} {
		j := guardedJob("FAILED 10pct alpha=12.5pct settle=30s then="+string(then), 12)
		for thing := range registry.ThingID(10) {
			if thing < 4 {
				report(t, &j, thing, start, ReportInProgress, ReportFailed)
			} else {
				report(t, &j, thing, start, ReportInProgress)
			}
		}
		if workOff(t, &j, after(30.999)); j.Paused != "" || j.Status != InProgress ||
			!j.Due.Equal(after(31)) {
			t.Errorf("%s: too early: %+v", then, j.State)
		}
		workOff(t, &j, after(31))
		counted := j.Steered.Guard
		if counted.Counted != 10 || counted.Failed != 4 ||
			!cmp.Equal(counted.Fired, &GuardFiring{after(31), 10, 4}) {
			t.Errorf("%s: it has counted %+v", then, counted)
		}
		got := State{Status: j.Status, Paused: j.Paused, Sweep: j.Sweep, ReasonCode: j.ReasonCode,
			Comment: j.Comment, Steered: j.steered()}
		got.Steered.Guard = nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", then, diff)
		}
		tags := []registry.Tag{{Key: "drover:paused", Value: j.Paused}}
		if _, err := registry.CheckTags(tags); err != nil {
			t.Errorf("%s: the reason is no value of a tag: %v", then, err)
		}
	}
}

// It fires once: resumed, the job is not paused again. A guard that is changed starts anew, and
// forgets what the other one has recorded (R-STR-33).
func TestGuardFiresOnce(t *testing.T) {
	t.Parallel()
	guard := map[string]string{"drover:guard": "ALL 10pct settle=30s"}
	j := guardedJob(guard["drover:guard"], 20)
	fail := func(from, to registry.ThingID, at time.Time) {
		for thing := from; thing < to; thing++ {
			report(t, &j, thing, at, ReportRejected)
		}
	}
	fail(0, 5, start)
	if workOff(t, &j, after(31)); j.Paused != "guard: ALL 5 of 5 - rate 10pct alpha 5pct" {
		t.Fatalf("paused %q", j.Paused)
	}
	steer(t, &j, guard, after(40))
	j.NotifyCursor = nil
	fail(5, 10, after(41))
	if workOff(t, &j, after(99)); j.Paused != "" || j.Steered.Guard.Counted != 10 {
		t.Errorf("paused %q, it has counted %+v", j.Paused, j.Steered.Guard)
	}
	guard["drover:guard"] += " alpha=1pct"
	steer(t, &j, guard, after(100))
	if diff := cmp.Diff(&GuardState{Since: after(100)}, j.Steered.Guard); diff != "" ||
		len(j.Steered.Observed) != 0 {
		t.Errorf("changed: %s%+v", diff, j.Steered.Observed)
	}
	fail(10, 15, after(101))
	steer(t, &j, map[string]string{"drover:guard": guard["drover:guard"], "drover:abort": "pause"},
		after(102))
	if workOff(t, &j, after(199)); j.Paused != "guard: ALL 5 of 5 - rate 10pct alpha 1pct" {
		t.Errorf("paused %q after the guard was changed", j.Paused)
	}
	steer(t, &j, nil, after(200))
	if j.Steered.Guard != nil || len(j.Steered.Observed) != 0 {
		t.Errorf("without a guard: %+v", j.Steered)
	}
}

// Only the first attempt counts, whatever becomes of its retry; what is canceled, removed or
// deleted before it counts does not (R-STR-30).
func TestGuardCountsFirstAttempts(t *testing.T) {
	t.Parallel()
	j := guardedJob("FAILED 50pct settle=30s then=observe", 5)
	j.Retry = &RetryConfig{Criteria: []RetryCriterion{{FailureFailed, 2}}}
	x := report(t, &j, 0, start, ReportInProgress, ReportFailed)
	retry := NewExecution(ExecutionKey{Job: 1, Thing: 0, Number: 2}, after(2))
	for _, event := range []Event{ReportInProgress, ReportFailed} {
		out, err := ApplyEvent(j, retry, event, after(3))
		if err != nil {
			t.Fatal(err)
		}
		j, retry = out.Job, out.Execution
	}
	report(t, &j, 1, start, ReportInProgress, ForcedCancel)
	report(t, &j, 2, start, ReportInProgress, ThingDeleted)
	report(t, &j, 3, start, LeaveTargets)
	deleted := report(t, &j, 4, start, ReportInProgress, ReportFailed)
	j.ExecutionDeleted(deleted, after(5))
	workOff(t, &j, after(31))
	if got := j.guardState(); got.Counted != 1 || got.Failed != 1 {
		t.Errorf("%d of %d have failed, want 1 of 1", got.Failed, got.Counted)
	}
	j.ExecutionDeleted(x, after(40))
	if got := j.guardState(); got.Counted != 1 || got.Failed != 1 {
		t.Errorf("after a deletion %d of %d have failed, want 1 of 1", got.Failed, got.Counted)
	}
}

// A request that comes when the evidence is there is decided as if the guard had looked already
// (R-SCH-16).
func TestGuardBeforeRequests(t *testing.T) {
	t.Parallel()
	j := guardedJob("FAILED 10pct settle=30s", 10)
	for thing := range registry.ThingID(5) {
		report(t, &j, thing, start, ReportFailed)
	}
	if after, changed := j.ApplySchedule(after(30.9)); changed || after.Paused != "" {
		t.Errorf("too early: %q", after.Paused)
	}
	if after, changed := j.ApplySchedule(after(31)); !changed || after.Paused == "" {
		t.Error("the guard has not looked")
	}
}

// A job without a guard has no state of one and waits for nothing; one that has ended counts
// nothing more.
func TestWithoutGuard(t *testing.T) {
	t.Parallel()
	j := guardedJob("FAILED 10pct settle=30s", 3)
	plain := steered(nil)
	plain.Tick(start)
	plain.ReleasedExecutions(3, RolloutCursor{}, true, start)
	report(t, &plain, 0, start, ReportInProgress, ReportFailed)
	if plain.Steered != nil || !plain.Due.IsZero() || plain.ClockWentBack(start) {
		t.Errorf("without a guard: %+v", plain.State)
	}
	report(t, &j, 0, start, ReportInProgress, ReportFailed)
	if err := j.CancelJob(Cancellation{}, after(1)); err != nil {
		t.Fatal(err)
	}
	j.FinishSweep(after(2))
	before := j.guardState()
	report(t, &j, 1, start, ReportInProgress, ReportFailed)
	j.Recompute(after(99))
	if diff := cmp.Diff(before, j.guardState()); diff != "" || !j.Due.IsZero() {
		t.Errorf("after the end: due %s %s", j.Due, diff)
	}
}

// A guard follows a clock that was set back (R-CON-28): what waited does not count, and what starts
// from then on does.
func TestGuardOfJobClockBack(t *testing.T) {
	t.Parallel()
	j := guardedJob("FAILED 10pct settle=30s then=observe", 9)
	report(t, &j, 0, after(1000), ReportInProgress)
	if !j.ClockWentBack(after(5)) || !j.Due.IsZero() {
		t.Errorf("it waits for %s", j.Due)
	}
	report(t, &j, 1, after(6), ReportInProgress)
	if workOff(t, &j, after(99)); j.guardState().Counted != 1 {
		t.Errorf("%+v", j.guardState())
	}
}
