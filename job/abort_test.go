package job

import (
	"strings"
	"testing"
)

func counts(succeeded, failed, rejected, timedOut int64) (c Counts) {
	c[ExecutionSucceeded], c[ExecutionFailed], c[ExecutionRejected],
		c[ExecutionTimedOut] = succeeded, failed, rejected, timedOut
	return c
}

// The vendor's example of chapter 22: C1 FAILED min 100 threshold 20, C2 TIMED_OUT min 200
// threshold 50 (R-ABT-1 to R-ABT-5, R-ABT-13). What is notified but has not ended does not count
// towards the minimum (R-ABT-3).
func TestAbortCriteria(t *testing.T) {
	t.Parallel()
	config := &AbortConfig{Criteria: []AbortCriterion{
		{FailureType: FailureFailed, MinExecuted: 100, ThresholdHundredths: 2000},
		{FailureType: FailureTimedOut, MinExecuted: 200, ThresholdHundredths: 5000},
	}}
	tests := []struct {
		name   string
		counts Counts
		by     string // the criterion that the comment names; empty: go on
	}{
		{"1 R-ABT-2 below both minimums", counts(0, 99, 0, 0), ""},
		{"2 R-ABT-2 the minimum and the threshold", counts(80, 20, 0, 0), "criterion 1"},
		{"3 R-ABT-2 below the threshold", counts(81, 19, 0, 0), ""},
		{"4 R-ABT-5 rejected is not failed", counts(50, 10, 40, 0), ""},
		{"5 R-ABT-1 the second criterion", counts(61, 39, 0, 100), "criterion 2"},
		{"6 R-ABT-7 not rounded up", counts(62, 39, 0, 99), ""},
		{"7 R-ABT-4 timed out counts as executed", counts(0, 20, 0, 100), ""},
		{"R-ABT-1 the first of two that are met", counts(0, 100, 0, 100), "criterion 1"},
	}
	for _, tt := range tests {
		j := Job{Definition: Definition{Abort: config},
			State: State{Status: InProgress, Counts: tt.counts}}
		j.Counts[ExecutionCanceled], j.Counts[ExecutionRemoved] = 1000,
			1000 // R-ABT-4: they do not count
		j.Counts[ExecutionQueued], j.Counts[ExecutionInProgress] = 1000, 1000 // R-ABT-3
		j.applyAbortCriteria(start)
		if aborted := j.Status == Canceled; aborted != (tt.by != "") {
			t.Errorf("%s: status %s", tt.name, j.Status)
		} else if aborted && (!strings.Contains(j.Comment, tt.by) ||
			j.ReasonCode != "ABORT_CRITERIA_MET" || j.ForceCanceled) {
			t.Errorf("%s: reason %q comment %q, want one that names %s (R-ABT-13)", tt.name,
				j.ReasonCode, j.Comment, tt.by)
		}
	}
}

// Comparison without rounding (R-ABT-7), and at least one failure (R-ABT-8).
func TestAbortThreshold(t *testing.T) {
	t.Parallel()
	tests := []struct {
		rule                           string
		failures, executed, hundredths int64
		met                            bool
	}{
		{"R-ABT-7", 1, 3, 3333, true},
		{"R-ABT-7", 1, 3, 3334, false},
		{"R-ABT-7", 2, 3, 6666, true},
		{"R-ABT-7", 2, 3, 6667, false},
		{"R-ABT-7", 1, 8, 1250, true},
		{"R-ABT-7", 1, 1, 10000, true},
		{"R-ABT-8", 0, 10, 0, false},
		{"R-ABT-8", 1, 10, 0, true},
	}
	for _, tt := range tests {
		c := AbortCriterion{FailureType: FailureAll, MinExecuted: 1,
			ThresholdHundredths: tt.hundredths}
		if _, met := c.isMet(counts(tt.executed-tt.failures, tt.failures, 0, 0)); met != tt.met {
			t.Errorf("%s: %d of %d at %d hundredths of a percent: %v, want %v", tt.rule,
				tt.failures, tt.executed, tt.hundredths, met, tt.met)
		}
	}
	below := AbortCriterion{FailureType: FailureFailed, MinExecuted: 3}
	if _, met := below.isMet(counts(0, 2, 0, 0)); met {
		t.Error("2 executed things met a minimum of 3 (R-ABT-2)")
	}
}

// Not once the job has ended (R-ABT-11).
func TestAbortOnlyWhileActive(t *testing.T) {
	t.Parallel()
	for status, want := range map[Status]Status{
		InProgress: Canceled, Scheduled: Canceled, Completed: Completed, Canceled: Canceled,
		DeletionInProgress: DeletionInProgress,
	} {
		j := Job{State: State{Status: status, Counts: counts(0, 1, 0, 0)}}
		j.Abort = &AbortConfig{Criteria: []AbortCriterion{{FailureType: FailureAll,
			MinExecuted: 1}}}
		j.applyAbortCriteria(start)
		if j.Status != want {
			t.Errorf("%s became %s, want %s", status, j.Status, want)
		}
		if status == Canceled && j.ReasonCode != "" {
			t.Error("a cancelled job was aborted a second time")
		}
	}
}

// Each type counts its own failures among all that have ended, ALL the three together, whatever
// else has ended (R-ABT-4, R-ABT-5). A threshold is at the share of the type itself: one hundredth
// of a percent more is not met (R-ABT-7).
func TestAbortFailureTypes(t *testing.T) {
	t.Parallel()
	ended := counts(9976, 3, 7, 14) // 10,000 in all
	ended[ExecutionQueued], ended[ExecutionInProgress] = 10_000, 10_000
	ended[ExecutionRemoved], ended[ExecutionCanceled] = 10_000, 10_000
	for kind, want := range map[FailureType]int64{
		FailureFailed: 3, FailureRejected: 7, FailureTimedOut: 14, FailureAll: 24,
	} {
		criterion := AbortCriterion{kind, want, 10_000}
		if failures, met := criterion.isMet(ended); failures != want || !met {
			t.Errorf("R-ABT-5 %s: %d failures, met %v, want %d", kind, failures, met, want)
		}
		criterion.ThresholdHundredths++
		if _, met := criterion.isMet(ended); met {
			t.Errorf("R-ABT-7 %s: met at %d hundredths of a percent", kind, want+1)
		}
		criterion.ThresholdHundredths, criterion.MinExecuted = want, 10_001
		if _, met := criterion.isMet(ended); met {
			t.Errorf("R-ABT-2 %s: met although too few have ended", kind)
		}
	}
}

// The comment of an abort names the criterion by its place, and the numbers that met it (R-ABT-13).
func TestAbortComment(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name     string
		criteria []AbortCriterion
		comment  string
	}{
		{"the first of one", []AbortCriterion{{FailureRejected, 2550, 5}},
			"abort criterion 1 (REJECTED) was met: 3 of 10 executions failed that way, " +
				"the threshold is 25.5 percent"},
		{"the second of two", []AbortCriterion{{FailureRejected, 3001, 5}, {FailureAll, 6000, 10}},
			"abort criterion 2 (ALL) was met: 6 of 10 executions failed that way, " +
				"the threshold is 60 percent"},
		{"none", []AbortCriterion{{FailureRejected, 3001, 5}, {FailureAll, 6000, 11}}, ""},
	} {
		j := Job{Definition: Definition{Abort: &AbortConfig{Criteria: tt.criteria}},
			State: State{Status: InProgress, Counts: counts(4, 2, 3, 1)}}
		if j.applyAbortCriteria(start); j.Comment != tt.comment {
			t.Errorf("%s: %q, want %q", tt.name, j.Comment, tt.comment)
		}
	}
}
