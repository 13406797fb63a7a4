package curve

import (
	"time"

	"github.com/drover-iot/drover/job"
)

// maxPoints is how many points a curve has at the most.
const maxPoints = 200

// Curve is how a job went.
type Curve struct {
	Start time.Time // when the first execution was released; zero without any
	Until time.Time
	Step  time.Duration // between two points
	// Points are one for each step, the earliest first. The last one is at Until.
	Points []Point
}

// Point is what had happened up to a time, that included.
type Point struct {
	At       time.Time
	Released int64
	// Ended are those that have ended, by their status. Those that have not are not in it.
	Ended job.Counts
}

// Curve is what was counted, up to a time, or up to what was counted last if that is later. A zero
// time is the latter.
func (c *Counter) Curve(until time.Time) Curve {
	if c.first.IsZero() {
		return Curve{}
	}
	if until.Before(c.last) {
		until = c.last
	}
	n := max(c.points(until, 1)/maxPoints, 1)
	for c.points(until, n) > maxPoints {
		n++
	}
	step := c.step * n
	out := Curve{
		Start: c.first,
		Until: until,
		Step:  time.Duration(step) * time.Millisecond,
	}
	steps, sum := joined(c.steps, n), counts{}
	for number := stepOf(c.earliest, step); number <= stepOf(until, step); number++ {
		if of := steps[number]; of != nil {
			sum.add(of)
		}
		at := time.UnixMilli(number * step).UTC()
		if at.After(until) {
			at = until
		}
		out.Points = append(out.Points, Point{At: at, Released: sum.released, Ended: sum.ended})
	}
	return out
}

// points is how many points there are when each n steps are made one.
func (c *Counter) points(until time.Time, n int64) int64 {
	return stepOf(until, c.step*n) - stepOf(c.earliest, c.step*n) + 1
}
