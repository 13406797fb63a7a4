package engine

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/store"
)

// checkEvery is how often the due loop looks at the clock when nothing wakes it (R-TMO-9: at least
// every second).
const checkEvery = time.Second

// dueLoop runs what is due until ctx ends: when something wakes it, and every second of real time.
// What fails is tried again after a second.
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
		if next, err := e.runDue(ctx); err == nil {
			timer.Reset(e.until(next))
		} else if ctx.Err() == nil {
			e.config.Log.Error("run due work", "err", err)
			timer.Reset(checkEvery)
		}
	}
}

// until is how long the due loop may sleep: to the next due time, at most a second. What is due
// earlier since that was read has woken the loop.
func (e *Engine) until(next time.Time) time.Duration {
	if next.IsZero() {
		return checkEvery
	}
	return min(checkEvery, max(time.Millisecond, next.Sub(e.Now())))
}

// NextDue returns the earliest time that a job or an execution waits for; zero when nothing does.
func (e *Engine) NextDue(ctx context.Context) (next time.Time, err error) {
	err = e.config.Store.Read(ctx, func(r store.Reader) error {
		if next, err = r.NextDue(); err != nil {
			return err
		}
		groups, err := r.GroupsWithWork(1)
		if err != nil {
			return err
		}
		memberships, err := r.MembershipWork(1)
		working := len(groups)+len(memberships) > 0
		if now := e.Now(); working && (next.IsZero() || next.After(now)) {
			next = now // work on members waits for processor time only (R-CON-26)
		}
		return err
	})
	return next, err
}

// RunDue does all work that is due now, in bounded steps, and returns when nothing is due any more.
// Whose clients came or went, the members of groups, overdue timers in the order of their deadlines
// (R-TMO-13) and jobs take turns (R-CON-29).
func (e *Engine) RunDue(ctx context.Context) error {
	_, err := e.runDue(ctx)
	return err
}

// runDue is RunDue, and returns what is due next.
func (e *Engine) runDue(ctx context.Context) (next time.Time, err error) {
	e.due.Lock()
	defer e.due.Unlock()
	if back, err := e.work.FollowClockBack(ctx); err != nil {
		return next, err
	} else if back {
		e.config.Log.Warn("the clock went back: what jobs wait for was computed anew", "now", e.Now())
	}
	for ctx.Err() == nil {
		following, err := e.followClients(ctx)
		if err != nil {
			return next, err
		}
		if next, err = e.NextDue(ctx); err != nil {
			return next, err
		}
		e.overdue.found(next, e.Now())
		if next.IsZero() || next.After(e.Now()) {
			if following {
				continue
			}
			goesOn, err := e.removeOld(ctx)
			if err != nil || !goesOn {
				return next, err
			}
		}
		if err := e.commits.Do(ctx, e.dueStep); err != nil {
			return next, err
		}
	}
	return next, ctx.Err()
}

// removeOld does a step of removing what was kept long enough, and reports whether there is more to
// do. It does nothing most of the time.
func (e *Engine) removeOld(ctx context.Context) (goesOn bool, err error) {
	purging, err := e.work.Purge(ctx)
	if err != nil {
		return false, err
	}
	cutting, err := e.Records.Cut(ctx)
	if err != nil {
		return false, err
	}
	removing, err := e.Provision.RemoveExpired(ctx)
	return purging || cutting || removing, err
}

// followClients does a step of what follows from clients that came, went or sent something, and
// reports whether there may be more.
func (e *Engine) followClients(ctx context.Context) (goesOn bool, err error) {
	presences, err := e.Fleet.FollowPresences(ctx)
	if err != nil {
		return false, err
	}
	sightings, err := e.work.FollowSightings(ctx)
	return presences || sightings, err
}

// dueStep does one bounded step of due work: on the members of groups, on what follows from them in
// jobs, and on jobs.
func (e *Engine) dueStep(tx *commit.Tx) error {
	if err := e.Fleet.DueStep(tx); err != nil {
		return err
	}
	if err := e.work.MembershipStep(tx); err != nil {
		return err
	}
	return e.work.DueStep(tx)
}

// wakeForJobs wakes the due loop for a job that the commit has changed and that wants to be looked
// at soon, and for what follows from memberships. The loop sleeps no longer than checkEvery, and
// finds everything later by itself.
func (e *Engine) wakeForJobs(tx *commit.Tx) {
	if jobs.LeavesMembershipWork(tx) {
		e.wakeUp()
		return
	}
	soon := tx.Now.Add(checkEvery)
	for _, j := range tx.ChangedJobs() {
		if !j.Due.IsZero() && j.Due.Before(soon) {
			e.wakeUp()
			return
		}
	}
}
