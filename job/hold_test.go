package job

import (
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// What a hold must look like (R-STR-14, R-VAL-32).
func TestCheckHold(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		reason string
		until  time.Time
		want   string // in the fault, empty for none
	}{
		{"letters, digits, spaces and signs", "Linie 4: größer/kleiner_.=+-@ 日本", time.Time{}, ""},
		{"no reason", "", time.Time{}, "reason: must be 1 to 256 characters"},
		{"spaces only", "  ", time.Time{}, "it has 2"},
		{"as long as can be", strings.Repeat("ü", 256), time.Time{}, ""},
		{"one longer", strings.Repeat("ü", 257), time.Time{}, "it has 257"},
		{"another sign", "a,b", time.Time{}, "and has ','"},
		{"a line break", "a\nb", time.Time{}, `and has '\n'`},
		{"until later", "r", start.Add(1), ""},
		{"until now", "r", start, "until: 2026-03-01T12:00:00Z must be later than now"},
	} {
		err := Hold{Reason: tt.reason, Until: tt.until}.Check(start)
		refused := err != nil && fault.Is(err, fault.Invalid) && strings.Contains(err.Error(), tt.want)
		if tt.want == "" && err != nil || tt.want != "" && !refused {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

// A hold changes the list when it hides something, and the head when that is the first.
func TestNoticeOfHold(t *testing.T) { // R-STR-14, R-MQTT-39
	t.Parallel()
	running := Execution{
		ExecutionKey: ExecutionKey{Job: 1, Thing: 7, Number: 1},
		Status:       ExecutionInProgress,
	}
	queued := Execution{ExecutionKey: ExecutionKey{Job: 2, Thing: 7, Number: 1}}
	for _, tt := range []struct {
		name         string
		head, queued *Execution
		want         Notice
	}{
		{"nothing is pending", nil, nil, Notice{}},
		{"nothing is QUEUED", &running, nil, Notice{}},
		{"behind one that is IN_PROGRESS", &running, &queued, Notice{Notify: true}},
		{"first", &queued, &queued, Notice{Notify: true, NotifyNext: true}},
	} {
		if got := NoticeOfHold(tt.head, tt.queued); got != tt.want {
			t.Errorf("%s: %+v, want %+v", tt.name, got, tt.want)
		}
	}
}

// Whether a hold is news to a device depends on what the job hides, and on whether all devices have
// been notified of that.
func TestSeenWithoutHold(t *testing.T) { // R-STR-14
	t.Parallel()
	pass := &ExecutionCursor{Thing: 3}
	for _, tt := range []struct {
		name  string
		state State
		want  bool
	}{
		{"the job hides nothing", State{Status: InProgress}, true},
		{"devices are being notified of what shows", State{Status: InProgress, NotifyCursor: pass}, true},
		{"between windows", State{Status: Scheduled}, false},
		{"paused", State{Status: InProgress, Paused: "r"}, false},
		{"devices are being notified of a pause",
			State{Status: InProgress, Paused: "r", NotifyCursor: pass}, true},
		{"canceled between windows",
			State{Status: Canceled, Sweep: SweepQueued, HiddenAtSweep: true}, false},
	} {
		for _, held := range []bool{false, true} {
			if got := tt.state.SeenWithoutHold(Execution{Held: held}); got != tt.want {
				t.Errorf("%s, held %v: %v, want %v", tt.name, held, got, tt.want)
			}
		}
	}
}

// A report that a hidden execution has begun is refused with what hides it.
func TestHeldCannotStart(t *testing.T) { // R-STR-14
	t.Parallel()
	x := Execution{ExecutionKey: ExecutionKey{Job: 1, Thing: 7, Number: 1}, Version: 1, Held: true}
	j := Job{Key: 1, State: State{Status: InProgress, Paused: "r"}}
	j.Counts[ExecutionQueued] = 1
	_, err := ApplyReport(j, x, Report{Event: ReportInProgress}, start)
	if !fault.Is(err, fault.BadTransition) || !strings.Contains(err.Error(), "its thing is held") {
		t.Errorf("%v", err)
	}
	if _, err := ApplyReport(j, x, Report{Event: ReportSucceeded}, start); err != nil {
		t.Errorf("a terminal report: %v", err)
	}
}

// A retry is held as the attempt before it, so that its thing is not notified of it.
func TestRetryOfHeldThing(t *testing.T) { // R-STR-14
	t.Parallel()
	x := Execution{Status: ExecutionInProgress, Version: 2, Held: true, Wave: 3}
	j := Job{State: State{Status: InProgress}}
	j.Retry = &RetryConfig{Criteria: []RetryCriterion{{FailureType: FailureAll, Retries: 1}}}
	j.Counts[ExecutionInProgress] = 1
	out, err := ApplyEvent(j, x, ReportFailed, start)
	if err != nil || out.Retry == nil || !out.Retry.Held || out.Retry.Wave != 3 {
		t.Errorf("%+v, %v", out.Retry, err)
	}
}
