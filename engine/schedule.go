package engine

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// openStep lets a scheduled job go on: for the first time with the targets that are there now (R-JOB-52), later where it
// was.
func (g *group) openStep(j job.Job) (out outcome, err error) {
	defer func() { out.keep(j) }()
	if j.SkipMissedWindow(g.now) {
		return out, nil
	}
	if !j.Progress.Finished {
		if full, err := g.concurrencyReached(); err != nil || full {
			j.CancelAtLimit(g.config.Limits.Concurrent, g.now) // R-JOB-4
			return out, err
		}
	}
	if j.RolloutStarted() {
		j.ResumeRollout(g.now)
		return out, nil
	}
	targets, err := parseTargets(g.config.Scope, j.Targets)
	if err != nil {
		return out, err
	}
	sources, err := g.sources(j.Targets, targets, true)
	if err != nil {
		return out, err
	}
	frozen, err := g.LastJoined()
	if err != nil {
		return out, err
	}
	j.TargetGroups = targetGroups(sources) // a name may stand for another group by now
	j.StartRollout(sources, frozen, g.now)
	out.Job.Definitions = []job.Job{j}
	return out, nil
}

// current is a job as its schedule has it now, and whether that is news: what is decided does not depend on when the due
// loop comes to it (R-SCH-16, R-SCH-22).
func (g *group) current(j job.Job) (now job.Job, changed bool) {
	now = j
	if j.Schedule == nil || !j.Status.Active() {
		return j, false
	}
	if now.Recompute(g.now); now.ReachedWindowEdge(g.now) {
		now.SkipMissedWindow(g.now)
	}
	return now, now.Status != j.Status || now.RolloutEnded != j.RolloutEnded
}

// keepCurrent is current for the job of an outcome.
func (g *group) keepCurrent(out *outcome, key job.Key) (job.Job, error) {
	j, err := out.job(g, key)
	if err != nil {
		return j, err
	}
	now, changed := g.current(j)
	if changed {
		out.keep(now)
	}
	return now, nil
}

// tellStep tells up to limit things that a window showed or hid an execution (R-SCH-17, R-SCH-18). The head of a thing
// has changed when the execution is first now, or would be if it showed.
func (g *group) tellStep(j job.Job, limit int) (out outcome, err error) {
	page, err := g.PendingOfJob(j.Key, job.ExecutionQueued, *j.NotifyCursor, limit)
	if err != nil {
		return out, err
	}
	for _, x := range page {
		head, ok, err := g.head(x.Thing)
		if err != nil {
			return out, err
		}
		first := !ok || head.ExecutionKey == x.ExecutionKey || j.HiddenByWindow(x.Status) && x.Before(head)
		out.notices = append(out.notices, store.Notice{Thing: x.Thing, Notify: true, NotifyNext: first})
		j.NotifyCursor = &job.ExecutionCursor{Thing: x.Thing, Number: x.Number}
	}
	if len(page) < limit {
		j.NotifyCursor = nil
	}
	j.Recompute(g.now)
	out.keep(j)
	return out, nil
}

// admitStep creates executions for up to limit things that entered the job while it was SCHEDULED (R-JOB-56).
func (g *group) admitStep(j job.Job, limit int) (out outcome, err error) {
	things, err := g.LateJoiners(j.Key, limit)
	if err != nil {
		return out, err
	}
	j.LateJoinersWaiting = len(things) == limit
	out.keep(j)
	for _, thing := range things {
		out.Job.LateJoinersDone = append(out.Job.LateJoinersDone, store.LateJoiner{Job: j.Key, Thing: thing})
		if err := g.admit(&out, j.Key, thing); err != nil {
			return out, err
		}
	}
	j, err = out.job(g, j.Key)
	j.Recompute(g.now)
	out.keep(j)
	return out, err
}

// admit creates an execution for a thing that entered a continuous job, unless one is pending (R-JOB-57). It is a chain
// of its own: the next number, no retry used (R-JOB-58, R-RTY-11).
func (g *group) admit(out *outcome, key job.Key, thing registry.ThingID) error {
	latest, err := g.Latest(key, thing)
	if err == nil && !latest.Status.Terminal() {
		return nil
	}
	if err != nil && !missing(err) {
		return err
	}
	number, err := g.LastNumber(key, thing)
	if err != nil {
		return err
	}
	j, err := out.job(g, key)
	if err != nil {
		return err
	}
	if err := g.queue(out, job.NewExecution(job.ExecutionKey{Job: key, Thing: thing, Number: number + 1}, g.now)); err != nil {
		return err
	}
	j.QueuedLateJoiner(g.now)
	out.keep(j)
	return nil
}

// backfillStep creates executions for up to limit members of groups that were associated later. Like late joiners they
// do not wait for the rollout's rate (R-API-22).
func (g *group) backfillStep(j job.Job, limit int) (out outcome, err error) {
	page, err := g.nextTargets(j, *j.Backfill, len(j.Sources), limit, g.enters)
	if err != nil {
		return out, err
	}
	out.keep(j)
	for _, thing := range page.things {
		if err := g.admit(&out, j.Key, thing); err != nil {
			return out, err
		}
	}
	if j, err = out.job(g, j.Key); err != nil {
		return out, err
	}
	j.AdvanceBackfill(page.at, page.exhausted, g.now)
	out.keep(j)
	return out, nil
}

// enters accepts a thing that was no target of the job before its group was associated (R-JOB-51).
func (g *group) enters(j job.Job, source job.Source, thing registry.ThingID) (bool, error) {
	last, err := g.LastNumber(j.Key, thing)
	if err != nil || last == 0 {
		return err == nil, err
	}
	before := j
	before.Sources = nil
	for _, s := range j.Sources {
		if s.Target < source.Target {
			before.Sources = append(before.Sources, s)
		}
	}
	target, err := g.stillTarget(before, thing)
	return !target, err
}
