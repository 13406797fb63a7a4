package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// What a job waits for once the clock was set back: nothing that only the wrong time led to
// (R-CON-28).
func TestJobClockWentBack(t *testing.T) {
	t.Parallel()
	const year = 365 * 24 * time.Hour
	daily := &ScheduleConfig{Windows: []Window{{StartTime: "0 14 * * ? *", Minutes: 60}}}
	later := &ScheduleConfig{StartAt: start.Add(3 * time.Hour)}
	opens := time.Date(2026, 3, 1, 14, 0, 0, 0, time.UTC)
	sources := []Source{{Group: 1}}
	state := func(s Status, edge, tick time.Time) State {
		return State{Status: s, WindowEdge: edge, Progress: Progress{NextTick: tick}}
	}
	for _, tt := range []struct {
		name       string
		now        time.Time
		definition Definition
		state      State
		changed    bool
		status     Status
		edge, tick time.Time
	}{
		{"the next tick is a minute away", start, Definition{Sources: sources},
			state(InProgress, time.Time{}, start.Add(year)), true,
			InProgress, time.Time{}, start.Add(Tick)},
		{"a tick that is right stays", start, Definition{Sources: sources},
			state(InProgress, time.Time{}, start.Add(Tick)), false,
			InProgress, time.Time{}, start.Add(Tick)},
		{"a window of next year", start, Definition{Sources: sources, Schedule: daily},
			state(Scheduled, opens.Add(year), time.Time{}), true,
			Scheduled, opens, time.Time{}},
		{"a window of next year, before the first start", start, Definition{Schedule: daily},
			state(Scheduled, opens.Add(year), time.Time{}), true,
			Scheduled, opens, time.Time{}},
		{"the window is open now", opens.Add(time.Minute),
			Definition{Sources: sources, Schedule: daily},
			state(Scheduled, opens.Add(year), time.Time{}), true,
			Scheduled, opens.Add(time.Minute), time.Time{}},
		{"in a window that closes next year, while it is open now too", opens,
			Definition{Sources: sources, Schedule: daily},
			state(InProgress, opens.Add(year+time.Hour), opens.Add(year)), true,
			InProgress, opens.Add(time.Hour), opens.Add(Tick)},
		{"in a window that is not open now", start, Definition{Sources: sources, Schedule: daily},
			state(InProgress, opens.Add(year+time.Hour), opens.Add(year)), true,
			Scheduled, opens, time.Time{}},
		{"a start time that has not come", start, Definition{Schedule: later},
			state(Scheduled, later.StartAt, time.Time{}), false,
			Scheduled, later.StartAt, time.Time{}},
		{"the rollout has ended", start, Definition{Sources: sources, Schedule: daily},
			State{Status: InProgress, RolloutEnded: true, Progress: Progress{Finished: true},
				Counts: Counts{ExecutionQueued: 1}}, false,
			InProgress, time.Time{}, time.Time{}},
		{"the job has ended", start, Definition{Sources: sources},
			State{Status: Canceled, UpdatedAt: start, Progress: Progress{Finished: true}}, false,
			Canceled, time.Time{}, time.Time{}},
		{"the job ended next year", start, Definition{Sources: sources},
			State{Status: Completed, UpdatedAt: start.Add(1), Progress: Progress{Finished: true}},
			true, Completed, time.Time{}, time.Time{}},
	} {
		j := Job{Definition: tt.definition, State: tt.state}
		if tt.state.Counts == (Counts{}) {
			j.Counts[ExecutionQueued] = 1
		}
		changed := j.ClockWentBack(tt.now)
		want := state(tt.status, tt.edge, tt.tick)
		got := state(j.Status, j.WindowEdge, j.Progress.NextTick)
		if diff := cmp.Diff(want, got); diff != "" || changed != tt.changed {
			t.Errorf("%s: changed %v (-want +got):\n%s", tt.name, changed, diff)
		}
		if due := j.Due; !due.IsZero() && due.After(tt.now.Add(24*time.Hour)) {
			t.Errorf("%s: waits until %s", tt.name, due)
		}
		if again := j.ClockWentBack(tt.now); again {
			t.Errorf("%s: a second time changes it again", tt.name)
		}
	}
}

// The timers of an execution that was started in what is the future now run from now, each as long
// as it was set for (R-CON-28, R-TMO-1, R-TMO-3).
func TestExecutionClockWentBack(t *testing.T) {
	t.Parallel()
	wrong := start.Add(365 * 24 * time.Hour)
	minutes := func(n int) time.Duration { return time.Duration(n) * time.Minute }
	for _, tt := range []struct {
		name   string
		before Execution
		want   Execution
	}{
		{"both timers", Execution{StartedAt: wrong, UpdatedAt: wrong.Add(minutes(5)),
			Deadline: wrong.Add(minutes(30)), StepDeadline: wrong.Add(minutes(7))},
			Execution{StartedAt: start, UpdatedAt: start,
				Deadline: start.Add(minutes(30)), StepDeadline: start.Add(minutes(2))}},
		{"no timer", Execution{StartedAt: wrong, UpdatedAt: wrong},
			Execution{StartedAt: start, UpdatedAt: start}},
		{"started before, reported later", Execution{StartedAt: start.Add(-minutes(5)),
			UpdatedAt: wrong, Deadline: start.Add(minutes(25)), StepDeadline: wrong.Add(minutes(7))},
			Execution{StartedAt: start.Add(-minutes(5)), UpdatedAt: start,
				Deadline: start.Add(minutes(25)), StepDeadline: start.Add(minutes(7))}},
		{"a step timer that was set last of all", Execution{StartedAt: start.Add(1),
			UpdatedAt: start.Add(1), StepDeadline: wrong},
			Execution{StartedAt: start, UpdatedAt: start, StepDeadline: start.Add(maxTimer)}},
		{"started before, only the step timer was set later", Execution{
			StartedAt: start.Add(-minutes(5)), UpdatedAt: start.Add(-minutes(5)), StepDeadline: wrong},
			Execution{StartedAt: start.Add(-minutes(5)), UpdatedAt: start.Add(-minutes(5)),
				StepDeadline: start.Add(maxTimer)}},
	} {
		tt.before.Status, tt.want.Status = ExecutionInProgress, ExecutionInProgress
		got, changed := tt.before.clockWentBack(start)
		if diff := cmp.Diff(tt.want, got); diff != "" || !changed {
			t.Errorf("%s: changed %v (-want +got):\n%s", tt.name, changed, diff)
		}
		if _, changed := got.clockWentBack(start); changed {
			t.Errorf("%s: a second time changes it again", tt.name)
		}
	}
	for _, status := range ExecutionStatuses() {
		x := Execution{Status: status, StartedAt: wrong, UpdatedAt: wrong}
		if _, changed := x.clockWentBack(start); changed != (status == ExecutionInProgress) {
			t.Errorf("%s: changed %v", status, changed)
		}
	}
}
