package forecast

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
)

// The time of a forecast is divided into steps, the same for all its simulations. A step is a minute
// where a job is young or something has just changed, and longer where it goes on as before: a
// sixtieth of the time since the last change, two hours at most in the first weeks. Steps begin at
// ticks, and at every edge: where the schedule opens or closes, and at the end time.

const (
	minute = int64(time.Minute / time.Millisecond)
	// A step is the finest part of the time since the last edge, and at least the coarsest part of
	// the time since the beginning: with a window every day only the first days have fine steps.
	finest, coarsest = 60, 240
	// longest is the part of the time since the beginning that a step is at most; two hours, when
	// that is longer.
	longest = 240
	// maxSteps, maxAhead and maxOpenings bound how far a forecast looks ahead.
	maxSteps = 4000
	// maxFine is how many steps are shorter than a cycle, which perCycle of them make.
	maxFine, perCycle = 240, 8
	maxAhead          = 2 * 366 * 24 * 60 * minute
	maxOpenings       = 800
)

// grid is the steps. All times are in milliseconds from the beginning of the forecast.
type grid struct {
	now time.Time
	at  []int64 // where step i begins, and one more: where the last one ends
	// open says that the schedule lets the job create executions in a step.
	open []bool
	// ticks is how many ticks there may be in a step, the first at its beginning, a minute apart.
	ticks []int
	// least and most bound how long a step is, at a time; see room.
	least int64
	most  int64
	// endAt is the end time, -1 without one; lastOpen is when the schedule closes for good, -1 when
	// it does not as far as the grid goes.
	endAt, lastOpen int64
}

// newGrid divides the time of a job from now on. cycle is how long a place of drover:max-outstanding
// is taken, 0 without the setting: what is released then depends on what has ended just before, so
// that steps must be shorter than that.
func newGrid(j job.Job, now time.Time, cycle time.Duration) *grid {
	g := &grid{now: now, at: []int64{0}, least: minute, endAt: -1, lastOpen: -1}
	if cycle > 0 {
		g.most = max(cycle.Milliseconds()/perCycle, 1)
		for _, parts := range []int64{2, 3, 4, 6, 12} {
			if g.least > g.most {
				g.least = minute / parts
			}
		}
	}
	if j.Schedule != nil && !j.Schedule.EndAt.IsZero() {
		g.endAt = g.offset(j.Schedule.EndAt)
	}
	openings := j.Schedule.Openings(now, maxOpenings)
	if j.RolloutEnded {
		openings = nil
	}
	at := int64(0)
	for _, o := range openings {
		from, until := g.offset(o.From), maxAhead
		if !o.Until.IsZero() {
			until = g.offset(o.Until)
		}
		g.divide(at, from, false, false)
		if from == 0 { // ticks go on as they were
			from = min(g.offset(j.Progress.NextTick), minute, until)
			g.divide(0, from, true, false)
		}
		g.divide(from, until, true, true)
		at = until
	}
	if len(openings) < maxOpenings {
		g.lastOpen = at
		g.divide(at, maxAhead, false, false)
	}
	return g
}

// offset is a time in milliseconds from the beginning; 0 for the zero time and for what has passed.
func (g *grid) offset(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return max(0, at.Sub(g.now).Milliseconds())
}

// full reports whether the steps look far enough ahead.
func (g *grid) full() bool {
	return g.steps() >= maxSteps || g.at[g.steps()] >= maxAhead
}

// divide adds the steps between two times, of which the first is an edge. All but the last are whole
// minutes, so that each begins at a tick.
func (g *grid) divide(from, to int64, open, ticks bool) {
	for at := from; at < to && !g.full(); {
		length := max((at-from)/finest, at/coarsest, minute)
		length = min(length, max(120*minute, at/longest)) / minute * minute
		if g.most > 0 && g.steps() < maxFine {
			length = min(max(g.most/minute*minute, g.least), length)
		}
		end := at + length
		if to-end < g.least {
			end = to
		}
		if g.endAt > at && g.endAt < end {
			end = g.endAt
		}
		n := 0
		if ticks { // those at whole minutes from the edge on
			n = int((end-from+minute-1)/minute - (at-from+minute-1)/minute)
		}
		g.at, g.open, g.ticks = append(g.at, end), append(g.open, open), append(g.ticks, n)
		at = end
	}
}

// steps is how many steps there are.
func (g *grid) steps() int { return len(g.open) }

// time is a number of milliseconds from the beginning as a time.
func (g *grid) time(at int64) time.Time { return g.now.Add(time.Duration(at) * time.Millisecond) }

// step is the step that a time is in, the number of steps for a later one.
func (g *grid) step(at int64) int {
	i, begins := slices.BinarySearch(g.at, at)
	if !begins {
		i--
	}
	return min(max(i, 0), g.steps())
}
