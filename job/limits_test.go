package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/registry"
)

// A new job at the limits and one below them (R-LIM-40 to R-LIM-42, R-LIM-47, R-LIM-48). Zero is no
// limit.
func TestCheckNewJob(t *testing.T) {
	t.Parallel()
	limits := Limits{ActiveContinuous: 2, ActiveSnapshot: 3, Concurrent: 4}
	for _, tt := range []struct {
		name       string
		limits     Limits
		kind       TargetSelection
		status     Status
		active     int
		concurrent int
		says       string // empty: accepted
	}{
		{"R-LIM-40 the second", limits, Continuous, InProgress, 1, 0, ""},
		{"R-LIM-40 the third", limits, Continuous, InProgress, 2, 0,
			"2 CONTINUOUS jobs are active, the most that are allowed"},
		{"R-LIM-41 the third", limits, Snapshot, InProgress, 2, 0, ""},
		{"R-LIM-41 the fourth", limits, Snapshot, InProgress, 3, 0,
			"3 SNAPSHOT jobs are active, the most that are allowed"},
		{"R-LIM-47 SCHEDULED counts as active", limits, Snapshot, Scheduled, 3, 0,
			"3 SNAPSHOT jobs are active, the most that are allowed"},
		{"R-LIM-42 the fourth concurrent", limits, Snapshot, InProgress, 0, 3, ""},
		{"R-LIM-42 the fifth concurrent", limits, Snapshot, InProgress, 0, 4,
			"4 jobs are rolling out or being canceled, the most that are allowed"},
		{"R-LIM-47 SCHEDULED is not concurrent", limits, Snapshot, Scheduled, 0, 4, ""},
		{"active before concurrent", limits, Continuous, InProgress, 2, 4,
			"2 CONTINUOUS jobs are active, the most that are allowed"},
		{"R-LIM-40 one, and it is the first", Limits{ActiveContinuous: 1}, Continuous, InProgress, 0, 0, ""},
		{"R-LIM-40 one, and it is the second", Limits{ActiveContinuous: 1}, Continuous, InProgress, 1, 0,
			"1 CONTINUOUS jobs are active, the most that are allowed"},
		{"R-LIM-42 one concurrent, and it is the second", Limits{Concurrent: 1}, Snapshot, InProgress,
			0, 1, "1 jobs are rolling out or being canceled, the most that are allowed"},
		{"no limits", Limits{}, Continuous, InProgress, 1_000_000, 1_000_000, ""},
	} {
		j := Job{Definition: Definition{TargetSelection: tt.kind}, State: State{Status: tt.status}}
		checkLimit(t, tt.name, tt.limits.CheckNewJob(j, tt.active, tt.concurrent), tt.says)
	}
}

// checkLimit compares the answer of a check with the text of its fault.
func checkLimit(t *testing.T, name string, err error, says string) {
	t.Helper()
	f := fault.Of(err)
	if (says == "") != (err == nil) || f != nil && (f.Code != fault.Limit || f.Message != says) {
		t.Errorf("%s: %v, want %q", name, err, says)
	}
}

// What may become concurrent: one that was concurrent before may stay so, and a cancellation that
// is done with its answer is always possible (R-API-17, R-LIM-42, R-LIM-47).
func TestCheckConcurrency(t *testing.T) {
	t.Parallel()
	const full = "5 jobs are rolling out or being canceled, the most that are allowed"
	limits := Limits{Concurrent: 5}
	done := Progress{Finished: true}
	quiet := State{Status: InProgress, Progress: done}
	canceled := func(queued int64) State {
		return State{Status: Canceled, Sweep: SweepQueued, Counts: Counts{ExecutionQueued: queued}}
	}
	for _, tt := range []struct {
		name          string
		before, after State
		concurrent    int
		says          string
	}{
		{"a cancellation of 101", quiet, canceled(101), 5, full},
		{"a cancellation of 100", quiet, canceled(100), 5, ""},
		{"below the limit", quiet, canceled(101), 4, ""},
		{"above a limit that was lowered", quiet, canceled(101), 9, full},
		{"it was rolling out", State{Status: InProgress}, canceled(101), 5, ""},
		{"of a job that waits", State{Status: Scheduled}, canceled(101), 5, full},
		{"it is not concurrent after", State{Status: InProgress}, quiet, 5, ""},
	} {
		err := limits.CheckConcurrency(Job{State: tt.before}, Job{State: tt.after}, tt.concurrent,
			100)
		checkLimit(t, tt.name, err, tt.says)
	}
	if (Limits{}).ConcurrencyReached(1_000_000) || limits.ConcurrencyReached(4) ||
		!limits.ConcurrencyReached(5) {
		t.Error("R-LIM-42: the limit is reached with the fifth")
	}
}

// Templates (R-LIM-45), and how long ended jobs are stored (R-LIM-44, R-LIM-49).
func TestOtherLimits(t *testing.T) {
	t.Parallel()
	limits := Limits{Templates: 2, Retention: 730 * 24 * time.Hour}
	checkLimit(t, "R-LIM-45 the second", limits.CheckTemplates(1), "")
	checkLimit(t, "R-LIM-45 the third", limits.CheckTemplates(2),
		"2 job templates exist, the most that are allowed")
	checkLimit(t, "R-LIM-45 one, and it is the second", Limits{Templates: 1}.CheckTemplates(1),
		"1 job templates exist, the most that are allowed")
	checkLimit(t, "R-LIM-45 no limit", Limits{}.CheckTemplates(9), "")
	before, ok := limits.PurgeBefore(start)
	if want := start.AddDate(0, 0, -730); !ok || !before.Equal(want) {
		t.Errorf("R-LIM-44: purged before %v, want %v", before, want)
	}
	if _, ok := (Limits{}).PurgeBefore(start); ok {
		t.Error("R-LIM-44: without a retention something is purged")
	}
	want := Limits{
		ActiveContinuous: 1000,
		ActiveSnapshot:   100_000,
		Concurrent:       1000,
		Templates:        1000,
		Retention:        730 * 24 * time.Hour,
		Requests: RequestLimits{
			DocumentBytes: 32768,
			Targets:       100,
			URLLifetime:   time.Hour,
			PerMinute:     1000,
			Placeholders:  10,
			SameLocal:     2,
			StartAhead:    30 * time.Minute,
			EndAhead:      30 * time.Minute,
			AbortCriteria: 16,
			PendingShown:  10,
		},
		Registry: registry.Limits{Attributes: 50, AttributesUntyped: 3, Tags: 50},
	}
	if diff := cmp.Diff(want, DefaultLimits); diff != "" {
		t.Errorf("R-LIM-40 to R-LIM-45, the defaults (-want +got):\n%s", diff)
	}
}
