package follow

import (
	"fmt"
	"strings"

	"github.com/drover-iot/drover/api/iot"
)

// Counts are the executions of a job by status, as the API reports them.
type Counts struct {
	Queued, InProgress                                       int
	Succeeded, Failed, TimedOut, Rejected, Removed, Canceled int

	// Releasing is whether the rollout of a target is not finished: more executions will come.
	Releasing bool
}

// CountsOf reads the counts of a job. A job that has just begun may lack all of them.
func CountsOf(j *iot.Job) Counts {
	d := j.JobProcessDetails
	if d == nil {
		return Counts{Releasing: true}
	}
	number := func(n *int32) int {
		if n == nil {
			return 0
		}
		return int(*n)
	}
	return Counts{
		Queued:     number(d.NumberOfQueuedThings),
		InProgress: number(d.NumberOfInProgressThings),
		Succeeded:  number(d.NumberOfSucceededThings),
		Failed:     number(d.NumberOfFailedThings),
		TimedOut:   number(d.NumberOfTimedOutThings),
		Rejected:   number(d.NumberOfRejectedThings),
		Removed:    number(d.NumberOfRemovedThings),
		Canceled:   number(d.NumberOfCanceledThings),
		Releasing:  len(d.ProcessingTargets) > 0,
	}
}

// Unsuccessful is how many executions have ended in another way than SUCCEEDED.
func (c Counts) Unsuccessful() int {
	return c.Failed + c.TimedOut + c.Rejected + c.Removed + c.Canceled
}

// Ended is how many executions have ended.
func (c Counts) Ended() int { return c.Succeeded + c.Unsuccessful() }

// Pending is how many executions have not ended.
func (c Counts) Pending() int { return c.Queued + c.InProgress }

// Released is how many executions there are.
func (c Counts) Released() int { return c.Pending() + c.Ended() }

// Text is the counts as a part of a line. total is how many things the job has as targets, -1 when
// that is not known. What is usually 0 is left out then:
//
//	released 40 of 100, in progress 10, succeeded 24, failed 1, queued 5
func (c Counts) Text(total int) string {
	released := fmt.Sprintf("released %d", c.Released())
	if c.Releasing && total >= c.Released() {
		released += fmt.Sprintf(" of %d", total)
	}
	parts := []string{
		released,
		fmt.Sprintf("in progress %d", c.InProgress),
		fmt.Sprintf("succeeded %d", c.Succeeded),
		fmt.Sprintf("failed %d", c.Failed),
	}
	for _, rare := range []struct {
		name  string
		count int
	}{
		{"queued", c.Queued}, {"timed out", c.TimedOut}, {"rejected", c.Rejected},
		{"removed", c.Removed}, {"canceled", c.Canceled},
	} {
		if rare.count > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", rare.name, rare.count))
		}
	}
	return strings.Join(parts, ", ")
}
