package job

import (
	"fmt"
	"time"
)

// A job with a guard shows it every change of an execution, and asks it again whenever the time has
// come for a bucket of starts to count (guardstate.go). This file is what the guard does to the job
// then (R-STR-33). It works as long as the job is active: afterwards there is nothing to stop.

// guard is the guard of the job, nil without one.
func (d Definition) guard() *Guard {
	if d.Steering == nil {
		return nil
	}
	return d.Steering.Guard
}

// guardState is what the guard has counted.
func (s State) guardState() GuardState {
	if s.Steered == nil || s.Steered.Guard == nil {
		return GuardState{}
	}
	return *s.Steered.Guard
}

// guardDue is when the guard counts next, zero when it waits for nothing.
func (j *Job) guardDue() time.Time {
	if g := j.guard(); g != nil && j.Status.Active() {
		return j.guardState().due(*g)
	}
	return time.Time{}
}

// GuardDue is when the guard of the job counts next, zero when it waits for nothing.
func (j Job) GuardDue() time.Time { return j.guardDue() }

// advanceGuard counts for the guard what time has brought.
func (j *Job) advanceGuard(now time.Time) {
	if reached(j.guardDue(), now) {
		j.setGuardState(j.guardState().advance(*j.guard(), now), now)
	}
}

// guardChange shows the guard an execution that has changed; after is zero for one that is gone.
// The job must be recomputed then.
func (j *Job) guardChange(before, after Execution, now time.Time) {
	g := j.guard()
	if g == nil || !j.Status.Active() {
		return
	}
	if was, is := g.view(before), g.view(after); was != is {
		j.setGuardState(j.guardState().changed(*g, was, is, now), now)
	}
}

// setGuardState stores what the guard has counted, and does what it asks for when it has fired.
func (j *Job) setGuardState(s GuardState, now time.Time) {
	fired := s.Fired != nil && j.guardState().Fired == nil
	j.steered().Guard = &s
	if fired {
		j.fireGuard(*j.guard(), *s.Fired, now)
	}
}

// fireGuard pauses the job, cancels it as an abort criterion does, or only records it.
func (j *Job) fireGuard(g Guard, f GuardFiring, now time.Time) {
	if g.Then == ActionCancel {
		j.cancel(SweepQueued, now)
		j.ReasonCode = ReasonGuard
		j.Comment = fmt.Sprintf("the guard fired: %d of %d things failed (%s), which is evidence for a "+
			"rate above %s percent at alpha %s percent", f.Failed, f.Counted, g.FailureType,
			hundredths(g.RateHundredths), hundredths(g.AlphaHundredths))
		return
	}
	j.observe(Observation{At: now, Failures: f.Failed, Executed: f.Counted, Action: g.Then})
	if g.Then == ActionPause {
		j.pauseBy(fmt.Sprintf("guard: %s %d of %d - rate %s alpha %s", g.FailureType, f.Failed,
			f.Counted, percentText(g.RateHundredths), percentText(g.AlphaHundredths)), now)
	}
}

// changeGuard lets another guard than before begin: it starts anew, and what was recorded was of
// the other one.
func (j *Job) changeGuard(before *Guard, now time.Time) {
	g := j.guard()
	if g == before || g != nil && before != nil && *g == *before {
		return
	}
	s := j.steered()
	s.Guard = nil
	s.forgetObserved(func(o Observation) bool { return o.Criterion == 0 })
	if g != nil {
		fresh := newGuardState(now)
		s.Guard = &fresh
	}
}

// guardClockWentBack lets the guard follow a clock that was set back. changed is false for a guard
// that has seen nothing.
func (j *Job) guardClockWentBack(now time.Time) (changed bool) {
	if j.guard() == nil || j.Steered == nil || j.Steered.Guard == nil {
		return false
	}
	s := j.guardState().clockWentBack(now)
	j.steered().Guard = &s
	return true
}
