package rules

import (
	"slices"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// An operator has a job try again on the things whose last attempt has failed (R-STR-60). The rules
// note what is owed when that begins, and look at every attempt that is created for it: it takes
// from the quotas of the rollout and from no retry budget.

// RetryCall is a call that has a job try again on what has failed. Things are names; none are all.
type RetryCall struct {
	JobID    string
	Statuses []string
	Things   []string
}

// retryPass is what a job has been asked to try again.
type retryPass struct {
	statuses []string
	things   map[registry.ThingID]bool // nil for all
	// owed are the last attempts that had failed so when it began.
	owed map[registry.ThingID]int64
	done map[registry.ThingID]bool
	// begun says that the job has taken the call up.
	begun bool
}

// BeforeRetry says that an operator has a job try again. It counts for the next commit.
func (ch *Checker) BeforeRetry(call RetryCall) { ch.retry = &call }

// retryAsked begins the pass that the call of this commit asks for, if one may begin. done is called
// after the commit: where it has not changed the job, the call was refused, or has found nothing.
func (c *commit) retryAsked() (done func()) {
	call := c.ch.retry
	c.ch.retry = nil
	for key, rec := range c.ch.jobs {
		if call != nil && rec.id == call.JobID && active(rec.stored.Status) && rec.steered.retry == nil {
			rec.steered.retry = c.newRetryPass(rec, *call)
			return func() {
				if !c.jobs[key] {
					rec.steered.retry = nil
				}
			}
		}
	}
	return func() {}
}

func (c *commit) newRetryPass(rec *jobRecord, call RetryCall) *retryPass {
	pass := &retryPass{
		statuses: call.Statuses,
		owed:     map[registry.ThingID]int64{},
		done:     map[registry.ThingID]bool{},
	}
	if len(call.Things) > 0 {
		pass.things = map[registry.ThingID]bool{}
	}
	for _, name := range call.Things {
		id, err := c.store.ThingID(name)
		if err == nil {
			pass.things[id] = true
		}
	}
	for key := range rec.executions {
		last := rec.lastAttempt(key.Thing)
		if pass.asksFor(last) {
			pass.owed[last.Thing] = last.Number
		}
	}
	return pass
}

// lastAttempt is the execution of a thing with the highest number that exists.
func (rec *jobRecord) lastAttempt(thing registry.ThingID) (last job.Execution) {
	for key, x := range rec.executions {
		if key.Thing == thing && key.Number > last.Number {
			last = x
		}
	}
	return last
}

// asksFor says whether a pass tries again what ended so.
func (p *retryPass) asksFor(last job.Execution) bool {
	return slices.Contains(p.statuses, last.Status.String()) &&
		(p.things == nil || p.things[last.Thing])
}

// areAskedRetries says whether the new executions of one change are further attempts that an
// operator has asked for: the rollout takes no thing a second time.
func (rec *jobRecord) areAskedRetries(things []registry.ThingID) bool {
	return rec.steered.retry != nil && !slices.ContainsFunc(things, func(thing registry.ThingID) bool {
		return rec.lastNumber[thing] == 0
	})
}

// retriedAsAsked checks the attempts that one change creates for an operator.
func (c *commit) retriedAsAsked(
	rec *jobRecord, created []job.Execution, things []registry.ThingID,
) {
	pass := rec.steered.retry
	pass.begun = true
	for _, x := range created {
		if c.ch.jobs[x.Job] != rec || !slices.Contains(things, x.Thing) {
			continue
		}
		last := rec.lastAttempt(x.Thing)
		if !pass.asksFor(last) || pass.done[x.Thing] || !rec.isTarget(c.store, x.Thing) {
			c.fail("R-STR-60", "%+v of %s is tried again after %+v: %+v", x, rec.id, last, *pass)
		}
		if x.Wave != last.Wave || x.RetriesUsed != last.RetriesUsed {
			c.fail("R-STR-60", "%+v of %s is tried again as %+v", last, rec.id, x)
		}
		pass.done[x.Thing], rec.steered.asked[x.Thing] = true, true
		// Those of attempts that were deleted are not counted any more.
		rec.retriesUsed[x.Thing] = retryCount{last.RetriesUsed.Failed, last.RetriesUsed.TimedOut}
	}
	c.tickOpens(rec)
	c.checkQuota(rec, len(things))
	c.takeQuota(rec, len(things), true)
}

// checkRetryPass checks, after a commit, that a pass which is over has left nothing out, and that
// the job has not ended meanwhile.
func (c *commit) checkRetryPass(rec *jobRecord, j job.Job) {
	pass := rec.steered.retry
	goesOn := j.Steered != nil && j.Steered.Retry != nil
	switch {
	case pass == nil && goesOn:
		c.fail("R-STR-60", "%s tries again %+v, and nobody has asked for it", rec.id, *j.Steered.Retry)
	case pass == nil:
	case goesOn && !active(j.Status):
		c.fail("R-STR-60", "%s is %s and tries again what has failed", rec.id, j.Status)
	case goesOn:
		pass.begun = true
	default:
		if pass.begun && active(j.Status) && !rec.over(c.now) {
			c.checkNothingOwed(rec, pass)
		}
		rec.steered.retry = nil
	}
	clear(rec.steered.asked)
}

// checkNothingOwed checks that all that had failed when a pass began was tried again.
func (c *commit) checkNothingOwed(rec *jobRecord, pass *retryPass) {
	for thing, number := range pass.owed {
		last := rec.lastAttempt(thing)
		if last.Number == number && rec.lastNumber[thing] == number && !pass.done[thing] &&
			rec.isTarget(c.store, thing) {
			c.fail("R-STR-60", "%+v of %s was not tried again: %+v", last, rec.id, *pass)
		}
	}
}

// checkRetryGoesOn checks that a pass does not rest when there is a quota for it.
func (ch *Checker) checkRetryGoesOn(rec *jobRecord) {
	j := rec.stored
	if rec.steered.retry == nil || j.Status != "IN_PROGRESS" || rec.pausedNow() {
		return
	}
	if j.Progress.Quota > 0 || due(j.Progress.NextTick, ch.state.Now) {
		ch.fail("R-STR-60", "%s does not try again: %+v, %+v", rec.id, j.Progress, rec.steered.retry)
	}
}
