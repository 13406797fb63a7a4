package rules

import (
	"fmt"
	"math/big"

	"github.com/drover-iot/drover/job"
)

// evaluateAbort evaluates the abort criteria of a job after one of its executions has ended, while
// the job is active (R-ABT-9, R-ABT-11). The first outcome that meets a criterion decides; what the
// same commit does later changes nothing. With drover:abort every criterion that is met is recorded
// instead, once, and may pause the job (R-STR-20).
func (c *commit) evaluateAbort(rec *jobRecord) {
	if !active(rec.stored.Status) || rec.stored.Abort == nil || rec.step.criterionMet != "" {
		return
	}
	does := settings(rec.stored.Definition).Abort
	if does == "" {
		rec.step.criterionMet = firstCriterionMet(rec.stored.Abort, rec.counts())
		return
	}
	for i, criterion := range rec.stored.Abort.Criteria {
		alone := &job.AbortConfig{Criteria: []job.AbortCriterion{criterion}}
		if !rec.steered.observed[i+1] && firstCriterionMet(alone, rec.counts()) != "" {
			rec.steered.observed[i+1] = true
			rec.steered.paused = rec.steered.paused || does == "pause"
		}
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
