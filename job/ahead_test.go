package job

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// When a schedule lets a job create executions.
func TestOpeningsAhead(t *testing.T) { // R-FCT-3, R-SCH-15, R-SCH-22
	t.Parallel()
	at := func(day, hour, minute int) time.Time { return time.Date(2030, 1, day, hour, minute, 0, 0, time.UTC) }
	noon := at(1, 12, 0)
	nightly := []Window{{StartTime: "cron(0 2 * * ? *)", Minutes: 60}}
	for _, tt := range []struct {
		name string
		c    *ScheduleConfig
		want []Opening
	}{
		{"none", nil, []Opening{{From: noon}}},
		{"empty", &ScheduleConfig{}, []Opening{{From: noon}}},
		{"a start", &ScheduleConfig{StartAt: at(2, 0, 0)}, []Opening{{From: at(2, 0, 0)}}},
		{"a start that has passed", &ScheduleConfig{StartAt: at(1, 0, 0)}, []Opening{{From: noon}}},
		{"an end", &ScheduleConfig{EndAt: at(2, 0, 0)}, []Opening{{noon, at(2, 0, 0)}}},
		{"an end that has passed", &ScheduleConfig{EndAt: noon}, nil},
		{"windows", &ScheduleConfig{Windows: nightly},
			[]Opening{{at(2, 2, 0), at(2, 3, 0)}, {at(3, 2, 0), at(3, 3, 0)}, {at(4, 2, 0), at(4, 3, 0)}}},
		{"windows and a start within one", &ScheduleConfig{Windows: nightly, StartAt: at(2, 2, 30)},
			[]Opening{{at(2, 2, 30), at(2, 3, 0)}, {at(3, 2, 0), at(3, 3, 0)}, {at(4, 2, 0), at(4, 3, 0)}}},
		{"windows and an end within one", &ScheduleConfig{Windows: nightly, EndAt: at(3, 2, 30)},
			[]Opening{{at(2, 2, 0), at(2, 3, 0)}, {at(3, 2, 0), at(3, 2, 30)}}},
		{"windows and an end at one", &ScheduleConfig{Windows: nightly, EndAt: at(3, 2, 0)},
			[]Opening{{at(2, 2, 0), at(2, 3, 0)}}},
		{"windows that touch", &ScheduleConfig{Windows: append(nightly, Window{StartTime: "cron(0 3 * * ? *)", Minutes: 5}), EndAt: at(3, 0, 0)},
			[]Opening{{at(2, 2, 0), at(2, 3, 5)}}},
		{"a window that opens once", &ScheduleConfig{Windows: []Window{{StartTime: "cron(0 2 3 1 ? 2030)", Minutes: 5}}},
			[]Opening{{at(3, 2, 0), at(3, 2, 5)}}},
	} {
		if diff := cmp.Diff(tt.want, tt.c.Openings(noon, 3)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// The bound of the evidence is never below it, so that it changes nothing of when a guard fires.
func TestMostEvidence(t *testing.T) { // R-STR-32
	t.Parallel()
	for _, rate := range []float64{0.0001, 0.01, 0.1, 0.5, 0.9999} {
		for n := int64(1); n <= 3000; n = n*3/2 + 1 {
			for k := range 40 {
				failed := n * int64(k) / 39
				if e, most := logEvidence(n, failed, rate), mostEvidence(n, failed, rate); e > most+1e-9 {
					t.Errorf("%d of %d at %v: %v is above %v", failed, n, rate, e, most)
				}
			}
		}
	}
}

// What a forecast asks of a job is what the job itself does.
func TestAhead(t *testing.T) { // R-FCT-5
	t.Parallel()
	c := AbortCriterion{FailureType: FailureFailed, ThresholdHundredths: 2000, MinExecuted: 5}
	if !c.IsMet(Counts{ExecutionSucceeded: 4, ExecutionFailed: 1}) || c.IsMet(Counts{ExecutionSucceeded: 3, ExecutionFailed: 1}) {
		t.Error("IsMet")
	}
	all := AbortCriterion{FailureType: FailureAll}
	if !c.Counts(ExecutionFailed) || c.Counts(ExecutionTimedOut) || !all.Counts(ExecutionTimedOut) || all.Counts(ExecutionSucceeded) {
		t.Error("Counts")
	}
	b := Backoff{First: time.Minute, Max: 3 * time.Minute}
	for attempt, middle := range map[int]time.Duration{1: time.Minute, 2: 2 * time.Minute, 3: 3 * time.Minute, 9: 3 * time.Minute} {
		shortest, longest := b.Between(attempt)
		if shortest != middle*3/4 || longest != middle*5/4 {
			t.Errorf("attempt %d waits %v to %v", attempt, shortest, longest)
		}
	}
	if _, longest := (*Backoff)(nil).Between(1); longest != 0 {
		t.Error("Between of nil")
	}
	g := Guard{Settle: 10 * time.Minute, FailureType: FailureFailed, RateHundredths: 500, AlphaHundredths: 500}
	noon := time.Date(2030, 1, 1, 12, 0, 0, 0, time.UTC)
	if got := g.CountsAt(noon.Add(19 * time.Second)); !got.Equal(noon.Add(10*time.Minute + 20*time.Second)) {
		t.Errorf("CountsAt %v", got)
	}
	w := Wave{PercentHundredths: 500, HasOK: true, OKHundredths: 9000}
	if !w.HasGate() || w.Gate(WaveState{Created: 10, Ended: 10, Succeeded: 9}, 1) != "" ||
		w.Gate(WaveState{Created: 10, Ended: 10, Succeeded: 8}, 1) == "" || w.Takes() != "5pct" {
		t.Error("Gate")
	}
}
