package forecast

import "github.com/drover-iot/drover/job"

// What stops a rollout: abort criteria, which are looked at after each execution that ends, and the
// guard, which counts things some time after their start.

// judge asks the abort criteria after what has ended in this step. They are asked after each
// execution, in a random order, unless no order could meet one: a criterion is met most easily
// while few have ended (R-ABT-9).
func (s *simulation) judge(e ends) {
	abort := s.in.Job.Abort
	if abort == nil || s.canceled || e.total() == 0 || !s.mayBeMet(abort, e) {
		return
	}
	counts := s.counts
	e.addTo(&counts, -1)
	for e.total() > 0 {
		one := s.drawOne(&e)
		one.addTo(&counts, 1)
		for i, c := range abort.Criteria {
			if s.observed&(1<<i) == 0 && c.IsMet(counts) {
				s.met(i)
			}
			if s.canceled {
				return
			}
		}
	}
}

// addTo adds what has ended to counts, or takes it off.
func (e ends) addTo(counts *job.Counts, sign int64) {
	counts[job.ExecutionSucceeded] += sign * e.succeeded
	counts[job.ExecutionFailed] += sign * e.failed
	counts[job.ExecutionRejected] += sign * e.rejected
	counts[job.ExecutionTimedOut] += sign * e.timedOut
}

// drawOne takes one of those that have ended.
func (s *simulation) drawOne(e *ends) (one ends) {
	n := s.Int64N(e.total())
	for _, of := range []struct{ from, to *int64 }{
		{&e.succeeded, &one.succeeded}, {&e.failed, &one.failed}, {&e.rejected, &one.rejected},
		{&e.timedOut, &one.timedOut},
	} {
		if n < *of.from {
			*of.from--
			*of.to++
			return one
		}
		n -= *of.from
	}
	return one
}

// mayBeMet reports whether some order of what has ended meets a criterion: the one in which all
// failures come first.
func (s *simulation) mayBeMet(abort *job.AbortConfig, e ends) bool {
	before := s.counts.Executed() - e.total()
	for i, c := range abort.Criteria {
		if s.observed&(1<<i) != 0 {
			continue
		}
		failed, fresh := int64(0), int64(0)
		for _, of := range []struct {
			status job.ExecutionStatus
			n      int64
		}{
			{job.ExecutionFailed, e.failed}, {job.ExecutionRejected, e.rejected},
			{job.ExecutionTimedOut, e.timedOut},
		} {
			if c.Counts(of.status) {
				failed += s.counts[of.status]
				fresh += of.n
			}
		}
		executed := max(before+fresh, min(c.MinExecuted, before+e.total()))
		worst := job.Counts{job.ExecutionSucceeded: executed - failed}
		worst[failureOf(c)] = failed
		if failed > 0 && c.IsMet(worst) {
			return true
		}
	}
	return false
}

// failureOf is a status that a criterion counts as a failure.
func failureOf(c job.AbortCriterion) job.ExecutionStatus {
	for _, status := range []job.ExecutionStatus{
		job.ExecutionFailed, job.ExecutionRejected, job.ExecutionTimedOut,
	} {
		if c.Counts(status) {
			return status
		}
	}
	return job.ExecutionFailed
}

// met does what is asked for when a criterion is met (R-STR-20).
func (s *simulation) met(i int) {
	s.observed |= 1 << i
	s.stop(s.in.Job.AbortAction(), NeverAborted)
}

// stop cancels or pauses the job, or does nothing.
func (s *simulation) stop(do job.Action, reason string) {
	if do == job.ActionObserve || s.paused {
		return
	}
	s.out.stoppedBy = stoppedBy{reason, s.grid.at[s.step+1]}
	if do == job.ActionPause {
		s.paused = true
		return
	}
	s.cancel()
}

// guardCount is what the guard has counted, and what it has yet to count.
type guardCount struct {
	counted, failed int64
	fired           bool
	started, fails  []int64 // by the step in which the things started
	next            int     // the first of those steps that has not counted
	waiting         int     // the first of plan.waiting that has not counted
}

// beginGuard is the guard as it is at the beginning.
func (s *simulation) beginGuard() {
	g := &s.guard
	clear(g.started)
	clear(g.fails)
	g.next, g.waiting = 0, 0
	if s.plan.guard == nil {
		return
	}
	if g.started == nil {
		g.started, g.fails = make([]int64, s.grid.steps()), make([]int64, s.grid.steps())
	}
	g.counted, g.failed, g.fired = 0, 0, false
	if had := s.in.Job.Steered; had != nil && had.Guard != nil {
		g.counted, g.failed, g.fired = had.Guard.Counted, had.Guard.Failed, had.Guard.Fired != nil
	}
}

// guardSees shows the guard things that start in this step: how many of them end badly, and how
// many never end by themselves.
func (s *simulation) guardSees(n, bad, hang int64) {
	if s.plan.guard == nil {
		return
	}
	fails := s.of(bad, s.guardBadOdds)
	if s.guardTimesOut {
		fails += hang
	}
	s.guard.started[s.step] += n
	s.guard.fails[s.step] += fails
}

// countGuard counts what is old enough at the end of this step, and does what the guard asks for.
func (s *simulation) countGuard() {
	g := &s.guard
	if s.plan.guard == nil || g.fired || s.canceled {
		return
	}
	before := g.counted
	for g.waiting < len(s.waiting) && s.waiting[g.waiting].step <= s.step {
		w := s.waiting[g.waiting]
		g.counted += w.started
		g.failed += w.failing + s.of(w.started-w.failing, w.late)
		g.waiting++
	}
	for ; g.next <= s.step && s.countsAt[g.next] <= s.step; g.next++ {
		g.counted += g.started[g.next]
		g.failed += g.fails[g.next]
	}
	if g.counted > before && s.plan.guard.IsProven(g.counted, g.failed) {
		g.fired = true
		s.stop(s.plan.guard.Then, NeverGuarded)
	}
}

// guardIsDone reports whether the guard has counted as many things as decide whether it fires.
func (s *simulation) guardIsDone() bool {
	return s.plan.guard == nil || s.guard.fired || s.guard.counted >= s.decided
}
