package job

import (
	"strings"
	"testing"
)

func counts(succeeded, failed, rejected, timedOut int64) (c Counts) {
	c[Succeeded], c[Failed], c[Rejected], c[TimedOut] = succeeded, failed, rejected, timedOut
	return c
}

// The vendor's example of chapter 22: C1 FAILED min 100 threshold 20, C2 TIMED_OUT min 200 threshold 50
// (R-ABT-1 to R-ABT-5, R-ABT-13). What is notified but has not ended does not count towards the minimum (R-ABT-3).
func TestAbortCriteria(t *testing.T) {
	t.Parallel()
	config := &AbortConfig{Criteria: []AbortCriterion{
		{FailureType: FailureFailed, MinExecuted: 100, ThresholdHundredths: 2000},
		{FailureType: FailureTimedOut, MinExecuted: 200, ThresholdHundredths: 5000},
	}}
	tests := []struct {
		counts Counts
		by     string // the criterion that the comment names; empty: go on
	}{
		{counts(0, 99, 0, 0), ""},
		{counts(80, 20, 0, 0), "criterion 1"},
		{counts(81, 19, 0, 0), ""},
		{counts(50, 10, 40, 0), ""},
		{counts(61, 39, 0, 100), "criterion 2"},
		{counts(62, 39, 0, 99), ""},
		{counts(0, 20, 0, 100), ""},
	}
	for i, tt := range tests {
		j := Job{Definition: Definition{Abort: config}, State: State{Status: InProgress, Counts: tt.counts}}
		j.Counts[CanceledExecution], j.Counts[Removed] = 1000, 1000 // R-ABT-4: they do not count
		j.Counts[Queued], j.Counts[Running] = 1000, 1000            // R-ABT-3
		j.judge(start)
		if aborted := j.Status == Canceled; aborted != (tt.by != "") {
			t.Errorf("row %d: status %s", i+1, j.Status)
		} else if aborted && (!strings.Contains(j.Comment, tt.by) || j.ReasonCode != "ABORT_CRITERIA_MET" || j.ForceCanceled) {
			t.Errorf("row %d: reason %q comment %q, want one that names %s (R-ABT-13)", i+1, j.ReasonCode, j.Comment, tt.by)
		}
	}
}

// Comparison without rounding (R-ABT-7), and at least one failure (R-ABT-8).
func TestAbortThreshold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		failures, executed, hundredths int64
		met                            bool
	}{
		{1, 3, 3333, true},
		{1, 3, 3334, false},
		{2, 3, 6666, true},
		{2, 3, 6667, false},
		{1, 8, 1250, true},
		{1, 1, 10000, true},
		{0, 10, 0, false},
		{1, 10, 0, true},
	}
	for _, tt := range tests {
		c := AbortCriterion{FailureType: FailureAll, MinExecuted: 1, ThresholdHundredths: tt.hundredths}
		if _, met := c.met(counts(tt.executed-tt.failures, tt.failures, 0, 0)); met != tt.met {
			t.Errorf("%d of %d at %d hundredths of a percent: %v, want %v", tt.failures, tt.executed, tt.hundredths, met, tt.met)
		}
	}
	below := AbortCriterion{FailureType: FailureFailed, MinExecuted: 3}
	if _, met := below.met(counts(0, 2, 0, 0)); met {
		t.Error("2 executed things met a minimum of 3 (R-ABT-2)")
	}
}

// Not once the job has ended (R-ABT-11).
func TestAbortOnlyWhileActive(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]Status{
		InProgress: Canceled, Scheduled: Canceled, Completed: Completed, Canceled: Canceled, DeletionInProgress: DeletionInProgress,
	} {
		j := Job{State: State{Status: status, Counts: counts(0, 1, 0, 0)}}
		j.Abort = &AbortConfig{Criteria: []AbortCriterion{{FailureType: FailureAll, MinExecuted: 1}}}
		j.judge(start)
		if j.Status != want {
			t.Errorf("%s became %s, want %s", status, j.Status, want)
		}
		if status == Canceled && j.ReasonCode != "" {
			t.Error("a cancelled job was aborted a second time")
		}
	}
}
