package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/registry"
)

// Which targets are being processed, at each place of the rollout and the back-fill (R-JOB-43,
// R-JOB-44).
func TestProcessingTargets(t *testing.T) {
	t.Parallel()
	sources := []Source{
		{Target: 0, Group: 1}, {Target: 1, Thing: 3}, {Target: 2, Group: 4},
	}
	associated := append(append([]Source(nil), sources...),
		Source{Target: 3, Group: 5, NewestMembership: 9})
	for _, tt := range []struct {
		name    string
		sources []Source
		state   State
		want    []string
	}{
		{"not started", nil, State{Status: Scheduled}, []string{"a", "b", "c"}},
		{"at the first", sources, State{Status: InProgress}, []string{"a", "b", "c"}},
		{"below the first", sources, State{Status: InProgress, Progress: Progress{
			Cursor: RolloutCursor{Path: registry.GroupPath{{Group: 2, Name: "a-1"}}},
		}}, []string{"a", "b", "c"}},
		{"at the second", sources, State{Status: InProgress, Progress: Progress{
			Cursor: RolloutCursor{Source: 1},
		}}, []string{"b", "c"}},
		{"at the last, between windows", sources, State{Status: Scheduled, Progress: Progress{
			Cursor: RolloutCursor{Source: 2, After: "m"},
		}}, []string{"c"}},
		{"finished", sources, State{Status: InProgress, Progress: Progress{Finished: true}}, nil},
		{"ended", sources, State{Status: Canceled}, nil},
		{"completed", sources, State{Status: Completed}, nil},
		{"R-JOB-42 back-filled", associated, State{
			Status: InProgress, Progress: Progress{Finished: true},
			Backfill: &RolloutCursor{Source: 3},
		}, []string{"d"}},
		{"R-JOB-42 beside the rollout", associated, State{
			Status: InProgress, Progress: Progress{Cursor: RolloutCursor{Source: 2}},
			Backfill: &RolloutCursor{Source: 3},
		}, []string{"c", "d"}},
	} {
		j := Job{Definition: Definition{Targets: targetsNamed("a", "b", "c"), Sources: tt.sources},
			State: tt.state}
		if len(tt.sources) == len(associated) {
			j.Targets = append(j.Targets, targetsNamed("d")...)
		}
		if diff := cmp.Diff(tt.want, ARNs(j.ProcessingTargets())); diff != "" {
			t.Errorf("R-JOB-43 %s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// isConcurrent by the states of docs/spec/20, section 1 (R-JOB-40, R-JOB-44).
func TestConcurrentByState(t *testing.T) {
	t.Parallel()
	done := Progress{Finished: true}
	for _, tt := range []struct {
		name  string
		state State
		want  bool
	}{
		{"SCHEDULED", State{Status: Scheduled}, false},
		{"IN_PROGRESS, rolling out", State{Status: InProgress}, true},
		{"IN_PROGRESS, waiting", State{Status: InProgress, Progress: done}, false},
		{"IN_PROGRESS, back-filling", State{Status: InProgress, Progress: done,
			Backfill: &RolloutCursor{}}, true},
		{"COMPLETED", State{Status: Completed, Progress: done}, false},
		{"COMPLETED, purging", State{Status: Completed, Progress: done, Sweep: SweepAll}, false},
		{"CANCELED, canceling", State{Status: Canceled, Progress: done, Sweep: SweepQueued}, true},
		{"CANCELED, canceling with force", State{Status: Canceled, Progress: done,
			Sweep: SweepPending}, true},
		{"CANCELED, done", State{Status: Canceled, Progress: done}, false},
		{"CANCELED, purging", State{Status: Canceled, Progress: done, Sweep: SweepAll}, false},
		{"DELETION_IN_PROGRESS", State{Status: DeletionInProgress, Progress: done, Sweep: SweepAll},
			false},
	} {
		if got := (Job{State: tt.state}).Concurrent(); got != tt.want {
			t.Errorf("R-JOB-40 %s: %v", tt.name, got)
		}
	}
}

// When a window is open next, and the next starts, from every side of an opening (R-SCH-8,
// R-SCH-11, R-SCH-15, R-SCH-19).
func TestOpenings(t *testing.T) {
	t.Parallel()
	two := []Window{daily(2, 0, 60), daily(2, 30, 10)}
	for _, tt := range []struct {
		name     string
		windows  []Window
		from     string
		opening  string
		starting string // the next start after that time
	}{
		{"before", two, "01:59", "02 02:00", "02 02:00"},
		{"at the opening", two, "02:00", "02 02:00", "02 02:30"},
		{"inside", two, "02:10", "02 02:10", "02 02:30"},
		{"inside both", two, "02:35", "02 02:35", "03 02:00"},
		{"the last minute", two, "02:59", "02 02:59", "03 02:00"},
		{"at the close", two, "03:00", "03 02:00", "03 02:00"},
		{"over midnight", []Window{daily(23, 30, 60)}, "00:29", "02 00:29", "02 23:30"},
		{"and after it", []Window{daily(23, 30, 60)}, "00:30", "02 23:30", "02 23:30"},
		{"none", nil, "02:00", "", ""},
		{"never again", []Window{{StartTime: "0 2 1 3 ? 2026", Minutes: 10}}, "02:00", "", ""},
	} {
		windows := (&ScheduleConfig{Windows: tt.windows}).windows()
		at := minuteOf(t, "2026-03-02 "+tt.from)
		show := func(times ...time.Time) string {
			if len(times) == 0 || times[0].IsZero() {
				return ""
			}
			return times[0].Format("02 15:04")
		}
		if got := show(windows.opening(at)); got != tt.opening {
			t.Errorf("%s: open next at %q, want %q", tt.name, got, tt.opening)
		}
		if got := show(windows.starts(at, time.Time{}, 3)...); got != tt.starting {
			t.Errorf("%s: starts next at %q, want %q", tt.name, got, tt.starting)
		}
	}
	if (*ScheduleConfig)(nil).Windowed() || (&ScheduleConfig{}).Windowed() ||
		!(&ScheduleConfig{Windows: two[:1]}).Windowed() ||
		!(&ScheduleConfig{Windows: two}).Windowed() {
		t.Error("a schedule is windowed when it has windows")
	}
}

// A tick creates its quota page by page, and the next comes a minute after it opened (R-ROLL-3,
// R-ROLL-13).
func TestTickInPages(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{
		Rollout: &RolloutConfig{MaximumPerMinute: 100}, TargetSelection: Snapshot,
	}}
	j.StartRollout([]Source{{Group: 1}}, 1, start)
	for _, tt := range []struct {
		after time.Duration
		quota int // may be created
		made  int
		due   time.Duration // -1: at once
	}{
		{0, 100, 60, -1},
		{time.Second, 40, 40, Tick},
		{59 * time.Second, 0, 0, Tick},
		{Tick, 100, 100, 2 * Tick},
		{2*Tick + 5*time.Second, 100, 1, -1}, // late by five seconds
	} {
		now := start.Add(tt.after)
		if quota := j.Tick(now); quota != tt.quota {
			t.Errorf("after %v: %d, want %d", tt.after, quota, tt.quota)
		}
		j.ReleasedExecutions(tt.made, RolloutCursor{After: "m"}, false, now)
		want := start.Add(tt.due)
		if tt.due < 0 {
			want = Immediately
		}
		if !j.Due.Equal(want) {
			t.Errorf("after %v: due at %v, want %v", tt.after, j.Due, want)
		}
	}
	// With the quota used up, the search for another target goes on at once, and ends the rollout
	// at this tick (R-ROLL-13) or waits for the next one.
	j.Tick(start.Add(3*Tick + 5*time.Second))
	j.ReleasedExecutions(100, RolloutCursor{Path: registry.GroupPath{{Group: 2, Name: "a"}}}, false,
		start.Add(3*Tick+5*time.Second))
	if j.SearchOn(start.Add(3*Tick + 5*time.Second)); !j.Due.Equal(Immediately) ||
		j.Next(start.Add(3*Tick+6*time.Second)) != WorkRelease {
		t.Errorf("R-ROLL-13: searching, due at %v", j.Due)
	}
	found := j
	found.ReleasedExecutions(0, RolloutCursor{After: "m"}, false, start.Add(3*Tick+6*time.Second))
	if !found.Due.Equal(start.Add(4*Tick + 5*time.Second)) {
		t.Errorf("R-ROLL-13: one is left, due at %v", found.Due)
	}
	j.ReleasedExecutions(0, RolloutCursor{Source: 1}, true, start.Add(3*Tick+7*time.Second))
	if !j.Progress.Finished || j.Progress.Quota != 0 || !j.Due.IsZero() ||
		j.Progress.Notified != 301 || j.Progress.Searching {
		t.Errorf("R-ROLL-13: %+v", j.Progress)
	}
}

// Counts: what moves, what is pending, what is executed, and how many there are (R-JOB-45,
// R-JOB-49, R-ABT-4).
func TestCounts(t *testing.T) {
	t.Parallel()
	var c Counts
	for i, status := range ExecutionStatuses() {
		c[status] = int64(1) << i
	}
	if c.Pending() != 3 || c.Total() != 255 {
		t.Errorf("pending %d of %d", c.Pending(), c.Total())
	}
	if want := c.Total() - c.Pending() - c[ExecutionRemoved] - c[ExecutionCanceled]; c.Executed() != want {
		t.Errorf("R-ABT-4: executed %d, want %d", c.Executed(), want)
	}
	c.Transfer(ExecutionQueued, ExecutionInProgress)
	if c[ExecutionQueued] != 0 || c[ExecutionInProgress] != 3 || c.Total() != 255 {
		t.Errorf("after a transfer: %v", c)
	}
}

// Hundredths of a percent as the comment of an abort writes them (R-ABT-13).
func TestHundredths(t *testing.T) {
	t.Parallel()
	for n, want := range map[int64]string{
		0: "0", 1: "0.01", 10: "0.1", 100: "1", 1050: "10.5", 3333: "33.33", 5000: "50",
		10000: "100", 9901: "99.01", 9990: "99.9",
	} {
		if got := hundredths(n); got != want {
			t.Errorf("%d: %s, want %s", n, got, want)
		}
	}
}

// Statuses of executions by name, and which are final (R-EXE-1, R-EXE-5).
func TestExecutionStatuses(t *testing.T) {
	t.Parallel()
	for _, status := range ExecutionStatuses() {
		parsed, ok := ParseExecutionStatus(status.String())
		pending := status == ExecutionQueued || status == ExecutionInProgress
		if !ok || parsed != status || status.Terminal() == pending {
			t.Errorf("%s: %v, %v, final %v", status, parsed, ok, status.Terminal())
		}
	}
	for _, name := range []string{"", "queued", "DONE"} {
		if _, ok := ParseExecutionStatus(name); ok {
			t.Errorf("%q is a status", name)
		}
	}
}

// The rules that hold for the first execution of a thing: fresh, first number, no timer (R-EXE-1,
// R-CON-14, R-CON-17).
func TestNewExecution(t *testing.T) {
	t.Parallel()
	key := ExecutionKey{Job: 1, Thing: registry.ThingID(2), Number: 3}
	want := Execution{
		ExecutionKey: key, Status: ExecutionQueued, Version: 1, QueuedAt: start, UpdatedAt: start,
	}
	if diff := cmp.Diff(want, NewExecution(key, start)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Timers at their deadlines, and the seconds that are shown (R-TMO-6, R-TMO-12, R-TMO-14).
func TestSecondsBeforeTimedOut(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name           string
		status         ExecutionStatus
		deadline, step time.Duration // 0: none
		after          time.Duration
		seconds        int64 // -1: no timer
	}{
		{"none", ExecutionInProgress, 0, 0, 0, -1},
		{"a minute", ExecutionInProgress, time.Minute, 0, 0, 60},
		{"rounded up", ExecutionInProgress, time.Minute, 0, time.Millisecond, 60},
		{"a second later", ExecutionInProgress, time.Minute, 0, time.Second, 59},
		{"a millisecond left", ExecutionInProgress, time.Minute, 0, time.Minute - time.Millisecond,
			1},
		{"at the deadline", ExecutionInProgress, time.Minute, 0, time.Minute, 0},
		{"long after", ExecutionInProgress, time.Minute, 0, time.Hour, 0},
		{"the step timer is earlier", ExecutionInProgress, time.Minute, 30 * time.Second, 0, 30},
		{"the step timer is later", ExecutionInProgress, time.Minute, time.Hour, 0, 60},
		{"only a step timer", ExecutionInProgress, 0, time.Minute, 0, 60},
		{"a nanosecond left", ExecutionInProgress, time.Minute, 0, time.Minute - 1, 1},
		{"R-TMO-14 not IN_PROGRESS", ExecutionQueued, time.Minute, 0, 0, -1},
		{"R-TMO-11 QUEUED, with a step timer", ExecutionQueued, 0, time.Minute, 0, -1},
		{"R-TMO-11 ended, with both", ExecutionFailed, time.Minute, time.Minute, 0, -1},
	} {
		x := Execution{Status: tt.status}
		if tt.deadline > 0 {
			x.Deadline = start.Add(tt.deadline)
		}
		if tt.step > 0 {
			x.StepDeadline = start.Add(tt.step)
		}
		seconds, ok := x.SecondsBeforeTimedOut(start.Add(tt.after))
		if ok != (tt.seconds >= 0) || ok && seconds != tt.seconds {
			t.Errorf("%s: %d, %v, want %d", tt.name, seconds, ok, tt.seconds)
		}
	}
}
