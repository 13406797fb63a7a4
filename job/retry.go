package job

// RetriesUsed is what one chain of attempts has taken from each budget (R-RTY-12). A chain is the
// attempts on one thing from when it became a target: a thing that leaves and enters again begins a
// new one.
type RetriesUsed struct {
	Failed, TimedOut int
}

// Budget is how many retries a chain may have of an execution that ends with a status, and how many
// of them it has used. Only FAILED and TIMED_OUT are ever retried (R-RTY-1). Each takes one from the
// budget of its type, and ALL is one budget for both (R-RTY-4). of is 0 for what is not retried.
func (c *RetryConfig) Budget(ended ExecutionStatus, used RetriesUsed) (spent, of int) {
	if c == nil {
		return 0, 0
	}
	for _, criterion := range c.Criteria {
		switch {
		case ended != ExecutionFailed && ended != ExecutionTimedOut:
		case criterion.FailureType == FailureAll:
			return used.Failed + used.TimedOut, criterion.Retries
		case criterion.FailureType == FailureFailed && ended == ExecutionFailed:
			return used.Failed, criterion.Retries
		case criterion.FailureType == FailureTimedOut && ended == ExecutionTimedOut:
			return used.TimedOut, criterion.Retries
		}
	}
	return 0, 0
}

// retries reports whether an execution that ended with this status is tried again, and what its
// chain has used then.
//
// With a budget of 2 for FAILED, the first and the second failure are retried and the third is not:
// a thing is tried three times. With ALL and 2, so it is for any mix of failures and timeouts.
func (c *RetryConfig) retries(ended ExecutionStatus, used RetriesUsed) (RetriesUsed, bool) {
	spent, of := c.Budget(ended, used)
	if spent >= of {
		return used, false
	}
	if ended == ExecutionFailed {
		used.Failed++
	} else {
		used.TimedOut++
	}
	return used, true
}
