package follow

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/api/iot"
)

// How fast a job is, and when it may be done. The rate is what was seen while the job was followed,
// by the clock of this machine. An estimate is made only from what is known: without the number of
// things that are still to come, or while nothing ends, there is none.

const (
	// seenFor is how far back the rate looks.
	seenFor = 5 * time.Minute
	// seenLeast is the shortest time that a rate is made from: one device that ends in the first
	// second does not make 60 in a minute.
	seenLeast = 5 * time.Second
)

// A History is what the counts of a job were.
type History struct{ samples []sample }

type sample struct {
	at              time.Time
	released, ended int
}

// Add notes the counts at a time, which is not before the last one. What is older than the rate
// looks back is forgotten, but for the newest such sample, from which the rate begins.
func (h *History) Add(at time.Time, c Counts) {
	h.samples = append(h.samples, sample{at, c.Released(), c.Ended()})
	for len(h.samples) > 2 && at.Sub(h.samples[1].at) >= seenFor {
		h.samples = h.samples[1:]
	}
}

// PerMinute is how many executions have been released and how many have ended in a minute of late,
// and whether that is known.
func (h *History) PerMinute() (released, ended float64, known bool) {
	if len(h.samples) == 0 {
		return 0, 0, false
	}
	first, last := h.samples[0], h.samples[len(h.samples)-1]
	minutes := last.at.Sub(first.at).Minutes()
	if minutes < seenLeast.Minutes() {
		return 0, 0, false
	}
	return max(float64(last.released-first.released)/minutes, 0),
		max(float64(last.ended-first.ended)/minutes, 0), true
}

// TimeLeft is how long a job may take until all its executions have ended, and whether there is an
// estimate. total is how many things are targets, -1 when that is not known; ended is the rate of
// executions that end, and most the rate at which the job releases executions at most, each in a
// minute.
//
// With 100 targets of which 40 are released and 30 have ended, 10 that end in a minute, and a
// rollout of 6 in a minute, the devices need 7 minutes and the rollout needs 10: it takes 10.
func (c Counts) TimeLeft(total int, ended, most float64) (time.Duration, bool) {
	waiting := 0
	if c.Releasing {
		if total < 0 {
			return 0, false
		}
		waiting = max(total-c.Released(), 0)
	}
	if ended <= 0 {
		return 0, false
	}
	minutes := max(float64(waiting+c.Pending())/ended, float64(waiting)/most)
	// A year is as good as unknown, and more would not fit into a duration.
	const longest = 365 * 24 * 60
	if minutes > longest {
		return 0, false
	}
	return time.Duration(minutes * float64(time.Minute)), true
}

// ReleasesPerMinute is how many executions a job releases in a minute at most (R-ROLL-1).
func ReleasesPerMinute(j *iot.Job) float64 {
	const usual = 1000
	if c := j.JobExecutionsRolloutConfig; c != nil && c.MaximumPerMinute != nil {
		return float64(*c.MaximumPerMinute)
	}
	return usual
}

// Span is a duration for people, cut to two units: 3 d 4 h, 2 h 10 min, 5 min, 20 s.
func Span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day:
		return fmt.Sprintf("%d d %d h", d/day, d%day/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%d h %d min", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", max(d, 0)/time.Second)
}
