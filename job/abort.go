package job

import (
	"fmt"
	"time"
)

// An abort criterion reads: cancel the job as soon as at least MinExecuted executions have ended,
// and at least so many percent of those failed in this way. All is decided on counts, after each
// execution that a device brings to an end.

// Reasons that the service fills in when it cancels a job by itself (docs/spec/20, section 4).
const (
	ReasonAbort         = "ABORT_CRITERIA_MET"
	ReasonGuard         = "GUARD_FIRED"
	ReasonScheduleEnd   = "SCHEDULE_END_CANCEL"
	ReasonScheduleForce = "SCHEDULE_END_FORCE_CANCEL"
	ReasonConcurrency   = "JOB_CONCURRENCY_LIMIT"
)

// applyAbortCriteria cancels the job when a criterion is met; the first in list order is named in
// the comment (R-ABT-1). With drover:abort the job is paused instead, or it is only recorded, once
// for each criterion (R-STR-20). It is called after each outcome that a device brought about, and
// once when the criteria change (R-ABT-9). A job that is not active any more is left as it is
// (R-ABT-11).
func (j *Job) applyAbortCriteria(now time.Time) {
	if !j.Status.Active() || j.Abort == nil {
		return
	}
	for i, criterion := range j.Abort.Criteria {
		failures, met := criterion.isMet(j.Counts)
		if !met {
			continue
		}
		if j.abortAction() == ActionCancel {
			j.abort(i, failures, now)
			return
		}
		j.observeCriterion(i, failures, now)
	}
}

// abort cancels the job for a criterion, by its index.
func (j *Job) abort(i int, failures int64, now time.Time) {
	criterion := j.Abort.Criteria[i]
	j.cancel(SweepQueued, now)
	j.ReasonCode = ReasonAbort
	j.Comment = fmt.Sprintf("abort criterion %d (%s) was met: "+
		"%d of %d executions failed that way, the threshold is %s percent", i+1,
		criterion.FailureType,
		failures, j.Counts.Executed(), hundredths(criterion.ThresholdHundredths))
}

// observeCriterion records that a criterion was met, and pauses the job if that is wanted; neither
// a second time.
func (j *Job) observeCriterion(i int, failures int64, now time.Time) {
	if j.hasObserved(i + 1) {
		return
	}
	met := Observation{
		At:        now,
		Criterion: i + 1,
		Failures:  failures,
		Executed:  j.Counts.Executed(),
		Action:    j.abortAction(),
	}
	j.observe(met)
	if met.Action == ActionPause {
		criterion := j.Abort.Criteria[i]
		j.pauseBy(fmt.Sprintf("abort: criterion %d %s %d of %d - threshold %spct", met.Criterion,
			criterion.FailureType, met.Failures, met.Executed, hundredths(criterion.ThresholdHundredths)), now)
	}
}

// isMet reports whether enough executions have ended, and the share of failures among them reaches
// the threshold (R-ABT-2). The comparison does not round (R-ABT-7): with failures × 10000 ≥ T ×
// executed, a threshold of 33.33 percent is met by 1 failure in 3 (10000 ≥ 9999), one of 33.34
// percent is not (10000 < 10002). Without a failure nothing is met, not even a threshold of 0
// percent (R-ABT-8).
func (c AbortCriterion) isMet(counts Counts) (failures int64, met bool) {
	failures = c.failures(counts)
	executed := counts.Executed()
	reached := failures*10000 >= c.ThresholdHundredths*executed
	return failures, failures > 0 && executed >= c.MinExecuted && reached
}

// failures counts the executions that failed in the way that the criterion means (R-ABT-5).
func (c AbortCriterion) failures(counts Counts) int64 {
	switch c.FailureType {
	case FailureFailed:
		return counts[ExecutionFailed]
	case FailureRejected:
		return counts[ExecutionRejected]
	case FailureTimedOut:
		return counts[ExecutionTimedOut]
	}
	return counts[ExecutionFailed] + counts[ExecutionRejected] + counts[ExecutionTimedOut]
}

// hundredths writes hundredths as a decimal without trailing zeros: 1050 is "10.5".
func hundredths(n int64) string {
	switch {
	case n%100 == 0:
		return fmt.Sprintf("%d", n/100)
	case n%10 == 0:
		return fmt.Sprintf("%d.%d", n/100, n%100/10)
	}
	return fmt.Sprintf("%d.%02d", n/100, n%100)
}
