package job

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// roll runs a rollout over things targets, tick by tick, and returns what each tick created and its
// step. before is called ahead of each tick and may change the job.
func roll(j *Job, things int, before func(tick int, j *Job)) (created, steps []int) {
	now := start
	j.StartRollout([]Source{{Target: 0, Group: 1}}, 1, now)
	for tick := 0; !j.Progress.Finished && tick < 1000; tick++ {
		if before != nil {
			before(tick, j)
		}
		quota := j.Tick(now)
		n := min(quota, things-int(j.Progress.Notified))
		j.ReleasedExecutions(n, RolloutCursor{}, int(j.Progress.Notified)+n == things, now)
		created, steps = append(created, n), append(steps, j.Progress.Step)
		now = now.Add(Tick)
	}
	return created, steps
}

func repeat(n, times int) []int { return slices.Repeat([]int{n}, times) }

func exponential(base, tenths int, notified, succeeded int64) *RolloutConfig {
	return &RolloutConfig{Exponential: &Exponential{
		BasePerMinute: base, IncrementTenths: tenths, NotifiedThings: notified,
		SucceededThings: succeeded,
	}}
}

// The worked tables A to H of chapter 22: what each tick creates.
func TestRolloutTables(t *testing.T) {
	t.Parallel()
	doneButTwenty := func(_ int, j *Job) {
		if done := j.Progress.Notified - 20; done > j.Counts[ExecutionSucceeded] {
			j.Counts[ExecutionQueued] -= done - j.Counts[ExecutionSucceeded]
			j.Counts[ExecutionSucceeded] = done
		}
	}
	tests := []struct {
		name   string
		config *RolloutConfig
		things int
		before func(int, *Job)
		want   []int
		steps  []int
	}{
		{"A R-ROLL-2 constant 100", &RolloutConfig{MaximumPerMinute: 100}, 250, nil,
			[]int{100, 100, 50}, nil},
		{"B R-ROLL-5 vendor's table", exponential(50, 20, 1000, 1000), 5000, nil,
			slices.Concat(repeat(50, 20), repeat(100, 10),
				repeat(200, 5), repeat(400, 3), []int{800}), nil},
		{"C R-ROLL-4 exact floor", exponential(5, 15, 10, 0), 200, nil,
			[]int{5, 5, 7, 7, 11, 16, 25, 37, 56, 31},
			[]int{0, 0, 1, 1, 2, 3, 4, 5, 6, 7}},
		{"D R-ROLL-9 success-driven", exponential(10, 20, 0, 10), 1000, doneButTwenty,
			[]int{10, 10, 10, 20, 40, 80, 160, 320, 350}, []int{0, 0, 0, 1, 2, 3, 4, 5, 6}},
		{"E R-ROLL-6 one step a tick", exponential(50, 20, 10, 0), 400, nil,
			[]int{50, 100, 200, 50}, []int{0, 1, 2, 3}},
		{"F R-ROLL-10 cap", exponential(500, 50, 500, 0), 5000, nil,
			[]int{500, 1000, 1000, 1000, 1000, 500}, nil},
		{"H R-ROLL-5 absent threshold", exponential(10, 20, 0, 100), 50, nil, repeat(10, 5),
			repeat(0, 5)},
		{"R-ROLL-5 thresholds of one", exponential(1, 20, 1, 1), 7, nil, []int{1, 2, 4}, []int{0, 1, 2}},
		{"R-ROLL-1 default 1000", nil, 2500, nil, []int{1000, 1000, 500}, nil},
		{"R-ROLL-13 one tick", &RolloutConfig{}, 1000, nil, []int{1000}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := &Job{Definition: Definition{Rollout: tt.config, Targets: targetsNamed("g"),
				TargetSelection: Snapshot}}
			created, steps := roll(j, tt.things, tt.before)
			if !slices.Equal(created, tt.want) {
				t.Errorf("created %v, want %v", created, tt.want)
			}
			if tt.steps != nil && !slices.Equal(steps, tt.steps) {
				t.Errorf("steps %v, want %v", steps, tt.steps)
			}
		})
	}
}

// Table G of chapter 22: rounding down, never below one (R-ROLL-4).
func TestRate(t *testing.T) {
	t.Parallel()
	tests := []struct {
		config *RolloutConfig
		want   []int
	}{
		{exponential(1, 11, 1, 0), []int{1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 4}},
		{exponential(5, 15, 1, 0), []int{5, 7, 11, 16, 25, 37, 56, 85, 128, 192, 288}},
		{exponential(1000, 50, 1, 0), []int{1000, 1000, 1000}},
	}
	for _, tt := range tests {
		for k, want := range tt.want {
			if got := tt.config.Rate(k); got != want {
				t.Errorf("%+v: rate at step %d is %d, want %d", *tt.config.Exponential, k, got,
					want)
			}
		}
	}
	above := exponential(200, 20, 1, 0)
	above.MaximumPerMinute = 100
	if got := above.Rate(0); got != 100 {
		t.Errorf("R-ROLL-4: a base above the maximum is %d at step 0, want 100", got)
	}
	if got := exponential(0, 20, 1, 0).Rate(3); got != 1 {
		t.Errorf("R-ROLL-4: without a base the rate is %d, want 1", got)
	}
	if got := exponential(1, 50, 1, 0).Rate(1_000_000); got != 1000 {
		t.Errorf("a far step is %d, want the cap 1000", got)
	}
}

// Table I of chapter 22: a new configuration is in force from the next tick, from step 0
// (R-ROLL-11, R-UPD-11).
func TestRolloutUpdate(t *testing.T) {
	t.Parallel()
	j := &Job{Definition: Definition{Rollout: &RolloutConfig{MaximumPerMinute: 100},
		Targets: targetsNamed("g"), TargetSelection: Snapshot}}
	created, steps := roll(j, 290, func(tick int, j *Job) {
		if tick != 2 {
			return
		}
		if _, err := j.ApplyUpdate(Update{Rollout: exponential(10, 20, 20, 0)},
			start.Add(90*time.Second)); err != nil {
			t.Fatal(err)
		}
	})
	if want := []int{100, 100, 10, 10, 20, 40, 10}; !slices.Equal(created, want) {
		t.Errorf("created %v, want %v", created, want)
	}
	if want := []int{0, 0, 0, 0, 1, 2, 3}; !slices.Equal(steps, want) {
		t.Errorf("steps %v, want %v", steps, want)
	}
}

// The thresholds of a new configuration count from the update: what was notified or succeeded
// before it raises nothing, and what the tick that runs still creates raises nothing before the
// second tick (R-ROLL-6, R-ROLL-11, R-UPD-11).
func TestRampAfterUpdate(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name      string
		config    *RolloutConfig
		rest      int   // what the tick that runs creates after the update
		succeeded int64 // between the first and the second tick after it
		want      []int
	}{
		{"notified before it", exponential(3, 20, 4, 0), 0, 0, []int{3, 3, 6}},
		{"notified by the rest of the tick", exponential(3, 20, 4, 0), 5, 0, []int{3, 6}},
		{"succeeded before it", exponential(3, 20, 0, 2), 0, 0, []int{3, 3}},
		{"one short", exponential(3, 20, 0, 2), 0, 1, []int{3, 3}},
		{"succeeded after it", exponential(3, 20, 0, 2), 0, 2, []int{3, 6}},
	} {
		j := Job{Definition: Definition{TargetSelection: Snapshot,
			Rollout: &RolloutConfig{MaximumPerMinute: 10}}}
		j.StartRollout([]Source{{Group: 1}}, 1, start)
		j.Tick(start)
		j.ReleasedExecutions(5, RolloutCursor{}, false, start)
		j.Counts[ExecutionQueued], j.Counts[ExecutionSucceeded] = 1, 4
		if _, err := j.ApplyUpdate(Update{Rollout: tt.config}, start); err != nil {
			t.Fatal(err)
		}
		j.ReleasedExecutions(tt.rest, RolloutCursor{}, false, start)
		for i, want := range tt.want {
			now := start.Add(time.Duration(i+1) * Tick)
			if i == 1 {
				j.Counts.Transfer(ExecutionQueued, ExecutionSucceeded)
				j.Counts[ExecutionSucceeded] += tt.succeeded - 1
			}
			got := j.Tick(now)
			if got != want {
				t.Errorf("R-ROLL-11 %s, tick %d: %d, want %d", tt.name, i+1, got, want)
			}
			j.ReleasedExecutions(got, RolloutCursor{}, false, now)
		}
	}
}

// No tick opens before its time, none of a rollout that has not started or has ended, and none of a
// job that waits (R-ROLL-3, R-ROLL-16, R-ROLL-17).
func TestTickOpens(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		status   Status
		progress Progress
		want     int
	}{
		{"at its time", InProgress, Progress{NextTick: start}, 1000},
		{"late", InProgress, Progress{NextTick: start.Add(-time.Hour)}, 1000},
		{"a moment too early", InProgress, Progress{NextTick: start.Add(1)}, 0},
		{"in the middle of one", InProgress, Progress{NextTick: start.Add(1), Quota: 7}, 7},
		{"R-ROLL-16 no next one", InProgress, Progress{}, 0},
		{"R-ROLL-17 finished", InProgress, Progress{NextTick: start, Finished: true}, 0},
		{"R-SCH-16 SCHEDULED", Scheduled, Progress{NextTick: start, Quota: 7}, 0},
		{"R-JOB-20 CANCELED", Canceled, Progress{NextTick: start, Quota: 7}, 0},
	} {
		j := Job{Definition: Definition{TargetSelection: Continuous},
			State: State{Status: tt.status, Progress: tt.progress}}
		if got := j.Tick(start); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// After downtime missed ticks are not caught up: the next one runs at once, then every minute
// (R-ROLL-18). However late a tick is, the following one is a whole minute after it (R-ROLL-2,
// R-ROLL-3).
func TestMissedTicks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name string
		late time.Duration
		next time.Duration
	}{
		{"on time", 0, 60 * time.Second},
		{"a little late", time.Millisecond, 60*time.Second + time.Millisecond},
		{"late by a second", time.Second, 61 * time.Second},
		{"after an hour away", time.Hour, time.Hour + time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := Progress{}
			p.start(start)
			p.tick(&RolloutConfig{MaximumPerMinute: 3}, 0, start.Add(tt.late))
			if p.Quota != 3 {
				t.Errorf("quota %d, want 3", p.Quota)
			}
			if got := p.NextTick.Sub(start); got != tt.next {
				t.Errorf("next tick after %v, want %v", got, tt.next)
			}
			p.tick(&RolloutConfig{MaximumPerMinute: 5}, 0, p.NextTick.Add(-time.Millisecond))
			if p.Quota != 3 {
				t.Errorf("a millisecond early the quota became %d, want it to stay 3", p.Quota)
			}
		})
	}
}

// The step never falls, also when counters fall after deletions (R-ROLL-7).
func TestStepNeverFalls(t *testing.T) {
	t.Parallel()
	c := exponential(10, 20, 0, 5)
	p := Progress{}
	p.start(start)
	p.tick(c, 0, start)
	p.tick(c, 5, start.Add(Tick))
	p.tick(c, 0, start.Add(2*Tick))
	if p.Step != 1 || p.Quota != 20 {
		t.Errorf("step %d quota %d, want 1 and 20", p.Step, p.Quota)
	}
}

// A threshold that is met in the middle of a tick raises the rate from the next tick on (R-ROLL-8).
func TestThresholdInsideTick(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{Rollout: exponential(10, 20, 0, 5), TargetSelection: Snapshot}}
	j.StartRollout([]Source{{Group: 1}}, 1, start)
	if quota := j.Tick(start); quota != 10 {
		t.Fatalf("tick 0 may create %d", quota)
	}
	j.ReleasedExecutions(4, RolloutCursor{}, false, start) // the rest of the tick follows
	j.Counts.Transfer(ExecutionQueued, ExecutionSucceeded)
	j.Counts[ExecutionSucceeded] = 5
	for _, at := range []time.Duration{time.Second, Tick - time.Millisecond} {
		if quota := j.Tick(start.Add(at)); quota != 6 || j.Progress.Step != 0 {
			t.Errorf("%v into the tick it may create %d more at step %d, want 6 at step 0", at,
				quota, j.Progress.Step)
		}
	}
	if quota := j.Tick(start.Add(Tick)); quota != 20 || j.Progress.Step != 1 {
		t.Errorf("the next tick may create %d at step %d, want 20 at step 1", quota,
			j.Progress.Step)
	}
}

// What ends a job ends its rollout, also in the middle of a tick of which a part has been created
// (R-ROLL-17).
func TestStopInsideTick(t *testing.T) {
	t.Parallel()
	at := start.Add(time.Second)
	for name, stop := range map[string]func(j *Job) error{
		"CancelJob": func(j *Job) error { return j.CancelJob(Cancellation{}, at) },
		"DeleteJob": func(j *Job) error { return j.DeleteJob(true, 0, at) },
		"abort": func(j *Job) error {
			_, err := j.ApplyUpdate(Update{Abort: &AbortConfig{Criteria: []AbortCriterion{{FailureFailed, 0, 1}}}}, at)
			return err
		},
		"endTime": func(j *Job) error {
			j.Schedule = &ScheduleConfig{EndAt: at}
			j.Recompute(at)
			return nil
		},
	} {
		j := Job{Definition: Definition{Rollout: &RolloutConfig{MaximumPerMinute: 100},
			TargetSelection: Snapshot}}
		j.StartRollout([]Source{{Group: 1}}, 1, start)
		j.Tick(start)
		j.ReleasedExecutions(40, RolloutCursor{}, false, start)
		j.Counts.Transfer(ExecutionQueued, ExecutionFailed)
		if err := stop(&j); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, now := range []time.Time{at, start.Add(Tick)} {
			if quota := j.Tick(now); quota != 0 || !j.Progress.Finished {
				t.Errorf("%s: %d more may be created", name, quota)
			}
		}
	}
}

// isConcurrent and processingTargets: while the initial targets are rolled out, and while groups
// that were associated are (R-JOB-40, R-JOB-42, R-JOB-43), not between windows (R-JOB-44), again
// while a cancellation runs (R-JOB-40). A retry does not make a job concurrent (R-JOB-41).
func TestConcurrent(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{Targets: targetsNamed("g1", "t2"), TargetSelection: Continuous,
		Retry: retries(FailureFailed, 1)}}
	check := func(what string, concurrent bool, processing ...string) {
		t.Helper()
		if got := ARNs(j.ProcessingTargets()); j.Concurrent() != concurrent ||
			!slices.Equal(got, processing) || (got == nil) != (len(processing) == 0) {
			t.Errorf("%s: concurrent %v, processing %v; want %v, %v", what, j.Concurrent(), got,
				concurrent, processing)
		}
	}
	j.Schedule = &ScheduleConfig{StartAt: start.Add(time.Hour)}
	j.WaitForSchedule(start)
	check("SCHEDULED", false, "g1", "t2")
	j.Schedule = nil
	j.StartRollout([]Source{{Target: 0, Group: 1}, {Target: 1, Thing: 2}}, 1, start)
	j.Tick(start)
	check("begun", true, "g1", "t2")
	j.ReleasedExecutions(5, RolloutCursor{Source: 1}, false, start)
	check("the group is done", true, "t2")
	paused := j
	paused.Status = Scheduled
	if paused.Concurrent() || !slices.Equal(ARNs(paused.ProcessingTargets()), []string{"t2"}) {
		t.Errorf("between windows: concurrent %v, processing %v (R-JOB-44)", paused.Concurrent(),
			paused.ProcessingTargets())
	}
	j.ReleasedExecutions(1, RolloutCursor{Source: 2}, true, start)
	check("rolled out", false)
	out := end(t, j, NewExecution(ExecutionKey{Number: 1}, start), 'F')
	if j = out.Job; out.Retry == nil {
		t.Fatal("no retry")
	}
	check("a retry (R-JOB-41)", false)
	j.QueuedLateJoiner(start)
	check("a late joiner (R-JOB-41)", false)
	if err := j.Associate(Association{Targets: targetsNamed("g3"),
		Sources: []Source{{Target: 2, Group: 3, NewestMembership: 9}}}, nil, 100, start); err != nil {
		t.Fatal(err)
	}
	check("associated (R-JOB-42)", true, "g3")
	j.AdvanceBackfill(RolloutCursor{Source: 3}, true, start)
	check("back-filled (R-JOB-42)", false)
	if err := j.CancelJob(Cancellation{}, start); err != nil {
		t.Fatal(err)
	}
	check("being cancelled", true)
	j.FinishSweep(start)
	check("CANCELED", false)
}

// lastUpdatedAt changes with the state, at the end of the rollout, and with what operators change;
// not with executions and not with ticks (R-JOB-18).
func TestLastUpdatedAt(t *testing.T) {
	t.Parallel()
	now := start
	j := Job{Definition: Definition{Targets: targetsNamed("g"), TargetSelection: Continuous,
		Rollout: &RolloutConfig{MaximumPerMinute: 1}, Schedule: &ScheduleConfig{
			StartAt: start.Add(time.Hour), Windows: []Window{daily(13, 0, 60)}}}}
	j.UpdatedAt = start
	step := func(what string, changes bool, change func()) {
		t.Helper()
		before := j.UpdatedAt
		change()
		if got := j.UpdatedAt.Equal(now); got != changes || !changes && !j.UpdatedAt.Equal(before) {
			t.Errorf("%s at %v: updated %v", what, now, j.UpdatedAt)
		}
		now = now.Add(time.Minute)
	}
	j.WaitForSchedule(start)
	now = start.Add(time.Hour)
	step("start", true, func() { j.StartRollout([]Source{{Group: 1}}, 1, now) })
	step("a tick", false, func() {
		j.Tick(now)
		j.ReleasedExecutions(1, RolloutCursor{}, false, now)
	})
	x := NewExecution(ExecutionKey{Number: 1}, now)
	step("an execution starts", false, func() {
		out, _ := ApplyEvent(j, x, StartNext, now)
		j, x = out.Job, out.Execution
	})
	step("an execution ends", false, func() { j = end(t, j, x, 'S').Job })
	step("an execution is deleted", false, func() { j.ExecutionDeleted(Execution{Status: ExecutionSucceeded}, now) })
	step("end of the rollout", true,
		func() { j.ReleasedExecutions(0, RolloutCursor{Source: 1}, true, now) })
	step("UpdateJob", true, func() { _, _ = j.ApplyUpdate(Update{Description: text("x")}, now) })
	step("UpdateJob without a member", false, func() { _, _ = j.ApplyUpdate(Update{}, now) })
	step("AssociateTargetsWithJob", true, func() {
		_ = j.Associate(Association{Targets: targetsNamed("h"),
			Sources: []Source{{Target: 1, Group: 2, NewestMembership: 1}}}, nil, 100, now)
		j.AdvanceBackfill(RolloutCursor{Source: 2}, true, now)
	})
	now = start.Add(2 * time.Hour)
	step("the window closes", true, func() { j.Recompute(now) })
	now = start.Add(25 * time.Hour)
	step("the window opens", true, func() { j.ResumeRollout(now) })
	step("CancelJob", true, func() { _ = j.CancelJob(Cancellation{}, now) })
	step("the cancellation is done", false, func() { j.FinishSweep(now) })
	step("DeleteJob", true, func() { _ = j.DeleteJob(false, 0, now) })
}

// A ramp goes on after a window where it was (R-ROLL-16): step, n and s persist, the phase begins
// at the opening. Late joiners and back-filled things add nothing to n (R-ROLL-15). An update
// between windows restarts the ramp (R-ROLL-11).
func TestRampOverWindows(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{Rollout: exponential(10, 20, 10, 0),
		TargetSelection: Continuous, Targets: targetsNamed("g"), Schedule: &ScheduleConfig{
			Windows: []Window{daily(12, 0, 2)}}}}
	j.StartRollout([]Source{{Group: 1}}, 1, start)
	tick := func(now time.Time, want int) {
		t.Helper()
		if quota := j.Tick(now); quota != want {
			t.Errorf("at %v: %d, want %d", now, quota, want)
		}
		j.ReleasedExecutions(want, RolloutCursor{}, false, now)
	}
	tick(start, 10)
	tick(start.Add(Tick), 20)
	before := j.Progress
	for range 100 {
		j.QueuedLateJoiner(start.Add(Tick))
	}
	if diff := cmp.Diff(before, j.Progress); diff != "" {
		t.Errorf("late joiners changed the rollout (-before +after):\n%s", diff)
	}
	if j.Recompute(start.Add(2 * Tick)); j.Status != Scheduled || j.Tick(start.Add(2*Tick)) != 0 {
		t.Fatalf("after the window: %+v", j.State)
	}
	opening := start.Add(24 * time.Hour)
	j.ResumeRollout(opening.Add(300 * time.Millisecond)) // a little late
	tick(opening.Add(300*time.Millisecond), 40)          // n is 30: step 2
	if want := opening.Add(Tick + 300*time.Millisecond); !j.Progress.NextTick.Equal(want) {
		t.Errorf("the next tick is at %v, want %v", j.Progress.NextTick, want)
	}
	j.Recompute(opening.Add(2 * Tick))
	if _, err := j.ApplyUpdate(Update{Rollout: exponential(3, 20, 3, 0)},
		opening.Add(time.Hour)); err != nil || j.Status != Scheduled {
		t.Fatalf("update between windows: %v, %s", err, j.Status)
	}
	opening = opening.Add(24 * time.Hour)
	j.ResumeRollout(opening)
	tick(opening, 3)
	tick(opening.Add(Tick), 6)
}
