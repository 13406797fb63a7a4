package job

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// life runs a job through time as the engine does: it does what Next says until nothing is due,
// then goes on to the next due time. Every thing of the fleet is a target; devices do nothing by
// themselves.
type life struct {
	t      *testing.T
	job    Job
	things int
	now    time.Time
	trace  []string // what happened, with the time
}

// created begins the life of a job at start.
func created(t *testing.T, things int, d Definition) *life {
	t.Helper()
	l := &life{t: t, job: Job{ID: "j", Definition: d}, things: things, now: start}
	if !l.job.WaitForSchedule(l.now) {
		l.job.StartRollout([]Source{{Group: 1}}, 1, l.now)
	}
	l.note("created")
	l.work()
	return l
}

// note adds a line to the trace: the time, what happened, and where the job stands.
func (l *life) note(what string) {
	j := l.job
	l.trace = append(l.trace, fmt.Sprintf("%s %s: %s queued=%d total=%d", l.now.Format("02 15:04"),
		what, j.Status,
		j.Counts[ExecutionQueued], j.Counts.Total()))
}

// until goes on to a time, from one due time to the next.
func (l *life) until(day int, clock string) *life {
	l.t.Helper()
	end := minuteOf(l.t, fmt.Sprintf("2026-03-%02d %s", day, clock))
	for !l.job.Due.IsZero() && !l.job.Due.After(end) {
		if l.job.Due.After(l.now) {
			l.now = l.job.Due
		}
		l.work()
	}
	l.now = end
	return l
}

// work does what is due.
func (l *life) work() {
	l.t.Helper()
	for range 1000 {
		switch work := l.job.Next(l.now); work {
		case WorkNone:
			return
		case WorkRecompute:
			l.job.Recompute(l.now)
			l.note("recomputed")
		case WorkOpenWindow:
			if l.job.SkipMissedWindow(l.now) {
				l.note("missed a window")
			} else if l.job.RolloutStarted() {
				l.job.ResumeRollout(l.now)
				l.note("a window opens")
			} else {
				l.job.StartRollout([]Source{{Group: 1}}, 1, l.now)
				l.note("starts")
			}
		case WorkNotifyWindow:
			l.job.NotifiedWindow(ExecutionKey{Thing: 1}, true, l.now)
		case WorkLateJoiners:
			l.job.TookLateJoiners(false, l.now)
		case WorkRelease:
			left := l.things - int(l.job.Progress.Notified)
			n := min(l.job.Tick(l.now), left)
			l.job.ReleasedExecutions(n, RolloutCursor{}, n == left, l.now)
			l.note(fmt.Sprintf("released %d", n))
		case WorkSweep:
			event, statuses := l.job.Sweep.EventAndStatuses()
			for _, status := range statuses {
				for l.job.Counts[status] > 0 {
					l.end(status, event)
				}
			}
			l.job.FinishSweep(l.now)
			l.note("swept")
		default:
			l.t.Fatalf("unexpected work %d", work)
		}
	}
	l.t.Fatalf("the work never ends: %+v", l.job.State)
}

// end brings one execution in a status to its end by an event.
func (l *life) end(status ExecutionStatus, event Event) {
	l.t.Helper()
	out, err := ApplyEvent(l.job, Execution{Status: status}, event, l.now)
	if err != nil {
		l.t.Fatal(err)
	}
	l.job = out.Job
}

// want compares the trace.
func (l *life) want(lines ...string) {
	l.t.Helper()
	if got := strings.Join(l.trace, "\n"); got != strings.Join(lines, "\n") {
		l.t.Errorf("got\n%s\n\nwant\n%s", got, strings.Join(lines, "\n"))
	}
}

// at2 is a schedule with one window, daily at 02:00 for so many minutes.
func at2(minutes int) *ScheduleConfig {
	return &ScheduleConfig{Windows: []Window{daily(2, 0, minutes)}}
}

// The worked example 1 of docs/spec/20, section 9: a continuous job alternates with its windows
// (R-SCH-11, R-SCH-16, R-SCH-18, R-SCH-20, R-JOB-3, R-JOB-5).
func TestContinuousWithWindows(t *testing.T) {
	t.Parallel()
	created(t, 5, Definition{TargetSelection: Continuous, Schedule: at2(60)}).until(3,
		"12:00").want(
		"01 12:00 created: SCHEDULED queued=0 total=0",
		"02 02:00 starts: IN_PROGRESS queued=0 total=0",
		"02 02:00 released 5: IN_PROGRESS queued=5 total=5",
		"02 03:00 recomputed: SCHEDULED queued=5 total=5",
		"03 02:00 a window opens: IN_PROGRESS queued=5 total=5",
		"03 03:00 recomputed: SCHEDULED queued=5 total=5",
	)
}

// Example 2: nothing happens before the start time, then only inside windows (R-SCH-12).
func TestStartTimeBeforeWindow(t *testing.T) {
	t.Parallel()
	schedule := at2(60)
	schedule.StartAt = minuteOf(t, "2026-03-04 10:00")
	created(t, 1, Definition{TargetSelection: Continuous, Schedule: schedule}).until(5,
		"02:30").want(
		"01 12:00 created: SCHEDULED queued=0 total=0",
		"05 02:00 starts: IN_PROGRESS queued=0 total=0",
		"05 02:00 released 1: IN_PROGRESS queued=1 total=1",
	)
}

// Example 3: a rollout that does not fit into one window goes on in the next (R-SCH-16, R-SCH-18,
// R-ROLL-16).
func TestRolloutOverWindows(t *testing.T) {
	t.Parallel()
	created(t, 250, Definition{
		TargetSelection: Snapshot, Schedule: at2(2), Rollout: &RolloutConfig{MaximumPerMinute: 100},
	}).until(3, "02:01").want(
		"01 12:00 created: SCHEDULED queued=0 total=0",
		"02 02:00 starts: IN_PROGRESS queued=0 total=0",
		"02 02:00 released 100: IN_PROGRESS queued=100 total=100",
		"02 02:01 released 100: IN_PROGRESS queued=200 total=200",
		"02 02:02 recomputed: SCHEDULED queued=200 total=200",
		"03 02:00 a window opens: IN_PROGRESS queued=200 total=200",
		"03 02:00 released 50: IN_PROGRESS queued=250 total=250",
	)
}

// Examples 4 and 5: what the end behaviors make of 3 SUCCEEDED, 2 IN_PROGRESS, 5 QUEUED and 10
// things that were not notified (R-SCH-22 to R-SCH-24).
func TestEndBehaviors(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		behavior         EndBehavior
		status           Status
		canceled, queued int64
		running          int64
		reason           string
		forced           bool
	}{
		{StopRollout, InProgress, 0, 5, 2, "", false},
		{"", InProgress, 0, 5, 2, "", false},
		{CancelAtEnd, Canceled, 5, 0, 2, "SCHEDULE_END_CANCEL", false},
		{ForceCancel, Canceled, 7, 0, 0, "SCHEDULE_END_FORCE_CANCEL", true},
	} {
		end := minuteOf(t, "2026-03-01 12:30")
		l := created(t, 20, Definition{
			TargetSelection: Snapshot, Rollout: &RolloutConfig{MaximumPerMinute: 10},
			Schedule: &ScheduleConfig{EndAt: end, EndBehavior: tt.behavior},
		})
		for i := range 5 {
			out, err := ApplyEvent(l.job, Execution{Status: ExecutionQueued}, StartNext, start)
			if err != nil {
				t.Fatal(err)
			}
			if l.job = out.Job; i < 3 {
				l.end(ExecutionInProgress, ReportSucceeded)
			}
		}
		l.job.Progress.NextTick = end // the other ten would be released with the end: it comes first
		l.job.Recompute(start)
		l.until(1, "13:00")
		j := l.job
		if j.Status != tt.status || j.Counts[ExecutionCanceled] != tt.canceled ||
			j.Counts[ExecutionQueued] != tt.queued ||
			j.Counts[ExecutionInProgress] != tt.running || j.ReasonCode != tt.reason ||
			j.ForceCanceled != tt.forced {
			t.Errorf("%q: %+v", tt.behavior, j.State)
		}
		if j.Counts.Total() != 10 || !j.Progress.Finished {
			t.Errorf("%q: %d executions, the rollout has finished %v (R-SCH-22)", tt.behavior,
				j.Counts.Total(), j.Progress.Finished)
		}
		for l.job.Counts[ExecutionQueued] > 0 {
			l.end(ExecutionQueued, ReportSucceeded)
		}
		for l.job.Counts[ExecutionInProgress] > 0 {
			l.end(ExecutionInProgress, ReportSucceeded)
		}
		if want := map[Status]Status{InProgress: Completed,
			Canceled: Canceled}[tt.status]; l.job.Status != want {
			t.Errorf("%q: in the end %s, want %s (R-SCH-23)", tt.behavior, l.job.Status, want)
		}
	}
}

// At the end time of a job with nothing pending every behavior completes it (R-SCH-25), unless it
// never started (R-SCH-26).
func TestEndWithNothingPending(t *testing.T) {
	t.Parallel()
	for _, behavior := range []EndBehavior{"", StopRollout, CancelAtEnd, ForceCancel} {
		schedule := &ScheduleConfig{EndAt: start.Add(time.Hour), EndBehavior: behavior}
		l := created(t, 1, Definition{TargetSelection: Continuous, Schedule: schedule})
		l.end(ExecutionQueued, ReportSucceeded)
		if l.until(1, "14:00"); l.job.Status != Completed ||
			!l.job.CompletedAt.Equal(start.Add(time.Hour)) {
			t.Errorf("R-SCH-25 %q: %s at %v", behavior, l.job.Status, l.job.CompletedAt)
		}
		never := at2(60)
		never.EndAt, never.EndBehavior = start.Add(time.Hour), behavior
		l = created(t, 1, Definition{TargetSelection: Snapshot, Schedule: never}).until(2, "12:00")
		want := Completed
		if behavior == CancelAtEnd || behavior == ForceCancel {
			want = Canceled
		}
		if l.job.Status != want || l.job.Counts.Total() != 0 {
			t.Errorf("R-SCH-26 %q: %s, want %s", behavior, l.job.Status, want)
		}
	}
}

// The end time comes before a window that opens or closes at the same moment (R-SCH-27).
func TestEndBeforeWindow(t *testing.T) {
	t.Parallel()
	opens, closes := at2(60), at2(60)
	opens.EndAt = minuteOf(t, "2026-03-02 02:00")
	closes.EndAt = minuteOf(t, "2026-03-02 03:00")
	created(t, 1, Definition{TargetSelection: Continuous, Schedule: opens}).until(2, "12:00").want(
		"01 12:00 created: SCHEDULED queued=0 total=0",
		"02 02:00 recomputed: COMPLETED queued=0 total=0",
	)
	created(t, 1, Definition{TargetSelection: Continuous, Schedule: closes}).until(2, "12:00").want(
		"01 12:00 created: SCHEDULED queued=0 total=0",
		"02 02:00 starts: IN_PROGRESS queued=0 total=0",
		"02 02:00 released 1: IN_PROGRESS queued=1 total=1",
		"02 03:00 recomputed: IN_PROGRESS queued=1 total=1",
	)
}

// A window that closes at the end time hides nothing: devices see what is QUEUED until it ends, and
// are notified of neither a closed nor an open window (R-SCH-27).
func TestEndAtCloseHidesNothing(t *testing.T) {
	t.Parallel()
	closes := minuteOf(t, "2026-03-02 03:00")
	ends := map[EndBehavior]Status{StopRollout: InProgress, CancelAtEnd: Canceled}
	for behavior, want := range ends {
		j := between(t)
		j.Schedule.EndAt, j.Schedule.EndBehavior = closes, behavior
		j.Status, j.WindowEdge = InProgress, closes
		j.Recompute(closes)
		if j.Status != want || j.NotifyCursor != nil || j.Hidden(Execution{}) {
			t.Errorf("R-SCH-27 %s: %s, want %s; notifies from %v",
				behavior, j.Status, want, j.NotifyCursor)
		}
	}
}

// A cron expression that never fires again ends the rollout with its last window (R-SCH-21).
func TestLastWindow(t *testing.T) {
	t.Parallel()
	schedule := &ScheduleConfig{Windows: []Window{{StartTime: "0 2 2 3 ? 2026", Minutes: 1}}}
	l := created(t, 3, Definition{TargetSelection: Snapshot, Schedule: schedule,
		Rollout: &RolloutConfig{MaximumPerMinute: 1}})
	l.until(2, "12:00").want(
		"01 12:00 created: SCHEDULED queued=0 total=0",
		"02 02:00 starts: IN_PROGRESS queued=0 total=0",
		"02 02:00 released 1: IN_PROGRESS queued=1 total=1",
		"02 02:01 recomputed: IN_PROGRESS queued=1 total=1",
	)
	if !l.job.RolloutEnded || l.job.ScheduledRollouts(l.now) != nil {
		t.Errorf("R-SCH-21: %+v", l.job.State)
	}
	if l.end(ExecutionQueued, ReportFailed); l.job.Status != Completed {
		t.Errorf("R-SCH-23: %s", l.job.Status)
	}
}

// A window that passed while the server was away is skipped, and the job waits for the next one.
func TestMissedWindow(t *testing.T) {
	t.Parallel()
	l := created(t, 1, Definition{TargetSelection: Snapshot, Schedule: at2(60)})
	l.now = minuteOf(t, "2026-03-02 09:00")
	l.work()
	l.until(3, "02:00").want(
		"01 12:00 created: SCHEDULED queued=0 total=0",
		"02 09:00 missed a window: SCHEDULED queued=0 total=0",
		"03 02:00 starts: IN_PROGRESS queued=0 total=0",
		"03 02:00 released 1: IN_PROGRESS queued=1 total=1",
	)
	if skipped := l.job.SkipMissedWindow(l.now); skipped {
		t.Error("a window that is open was skipped")
	}
	if plain := (&Job{State: State{Status: Scheduled}}); plain.SkipMissedWindow(start) {
		t.Error("a job without windows skipped one")
	}
}

// After its last execution a snapshot job completes, also between windows (R-SCH-20).
func TestCompletesBetweenWindows(t *testing.T) {
	t.Parallel()
	l := created(t, 1, Definition{TargetSelection: Snapshot, Schedule: at2(60)}).until(2, "04:00")
	if l.job.Status != Scheduled {
		t.Fatalf("after the window: %s", l.job.Status)
	}
	if l.end(ExecutionQueued, ReportSucceeded); l.job.Status != Completed || !l.job.Due.IsZero() {
		t.Errorf("R-SCH-20: %s, due %v", l.job.Status, l.job.Due)
	}
}

// A job that may not start because too many are concurrent is canceled with the reason (R-JOB-4).
func TestCancelAtLimit(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{Schedule: at2(60), TargetSelection: Snapshot}}
	j.WaitForSchedule(start)
	j.CancelAtLimit(5, start.Add(14*time.Hour))
	const says = "the job could not start: 5 jobs were rolling out or being canceled, the most that are allowed"
	if j.Status != Canceled || j.ReasonCode != "JOB_CONCURRENCY_LIMIT" || j.Comment != says ||
		j.Sweep != SweepQueued {
		t.Errorf("R-JOB-4: %+v", j.State)
	}
}

// The transitions of a job that requests can bring about: every status with every request, what
// becomes of it, and what a refusal says (R-JOB-7 to R-JOB-9, R-JOB-27, R-JOB-30 to R-JOB-32,
// R-UPD-3, R-UPD-4).
func TestRequestsByStatus(t *testing.T) {
	t.Parallel()
	const (
		cancel = "job j is %s: only SCHEDULED and IN_PROGRESS jobs can be canceled"
		remove = "job j is %s: it can be deleted once it is COMPLETED or CANCELED, or with force"
		update = "job j is %s: only SCHEDULED and IN_PROGRESS jobs can be updated"
	)
	requests := map[string]func(*Job) error{
		"cancel":       func(j *Job) error { return j.CancelJob(Cancellation{}, start) },
		"force cancel": func(j *Job) error { return j.CancelJob(Cancellation{Force: true}, start) },
		"delete":       func(j *Job) error { return j.DeleteJob(false, 0, start) },
		"force delete": func(j *Job) error { return j.DeleteJob(true, 0, start) },
		"update": func(j *Job) error {
			_, err := j.ApplyUpdate(Update{Description: text("x")}, start)
			return err
		},
	}
	for _, tt := range []struct {
		status  Status
		request string
		after   Status
		says    string
	}{
		{Scheduled, "cancel", Canceled, ""}, {Scheduled, "force cancel", Canceled, ""},
		{Scheduled, "delete", "", remove},
		{Scheduled, "force delete", DeletionInProgress, ""}, {Scheduled, "update", Scheduled, ""},
		{InProgress, "cancel", Canceled, ""}, {InProgress, "force cancel", Canceled, ""},
		{InProgress, "delete", "", remove},
		{InProgress, "force delete", DeletionInProgress, ""},
		{InProgress, "update", InProgress, ""},
		{Completed, "cancel", "", cancel}, {Completed, "force cancel", "", cancel},
		{Completed, "delete", DeletionInProgress, ""},
		{Completed, "force delete", DeletionInProgress, ""}, {Completed, "update", "", update},
		{Canceled, "cancel", "", cancel}, {Canceled, "force cancel", Canceled, ""},
		{Canceled, "delete", DeletionInProgress, ""},
		{Canceled, "force delete", DeletionInProgress, ""}, {Canceled, "update", "", update},
		{DeletionInProgress, "cancel", "", cancel},
		{DeletionInProgress, "force cancel", "", cancel},
		{DeletionInProgress, "delete", "", remove},
		{DeletionInProgress, "force delete", "", remove},
		{DeletionInProgress, "update", "", update},
	} {
		j := Job{ID: "j", State: State{Status: tt.status}}
		err := requests[tt.request](&j)
		if tt.says != "" {
			f := fault.Of(err)
			if says := fmt.Sprintf(tt.says, tt.status); f == nil || f.Message != says ||
				j.Status != tt.status {
				t.Errorf("%s of %s: %v, want %s", tt.request, tt.status, err, says)
			}
		} else if err != nil || j.Status != tt.after {
			t.Errorf("%s of %s: %s, %v, want %s", tt.request, tt.status, j.Status, err, tt.after)
		}
	}
}

// A cancellation in the middle of everything leaves nothing behind that would go on (R-JOB-20,
// R-JOB-36).
func TestCancelStopsEverything(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{TargetSelection: Continuous, Schedule: at2(60)}, State: State{
		Status: InProgress, WindowEdge: start.Add(time.Hour), NotifyCursor: &ExecutionCursor{},
		LateJoinersWaiting: true,
		Backfill:           &RolloutCursor{}, Progress: Progress{Quota: 7, NextTick: start},
	}}
	if err := j.CancelJob(Cancellation{}, start); err != nil {
		t.Fatal(err)
	}
	j.FinishSweep(start)
	if !j.Due.IsZero() || j.Next(start.AddDate(9, 0, 0)) != WorkNone {
		t.Errorf("something goes on: %+v", j.State)
	}
}
