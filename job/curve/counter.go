package curve

import (
	"time"

	"github.com/drover-iot/drover/job"
)

// maxSteps is how many different steps of time a counter tells apart.
const maxSteps = 4096

// Counter counts executions by steps of time. When they are spread over more than 4,096 steps, each
// two are made one: a step is a second, then two, then four. So the executions may come in any
// order, and nobody has to know beforehand when the first or the last one was.
type Counter struct {
	step  int64 // in milliseconds; 0 before the first execution
	steps map[int64]*counts
	// first is when the first execution was queued, earliest and last are of all times counted. A
	// clock that was set back may have had an execution end before it was queued.
	first, earliest, last time.Time
}

// counts are what has happened in one step.
type counts struct {
	released int64
	ended    job.Counts
}

// Add counts an execution. One that has ended has done so when it changed last.
func (c *Counter) Add(status job.ExecutionStatus, queuedAt, updatedAt time.Time) {
	c.at(queuedAt).released++
	if c.first.IsZero() || queuedAt.Before(c.first) {
		c.first = queuedAt
	}
	if status.Terminal() {
		c.at(updatedAt).ended[status]++
	}
}

// at is the counts of the step that has a time.
func (c *Counter) at(t time.Time) *counts {
	if c.step == 0 {
		c.step, c.steps = time.Second.Milliseconds(), map[int64]*counts{}
	}
	if c.earliest.IsZero() || t.Before(c.earliest) {
		c.earliest = t
	}
	if t.After(c.last) {
		c.last = t
	}
	for {
		number := stepOf(t, c.step)
		if found := c.steps[number]; found != nil {
			return found
		}
		if len(c.steps) < maxSteps {
			found := &counts{}
			c.steps[number] = found
			return found
		}
		c.steps = joined(c.steps, 2)
		c.step *= 2
	}
}

// stepOf is the number of the step that a time is in. A step ends with the time that is its number
// times its length, which is in it: with steps of a second, 12:00:01 is in the one that ends then,
// and so is everything after 12:00:00.
func stepOf(t time.Time, step int64) int64 { return upTo(t.UnixMilli(), step) }

// upTo is a divided by b, rounded up.
func upTo(a, b int64) int64 {
	q := a / b
	if a%b > 0 {
		q++
	}
	return q
}

// joined makes each n steps one, and leaves those given as they are.
func joined(steps map[int64]*counts, n int64) map[int64]*counts {
	fewer := make(map[int64]*counts, len(steps))
	for number, of := range steps {
		number = upTo(number, n)
		if fewer[number] == nil {
			fewer[number] = &counts{}
		}
		fewer[number].add(of)
	}
	return fewer
}

func (c *counts) add(more *counts) {
	c.released += more.released
	for status, n := range more.ended {
		c.ended[status] += n
	}
}
