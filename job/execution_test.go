package job

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
)

// Every status times every event, against the matrix of chapter 21 section 2 (R-EXE-3, R-EXE-4,
// R-EXE-5, R-EXE-20, R-EXE-22, R-EXE-23, R-EXE-30 to R-EXE-32, R-HTTP-16, R-HTTP-17).
func TestTransitions(t *testing.T) {
	t.Parallel()
	want := map[ExecutionStatus]map[Event]ExecutionStatus{
		ExecutionQueued: {
			ReportInProgress: ExecutionInProgress, StartNext: ExecutionInProgress,
			ReportSucceeded: ExecutionSucceeded, ReportFailed: ExecutionFailed,
			ReportRejected: ExecutionRejected, Cancel: ExecutionCanceled,
			ForcedCancel: ExecutionCanceled, LeaveTargets: ExecutionRemoved,
			ThingDeleted: ExecutionRemoved,
		},
		ExecutionInProgress: {
			ReportInProgress: ExecutionInProgress, ReportSucceeded: ExecutionSucceeded,
			ReportFailed: ExecutionFailed, ReportRejected: ExecutionRejected,
			TimeOut: ExecutionTimedOut, ForcedCancel: ExecutionCanceled,
			ThingDeleted: ExecutionRemoved,
		},
	}
	for _, status := range ExecutionStatuses() {
		for event := range Event(events) {
			before := Execution{Status: status, Version: 3, QueuedAt: start, UpdatedAt: start}
			out, err := ApplyEvent(Job{State: State{Status: InProgress}}, before, event,
				start.Add(time.Second))
			to, legal := want[status][event]
			if !legal {
				if f := fault.Of(err); f == nil || f.Code != fault.BadTransition ||
					f.State.(Execution).Status != status {
					t.Errorf("%s on %s: %v, want a refusal with the state", event, status, err)
				}
				continue
			}
			if err != nil || out.Execution.Status != to {
				t.Errorf("%s on %s: %s, %v, want %s", event, status, out.Execution.Status, err, to)
			}
			if out.Execution.Version != 4 ||
				!out.Execution.UpdatedAt.Equal(start.Add(time.Second)) {
				t.Errorf("%s on %s: version %d at %v (R-EXE-7)", event, status,
					out.Execution.Version, out.Execution.UpdatedAt)
			}
		}
	}
}

// Each row of the table names a rule, and no row stands twice.
func TestTransitionRows(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, row := range transitions {
		key := fmt.Sprint(row.from, row.event)
		if seen[key] || !strings.HasPrefix(row.rule, "R-") {
			t.Errorf("row %v", row)
		}
		seen[key] = true
	}
}

func minutes(n int64) *int64 { return &n }

// The worked example of chapter 21 section 4: the timers of one execution with
// inProgressTimeoutInMinutes 20 (R-TMO-1 to R-TMO-6, R-TMO-8).
func TestTimers(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{Timeout: &TimeoutConfig{InProgressMinutes: 20}},
		State: State{Status: InProgress}}
	at := func(minute int) time.Time { return start.Add(time.Duration(minute) * time.Minute) }
	e := NewExecution(ExecutionKey{Number: 1}, start)
	for _, step := range []struct {
		minute  int
		step    *int64
		expires int
	}{{0, nil, 20}, {5, minutes(7), 12}, {10, minutes(5), 15}, {13, minutes(9), 20},
		{14, minutes(-1), 20}} {
		out, err := ApplyReport(j, e, Report{Event: ReportInProgress, StepMinutes: step.step},
			at(step.minute))
		if err != nil {
			t.Fatal(err)
		}
		e = out.Execution
		if !e.TimesOutAt().Equal(at(step.expires)) {
			t.Errorf("at 12:%02d: times out at %v, want 12:%02d", step.minute, e.TimesOutAt(),
				step.expires)
		}
		if !e.StartedAt.Equal(start) {
			t.Errorf("startedAt moved to %v (R-EXE-4)", e.StartedAt)
		}
	}
	out, err := ApplyEvent(j, e, TimeOut, at(20))
	if err != nil || out.Execution.Status != ExecutionTimedOut ||
		!out.Execution.TimesOutAt().IsZero() {
		t.Errorf("after the deadline: %v, %v (R-TMO-11)", out.Execution, err)
	}
}

// Further cases of chapter 21 section 4.
func TestTimerCases(t *testing.T) {
	t.Parallel()
	begin := func(timeout int64, step *int64) Execution {
		j := Job{State: State{Status: InProgress}}
		if timeout > 0 {
			j.Timeout = &TimeoutConfig{InProgressMinutes: timeout}
		}
		out, err := ApplyReport(j, NewExecution(ExecutionKey{Number: 1}, start),
			Report{Event: ReportInProgress, StepMinutes: step}, start)
		if err != nil {
			t.Fatal(err)
		}
		return out.Execution
	}
	if got := begin(0, minutes(3)).TimesOutAt().Sub(start); got != 3*time.Minute { // case 1, R-TMO-7
		t.Errorf("only a step timer: %v", got)
	}
	running := begin(0, minutes(3))
	out, err := ApplyReport(Job{State: State{Status: InProgress}}, running,
		Report{Event: ReportInProgress}, start.Add(2*time.Minute))
	if err != nil || out.Execution.TimesOutAt().Sub(start) != 3*time.Minute { // case 2, R-TMO-5
		t.Errorf("progress without a step: %v, %v", out.Execution.TimesOutAt(), err)
	}
	if got := begin(10, minutes(60)).TimesOutAt().Sub(start); got != 10*time.Minute { // case 3
		t.Errorf("the earlier of both: %v", got)
	}
	if !NewExecution(ExecutionKey{}, start).TimesOutAt().IsZero() { // case 4
		t.Error("a queued execution has a timer")
	}
	seconds, ok := begin(1, nil).SecondsBeforeTimedOut(start.Add(30*time.Second + 400*time.Millisecond)) // case 5, R-TMO-12
	if !ok || seconds != 30 {
		t.Errorf("seconds before timed out: %d %v, want 30", seconds, ok)
	}
	if _, ok := NewExecution(ExecutionKey{}, start).SecondsBeforeTimedOut(start); ok {
		t.Error("a queued execution has seconds before it times out")
	}
	if _, ok := begin(0, nil).SecondsBeforeTimedOut(start); ok {
		t.Error("an execution without a timer has seconds before it times out")
	}
	if seconds, ok = begin(1, nil).SecondsBeforeTimedOut(start.Add(time.Hour)); !ok ||
		seconds != 0 {
		t.Errorf("long after the deadline: %d %v, want 0", seconds, ok)
	}
	begun := begin(10, nil)
	out, err = ApplyReport(Job{State: State{Status: InProgress}}, begun,
		Report{Event: ReportInProgress, StepMinutes: minutes(-1)}, start)
	if got := out.Execution; err != nil || !got.StepDeadline.IsZero() ||
		!got.Deadline.Equal(begun.Deadline) { // R-TMO-4
		t.Errorf("-1 without a step timer: %v, %v, %v", got.StepDeadline, got.Deadline, err)
	}
	out, err = ApplyReport(Job{}, running, Report{Event: ReportSucceeded, StepMinutes: minutes(5)},
		start)
	if err != nil || !out.Execution.StepDeadline.IsZero() { // R-TMO-14
		t.Errorf("a step with a terminal status: %v %v", out.Execution.StepDeadline, err)
	}
}

// Worked retry examples of chapter 21 section 5 (R-RTY-1 to R-RTY-8, R-RTY-14).
func TestRetries(t *testing.T) {
	t.Parallel()
	failed, timedOut, all := FailureFailed, FailureTimedOut, FailureAll
	tests := []struct {
		name    string
		config  []RetryCriterion
		results string // F failed, T timed out, S succeeded, R rejected
	}{
		{"1 R-RTY-5", []RetryCriterion{{failed, 2}}, "FFF"},
		{"2 R-RTY-5", []RetryCriterion{{failed, 2}}, "FS"},
		{"3 R-RTY-4", []RetryCriterion{{failed, 2}}, "FT"},
		{"4 R-RTY-4", []RetryCriterion{{failed, 2}, {timedOut, 1}}, "FTFF"},
		{"5 R-RTY-4", []RetryCriterion{{all, 2}}, "TFT"},
		{"6 R-RTY-1", []RetryCriterion{{all, 2}}, "FR"},
		{"R-RTY-4 TIMED_OUT first, its budget is not the other's",
			[]RetryCriterion{{timedOut, 0}, {failed, 1}}, "FF"},
		{"R-RTY-4 FAILED first, its budget is not the other's",
			[]RetryCriterion{{failed, 0}, {timedOut, 1}}, "TT"},
		{"R-RTY-4 a failure takes nothing from TIMED_OUT",
			[]RetryCriterion{{failed, 2}, {timedOut, 1}}, "FFTF"},
		{"R-RTY-5 one for TIMED_OUT", []RetryCriterion{{timedOut, 1}}, "TT"},
		{"none", nil, "F"},
		{"zero R-UPD-16", []RetryCriterion{{failed, 0}}, "T"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			j := Job{Definition: Definition{Retry: &RetryConfig{Criteria: tt.config}},
				State: State{Status: InProgress}}
			j.Counts[ExecutionQueued] = 1
			e := NewExecution(ExecutionKey{Number: 1}, start)
			for i, result := range tt.results {
				out := end(t, j, e, result)
				if again := i < len(tt.results)-1; again != (out.Retry != nil) {
					t.Fatalf("after attempt %d: retry is %v", i+1, out.Retry != nil)
				}
				if j = out.Job; out.Retry == nil {
					break
				}
				if e = *out.Retry; e.Attempt != i+1 || e.Version != 1 ||
					e.Status != ExecutionQueued || e.Details != nil || !e.StartedAt.IsZero() {
					t.Errorf("retry %d is %+v (R-RTY-3)", i+1, e)
				}
			}
			if j.Counts.Total() != int64(len(tt.results)) || j.Counts.Pending() != 0 {
				t.Errorf("counts %v, want %d ended executions (R-JOB-46, R-JOB-49)", j.Counts,
					len(tt.results))
			}
		})
	}
}

// A retry that follows keeps the job from completing, although its rollout has finished (R-JOB-14);
// the last attempt of the chain completes it. A retry is no notified thing and takes nothing from
// the rate (R-RTY-7).
func TestRetryKeepsJobOpen(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{TargetSelection: Snapshot, Retry: retries(FailureFailed, 1)},
		State: State{Status: InProgress}}
	j.Counts[ExecutionQueued], j.Progress = 1, Progress{Finished: true, Notified: 1, Quota: 7}
	first := end(t, j, NewExecution(ExecutionKey{Number: 1}, start), 'F')
	if first.Retry == nil || first.Job.Status != InProgress {
		t.Fatalf("after the first attempt: %s, retry %v", first.Job.Status, first.Retry)
	}
	if diff := cmp.Diff(j.Progress, first.Job.Progress); diff != "" {
		t.Errorf("R-RTY-7: a retry changed the rollout (-before +after):\n%s", diff)
	}
	if last := end(t, first.Job, *first.Retry, 'F'); last.Job.Status != Completed {
		t.Errorf("after the last attempt: %s", last.Job.Status)
	}
}

// end brings an execution to the result that a letter stands for.
func end(t *testing.T, j Job, e Execution, result rune) Outcome {
	t.Helper()
	event := map[rune]Event{'F': ReportFailed, 'S': ReportSucceeded, 'R': ReportRejected,
		'T': TimeOut}[result]
	if event == TimeOut {
		out, err := ApplyEvent(j, e, StartNext, start)
		if err != nil {
			t.Fatal(err)
		}
		j, e = out.Job, out.Execution
	}
	out, err := ApplyEvent(j, e, event, start)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Retries and abort, the worked example of chapter 22 section 2: the retry comes first, then abort
// (R-RTY-10, R-ABT-6, R-CON-22); no retry once the job is cancelled (R-RTY-9).
func TestRetriesAndAbort(t *testing.T) {
	t.Parallel()
	j := Job{State: State{Status: InProgress}, Definition: Definition{
		Retry: &RetryConfig{Criteria: []RetryCriterion{{FailureFailed, 2}}},
		Abort: &AbortConfig{Criteria: []AbortCriterion{{FailureAll, 7500, 4}}},
	}}
	j.Counts[ExecutionQueued] = 2
	a, b := NewExecution(ExecutionKey{Thing: 1, Number: 1}, start),
		NewExecution(ExecutionKey{Thing: 2, Number: 1}, start)
	for i, e := range []*Execution{&a, &b, &a, &b} {
		out := end(t, j, *e, 'F')
		if out.Retry == nil {
			t.Fatalf("event %d: no retry", i+1)
		}
		j, *e = out.Job, *out.Retry
		if aborted := i == 3; aborted != (j.Status == Canceled) {
			t.Errorf("event %d: job is %s", i+1, j.Status)
		}
	}
	if j.Counts[ExecutionQueued] != 2 || j.Sweep != SweepQueued {
		t.Errorf("queued %d, sweep %q: A3 and B3 are to be cancelled", j.Counts[ExecutionQueued],
			j.Sweep)
	}
	if out := end(t, j, a, 'F'); out.Retry != nil {
		t.Error("a cancelled job retried")
	}
}

// A success can complete the minimum (R-ABT-9), and abort wins over completion (R-ABT-15).
func TestSuccessCompletesMinimum(t *testing.T) {
	t.Parallel()
	j := Job{State: State{Status: InProgress, Progress: Progress{Finished: true}},
		Definition: Definition{
			TargetSelection: Snapshot, Abort: &AbortConfig{Criteria: []AbortCriterion{{FailureFailed,
				5000, 2}}},
		}}
	j.Counts[ExecutionQueued] = 2
	j = end(t, j, NewExecution(ExecutionKey{Thing: 1, Number: 1}, start), 'F').Job
	if j.Status != InProgress {
		t.Fatalf("after one failure: %s", j.Status)
	}
	j = end(t, j, NewExecution(ExecutionKey{Thing: 2, Number: 1}, start), 'S').Job
	if j.Status != Canceled {
		t.Errorf("after one of two failed: %s, want CANCELED", j.Status)
	}
}

// Check order of a report (R-HTTP-21, R-EXE-6, R-EXE-8, R-EXE-9).
func TestApplyReport(t *testing.T) {
	t.Parallel()
	running := Execution{
		ExecutionKey: ExecutionKey{Number: 2}, Status: ExecutionInProgress, Version: 5,
		Details: map[string]string{"a": "1"}, Message: "m",
	}
	ended := running
	ended.Status = ExecutionSucceeded
	n := func(v int64) *int64 { return &v }
	tests := []struct {
		name   string
		before Execution
		report Report
		code   fault.Code // empty: accepted
		want   Execution
	}{
		{"replaces details", running, Report{Event: ReportInProgress,
			Details: map[string]string{"b": "2"}}, "",
			Execution{Status: ExecutionInProgress, Version: 6,
				Details: map[string]string{"b": "2"}}},
		{"empty details stay", running,
			Report{Event: ReportInProgress, Details: map[string]string{}}, "",
			Execution{Status: ExecutionInProgress, Version: 6,
				Details: map[string]string{"a": "1"}}},
		{"right version", running, Report{Event: ReportSucceeded, ExpectedVersion: n(5)}, "",
			Execution{Status: ExecutionSucceeded, Version: 6,
				Details: map[string]string{"a": "1"}}},
		{"number before state", ended, Report{Event: ReportFailed, Number: n(1),
			ExpectedVersion: n(9)}, fault.NotFound, Execution{}},
		{"state before version", ended, Report{Event: ReportFailed, ExpectedVersion: n(9)},
			fault.BadTransition, Execution{}},
		{"stale version", running, Report{Event: ReportFailed, ExpectedVersion: n(4)},
			fault.VersionDiffers, Execution{}},
		{"same status again", ended, Report{Event: ReportSucceeded}, fault.BadTransition,
			Execution{}},
		{"the same words again", running, Report{Event: ReportInProgress, Message: "m"}, "",
			Execution{Status: ExecutionInProgress, Version: 6,
				Details: map[string]string{"a": "1"}}},
		{"QUEUED", running, Report{Event: ReportQueued}, fault.BadTransition, Execution{}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			out, err := ApplyReport(Job{State: State{Status: InProgress}}, tt.before, tt.report,
				start)
			if tt.code != "" {
				var f *fault.Error
				if !errors.As(err, &f) || f.Code != tt.code {
					t.Fatalf("error %v, want %s", err, tt.code)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := out.Execution
			if got.Status != tt.want.Status || got.Version != tt.want.Version ||
				fmt.Sprint(got.Details) != fmt.Sprint(tt.want.Details) {
				t.Errorf("got %s v%d %v, want %s v%d %v", got.Status, got.Version, got.Details,
					tt.want.Status, tt.want.Version, tt.want.Details)
			}
		})
	}
}

// Which texts a device may report (R-EXE-2, R-HTTP-17).
func TestParseReport(t *testing.T) {
	t.Parallel()
	for _, status := range []string{"IN_PROGRESS", "SUCCEEDED", "FAILED", "REJECTED", "QUEUED"} {
		if _, err := ParseReportedStatus(status); err != nil {
			t.Errorf("%s: %v", status, err)
		}
	}
	for _, status := range []string{"CANCELED", "TIMED_OUT", "REMOVED", "succeeded", "", "x"} {
		if _, err := ParseReportedStatus(status); !fault.Is(err, fault.Invalid) {
			t.Errorf("%q: %v, want Invalid", status, err)
		}
	}
}

// StartNext starts a queued execution and returns a running one unchanged but for its step timer
// (R-HTTP-14).
func TestStart(t *testing.T) {
	t.Parallel()
	j := Job{Definition: Definition{Timeout: &TimeoutConfig{InProgressMinutes: 5}},
		State: State{Status: InProgress}}
	out, rearmed, err := Start(j, NewExecution(ExecutionKey{Number: 1}, start),
		map[string]string{"a": "b"}, minutes(2), start)
	e := out.Execution
	if err != nil || rearmed || e.Status != ExecutionInProgress || e.Version != 2 ||
		e.Details["a"] != "b" || !e.StartedAt.Equal(start) {
		t.Fatalf("started: %+v, %v, %v", e, rearmed, err)
	}
	if e.TimesOutAt().Sub(start) != 2*time.Minute || e.Deadline.Sub(start) != 5*time.Minute {
		t.Errorf("timers: step %v, in progress %v", e.StepDeadline, e.Deadline)
	}
	again, rearmed, err := Start(j, e, map[string]string{"c": "d"}, minutes(4),
		start.Add(time.Minute))
	if err != nil || !rearmed || again.Execution.Version != 2 ||
		again.Execution.Details["a"] != "b" {
		t.Errorf("again: %+v, %v, %v", again.Execution, rearmed, err)
	}
	if got := again.Execution.StepDeadline.Sub(start); got != 5*time.Minute {
		t.Errorf("step timer rearmed to %v, want 5m", got)
	}
	if _, rearmed, _ = Start(j, e, nil, nil, start); rearmed {
		t.Error("rearmed without a step timeout")
	}
}

// CancelJobExecution by status, with the matrix of chapter 21 section 9: what needs force, what
// force marks, which check comes first, what becomes of the details; no retry follows (R-EXE-30 to
// R-EXE-37).
func TestCancelExecution(t *testing.T) {
	t.Parallel()
	n := func(v int64) *int64 { return &v }
	for _, tt := range []struct {
		rule    string
		status  ExecutionStatus
		force   bool
		version *int64
		code    fault.Code // empty: CANCELED
	}{
		{"R-EXE-30", ExecutionQueued, false, nil, ""},
		{"R-EXE-30 R-EXE-33 force", ExecutionQueued, true, nil, ""},
		{"R-EXE-31", ExecutionInProgress, false, nil, fault.BadTransition},
		{"R-EXE-31 R-EXE-33 force", ExecutionInProgress, true, nil, ""},
		{"R-EXE-32", ExecutionSucceeded, true, nil, fault.BadTransition},
		{"R-EXE-32", ExecutionTimedOut, false, nil, fault.BadTransition},
		{"R-EXE-34 right version", ExecutionQueued, false, n(3), ""},
		{"R-EXE-34 stale", ExecutionQueued, false, n(2), fault.VersionDiffers},
		{"R-EXE-34 stale with force", ExecutionInProgress, true, n(4), fault.VersionDiffers},
		{"R-EXE-35 state before version", ExecutionInProgress, false, n(2), fault.BadTransition},
		{"R-EXE-35 end before version", ExecutionFailed, true, n(2), fault.BadTransition},
	} {
		j := Job{Definition: Definition{Retry: retries(FailureAll, 9)},
			State: State{Status: InProgress}}
		before := Execution{Status: tt.status, Version: 3, Details: map[string]string{"a": "1"}}
		out, err := CancelExecution(j, before, tt.force, tt.version, nil, start)
		if tt.code != "" {
			if !fault.Is(err, tt.code) {
				t.Errorf("%s: %v, want %s", tt.rule, err, tt.code)
			}
			continue
		}
		x := out.Execution
		if err != nil || x.Status != ExecutionCanceled || x.ForceCanceled != tt.force ||
			x.Version != 4 || x.Details["a"] != "1" {
			t.Errorf("%s: %+v, %v", tt.rule, x, err)
		}
		if out.Retry != nil {
			t.Errorf("%s: it is retried (R-EXE-37)", tt.rule)
		}
	}
	for given, want := range map[string]string{"": "map[a:1]", "b": "map[b:2]"} { // R-EXE-36
		details := map[string]string{}
		if given != "" {
			details[given] = "2"
		}
		out, err := CancelExecution(Job{}, Execution{Details: map[string]string{"a": "1"}}, false,
			nil, details, start)
		if err != nil || fmt.Sprint(out.Execution.Details) != want {
			t.Errorf("details %v: %v, %v, want %s (R-EXE-36)", details, out.Execution.Details, err,
				want)
		}
	}
}

// DeleteJobExecution by status: only what is IN_PROGRESS needs force (R-EXE-40 to R-EXE-42).
func TestCheckDelete(t *testing.T) {
	t.Parallel()
	for _, status := range ExecutionStatuses() {
		if err := (Execution{Status: status}).CheckDelete(true); err != nil {
			t.Errorf("R-EXE-42: %s with force: %v", status, err)
		}
		err := (Execution{Status: status}).CheckDelete(false)
		switch {
		case status == ExecutionInProgress && !fault.Is(err, fault.BadTransition):
			t.Errorf("R-EXE-42: %s without force: %v", status, err)
		case status == ExecutionQueued && err != nil:
			t.Errorf("R-EXE-41: %s without force: %v", status, err)
		case status.Terminal() && err != nil:
			t.Errorf("R-EXE-40: %s without force: %v", status, err)
		}
	}
}
