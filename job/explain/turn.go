package explain

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/job"
)

// A thing that has no execution: it is no target, or the job has ended, or its turn has not come.

// withoutExecution explains why there is none.
func (e *Explanation) withoutExecution(f Facts) {
	j, snapshot := f.Job, f.Job.TargetSelection != job.Continuous
	switch {
	case f.LastNumber > 0 && !f.LateJoiner:
		e.add(ExecutionDeleted,
			"Execution %d of job %s on %s was deleted, and it gets no other one.",
			f.LastNumber, j.ID, f.Thing)
	case !f.Target.Is():
		e.noTarget(f)
	case j.RolloutStarted() && snapshot && !f.Target.InTime && !f.Target.WasInTime:
		e.add(JoinedTooLate, "%s joined %s after the rollout of job %s had begun, and that is a "+
			"SNAPSHOT.", f.Thing, f.Target.Group, j.ID)
	case !j.Status.Active():
		e.over(j, fmt.Sprintf(", before %s had its turn", f.Thing))
	case j.RolloutEnded:
		e.add(RolloutEnded,
			"Job %s releases nothing any more: its end time has come, or no window opens "+
				"again.", j.ID)
	case !j.RolloutStarted():
		e.heldBack(j, f.Now)
		e.held(f)
		e.reaches(f, time.Time{})
	case f.LateJoiner || !snapshot && !f.Target.InTime:
		e.joins(f)
	case j.Progress.Finished:
		e.defect("The rollout of job %s has finished without %s, which is a target of it", j.ID,
			f.Thing)
	default:
		e.turn(f)
	}
}

// noTarget explains that the thing is no target.
func (e *Explanation) noTarget(f Facts) {
	if f.Target.WasInTime {
		e.add(LeftTargets,
			"%s was a target of job %s when its rollout began, and has left.", f.Thing,
			f.Job.ID)
		return
	}
	e.add(NotATarget, "Job %s names neither %s nor a group that it is in.", f.Job.ID, f.Thing)
}

// joins explains a late joiner of a continuous job: it waits until the job may create executions,
// or until the server comes to it.
func (e *Explanation) joins(f Facts) {
	if f.Job.Creates() {
		e.add(BackgroundWork, "%s has joined %s, and the server is about to create its execution.",
			f.Thing, f.Target.Group)
	} else {
		e.heldBack(f.Job, f.Now)
		e.add(LateJoiner, "%s has joined %s, and gets its execution when job %s goes on.", f.Thing,
			f.Target.Group, f.Job.ID)
	}
	e.held(f)
	e.reaches(f, time.Time{})
}

// turn explains that the rollout has not come to the thing.
func (e *Explanation) turn(f Facts) {
	j := f.Job
	e.heldBack(j, f.Now)
	e.gate(j)
	w := f.Target.Wave
	if w.Number > 0 && w.Status == job.WaveToCome {
		e.add(WaveToCome,
			"%s belongs to wave %d (%s), which has not begun.", f.Thing, w.Number, w.Takes)
	}
	most, waits := j.AtMostOutstanding()
	if waits {
		e.outstanding(j, most)
	}
	if !f.Target.InTime {
		e.add(TurnAfterAll,
			"%s had left the targets of job %s and is back: it has its turn after all "+
				"others.", f.Thing, j.ID)
	} else {
		r := e.add(RolloutTurn,
			"The rollout of job %s, of %s, has not come to %s%s.", j.ID, rate(j),
			f.Thing, f.Place.text())
		limited := j.Steering != nil && j.Steering.MaxOutstanding > 0
		if len(e.Reasons) == 1 && !limited { // nothing else stands in front
			r.Expected = f.Place.tick(j, f.Now)
		}
	}
	e.held(f)
	e.reaches(f, time.Time{})
}

// rate is how fast a job releases at present.
func rate(j job.Job) string {
	return fmt.Sprintf("%d a minute", j.Rollout.Rate(j.Progress.Step))
}

// text says how many are before a place.
func (p *Place) text() string {
	switch {
	case p == nil:
		return ""
	case p.Before == 0 && !p.AtLeast:
		return ": it is the next"
	case p.AtLeast:
		return fmt.Sprintf(": %d things or more are before it", p.Before)
	case p.About:
		return plural(p.Before, ": about 1 thing is before it", ": about %d things are before it")
	}
	return plural(p.Before, ": 1 thing is before it", ": %d things are before it")
}

// tick is the tick in which a place has its turn at the present rate; now when the present tick
// still comes to it, zero when that is not known.
//
// With 50 a minute, a tick that has 10 left and the next one at 12:01, the 10th thing is released
// now, the 11th at 12:01 and the 61st at 12:02.
func (p *Place) tick(j job.Job, now time.Time) time.Time {
	next := j.Progress.NextTick
	if p == nil || next.IsZero() {
		return time.Time{}
	}
	after := p.Before - j.Progress.Quota
	if after < 0 {
		return now
	}
	ticks := after / j.Rollout.Rate(j.Progress.Step)
	return next.Add(time.Duration(ticks) * job.Tick)
}

// plural is a text for one, or for a number of others.
func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf(many, n)
}
