package engine

import (
	"errors"
	"fmt"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

const (
	// inlineStep is how many executions a request may create, cancel or delete before it is answered (R-ROLL-21,
	// R-JOB-62).
	inlineStep = 100
	// backgroundStep is how many executions one step of the due loop touches: it bounds how long a device waits behind
	// it.
	backgroundStep = 250
)

// step does one bounded piece of the work that is due for a job: what its schedule asks for, a page of its rollout, or a
// page of its sweep.
func (g *group) step(j job.Job, limit int) (out outcome, err error) {
	if before := j.State; j.Status.Active() {
		if j.Recompute(g.now); j.Status != before.Status || j.RolloutEnded != before.RolloutEnded {
			out.keep(j)
			return out, nil
		}
	}
	switch {
	case j.Sweep == job.SweepAll:
		return g.deleteStep(j, limit)
	case j.Sweep != job.NoSweep:
		return g.cancelStep(j, limit)
	case j.ReachedWindowEdge(g.now):
		return g.openStep(j)
	case j.NotifyCursor != nil:
		return g.tellStep(j, limit)
	case j.LateJoinersWaiting && j.Status == job.InProgress:
		return g.admitStep(j, limit)
	case j.Backfill != nil && j.Status == job.InProgress:
		return g.backfillStep(j, limit)
	}
	return g.releaseStep(j, limit)
}

// releaseStep opens the next tick if its time has come and creates up to limit executions of its quota (R-ROLL-3).
// It also learns whether any target is left (R-ROLL-13).
func (g *group) releaseStep(j job.Job, limit int) (out outcome, err error) {
	quota := min(j.Tick(g.now), limit)
	if quota == 0 {
		out.keep(j)
		return out, nil
	}
	targets, err := g.nextTargets(j, j.Progress.Cursor, j.FirstAssociatedSource(), quota, g.free)
	if err != nil {
		return out, err
	}
	out.keep(j)
	for _, thing := range targets.things {
		first := job.NewExecution(job.ExecutionKey{Job: j.Key, Thing: thing, Number: 1}, g.now)
		if err := g.queue(&out, first); err != nil {
			return out, err
		}
	}
	j.ReleasedExecutions(len(targets.things), targets.at, targets.exhausted, g.now)
	out.keep(j)
	return out, nil
}

// queue adds a new execution to the outcome and tells its thing.
func (g *group) queue(out *outcome, e job.Execution) error {
	_, pending, err := g.head(e.Thing)
	if err != nil {
		return err
	}
	e.Sequence = g.keys.Sequence()
	out.Job.CreatedExecutions = append(out.Job.CreatedExecutions, e)
	out.notices = append(out.notices, store.Notice{Thing: e.Thing, Notify: true, NotifyNext: !pending})
	return nil
}

// targets is one page of things whose turn has come.
type targets struct {
	things    []registry.ThingID
	at        job.RolloutCursor
	exhausted bool
}

// nextTargets finds up to limit things of the job's sources that are accepted, from the cursor on and before the source
// end (R-ROLL-12, R-ROLL-14). Sources are read a bounded number of members at a time; a page may be short of the limit
// when many members were skipped, and only exhausted says that nothing is left.
func (g *group) nextTargets(j job.Job, from job.RolloutCursor, end, limit int, accept func(job.Job, job.Source, registry.ThingID) (bool, error)) (targets, error) {
	page := targets{at: from}
	taken := map[registry.ThingID]bool{}
	for budget := max(10*limit, backgroundStep); budget > 0 && page.at.Source < end; {
		source := j.Sources[page.at.Source]
		members, err := g.members(j, source, page.at.After, limit+1)
		if err != nil {
			return page, err
		}
		for _, member := range members {
			budget--
			accepted, err := accept(j, source, member.Thing)
			if err != nil {
				return page, err
			}
			if accepted && !taken[member.Thing] {
				if len(page.things) == limit {
					return page, nil // one more is there: not exhausted
				}
				taken[member.Thing] = true
				page.things = append(page.things, member.Thing)
			}
			page.at.After = member.Name
		}
		if len(members) <= limit {
			page.at = job.RolloutCursor{Source: page.at.Source + 1}
		}
	}
	page.exhausted = page.at.Source >= end
	return page, nil
}

// members returns the next things of one source: a group's members that joined in time, or the one thing if it still
// exists (R-JOB-54).
func (g *group) members(j job.Job, source job.Source, after string, limit int) ([]registry.Member, error) {
	if source.Thing == 0 {
		return g.Members(source.Group, max(j.NewestMembership, source.NewestMembership), after, limit)
	}
	thing, err := g.Thing(source.Thing)
	if errors.Is(err, store.ErrNotFound) || after != "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []registry.Member{{Thing: thing.ID, Name: thing.Name}}, nil
}

// free accepts a thing that has no execution of the job, not even a deleted one.
func (g *group) free(j job.Job, _ job.Source, thing registry.ThingID) (bool, error) {
	number, err := g.LastNumber(j.Key, thing)
	return number == 0, err
}

// cancelStep cancels up to limit executions of a job that was cancelled (R-JOB-21, R-JOB-22).
func (g *group) cancelStep(j job.Job, limit int) (out outcome, err error) {
	event, statuses := j.Sweep.EventAndStatuses()
	for _, status := range statuses {
		found, err := g.PendingOfJob(j.Key, status, job.ExecutionCursor{}, limit+1)
		if err != nil {
			return out, err
		}
		for _, e := range found[:min(limit, len(found))] {
			if err := g.move(&out, e, event); err != nil {
				return out, err
			}
		}
		if limit -= len(found); limit < 0 {
			return out, nil // more are there
		}
	}
	if j, err = out.job(g, j.Key); err != nil {
		return out, err
	}
	j.FinishSweep(g.now)
	out.keep(j)
	return out, nil
}

// move applies an event that no device asked for to one execution and adds what it did to the outcome.
func (g *group) move(out *outcome, e job.Execution, event job.Event) error {
	j, err := out.job(g, e.Job)
	if err != nil {
		return err
	}
	moved, err := job.ApplyEvent(j, e, event, g.now)
	if err != nil {
		return fmt.Errorf("execution %d of thing %d: %w", e.Number, e.Thing, err)
	}
	return g.settle(out, e, moved)
}

// settle adds what one event did to the outcome: the execution, its retry, the job, and what the thing is told.
func (g *group) settle(out *outcome, before job.Execution, moved job.Outcome) error {
	notice, err := g.notice(before, moved.Execution)
	if err != nil {
		return err
	}
	if notice.Notify || notice.NotifyNext {
		out.notices = append(out.notices, notice)
	}
	out.Job.UpdatedExecutions = append(out.Job.UpdatedExecutions, moved.Execution)
	if err := g.announceExecution(out, ended[moved.Execution.Status], moved.Execution); err != nil {
		return err
	}
	if moved.Retry != nil {
		if still, err := g.stillTarget(moved.Job, before.Thing); err != nil {
			return err
		} else if !still {
			moved.WithdrawRetry(g.now)
		}
	}
	if moved.Retry != nil {
		retry := *moved.Retry
		if retry.Number, err = g.LastNumber(retry.Job, retry.Thing); err != nil {
			return err
		}
		retry.Number++
		retry.Sequence = g.keys.Sequence()
		out.Job.CreatedExecutions = append(out.Job.CreatedExecutions, retry)
	}
	out.keep(moved.Job)
	return nil
}

// deleteStep deletes up to limit executions of a job that is being deleted; the job goes with the last (R-JOB-34).
func (g *group) deleteStep(j job.Job, limit int) (out outcome, err error) {
	out.keep(j)
	found, err := g.SomeOfJob(j.Key, limit+1)
	if err != nil {
		return out, err
	}
	for _, e := range found[:min(limit, len(found))] {
		if err := g.drop(&out, e); err != nil {
			return out, err
		}
	}
	if len(found) <= limit {
		delete(out.jobs, j.Key)
		out.Job.DeletedJobs = []job.Key{j.Key}
		out.tag(registry.KindJob, j.ID, nil) // R-JOB-37
	}
	return out, nil
}

// drop deletes one execution. A pending one leaves its thing's list (R-JOB-35).
func (g *group) drop(out *outcome, e job.Execution) error {
	j, err := out.job(g, e.Job)
	if err != nil {
		return err
	}
	if !e.Status.Terminal() {
		notice, err := g.notice(e, job.Execution{Status: job.ExecutionRemoved})
		if err != nil {
			return err
		}
		out.notices = append(out.notices, notice)
	}
	if j.PublishesDeletion(e.Status) {
		if err := g.announceExecution(out, deletedEvent, e); err != nil {
			return err
		}
	}
	out.Job.DeletedExecutions = append(out.Job.DeletedExecutions, e.ExecutionKey)
	j.ExecutionDeleted(e.Status, g.now)
	out.keep(j)
	return nil
}

// sweep does to one execution what the sweep of its job will do to it.
func (g *group) sweep(out *outcome, sweep job.Sweep, e job.Execution) error {
	if sweep == job.SweepAll {
		return g.drop(out, e)
	}
	event, _ := sweep.EventAndStatuses()
	return g.move(out, e, event)
}
