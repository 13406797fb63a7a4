package rules

import (
	"slices"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A thing that becomes a target of a continuous job after its rollout has begun gets an execution
// at once, outside the rate of the rollout (R-JOB-55, R-ROLL-15). While the job is SCHEDULED it
// waits for the job to go on (R-JOB-56).
//
// The rules do not say when exactly that happens. They note who must get an execution and who may,
// check that nobody else gets one, and whenever the server has nothing to do they check that nobody
// is left over.

// registryChanged finds the late joiners of all continuous jobs when memberships change.
func (c *commit) registryChanged(changes store.RegistryChanges) {
	changed := len(changes.AddedMemberships) + len(changes.RemovedMemberships) +
		len(changes.DeletedThings) + len(changes.DeletedGroups)
	if changed == 0 {
		return
	}
	for _, rec := range c.ch.jobs {
		if rec.started && active(rec.stored.Status) && rec.continuous() {
			c.targetsChanged(rec)
		}
	}
}

// targetsChanged compares the present targets of a continuous job with those before. A thing must
// get an execution when it has entered, unless it has a pending one (R-JOB-57); and also when it
// was a target all the time but the rollout cannot find it any more, as it went from one group to
// another before its turn.
func (c *commit) targetsChanged(rec *jobRecord) {
	was := rec.currentTargets
	rec.currentTargets = c.targetsNow(rec)
	for thing := range was {
		if !rec.currentTargets[thing] {
			delete(rec.mustQueue, thing)
			delete(rec.mayQueue, thing)
		}
	}
	if rec.over(c.now) {
		return
	}
	unreleased := rec.unreleased(c.store)
	for thing := range rec.currentTargets {
		if !was[thing] {
			rec.retriesUsed[thing] = retryCount{} // also of an execution that runs on (R-RTY-11)
		}
		switch {
		case was[thing] && (rec.lastNumber[thing] > 0 || slices.Contains(unreleased, thing)):
		case !c.hasPending(rec, thing):
			rec.mustQueue[thing] = true
		case rec.stored.Status == "SCHEDULED" || rec.pausedNow():
			// What is pending may have ended when the job goes on.
			rec.mayQueue[thing] = true
		}
	}
}

// hasPending says whether a thing has a pending execution of the job.
func (c *commit) hasPending(rec *jobRecord, thing registry.ThingID) bool {
	for _, x := range c.ch.pending[thing] {
		if c.ch.jobs[x.Job] == rec {
			return true
		}
	}
	return false
}

// areLateJoiners says whether the new executions of one change are those of late joiners. A thing
// in mayQueue may come either way: it was released by the rollout if the job says that its rollout
// notified one more, which takes no thing a second time.
func (c *commit) areLateJoiners(rec *jobRecord, key job.Key, things []registry.ThingID) bool {
	byRollout := slices.ContainsFunc(things, func(thing registry.ThingID) bool {
		return !rec.mustQueue[thing] && !rec.mayQueue[thing]
	})
	if byRollout {
		return false
	}
	must := slices.ContainsFunc(things, func(thing registry.ThingID) bool {
		return rec.mustQueue[thing] || rec.lastNumber[thing] > 0 && rec.steered.retry == nil
	})
	after, err := c.store.Job(key)
	return must || err != nil || after.Progress.Notified == rec.stored.Progress.Notified
}

// groupsAssociated notes that a continuous job got more groups. Who enters by them must get an
// execution; who was about to get one by the rollout still gets it from there, at its rate
// (R-API-22, R-JOB-42, R-ROLL-15).
func (c *commit) groupsAssociated(rec *jobRecord, j job.Job) {
	before := len(rec.stored.Targets)
	if !rec.started || len(j.Targets) <= before {
		return
	}
	for _, target := range j.Targets[before:] {
		c.readTarget(rec, target, false)
	}
	c.targetsChanged(rec)
}

// checkNobodyForgotten checks that every thing that a continuous job targets has had an execution,
// or will get one from the rollout.
func (ch *Checker) checkNobodyForgotten(rec *jobRecord) {
	if !rec.continuous() || rec.stored.Status != "IN_PROGRESS" || rec.pausedNow() ||
		rec.over(ch.state.Now) {
		return
	}
	for thing := range rec.mustQueue {
		ch.fail("R-JOB-55, R-JOB-56, R-JOB-61", "thing %v entered %s and has no execution",
			thing, rec.id)
	}
	clear(rec.mayQueue) // who may have got one has it by now
	unreleased := rec.unreleased(ch.state.Store)
	for thing := range rec.currentTargets {
		if rec.lastNumber[thing] == 0 && !slices.Contains(unreleased, thing) {
			ch.fail("R-JOB-55", "thing %v is a target of %s and never gets an execution",
				thing, rec.id)
		}
	}
}
