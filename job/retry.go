package job

// RetriesUsed is what one chain of attempts has taken from each budget (R-RTY-12). A chain is the
// attempts on one thing from when it became a target: a thing that leaves and enters again begins a
// new one.
type RetriesUsed struct {
	Failed, TimedOut int
}

// retries reports whether an execution that ended with this status is tried again, and what its
// chain has used then. Only FAILED and TIMED_OUT are ever retried (R-RTY-1). Each takes one from
// the budget of its type, and ALL is one budget for both (R-RTY-4).
//
// With a budget of 2 for FAILED, the first and the second failure are retried and the third is not:
// a thing is tried three times. With ALL and 2, so it is for any mix of failures and timeouts.
func (c *RetryConfig) retries(ended ExecutionStatus, used RetriesUsed) (RetriesUsed, bool) {
	if c == nil || ended != ExecutionFailed && ended != ExecutionTimedOut {
		return used, false
	}
	for _, criterion := range c.Criteria {
		spent := 0
		switch {
		case criterion.FailureType == FailureAll:
			spent = used.Failed + used.TimedOut
		case criterion.FailureType == FailureFailed && ended == ExecutionFailed:
			spent = used.Failed
		case criterion.FailureType == FailureTimedOut && ended == ExecutionTimedOut:
			spent = used.TimedOut
		default:
			continue
		}
		if spent >= criterion.Retries {
			return used, false
		}
		if ended == ExecutionFailed {
			used.Failed++
		} else {
			used.TimedOut++
		}
		return used, true
	}
	return used, false
}
