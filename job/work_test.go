package job

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// The kinds of work by the facts that make them due, one row each, and in which order they come
// when several are due at once (R-JOB-20, R-JOB-35, R-SCH-16 to R-SCH-18, R-JOB-56, R-API-22,
// R-ROLL-3).
func TestNext(t *testing.T) {
	t.Parallel()
	past, future := start.Add(-time.Second), start.Add(time.Second)
	all := State{ // everything that can be due in this status, at once
		NotifyCursor: &ExecutionCursor{}, LateJoinersWaiting: true, Backfill: &RolloutCursor{},
		Progress: Progress{Quota: 1, NextTick: past},
	}
	with := func(status Status, change func(*State)) State {
		s := all
		s.Status = status
		change(&s)
		return s
	}
	for _, tt := range []struct {
		name  string
		state State
		want  Work
	}{
		{"nothing", State{Status: InProgress}, WorkNone},
		{"ended", State{Status: Completed}, WorkNone},
		{"a deletion before all", with(DeletionInProgress, func(s *State) { s.Sweep = SweepAll }),
			WorkDelete},
		{"a purge", State{Status: Completed, Sweep: SweepAll}, WorkDelete},
		{"a cancellation", with(Canceled, func(s *State) { s.Sweep = SweepQueued }), WorkSweep},
		{"a forced one", with(Canceled, func(s *State) { s.Sweep = SweepPending }), WorkSweep},
		{"canceled and done", with(Canceled,
			func(s *State) { s.Progress = Progress{Finished: true} }), WorkNone},
		{"an opening that has come", with(Scheduled, func(s *State) { s.WindowEdge = start }),
			WorkOpenWindow},
		{"before devices are notified of the last close", State{
			Status: Scheduled, WindowEdge: past, NotifyCursor: &ExecutionCursor{},
		}, WorkOpenWindow},
		{"an opening to come", State{Status: Scheduled, WindowEdge: future}, WorkNone},
		{"notices of a close", State{
			Status: Scheduled, WindowEdge: future, NotifyCursor: &ExecutionCursor{},
		}, WorkNotifyWindow},
		{"notices come first", with(InProgress, func(*State) {}), WorkNotifyWindow},
		{"then late joiners", with(InProgress, func(s *State) { s.NotifyCursor = nil }),
			WorkLateJoiners},
		{"not while SCHEDULED", with(Scheduled, func(s *State) {
			s.NotifyCursor, s.WindowEdge, s.Backfill = nil, future, nil
		}), WorkNone},
		{"but who a back-fill is for is found out", with(Scheduled, func(s *State) {
			s.NotifyCursor, s.WindowEdge = nil, future
		}), WorkBackfill},
		{"then the back-fill", with(InProgress, func(s *State) {
			s.NotifyCursor, s.LateJoinersWaiting = nil, false
		}), WorkBackfill},
		{"then the tick", with(InProgress, func(s *State) {
			s.NotifyCursor, s.LateJoinersWaiting, s.Backfill = nil, false, nil
		}), WorkRelease},
		{"the rest of a tick", State{Status: InProgress,
			Progress: Progress{Quota: 1, NextTick: future}}, WorkRelease},
		{"a tick that has come", State{Status: InProgress, Progress: Progress{NextTick: start}},
			WorkRelease},
		{"a tick to come", State{Status: InProgress, Progress: Progress{NextTick: future}},
			WorkNone},
	} {
		j := Job{Definition: Definition{TargetSelection: Continuous}, State: tt.state}
		if got := j.Next(start); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
		j.Due = j.due(start)
		if due := reached(j.Due, start); due != (tt.want != WorkNone) {
			t.Errorf("%s: due at %v, and what comes next is %d", tt.name, j.Due, tt.want)
		}
	}
}

// Time alone ends a job, closes its window or completes it, and then nothing else is done before
// (R-SCH-16, R-SCH-22, R-SCH-27).
func TestNextIsToRecompute(t *testing.T) {
	t.Parallel()
	end := ScheduleConfig{EndAt: start}
	window := ScheduleConfig{Windows: []Window{daily(11, 0, 60)}} // closes at start
	for _, tt := range []struct {
		name     string
		schedule ScheduleConfig
		state    State
		want     Work
	}{
		{"the end time, before a tick", end,
			State{Status: InProgress, Progress: Progress{Quota: 5}}, WorkRecompute},
		{"the end time, before a tick, while one pends", end, State{
			Status: InProgress, Progress: Progress{Quota: 5}, Counts: Counts{ExecutionQueued: 1},
		}, WorkRecompute},
		{"the end time of one that waits", end, State{Status: Scheduled, WindowEdge: start},
			WorkRecompute},
		{"a window that closes", window, State{
			Status: InProgress, WindowEdge: start, Progress: Progress{Quota: 5},
		}, WorkRecompute},
		{"it has ended before", end, State{
			Status: InProgress, RolloutEnded: true, Counts: Counts{ExecutionQueued: 1}, Due: start,
		}, WorkRecompute},
		{"and was recomputed since", end, State{
			Status: InProgress, RolloutEnded: true, Counts: Counts{ExecutionQueued: 1},
		}, WorkNone},
		{"a sweep that runs", end, State{Status: Canceled, Sweep: SweepQueued}, WorkSweep},
	} {
		j := Job{Definition: Definition{TargetSelection: Continuous, Schedule: &tt.schedule},
			State: tt.state}
		if got := j.Next(start); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// randomJob is a job in some state that it might be in, at a time around start.
func randomJob(r *rand.Rand) Job {
	pick := func(n int) bool { return r.IntN(n) == 0 }
	around := func() time.Time { return start.Add(time.Duration(r.IntN(241)-120) * time.Minute) }
	j := Job{ID: "j", Definition: Definition{TargetSelection: []TargetSelection{Snapshot,
		Continuous}[r.IntN(2)]}}
	j.Status = []Status{Scheduled, InProgress, InProgress, InProgress, Completed, Canceled,
		DeletionInProgress}[r.IntN(7)]
	if pick(2) || j.Status == Scheduled {
		j.Schedule = &ScheduleConfig{EndBehavior: []EndBehavior{"", StopRollout, CancelAtEnd,
			ForceCancel}[r.IntN(4)]}
		if pick(2) {
			j.Schedule.EndAt = around()
		}
		for range r.IntN(3) {
			j.Schedule.Windows = append(j.Schedule.Windows,
				daily(8+r.IntN(8), r.IntN(60), 1+r.IntN(120)))
		}
		if len(j.Schedule.Windows) > 0 || j.Status == Scheduled {
			j.WindowEdge = around()
		}
	}
	j.Sources = []Source{{Group: 1}}
	j.Counts[ExecutionQueued], j.Counts[ExecutionInProgress] = int64(r.IntN(3)), int64(r.IntN(2))
	if j.Status == Canceled || j.Status == DeletionInProgress {
		j.Sweep = []Sweep{NoSweep, SweepQueued, SweepPending, SweepAll}[r.IntN(4)]
		j.Progress.finish()
		return j
	}
	if j.Progress.Finished = pick(3); !j.Progress.Finished && j.Status == InProgress {
		j.Progress.NextTick, j.Progress.Quota = around(), r.IntN(2)*r.IntN(100)
		j.Progress.Searching = pick(5)
	}
	if pick(4) {
		j.NotifyCursor = &ExecutionCursor{Thing: 1}
	}
	if pick(5) {
		j.Paused = "later"
	}
	if pick(5) {
		j.Steered = &Steered{RetriesWaiting: int64(r.IntN(3))}
		if pick(2) {
			j.Steered.Retry = &RetryPass{Statuses: []ExecutionStatus{ExecutionFailed}}
		}
	}
	if pick(3) {
		j.Steering = &Steering{MaxOutstanding: int64(r.IntN(4))}
		if pick(2) {
			j.Steering.Waves = []Wave{{PercentHundredths: 5, Soak: time.Duration(r.IntN(2)) * time.Hour},
				{PercentHundredths: 10000}}
			if pick(2) {
				j.steered().Waves = []WaveState{{Created: int64(r.IntN(2)), LastRelease: around(), Released: pick(2)}}
			}
		}
	}
	if j.TargetSelection == Continuous && j.Status == InProgress {
		j.LateJoinersWaiting = pick(4)
		if pick(4) {
			j.Backfill = &RolloutCursor{}
		}
	}
	return j
}

// Due and Next cannot disagree: a job that is due has work to do, and one that has work is due.
// Else the due loop would spin, or work would wait for ever.
func TestDueAndNextAgree(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(7, 31))
	seen := map[Work]int{}
	for range 4000 {
		j := randomJob(r)
		j.Recompute(start)
		for _, later := range []time.Duration{0, time.Millisecond, time.Minute, time.Hour,
			5 * time.Hour} {
			now := start.Add(later)
			next := j.Next(now)
			seen[next]++
			if (next == WorkNone) != !reached(j.Due, now) {
				t.Fatalf("%v later: due at %v, next is %d: %+v", later, j.Due, next, j.State)
			}
		}
		if next := j.Next(start); next == WorkRecompute {
			t.Fatalf("just recomputed, and nothing else to do: %+v", j.State)
		}
	}
	for work := WorkNone; work <= WorkRelease; work++ {
		if seen[work] < 20 {
			t.Errorf("work %d came up %d times: the test does not try it", work, seen[work])
		}
	}
}

// Recomputing twice is the same as once, and never wakes a job that has ended (R-JOB-11).
func TestRecomputeTwice(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(8, 31))
	for range 4000 {
		j := randomJob(r)
		before := j.Status
		j.Recompute(start)
		if !before.Active() && j.Status != before {
			t.Fatalf("%s became %s", before, j.Status)
		}
		again := j
		again.Recompute(start)
		if !reflect.DeepEqual(again, j) {
			t.Fatalf("a second time changes %+v to %+v", j.State, again.State)
		}
	}
}

// Every exported method that changes a job leaves it recomputed, so no caller has to remember to.
// The table must name all of them.
func TestMutatorsRecompute(t *testing.T) {
	t.Parallel()
	associated := Association{Targets: targetsNamed("g"),
		Sources: []Source{{Target: 1, Group: 2, NewestMembership: 1}}}
	mutators := map[string]func(*Job){
		"AdvanceBackfill": func(j *Job) { j.AdvanceBackfill(RolloutCursor{}, true, start) },
		"ApplyUpdate": func(j *Job) {
			_,
				_ = j.ApplyUpdate(Update{Rollout: &RolloutConfig{}}, start)
		},
		"Associate":          func(j *Job) { _ = j.Associate(associated, nil, 100, start) },
		"CancelAtLimit":      func(j *Job) { j.CancelAtLimit(1, start) },
		"CancelJob":          func(j *Job) { _ = j.CancelJob(Cancellation{}, start) },
		"ClockWentBack":      func(j *Job) { j.ClockWentBack(start) },
		"ConfirmedExecution": func(j *Job) { j.ConfirmedExecution(Execution{Wave: 1}, start) },
		"DropConfirmation":   func(j *Job) { j.DropConfirmation(Execution{Wave: 1}, start) },
		"SilentExecution":    func(j *Job) { j.SilentExecution(Execution{Wave: 1}, start) },

		"DeleteJob":        func(j *Job) { _ = j.DeleteJob(true, 0, start) },
		"ExecutionDeleted": func(j *Job) { j.ExecutionDeleted(Execution{}, start) },
		"FinishSweep":      func(j *Job) { j.FinishSweep(start) },
		"NotifiedWindow": func(j *Job) {
			j.NotifiedWindow(ExecutionKey{Thing: 7}, true,
				start)
		},
		"Purge":            func(j *Job) { j.Purge(start) },
		"QueuedLateJoiner": func(j *Job) { j.QueuedLateJoiner(start) },
		"Recompute":        func(j *Job) { j.Recompute(start) },
		"ReleasedExecutions": func(j *Job) {
			j.ReleasedExecutions(1, RolloutCursor{}, true,
				start)
		},
		"ResumeRollout":    func(j *Job) { j.ResumeRollout(start) },
		"SearchOn":         func(j *Job) { j.SearchOn(start) },
		"SkipMissedWindow": func(j *Job) { j.SkipMissedWindow(start) },
		"StartRollout":     func(j *Job) { j.StartRollout([]Source{{Group: 1}}, 1, start) },
		"Tick":             func(j *Job) { j.Tick(start) },
		"TookLateJoiners":  func(j *Job) { j.TookLateJoiners(true, start) },
		"Steer":            func(j *Job) { _ = j.Steer(nil, "later", start) },
		"ApproveWave":      func(j *Job) { _ = j.ApproveWave(0, start) },
		"BeginWave":        func(j *Job) { j.BeginWave(0, start) },
		"JudgeWave": func(j *Job) {
			if _, _, n := j.CurrentWave(); n > 0 {
				j.JudgeWave(start)
			}
		},
		"RetryFailed":        func(j *Job) { _ = j.RetryFailed([]ExecutionStatus{ExecutionFailed}, nil, start) },
		"RetryTick":          func(j *Job) { j.RetryTick(start) },
		"TookRetries":        func(j *Job) { j.TookRetries(nil, RetryPass{}, true, start) },
		"TookWaitingRetries": func(j *Job) { j.TookWaitingRetries(1, nil, true, start) },
		"WaitForSchedule":    func(j *Job) { j.WaitForSchedule(start) },
	}
	pointer := reflect.TypeFor[*Job]()
	for i := range pointer.NumMethod() {
		name := pointer.Method(i).Name
		if _, byValue := reflect.TypeFor[Job]().MethodByName(name); !byValue &&
			mutators[name] == nil {
			t.Errorf("%s changes a job and is not in this table", name)
		}
	}
	r := rand.New(rand.NewPCG(9, 31))
	for name, change := range mutators {
		for range 500 {
			j := randomJob(r)
			j.Recompute(start)
			if !j.Status.Active() && strings.Contains("ResumeRollout SkipMissedWindow StartRollout Tick CancelAtLimit", name) {
				continue // they are for jobs that may still roll out
			}
			change(&j)
			after := j
			after.Recompute(start)
			if !reflect.DeepEqual(after, j) {
				t.Fatalf("%s leaves %+v, which recomputes to %+v", name, j.State, after.State)
			}
		}
	}
}

// Jobs that are due take turns by key, after the last one and around the end.
func TestNextTurn(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		due  []Key
		last Key
		want Key
	}{
		{[]Key{3, 7, 9}, 0, 3},
		{[]Key{3, 7, 9}, 3, 7},
		{[]Key{9, 7, 3}, 7, 9}, // due is by time, not by key
		{[]Key{3, 7, 9}, 9, 3},
		{[]Key{3, 7, 9}, 5, 7},
		{[]Key{3, 7, 9}, 100, 3},
		{[]Key{4}, 4, 4},
	} {
		if got := NextTurn(tt.due, tt.last); got != tt.want {
			t.Errorf("of %v after %d: %d, want %d", tt.due, tt.last, got, tt.want)
		}
	}
	due, last, turns := []Key{5, 2, 8, 1}, Key(0), []Key{}
	for range 8 {
		last = NextTurn(due, last)
		turns = append(turns, last)
	}
	if want := []Key{1, 2, 5, 8, 1, 2, 5, 8}; !slices.Equal(turns, want) {
		t.Errorf("turns %v, want %v", turns, want)
	}
}

// What is due for one execution before a device's request about it is decided: its deadline has
// come (R-TMO-10), or a sweep is about to end it (R-JOB-20, R-JOB-35).
func TestNextFor(t *testing.T) {
	t.Parallel()
	running := Execution{Status: ExecutionInProgress, Deadline: start}
	stepping := Execution{Status: ExecutionInProgress, Deadline: start.Add(time.Hour),
		StepDeadline: start}
	for _, tt := range []struct {
		name  string
		sweep Sweep
		x     Execution
		now   time.Time
		want  ExecutionWork
	}{
		{"queued", NoSweep, Execution{}, start, ExecutionWorkNone},
		{"R-TMO-10 a millisecond early", NoSweep, running, start.Add(-time.Millisecond),
			ExecutionWorkNone},
		{"R-TMO-10 at the deadline", NoSweep, running, start, ExecutionWorkTimeOut},
		{"R-TMO-10 long after", NoSweep, running, start.Add(time.Hour), ExecutionWorkTimeOut},
		{"R-TMO-6 the step timer", NoSweep, stepping, start, ExecutionWorkTimeOut},
		{"no timer", NoSweep, Execution{Status: ExecutionInProgress}, start, ExecutionWorkNone},
		{"R-JOB-21 swept when queued", SweepQueued, Execution{}, start, ExecutionWorkSweep},
		{"R-JOB-21 not in progress", SweepQueued, Execution{Status: ExecutionInProgress}, start,
			ExecutionWorkNone},
		{"R-JOB-21 but its timer", SweepQueued, running, start, ExecutionWorkTimeOut},
		{"R-JOB-22 forced, before its timer", SweepPending, running, start, ExecutionWorkSweep},
		{"R-JOB-35 deleted", SweepAll, running, start, ExecutionWorkSweep},
		{"ended", SweepAll, Execution{Status: ExecutionFailed}, start, ExecutionWorkNone},
	} {
		if got := (Job{State: State{Sweep: tt.sweep}}).NextFor(tt.x, tt.now); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// What a schedule makes of a job does not depend on when the due loop comes to it: a request first
// sees the job as its schedule has it (R-SCH-16, R-SCH-22).
func TestApplySchedule(t *testing.T) {
	t.Parallel()
	window := &ScheduleConfig{Windows: []Window{daily(11, 0, 60)}} // 11:00 to 12:00, which is start
	ends := &ScheduleConfig{EndAt: start}
	for _, tt := range []struct {
		name     string
		schedule *ScheduleConfig
		state    State
		now      time.Time
		changed  bool
		status   Status
		edge     string
	}{
		{"none", nil, State{Status: InProgress}, start, false, InProgress, ""},
		{"open", window, State{Status: InProgress, WindowEdge: start}, start.Add(-1), false,
			InProgress, "01 12:00"},
		{"closes", window, State{Status: InProgress, WindowEdge: start}, start, true, Scheduled,
			"02 11:00"},
		{"an opening is not gone through here", window,
			State{Status: Scheduled, WindowEdge: start.Add(-time.Hour)},
			start.Add(-time.Minute), false, Scheduled, "01 11:00"},
		{"one that was missed is", window,
			State{Status: Scheduled, WindowEdge: start.Add(-time.Hour)},
			start, false, Scheduled, "02 11:00"},
		{"ends", ends, State{Status: InProgress, Counts: Counts{ExecutionQueued: 1}}, start, true,
			InProgress, ""},
		{"has ended", ends, State{Status: InProgress, RolloutEnded: true,
			Counts: Counts{ExecutionQueued: 1}},
			start, false, InProgress, ""},
		{"is over", ends, State{Status: Canceled}, start, false, Canceled, ""},
	} {
		j := Job{Definition: Definition{Schedule: tt.schedule, TargetSelection: Continuous},
			State: tt.state}
		before := fmt.Sprintf("%+v", j)
		after, changed := j.ApplySchedule(tt.now)
		edge := ""
		if !after.WindowEdge.IsZero() {
			edge = after.WindowEdge.Format("02 15:04")
		}
		if changed != tt.changed || after.Status != tt.status || edge != tt.edge {
			t.Errorf("%s: %s, edge %s, changed %v, want %s, %s, %v", tt.name, after.Status, edge,
				changed,
				tt.status, tt.edge, tt.changed)
		}
		if fmt.Sprintf("%+v", j) != before {
			t.Errorf("%s: the job itself changed", tt.name)
		}
	}
}
