package rules

import (
	"fmt"
	"math/big"

	"github.com/drover-iot/drover/job"
)

// evaluateAbort evaluates the abort criteria of a job after one of its executions has ended, while
// the job is active (R-ABT-9, R-ABT-11). The first outcome that meets a criterion decides; what the
// same commit does later changes nothing.
func (c *commit) evaluateAbort(rec *jobRecord) {
	if active(rec.stored.Status) && rec.step.criterionMet == "" {
		rec.step.criterionMet = firstCriterionMet(rec.stored.Abort, rec.counts())
	}
}

// firstCriterionMet names the first abort criterion that is met (R-ABT-1 to R-ABT-8); "" for none.
// It compares fractions: 1 of 3 executions is 33.33…%, which meets a threshold of 33.33 and does
// not meet one of 33.34.
func firstCriterionMet(c *job.AbortConfig, n counts) string {
	if c == nil {
		return ""
	}
	executed := n.executed()
	failures := map[job.FailureType]int64{
		"FAILED":    n[job.ExecutionFailed],
		"REJECTED":  n[job.ExecutionRejected],
		"TIMED_OUT": n[job.ExecutionTimedOut],
		"ALL":       executed - n[job.ExecutionSucceeded],
	}
	for i, criterion := range c.Criteria {
		failed := failures[criterion.FailureType]
		if failed == 0 || executed < criterion.MinExecuted {
			continue
		}
		if big.NewRat(failed, executed).Cmp(big.NewRat(criterion.ThresholdHundredths, 10000)) >= 0 {
			return fmt.Sprintf("criterion %d (%s)", i+1, criterion.FailureType)
		}
	}
	return ""
}
