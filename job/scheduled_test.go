package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// between is a continuous job that waits for its window of 02:00 to 03:00, with one execution.
func between(t *testing.T) Job {
	t.Helper()
	return Job{
		Definition: Definition{
			TargetSelection: Continuous,
			Schedule:        at2(60),
			Sources:         []Source{{Group: 1}},
		},
		State: State{
			Status:     Scheduled,
			WindowEdge: minuteOf(t, "2026-03-02 02:00"),
			Counts:     Counts{ExecutionQueued: 1},
			UpdatedAt:  start,
		},
	}
}

// When a SCHEDULED job may go on: from its edge on, and no other job ever (R-SCH-10, R-SCH-16).
func TestReachedWindowEdge(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		s    State
		want bool
	}{
		{"just before", State{Status: Scheduled, WindowEdge: start.Add(1)}, false},
		{"at the edge", State{Status: Scheduled, WindowEdge: start}, true},
		{"long after", State{Status: Scheduled, WindowEdge: start.AddDate(-1, 0, 0)}, true},
		{"without an edge", State{Status: Scheduled}, false},
		{"IN_PROGRESS, the window closes", State{Status: InProgress, WindowEdge: start}, false},
	} {
		if got := tt.s.ReachedWindowEdge(start); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// A job that waits for its start time and then for a window waits for the window after the start,
// whenever it is asked (R-SCH-12).
func TestStartTimeIsNotSkipped(t *testing.T) {
	t.Parallel()
	schedule := at2(60)
	schedule.StartAt = minuteOf(t, "2026-03-04 10:00")
	j := Job{Definition: Definition{Schedule: schedule, TargetSelection: Snapshot}}
	j.WaitForSchedule(start)
	for _, at := range []string{"2026-03-01 12:01", "2026-03-03 02:30", "2026-03-05 01:59"} {
		after, changed := j.ApplySchedule(minuteOf(t, at))
		if want := minuteOf(t, "2026-03-05 02:00"); changed || !after.WindowEdge.Equal(want) {
			t.Errorf("R-SCH-12 at %s: waits for %v, changed %v", at, after.WindowEdge, changed)
		}
	}
}

// The rollout has begun once its sources are there, also when it found none and ended at once
// (R-JOB-15, R-JOB-52).
func TestRolloutStarted(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		job  Job
		want bool
	}{
		{"not started", Job{}, false},
		{"one source", Job{Definition: Definition{Sources: []Source{{Thing: 1}}}}, true},
		{"R-JOB-15 no target was left", Job{State: State{Progress: Progress{Finished: true}}}, true},
	} {
		if got := tt.job.RolloutStarted(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// What the opening of a window brings: devices are notified, the first tick is due at once unless
// the rollout is over, and a continuous job looks for things that entered meanwhile (R-SCH-18,
// R-ROLL-16, R-JOB-56).
func TestResumeRollout(t *testing.T) {
	t.Parallel()
	opening := minuteOf(t, "2026-03-02 02:00")
	for _, tt := range []struct {
		name     string
		kind     TargetSelection
		finished bool
	}{
		{"continuous", Continuous, false},
		{"continuous, all released", Continuous, true},
		{"snapshot", Snapshot, false},
		{"snapshot, all released", Snapshot, true},
	} {
		j := between(t)
		j.TargetSelection, j.Progress.Finished = tt.kind, tt.finished
		j.ResumeRollout(opening)
		want := State{
			Status:             InProgress,
			WindowEdge:         opening.Add(time.Hour),
			Counts:             j.Counts,
			UpdatedAt:          opening,
			NotifyCursor:       &ExecutionCursor{},
			LateJoinersWaiting: tt.kind == Continuous,
			Progress:           Progress{Finished: tt.finished},
			Due:                Immediately,
		}
		if !tt.finished {
			want.Progress.NextTick = opening
		}
		if diff := cmp.Diff(want, j.State); diff != "" {
			t.Errorf("R-SCH-18 %s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// What the close of a window brings, in the middle of a tick: the rest of the tick is dropped, late
// joiners wait, and devices are notified (R-SCH-16, R-SCH-17, R-ROLL-16). One minute earlier
// nothing changes; and when the job is looked at so late that the next window is open, it goes on.
func TestCloseWindow(t *testing.T) {
	t.Parallel()
	closing := minuteOf(t, "2026-03-02 03:00")
	inside := Progress{Quota: 40, NextTick: closing.Add(30 * time.Second), Ticked: true, Notified: 60}
	paused := Progress{Ticked: true, Notified: 60}
	for _, tt := range []struct {
		name     string
		at       string
		status   Status
		edge     string
		progress Progress
		notify   bool
		waiting  bool
	}{
		{"a minute before", "2026-03-02 02:59", InProgress, "02 03:00", inside, false, true},
		{"R-SCH-15 at the close", "2026-03-02 03:00", Scheduled, "03 02:00", paused, true, false},
		{"hours later", "2026-03-02 23:00", Scheduled, "03 02:00", paused, true, false},
		{"in the next window", "2026-03-03 02:30", InProgress, "03 03:00", inside, false, true},
		{"after the next window", "2026-03-03 03:00", Scheduled, "04 02:00", paused, true, false},
	} {
		j := between(t)
		j.Status, j.WindowEdge, j.Progress, j.LateJoinersWaiting = InProgress, closing, inside, true
		j.Recompute(minuteOf(t, tt.at))
		if j.Status != tt.status || j.WindowEdge.Format("02 15:04") != tt.edge {
			t.Errorf("R-SCH-16 %s: %s, edge %v, want %s, %s", tt.name, j.Status, j.WindowEdge,
				tt.status, tt.edge)
		}
		if diff := cmp.Diff(tt.progress, j.Progress); diff != "" {
			t.Errorf("R-ROLL-16 %s (-want +got):\n%s", tt.name, diff)
		}
		if (j.NotifyCursor != nil) != tt.notify || j.LateJoinersWaiting != tt.waiting {
			t.Errorf("R-SCH-17 %s: notifies %v, late joiners %v", tt.name, j.NotifyCursor != nil,
				j.LateJoinersWaiting)
		}
	}
}

// A missed window changes nothing but the time that is waited for: the status stays, so devices are
// not notified and lastUpdatedAt does not change (R-JOB-18).
func TestSkippedWindowIsQuiet(t *testing.T) {
	t.Parallel()
	j := between(t)
	want := j.State
	want.WindowEdge = minuteOf(t, "2026-03-03 02:00")
	want.Due = want.WindowEdge
	if !j.SkipMissedWindow(minuteOf(t, "2026-03-02 03:00")) {
		t.Error("a window that has closed was not skipped")
	}
	if diff := cmp.Diff(want, j.State); diff != "" {
		t.Errorf("R-JOB-18 (-want +got):\n%s", diff)
	}
}

// A rollout that is stopped at the end time leaves the job IN_PROGRESS while something pends, never
// SCHEDULED, and devices see again what a window had hidden (R-SCH-22, R-SCH-23, R-SCH-26). When
// the rollout had ended before, after its last window, the end time changes nothing (R-JOB-18).
func TestStopAtEndTime(t *testing.T) {
	t.Parallel()
	end := minuteOf(t, "2026-03-01 18:00")
	for _, tt := range []struct {
		name    string
		change  func(*Job)
		at      time.Time
		status  Status
		notify  bool
		updated time.Time
	}{
		{"just before", func(*Job) {}, end.Add(-1), Scheduled, false, start},
		{"R-SCH-23 between windows", func(*Job) {}, end, InProgress, true, end},
		{"R-SCH-23 inside one", func(j *Job) { j.Status = InProgress }, end, InProgress, false, end},
		{"R-SCH-25 nothing pends", func(j *Job) { j.Counts = Counts{} }, end, Completed, true, end},
		{"R-SCH-26 never started", func(j *Job) { j.Sources, j.Counts = nil, Counts{} }, end,
			Completed, false, end},
		{"R-SCH-21 it had ended before", func(j *Job) {
			j.Status, j.RolloutEnded, j.WindowEdge = InProgress, true, time.Time{}
		}, end, InProgress, false, start},
	} {
		j := between(t)
		j.Schedule.EndAt, j.Schedule.EndBehavior = end, StopRollout
		tt.change(&j)
		j.Recompute(tt.at)
		if j.Status != tt.status || (j.NotifyCursor != nil) != tt.notify {
			t.Errorf("%s: %s, notifies %v", tt.name, j.Status, j.NotifyCursor != nil)
		}
		if !j.UpdatedAt.Equal(tt.updated) {
			t.Errorf("R-JOB-18 %s: updated at %v, want %v", tt.name, j.UpdatedAt, tt.updated)
		}
	}
}

// The service says why it canceled a job at its end time (docs/spec/20, section 4; R-SCH-24). One
// that it only stopped has no reason.
func TestEndTimeComment(t *testing.T) {
	t.Parallel()
	const says = "the end time 2026-03-01 18:00 was reached"
	for behavior, want := range map[EndBehavior]string{
		CancelAtEnd: says, ForceCancel: says, StopRollout: "", "": "",
	} {
		j := between(t)
		j.Schedule.EndAt = minuteOf(t, "2026-03-01 18:00")
		j.Schedule.EndBehavior = behavior
		if j.Recompute(j.Schedule.EndAt); j.Comment != want {
			t.Errorf("R-SCH-24 %q: %q, want %q", behavior, j.Comment, want)
		}
	}
}

// What has ended stays as it is, whatever its schedule says later, and waits for no end time
// (R-JOB-11, R-SCH-22).
func TestEndedStaysEnded(t *testing.T) {
	t.Parallel()
	for _, status := range []Status{Completed, Canceled, DeletionInProgress} {
		for _, behavior := range []EndBehavior{StopRollout, CancelAtEnd, ForceCancel} {
			j := between(t)
			j.Status, j.WindowEdge = status, time.Time{}
			j.Schedule.EndAt, j.Schedule.EndBehavior = start, behavior
			before := j
			for _, after := range []time.Duration{-time.Hour, 0, time.Hour} {
				j.Recompute(start.Add(after))
				if diff := cmp.Diff(before.State, j.State); diff != "" {
					t.Errorf("%s, %s, %v (-want +got):\n%s", status, behavior, after, diff)
				}
			}
		}
	}
}

// When a continuous job completes: at its end time with nothing pending, not before, and never
// without an end time, also when no window opens any more (R-JOB-12, R-JOB-13, R-SCH-21).
func TestContinuousCompletes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		rule    string
		end     time.Time
		ended   bool // its last window has passed
		pending int64
		want    Status
	}{
		{"R-JOB-12 without an end time", time.Time{}, false, 0, InProgress},
		{"R-SCH-21 after the last window, without an end time", time.Time{}, true, 0, InProgress},
		{"R-SCH-21 after the last window, before the end time", start.Add(1), true, 0, InProgress},
		{"R-JOB-13 before the end time", start.Add(1), false, 0, InProgress},
		{"R-JOB-13 at the end time", start, false, 0, Completed},
		{"R-JOB-13 at the end time, after the last window", start, true, 0, Completed},
		{"R-JOB-13 while one pends", start, true, 1, InProgress},
	} {
		j := Job{Definition: Definition{TargetSelection: Continuous, Sources: []Source{{Group: 1}},
			Schedule: &ScheduleConfig{EndAt: tt.end}}, State: State{Status: InProgress}}
		j.RolloutEnded, j.Counts[ExecutionQueued] = tt.ended, tt.pending
		j.Progress.Finished = tt.ended
		if j.Recompute(start); j.Status != tt.want {
			t.Errorf("%s: %s, want %s", tt.rule, j.Status, tt.want)
		}
	}
}
