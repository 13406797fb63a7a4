package forecast

import (
	"sync/atomic"
	"time"
)

// tables has the tables of all steps. A simulation makes those of the steps that it comes to, so
// that a job of an hour does not pay for the years that a forecast may look ahead. Two that make the
// same at once make the same twice.
type tables struct {
	grid               *grid
	started, good, bad *spread
	timeout            time.Duration
	steps              []atomic.Pointer[stepTables]
}

// stepTables say in which steps executions start and end that are queued, or start, in one step.
type stepTables struct {
	// released is for what ticks create, shown for what devices see at the beginning of the step,
	// queued for what is queued in the middle of it.
	released, shown, queued table
	// early is for what starts in the step in which a tick has created it, later for others.
	early, later endTables
	timesOut     int // in which step they time out
}

// endTables are where executions that succeed end, and those that fail.
type endTables struct{ good, bad table }

// makeTables prepares the tables.
func (p *plan) makeTables() {
	a := p.in.Assume
	p.tables = tables{
		grid:    p.grid,
		started: newSpread(p.grid, a.Started, 0, 0),
		good:    newSpread(p.grid, a.Ended, p.timeout, 0),
		timeout: p.timeout,
		steps:   make([]atomic.Pointer[stepTables], p.grid.steps()),
	}
	if p.tables.bad = p.tables.good; a.Failed != a.Ended {
		p.tables.bad = newSpread(p.grid, a.Failed, p.timeout, 0)
	}
}

// of returns the tables of a step.
func (t *tables) of(step int) *stepTables {
	if made := t.steps[step].Load(); made != nil {
		return made
	}
	made := t.make(step)
	t.steps[step].Store(made)
	return made
}

// make makes the tables of a step.
func (t *tables) make(step int) *stepTables {
	from, to := t.grid.at[step], t.grid.at[step+1]
	middle := points(from, to, fewPoints)
	made := &stepTables{
		queued:   t.started.table(step, middle),
		later:    t.ends(step, middle),
		timesOut: t.grid.step((from+to)/2 + t.timeout.Milliseconds()),
	}
	made.released, made.early = made.queued, made.later
	made.shown = t.started.table(step, []float64{float64(from)})
	if n := t.grid.ticks[step]; n > 0 {
		ticks := tickPoints(from, n)
		made.released = t.started.table(step, ticks)
		made.early = t.ends(step, t.started.beginnings(from, to, ticks))
	}
	return made
}

// ends makes the tables of executions that start at these times.
func (t *tables) ends(step int, begins []float64) (e endTables) {
	e.good = t.good.table(step, begins)
	if e.bad = e.good; t.bad != t.good {
		e.bad = t.bad.table(step, begins)
	}
	return e
}
