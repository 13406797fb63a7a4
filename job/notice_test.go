package job

import (
	"testing"
	"time"
)

// The table of docs/spec/31, section 6, over a thing with A and B pending (R-MQTT-38, R-MQTT-39, R-CLI-26).
func TestNoticeOfChange(t *testing.T) {
	t.Parallel()
	x := func(number int64, status ExecutionStatus) Execution {
		return Execution{
			ExecutionKey: ExecutionKey{Job: Key(number), Thing: 7, Number: 1},
			Status:       status,
			QueuedAt:     start.Add(time.Duration(number) * time.Second),
			Sequence:     number,
		}
	}
	a, b := x(1, ExecutionQueued), x(2, ExecutionQueued)
	runningA, runningB := x(1, ExecutionInProgress), x(2, ExecutionInProgress)
	list, both, next, none := Notice{Notify: true}, Notice{true, true}, Notice{NotifyNext: true},
		Notice{}
	to := func(x Execution, status ExecutionStatus) Execution {
		x.Status = status
		return x
	}
	for _, tt := range []struct {
		name          string
		head          *Execution
		before, after Execution
		hidden        bool
		want          Notice
	}{
		{"the head starts", &a, a, runningA, false, none},
		{"another starts and becomes the head", &a, b, runningB, false, next},
		{"another starts behind one that runs", &runningA, b, runningB, false, none},
		{"progress of the head", &runningA, runningA, runningA, false, none},
		{"progress of another", &runningA, runningB, runningB, false, none},
		{"the head succeeds", &runningA, runningA, to(a, ExecutionSucceeded), false, both},
		{"the head times out", &runningA, runningA, to(a, ExecutionTimedOut), false, both},
		{"the head is rejected while queued", &a, a, to(a, ExecutionRejected), false, both},
		{"the head is deleted", &a, a, Execution{Status: ExecutionRemoved}, false, both},
		{"another ends", &a, b, to(b, ExecutionFailed), false, list},
		{"another is canceled", &runningA, b, to(b, ExecutionCanceled), false, list},
		{"R-SCH-17 one that a window hides ends", &b, a, to(a, ExecutionCanceled), true, none},
		{"the only one that shows starts", nil, a, runningA, false, next},
		{"the only one is hidden and ends", nil, a, to(a, ExecutionRemoved), true, none},
		{"an end that was recorded before", &b, to(a, ExecutionFailed), to(a, ExecutionFailed),
			false, none},
	} {
		if got := NoticeOfChange(tt.head, tt.before, tt.after, tt.hidden); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
	before, behind := a, a
	before.QueuedAt, behind.Sequence = a.QueuedAt.Add(-time.Millisecond), a.Sequence+1
	if NoticeOfNew(nil, a) != both || NoticeOfNew(&a, behind) != list {
		t.Error("what is queued becomes the head of an empty list only")
	}
	if NoticeOfNew(&a, before) != both || NoticeOfNew(&runningA, before) != list {
		t.Error("R-MQTT-38: after the clock was set back, it may be the head of those QUEUED")
	}
}

// What a window shows or hides: the list changes always, the head when the execution is first now,
// or was first before it was hidden (R-SCH-17, R-SCH-18).
func TestNoticeOfWindow(t *testing.T) {
	t.Parallel()
	x := Execution{ExecutionKey: ExecutionKey{Job: 1, Thing: 7, Number: 1}, QueuedAt: start}
	earlier := Execution{ExecutionKey: ExecutionKey{Job: 2, Thing: 7, Number: 1},
		QueuedAt: start.Add(-1)}
	later := Execution{ExecutionKey: ExecutionKey{Job: 2, Thing: 7, Number: 1},
		QueuedAt: start.Add(1)}
	for _, tt := range []struct {
		name   string
		status Status
		head   *Execution
		next   bool
	}{
		{"R-SCH-18 shown, and first", InProgress, &x, true},
		{"R-SCH-18 shown, behind another", InProgress, &earlier, false},
		{"R-SCH-17 hidden, was first", Scheduled, &later, true},
		{"R-SCH-17 hidden, was behind another", Scheduled, &earlier, false},
		{"R-SCH-17 hidden, and nothing is left", Scheduled, nil, true},
	} {
		want := Notice{Notify: true, NotifyNext: tt.next}
		if got := (Job{State: State{Status: tt.status}}).NoticeOfWindow(tt.head, x); got != want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, want)
		}
		held := x
		held.Held = true
		got := (Job{State: State{Status: tt.status}}).NoticeOfWindow(tt.head, held)
		if got != (Notice{}) {
			t.Errorf("R-STR-14 %s, of a thing that is held: %+v", tt.name, got)
		}
	}
}

// The pass that notifies devices goes on behind the last one, and ends.
func TestNotifiedWindow(t *testing.T) {
	t.Parallel()
	j := Job{State: State{Status: InProgress, NotifyCursor: &ExecutionCursor{},
		Progress: Progress{Finished: true}}}
	j.Counts[ExecutionQueued] = 9
	j.NotifiedWindow(ExecutionKey{Job: 1, Thing: 7, Number: 2}, false, start)
	if *j.NotifyCursor != (ExecutionCursor{Thing: 7, Number: 2}) ||
		j.Next(start) != WorkNotifyWindow {
		t.Errorf("after a page: %+v", j.NotifyCursor)
	}
	j.NotifiedWindow(ExecutionKey{Job: 1, Thing: 8, Number: 1}, true, start)
	if j.NotifyCursor != nil || j.Next(start) != WorkNone {
		t.Errorf("after the last page: %+v", j.NotifyCursor)
	}
}

// What devices see, by the status of job and execution (R-SCH-17, R-JOB-20, R-JOB-35, R-MQTT-39).
func TestHidden(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name             string
		state            State
		queued, progress bool // hidden from the device when QUEUED, when IN_PROGRESS
		byWindow         bool // and when QUEUED, because of a window
	}{
		{"a window is open", State{Status: InProgress}, false, false, false},
		{"R-SCH-17 between windows", State{Status: Scheduled}, true, false, true},
		{"R-JOB-21 canceled", State{Status: Canceled, Sweep: SweepQueued}, true, false, false},
		{"R-JOB-22 canceled with force", State{Status: Canceled, Sweep: SweepPending}, true, true,
			false},
		{"R-JOB-35 deleted", State{Status: DeletionInProgress, Sweep: SweepAll}, true, true, false},
		{"R-MQTT-39 canceled between windows",
			State{Status: Canceled, Sweep: SweepQueued, HiddenAtSweep: true}, true, false, true},
		{"canceled and swept", State{Status: Canceled, HiddenAtSweep: true}, false, false, false},
	} {
		j := Job{State: tt.state}
		queued, progress := Execution{Status: ExecutionQueued}, Execution{Status: ExecutionInProgress}
		if j.HiddenFromDevice(queued) != tt.queued ||
			j.HiddenFromDevice(progress) != tt.progress ||
			j.Hidden(queued) != tt.byWindow || j.Hidden(progress) {
			t.Errorf("%s: hidden %v, %v, by a window %v", tt.name,
				j.HiddenFromDevice(queued), j.HiddenFromDevice(progress), j.Hidden(queued))
		}
		held := func(status ExecutionStatus) bool { return j.Hidden(Execution{Status: status, Held: true}) }
		if !held(ExecutionQueued) || held(ExecutionInProgress) {
			t.Errorf("R-STR-14 %s, held: hidden when QUEUED %v, when IN_PROGRESS %v",
				tt.name, held(ExecutionQueued), held(ExecutionInProgress))
		}
	}
}

// A rollout whose end time comes between two windows shows again what the window hid. Until the
// pass that notifies devices of that has begun they know of nothing, so a cancellation in between
// is no change for them; afterwards it is one (R-MQTT-39).
func TestHiddenWhenRolloutEnds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		closed *ExecutionCursor // the pass that notifies devices of the close, nil when it is done
		begun  bool             // the pass that notifies devices of the end has begun
		want   bool
	}{
		{"no device is notified of the end", nil, false, true},
		{"a device is notified of the end", nil, true, false},
		{"a device was not yet notified of the close", &ExecutionCursor{Thing: 1}, false, false},
	} {
		j := Job{State: State{Status: Scheduled, NotifyCursor: tt.closed}}
		j.TargetSelection, j.Sources = Snapshot, []Source{{Thing: 1}}
		j.Schedule = &ScheduleConfig{EndAt: start, EndBehavior: StopRollout}
		j.Counts[ExecutionQueued] = 2
		j.Recompute(start)
		if j.Status != InProgress || j.Next(start) != WorkNotifyWindow || j.Hidden(Execution{}) {
			t.Fatalf("%s: %+v", tt.name, j.State)
		}
		if tt.begun {
			j.NotifiedWindow(ExecutionKey{Thing: 1, Number: 1}, false, start)
		}
		if err := j.CancelJob(Cancellation{}, start); err != nil {
			t.Fatal(err)
		}
		if got := j.Hidden(Execution{}); got != tt.want {
			t.Errorf("%s: hidden %v", tt.name, got)
		}
	}
}

// A cancellation between windows hides what devices did not see anyway; one right after the close,
// when devices have not all been notified yet, does not (R-MQTT-39).
func TestHiddenAtSweep(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		state State
		want  bool
	}{
		{State{Status: Scheduled}, true},
		{State{Status: Scheduled, NotifyCursor: &ExecutionCursor{}}, false},
		{State{Status: InProgress}, false},
	} {
		j := Job{State: tt.state}
		if err := j.CancelJob(Cancellation{}, start); err != nil || j.HiddenAtSweep != tt.want ||
			j.NotifyCursor != nil {
			t.Errorf("%+v: hidden %v, %v", tt.state, j.HiddenAtSweep, err)
		}
	}
}
