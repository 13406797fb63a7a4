package job

// Counts holds how many executions of a job are in each status, indexed by the status. Executions
// are counted, not things: a thing that failed twice and then succeeded counts three times
// (R-JOB-45, R-JOB-46). Their sum is the number of existing executions (R-JOB-49).
//
// It is stored as a list by position; see ExecutionStatus.
type Counts [statuses]int64

// Transfer counts one execution that goes from one status to another.
func (c *Counts) Transfer(from, to ExecutionStatus) {
	c[from]--
	c[to]++
}

// Pending is how many executions have not ended.
func (c Counts) Pending() int64 { return c[ExecutionQueued] + c[ExecutionInProgress] }

// Total is how many executions exist.
func (c Counts) Total() (n int64) {
	for _, of := range c {
		n += of
	}
	return n
}

// Executed is how many executions have ended because of their device, or of a timer that it let
// expire: CANCELED and REMOVED do not count (R-ABT-4).
func (c Counts) Executed() int64 {
	return c[ExecutionSucceeded] + c[ExecutionFailed] + c[ExecutionRejected] + c[ExecutionTimedOut]
}
