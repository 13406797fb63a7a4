package rules

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
)

// The rate in fractions, R-ROLL-4.
func TestRate(t *testing.T) {
	t.Parallel()
	exponential := &job.RolloutConfig{
		MaximumPerMinute: 7,
		Exponential:      &job.Exponential{BasePerMinute: 2, IncrementTenths: 15},
	}
	constant := &job.RolloutConfig{MaximumPerMinute: 4}
	got := map[string][]int{}
	for steps := range 6 {
		got["none"] = append(got["none"], rate(nil, steps))
		got["constant"] = append(got["constant"], rate(constant, steps))
		got["exponential"] = append(got["exponential"], rate(exponential, steps))
	}
	want := map[string][]int{
		"none":        {1000, 1000, 1000, 1000, 1000, 1000},
		"constant":    {4, 4, 4, 4, 4, 4},
		"exponential": {2, 3, 4, 6, 7, 7},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// The rate rises by one step a tick, and only after the first one, R-ROLL-5 and R-ROLL-6.
func TestTicks(t *testing.T) {
	t.Parallel()
	c := &job.RolloutConfig{Exponential: &job.Exponential{
		BasePerMinute: 1, IncrementTenths: 20, NotifiedThings: 2, SucceededThings: 1,
	}}
	for _, row := range []struct {
		name      string
		r         rollout
		succeeded int64
		steps     int
	}{
		{"the first tick", rollout{notified: 9}, 9, 0},
		{"one notified", rollout{ticked: true, notified: 1}, 0, 0},
		{"two notified", rollout{ticked: true, notified: 2}, 0, 1},
		{"many notified", rollout{ticked: true, notified: 9}, 0, 1},
		{"one succeeded", rollout{ticked: true}, 1, 1},
		{"three notified after a step", rollout{ticked: true, notified: 3, steps: 1}, 0, 1},
		{"four notified after a step", rollout{ticked: true, notified: 4, steps: 1}, 0, 2},
		{"since the update", rollout{ticked: true, notified: 9, notifiedBefore: 8}, 0, 0},
	} {
		r := row.r
		r.tick(c, row.succeeded, noon)
		if r.steps != row.steps || !r.nextTick.Equal(noon.Add(time.Minute)) {
			t.Errorf("%s: step %d, next tick %s, want step %d",
				row.name, r.steps, r.nextTick, row.steps)
		}
	}
}

// Abort criteria in fractions, R-ABT-2 to R-ABT-8.
func TestFirstCriterionMet(t *testing.T) {
	t.Parallel()
	criterion := func(kind job.FailureType, threshold, minimum int64) job.AbortCriterion {
		return job.AbortCriterion{
			FailureType: kind, ThresholdHundredths: threshold, MinExecuted: minimum,
		}
	}
	third := counts{job.ExecutionFailed: 1, job.ExecutionSucceeded: 2, job.ExecutionCanceled: 9}
	mixed := counts{job.ExecutionRejected: 1, job.ExecutionTimedOut: 1, job.ExecutionSucceeded: 2}
	for _, row := range []struct {
		name      string
		n         counts
		criterion job.AbortCriterion
		met       bool
	}{
		{"33.33 of a third", third, criterion("FAILED", 3333, 1), true},
		{"33.34 of a third", third, criterion("FAILED", 3334, 1), false},
		{"three have ended", third, criterion("FAILED", 0, 3), true},
		{"four have not", third, criterion("FAILED", 0, 4), false},
		{"none of this kind", third, criterion("REJECTED", 0, 1), false},
		{"all kinds together", mixed, criterion("ALL", 5000, 1), true},
		{"one kind alone", mixed, criterion("TIMED_OUT", 5000, 1), false},
	} {
		c := &job.AbortConfig{Criteria: []job.AbortCriterion{row.criterion}}
		if got := firstCriterionMet(c, row.n); (got != "") != row.met {
			t.Errorf("%s: %q is met", row.name, got)
		}
	}
}

// Retry budgets, R-RTY-1 and R-RTY-4.
func TestRetryAllowed(t *testing.T) {
	t.Parallel()
	own := &job.RetryConfig{Criteria: []job.RetryCriterion{
		{FailureType: "FAILED", Retries: 2},
		{FailureType: "TIMED_OUT", Retries: 1},
	}}
	shared := &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: "ALL", Retries: 2}}}
	for _, row := range []struct {
		name    string
		c       *job.RetryConfig
		ended   job.ExecutionStatus
		used    retryCount
		allowed bool
	}{
		{"none", nil, job.ExecutionFailed, retryCount{}, false},
		{"own, one left", own, job.ExecutionFailed, retryCount{1, 1}, true},
		{"own, none left", own, job.ExecutionFailed, retryCount{2, 0}, false},
		{"own, the other one", own, job.ExecutionTimedOut, retryCount{2, 0}, true},
		{"shared, one left", shared, job.ExecutionTimedOut, retryCount{1, 0}, true},
		{"shared, none left", shared, job.ExecutionTimedOut, retryCount{1, 1}, false},
		{"shared, rejected", shared, job.ExecutionRejected, retryCount{}, false},
	} {
		if got := retryAllowed(row.c, row.ended, row.used); got != row.allowed {
			t.Errorf("%s: %v", row.name, got)
		}
	}
}

// A window is open from its start until before its end, R-SCH-15.
func TestWindows(t *testing.T) {
	t.Parallel()
	night := readWindows([]job.Window{{StartTime: "cron(58 9,23 * * ? *)", Minutes: 5}})
	once := readWindows([]job.Window{{StartTime: "cron(0 12 1 3 ? 2028)", Minutes: 60}})
	midnight := noon.Add(12 * time.Hour)
	for _, row := range []struct {
		name       string
		windows    []window
		at         time.Time
		open, more bool
	}{
		{"before", night, midnight.Add(-2*time.Minute - time.Millisecond), false, true},
		{"at the start", night, midnight.Add(-2 * time.Minute), true, true},
		{"past midnight", night, midnight.Add(3*time.Minute - time.Millisecond), true, true},
		{"at the end", night, midnight.Add(3 * time.Minute), false, true},
		{"before the date", once, noon.Add(-time.Millisecond), false, true},
		{"on the date", once, noon, true, false},
		{"the day after", once, noon.Add(24 * time.Hour), false, false},
	} {
		open, more := anyOpen(row.windows, row.at), anyOpensAfter(row.windows, row.at)
		if open != row.open || more != row.more {
			t.Errorf("%s: open %v, opens after %v", row.name, open, more)
		}
	}
}
