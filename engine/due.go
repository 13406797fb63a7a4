package engine

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// checkEvery is how often the due loop looks at the clock when nothing wakes it (R-TMO-9: at least every second).
const checkEvery = time.Second

// dueLoop runs what is due until ctx ends: when something wakes it, and every second of real time. What fails is tried
// again after a second.
func (e *Engine) dueLoop(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.wake:
		case <-timer.C:
		}
		if err := e.RunDue(ctx); err == nil {
			timer.Reset(e.untilNext(ctx))
		} else if ctx.Err() == nil {
			e.Log.Error("run due work", "err", err)
			timer.Reset(checkEvery)
		}
	}
}

// untilNext is how long the due loop may sleep: to the next due time, at most a second.
func (e *Engine) untilNext(ctx context.Context) time.Duration {
	next, err := e.NextDue(ctx)
	if err != nil || next.IsZero() {
		return checkEvery
	}
	return min(checkEvery, max(time.Millisecond, next.Sub(e.Now())))
}

// NextDue returns the earliest time that a job or an execution waits for; zero when nothing does.
func (e *Engine) NextDue(ctx context.Context) (next time.Time, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		if next, err = r.NextDue(); err != nil {
			return err
		}
		busy, err := r.GroupsWithWork(1)
		if now := e.Now(); len(busy) > 0 && (next.IsZero() || next.After(now)) {
			next = now // work on members waits for processor time only (R-CON-26)
		}
		return err
	})
	return next, err
}

// RunDue does all work that is due now, in bounded steps, and returns when nothing is due any more. Overdue timers
// come first, in the order of their deadlines (R-TMO-13), then jobs in the order of their due times.
func (e *Engine) RunDue(ctx context.Context) error {
	e.due.Lock()
	defer e.due.Unlock()
	for ctx.Err() == nil {
		followed, err := e.followPresences(ctx)
		if err != nil {
			return err
		}
		next, err := e.NextDue(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(e.Now()) {
			if followed {
				continue
			}
			purging, err := e.purge(ctx)
			if err != nil || !purging {
				return err
			}
		}
		if err := e.update(ctx, (*group).dueStep); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// purge begins the removal of jobs that ended longer ago than they are kept, and reports whether there were any. It looks
// once a minute: nothing waits for it, so it is not among what NextDue names.
func (e *Engine) purge(ctx context.Context) (any bool, err error) {
	now := e.Now()
	if e.Limits.Retention <= 0 || now.Sub(e.purged) < time.Minute {
		return false, nil
	}
	const page = 100
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		if err := g.flush(); err != nil {
			return out, err
		}
		ended, err := g.EndedJobs(now.Add(-e.Limits.Retention), page)
		for _, found := range ended {
			j, err := g.Job(found.Key) // in hand, so that it is no news that it has ended
			if err != nil {
				return out, err
			}
			j.Purge(g.now)
			out.keep(j)
		}
		any = len(ended) > 0
		return out, err
	})
	if err == nil && !any {
		e.purged = now
	}
	return any, err
}

// dueStep does one bounded step of due work: on the members of dynamic groups, and on jobs. There it is a page of overdue
// timers or, when there are none, a step of the job whose turn it is.
func (g *group) dueStep() (out outcome, err error) {
	if err := g.membersStep(scanStep, backgroundStep); err != nil {
		return out, err
	}
	overdue, err := g.DueExecutions(g.now, backgroundStep)
	if err != nil {
		return out, err
	}
	if len(overdue) > 0 {
		return g.timeOut(overdue)
	}
	if err := g.flush(); err != nil {
		return out, err
	}
	due, err := g.DueJobs(g.now, inTurn)
	if err != nil || len(due) == 0 {
		return out, err
	}
	j, err := g.Job(g.next(due))
	if err != nil {
		return out, err
	}
	return g.step(j, backgroundStep)
}

// inTurn is how many due jobs take turns.
const inTurn = 64

// next returns the due job whose turn it is: after the one that had its step last, by key. So a sweep over a million
// executions does not hold up the ticks of other jobs.
func (g *group) next(due []job.Job) job.Key {
	first, after := due[0].Key, job.Key(0)
	for _, j := range due {
		first = min(first, j.Key)
		if j.Key > *g.turn && (after == 0 || j.Key < after) {
			after = j.Key
		}
	}
	*g.turn = cmp.Or(after, first)
	return *g.turn
}

// timeOut ends executions whose deadline has passed (R-TMO-8), each as an outcome of its own, so that an abort that one
// brings about is announced in its place (R-EVT-28).
func (g *group) timeOut(overdue []job.Execution) (none outcome, err error) {
	for _, e := range overdue {
		var out outcome
		if _, err := g.keepCurrent(&out, e.Job); err != nil { // past its end nothing is retried
			return none, err
		}
		if err := g.move(&out, e, job.TimeOut); err != nil {
			return none, err
		}
		if err := g.take(out); err != nil {
			return none, err
		}
	}
	return none, nil
}

// missing reports whether the store does not have what was asked for.
func missing(err error) bool { return errors.Is(err, store.ErrNotFound) }
