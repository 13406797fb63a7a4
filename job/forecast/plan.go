package forecast

import (
	"time"

	"github.com/drover-iot/drover/job"
)

// plan is what all simulations of a forecast share. None of them changes it.
type plan struct {
	in    Input
	grid  *grid
	rates []int // of the ramp, by its step; the last one holds for all steps after it
	// classes are the chains of attempts that there can be, in the order of their attempts.
	classes []class
	waves   int // how many waves there are; 1 without
	tables  tables
	timeout time.Duration // of the job, 0 without one
	pending []pendingPlan
	// room is drover:max-outstanding, 0 for any number; cycle is how long a place of it is taken on
	// average.
	room  int64
	cycle time.Duration
	guard *job.Guard
	// countsAt is by the end of which step the things have counted that start in a step.
	countsAt []int
	// waiting is what the guard has yet to count of things that started before.
	waiting []waitingBucket
	// What a device that starts does: it times out, or it fails in one of two ways.
	timeoutOdds, badOdds, failedOdds, silentOdds odds
	// decided is for simulations of which nothing is asked but whether something stops the job: they
	// end after so many executions, because nothing does later. 0 for others.
	decided int64
	// How a failure, and what times out, counts for the guard.
	guardBadOdds  odds
	guardTimesOut bool
}

// class is the executions that have used the same retries. A failure of one of them is tried again
// in another class, -1 for none.
type class struct {
	used               job.RetriesUsed
	onFailed, onTimely int
	// waits is how long a retry waits that is in this class (R-STR-45), and over which time.
	shortest, longest int64
}

// pendingPlan is executions that have not ended, and where they start or end.
type pendingPlan struct {
	Pending
	stream int
	table  table
	ends   endTables
	silent odds // the share that never answers, or never ends by itself
	bad    odds // the share of the others that fails, of what is IN_PROGRESS
	due    int  // the step of the timeout
}

// waitingBucket is things that started before the forecast and that the guard has not counted.
type waitingBucket struct {
	step             int // by the end of which they count
	started, failing int64
	late             odds // that one of the others fails until then
}

// newPlan prepares the simulations of an input.
func newPlan(in Input) *plan {
	j := in.Job
	p := &plan{in: in, waves: 1, rates: rates(j.Rollout)}
	if s := j.Steering; s != nil {
		p.waves, p.room, p.guard = max(1, len(s.Waves)), s.MaxOutstanding, s.Guard
	}
	if j.Timeout != nil {
		p.timeout = time.Duration(j.Timeout.InProgressMinutes) * time.Minute
	}
	cycle := time.Duration(0)
	if p.room > 0 {
		p.cycle = in.Assume.Started.mean() + in.Assume.Ended.mean()
		cycle = in.Assume.Started.Median + in.Assume.Ended.Median
	}
	p.grid = newGrid(j, in.Now, cycle)
	p.classes = classes(j)
	p.assume(in.Assume)
	p.makeTables()
	p.planPending()
	p.planGuard()
	return p
}

// rates are those of the ramp up to the first that it never exceeds.
func rates(c *job.RolloutConfig) (rates []int) {
	for k := 0; ; k++ {
		rate := c.Rate(k)
		if k > 0 && rate == rates[k-1] && (c == nil || c.Exponential == nil || rate >= c.Rate(k+100)) {
			return rates
		}
		rates = append(rates, rate)
	}
}

// assume sets what devices do.
func (p *plan) assume(a Assumptions) {
	p.in.Assume = a
	p.silentOdds = oddsOf(a.SilentRate)
	p.timeoutOdds = oddsOf(a.TimeoutRate)
	bad := a.FailureRate + a.RejectionRate
	p.badOdds = oddsOf(bad / max(1-a.TimeoutRate, negligible))
	if bad > 0 {
		p.failedOdds = oddsOf(a.FailureRate / bad)
	}
	if g := p.guard; g != nil {
		counted := p.failedOdds.p*oneIf(g.Fails(job.ExecutionFailed)) +
			(1-p.failedOdds.p)*oneIf(g.Fails(job.ExecutionRejected))
		p.guardBadOdds = oddsOf(counted * a.Failed.within(g.Settle))
		p.guardTimesOut = p.timeout > 0 && p.timeout <= g.Settle && g.Fails(job.ExecutionTimedOut)
	}
}

// classes are the classes of a job, those of fewer attempts first.
func classes(j job.Job) []class {
	all := []class{{onFailed: -1, onTimely: -1}}
	find := func(ended job.ExecutionStatus, used job.RetriesUsed) int {
		next, again := j.Retry.Retries(ended, used)
		if !again || !j.Status.Active() || j.RolloutEnded {
			return -1
		}
		for i, c := range all {
			if c.used == next {
				return i
			}
		}
		c := class{used: next, onFailed: -1, onTimely: -1}
		if j.Steering != nil {
			shortest, longest := j.Steering.Backoff.Between(next.Failed + next.TimedOut)
			c.shortest, c.longest = shortest.Milliseconds(), longest.Milliseconds()
		}
		all = append(all, c)
		return len(all) - 1
	}
	for i := 0; i < len(all); i++ { // those that are found on the way come later
		failed := find(job.ExecutionFailed, all[i].used)
		timedOut := find(job.ExecutionTimedOut, all[i].used)
		all[i].onFailed, all[i].onTimely = failed, timedOut
	}
	return all
}

// stream is the number of the executions of one class and one wave, which is counted from 1 on.
func (p *plan) stream(class, wave int) int { return class*p.waves + max(0, wave-1) }

// planPending plans what has not ended yet. Whoever has waited for long is more likely to be one that
// never answers, and what is IN_PROGRESS for long one of those that take longer.
func (p *plan) planPending() {
	a := p.in.Assume
	for _, x := range p.in.Pending {
		plan := pendingPlan{Pending: x, due: p.grid.steps()}
		for i, c := range p.classes {
			if c.used == x.Used {
				plan.stream = p.stream(i, min(x.Wave, p.waves))
			}
		}
		begins := []float64{-float64(x.Age.Milliseconds())}
		if !x.Started {
			plan.table = newSpread(p.grid, a.Started, 0, x.Age).table(0, begins)
			plan.silent = oddsOf(p.neverStarts(x))
			p.pending = append(p.pending, plan)
			continue
		}
		plan.ends.good = newSpread(p.grid, a.Ended, p.timeout, x.Age).table(0, begins)
		plan.ends.bad = newSpread(p.grid, a.Failed, p.timeout, x.Age).table(0, begins)
		bad := (a.FailureRate + a.RejectionRate) * (1 - a.Failed.within(x.Age))
		good := (1 - a.FailureRate - a.RejectionRate - a.TimeoutRate) * (1 - a.Ended.within(x.Age))
		plan.silent = oddsOf(a.TimeoutRate / max(a.TimeoutRate+good+bad, negligible))
		plan.bad = oddsOf(bad / max(good+bad, negligible))
		if p.timeout > 0 {
			plan.due = p.grid.step(max(0, (p.timeout - x.Age).Milliseconds()))
		}
		p.pending = append(p.pending, plan)
	}
}

// neverStarts is the probability that executions which are QUEUED never start: their things never
// answer. A thing of which another attempt waits has answered. Where executions are hidden from
// time to time their age says little: then those that never answer are all among those that wait.
func (p *plan) neverStarts(x Pending) float64 {
	j, a := p.in.Job, p.in.Assume
	switch {
	case x.Used != job.RetriesUsed{}:
		return 0
	case j.Schedule.Windowed() || j.Paused != "":
		queued := max(j.Counts[job.ExecutionQueued], 1)
		return min(1, a.SilentRate*float64(j.Progress.Notified)/float64(queued))
	}
	done := a.Started.within(x.Age)
	return a.SilentRate / max(a.SilentRate+(1-a.SilentRate)*(1-done), negligible)
}

// planGuard plans what the guard has not counted yet.
func (p *plan) planGuard() {
	g := p.guard
	if g == nil {
		return
	}
	p.countsAt = make([]int, p.grid.steps())
	for i := range p.countsAt {
		last := p.grid.time(p.grid.at[i+1] - 1)
		p.countsAt[i] = p.grid.step(p.grid.offset(g.CountsAt(last)) - 1)
	}
	if p.in.Job.Steered == nil || p.in.Job.Steered.Guard == nil {
		return
	}
	a, s := p.in.Assume, *p.in.Job.Steered.Guard
	for i, started := range s.Started {
		counts := g.BucketCounts(s.First + int64(i))
		age := g.Settle - counts.Sub(p.in.Now)
		late := p.badOdds.p * (a.Failed.within(g.Settle) - a.Failed.within(max(0, age)))
		p.waiting = append(p.waiting, waitingBucket{
			step:    p.grid.step(p.grid.offset(counts)),
			started: started,
			failing: s.Failing[i],
			late:    oddsOf(late),
		})
	}
}
