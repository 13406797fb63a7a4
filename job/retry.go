package job

// Used is what one chain of attempts (a membership period of one thing) took from each budget (R-RTY-12).
type Used struct {
	Failed, TimedOut int
}

// retries reports whether an execution that ended with this status is tried again, and what its chain has used then.
// Only FAILED and TIMED_OUT are ever retried (R-RTY-1); each takes one from the budget of its type, ALL is one budget
// for both (R-RTY-4).
func (c *RetryConfig) retries(ended ExecutionStatus, used Used) (Used, bool) {
	if c == nil || ended != Failed && ended != TimedOut {
		return used, false
	}
	for _, criterion := range c.Criteria {
		spent := 0
		switch {
		case criterion.FailureType == FailureAll:
			spent = used.Failed + used.TimedOut
		case criterion.FailureType == FailureFailed && ended == Failed:
			spent = used.Failed
		case criterion.FailureType == FailureTimedOut && ended == TimedOut:
			spent = used.TimedOut
		default:
			continue
		}
		if spent >= criterion.Retries {
			return used, false
		}
		if ended == Failed {
			used.Failed++
		} else {
			used.TimedOut++
		}
		return used, true
	}
	return used, false
}
