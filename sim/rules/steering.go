package rules

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Operators steer a job by settings, and the server pauses one by itself (docs/spec/50). The rules
// follow the pause through each commit: from an operator, from an abort criterion that is met, from
// the guard. So they know of every execution that is created or started whether its job was paused
// at that moment.

// steered is what the settings of a job have come to.
type steered struct {
	// paused says that the job is paused at this point of the commit (R-STR-10).
	paused bool
	// heldBack says that a pause or drover:max-outstanding may have kept the rollout from using a
	// tick's quota when the tick opened.
	heldBack bool
	// observed are the places in abortConfig of the criteria that were met and did not cancel the
	// job, from 1 on (R-STR-20).
	observed map[int]bool
	guard    guard
	waves    waves
	confirm  confirmations
	// retry is what an operator wants tried again, nil for nothing; asked are the things of it that
	// get their attempt by the present change.
	retry *retryPass
	asked map[registry.ThingID]bool
	// waiting are the things whose last attempt ended without its retry because the job was paused.
	waiting map[registry.ThingID]bool
	// retried are the things whose retry the present change creates: it was decided before what
	// paused the job.
	retried map[registry.ThingID]bool
}

func newSteered(j job.Job) steered {
	return steered{
		paused:   j.Paused != "",
		heldBack: settings(j.Definition).MaxOutstanding > 0,
		observed: map[int]bool{},
		guard:    guard{of: settings(j.Definition).Guard},
		waves:    waves{lastRelease: map[uint8]time.Time{}},
		confirm:  confirmations{waiting: map[registry.ThingID]confirmation{}},
		asked:    map[registry.ThingID]bool{},
		waiting:  map[registry.ThingID]bool{},
		retried:  map[registry.ThingID]bool{},
	}
}

// settings are those of a job, which may have none.
func settings(d job.Definition) job.Steering {
	if d.Steering == nil {
		return job.Steering{}
	}
	return *d.Steering
}

// pausedNow says whether the job is paused at this point of the commit.
func (rec *jobRecord) pausedNow() bool { return rec.steered.paused && active(rec.stored.Status) }

// hidesQueued says whether a job hides what is QUEUED.
func hidesQueued(j job.Job) bool {
	return j.Status == "SCHEDULED" || j.Paused != "" && active(j.Status)
}

// settingsChanged follows settings that have changed. Another guard starts anew (R-STR-33), and
// criteria that are met do at once what the setting asks for now. before is how the job was
// defined.
func (c *commit) settingsChanged(rec *jobRecord, before job.Definition, j job.Job) {
	rec.steered.paused = j.Paused != ""
	rec.steered.heldBack = rec.steered.heldBack || settings(j.Definition).MaxOutstanding > 0
	was, is := settings(before), settings(j.Definition)
	rec.steered.heldBack = rec.steered.heldBack || len(was.Waves) > 0 // a wave may have left some of the quota
	if !sameGuard(was.Guard, is.Guard) {
		rec.steered.guard = guard{of: is.Guard, since: c.now}
	}
	if len(is.Waves) == 0 && rec.stored.Steered != nil {
		rec.steered.waves.earlier += uint8(len(rec.stored.Steered.Waves))
	}
	if was.Abort != is.Abort {
		c.evaluateAbort(rec)
	}
}

// checkPause checks that a job is paused exactly when an operator, a criterion or the guard has
// paused it (R-STR-10, R-STR-13), and that what did not cancel it is recorded (R-STR-20).
func (c *commit) checkPause(rec *jobRecord, j job.Job) {
	if !active(j.Status) {
		return
	}
	rec.steered.heldBack = rec.steered.heldBack || j.Paused != ""
	c.gateJudged(rec, j)
	if (j.Paused != "") != rec.steered.paused {
		c.fail("R-STR-13", "%s is paused %q, it should be: %v",
			rec.id, j.Paused, rec.steered.paused)
	}
	recorded := map[int]bool{}
	if j.Steered != nil {
		for _, o := range j.Steered.Observed {
			recorded[o.Criterion] = true
		}
	}
	for criterion := range rec.steered.observed {
		if !recorded[criterion] {
			c.fail("R-STR-20", "%s: criterion %d was met and is not recorded", rec.id, criterion)
		}
	}
	delete(recorded, 0) // the guard's
	if len(recorded) > len(rec.steered.observed) {
		c.fail("R-STR-20", "%s has recorded %v, met were %v",
			rec.id, recorded, rec.steered.observed)
	}
}

// checkMayBegin checks an execution that is created or started: not while its job is paused
// (R-STR-10).
func (c *commit) checkMayBegin(rec *jobRecord, x job.Execution, what string) {
	if rec.pausedNow() && !rec.steered.retried[x.Thing] {
		c.fail("R-STR-10", "%+v is %s, and %s is paused", x, what, rec.id)
	}
}

// checkRoom checks that the rollout leaves no more pending than drover:max-outstanding allows
// (R-STR-15). Retries and late joiners are not bound to it.
func (c *commit) checkRoom(rec *jobRecord, released int) {
	most, n := settings(rec.stored.Definition).MaxOutstanding, rec.counts().pending()
	if most > 0 && n+int64(released) > most {
		c.fail("R-STR-15", "%s releases %d with %d pending, at most %d may be",
			rec.id, released, n, most)
	}
}

// hasRoom says whether the rollout may create an execution.
func (rec *jobRecord) hasRoom() bool {
	most := settings(rec.stored.Definition).MaxOutstanding
	return most == 0 || rec.counts().pending() < most
}

// tickedWithoutRelease follows a tick that created nothing: there was no room, or the wave had no
// more things, or none was left to be tried again. A gate may have paused the job since.
func (c *commit) tickedWithoutRelease(rec *jobRecord, j job.Job) {
	r, next := &rec.rollout, j.Progress.NextTick
	if j.Progress.Finished && next.IsZero() {
		next = j.Progress.Closed
	}
	stays := rec.stored.Paused != "" && j.Paused != ""
	if j.Status == "IN_PROGRESS" && rec.started && !stays &&
		!c.now.Before(r.nextTick) && next.Equal(c.now.Add(time.Minute)) {
		r.tick(j.Rollout, rec.counts()[job.ExecutionSucceeded], c.now)
	}
}

// retryOwed says whether a thing waits for a retry that the job would create if it were not paused
// (R-STR-11), and of which attempt.
func (rec *jobRecord) retryOwed(
	r store.Reader, thing registry.ThingID,
) (last job.Execution, owed bool) {
	for _, x := range rec.executions {
		if x.Thing == thing && x.Number > last.Number {
			last = x
		}
	}
	used := retryCount{last.RetriesUsed.Failed, last.RetriesUsed.TimedOut}
	owed = rec.steered.waiting[thing] && last.Number > 0 && !pending(last) &&
		retryAllowed(rec.stored.Retry, last.Status, used) && rec.isTarget(r, thing)
	return last, owed
}

// waitsForRetry says whether a thing waits for a retry.
func (rec *jobRecord) waitsForRetry(r store.Reader, now time.Time) bool {
	if rec.over(now) {
		return false
	}
	for thing := range rec.steered.waiting {
		if _, owed := rec.retryOwed(r, thing); owed {
			return true
		}
	}
	return false
}

// retryWaited checks the retry of a thing that waited until its job was resumed.
func (c *commit) retryWaited(rec *jobRecord, x job.Execution) {
	last, owed := rec.retryOwed(c.store, x.Thing)
	used := last.RetriesUsed.Failed + last.RetriesUsed.TimedOut
	if !owed || x.Attempt != used+1 {
		c.fail("R-STR-11", "%+v of %s is queued after %+v", x, rec.id, last)
	}
	rec.retriesUsed[x.Thing] = retryCount{x.RetriesUsed.Failed, x.RetriesUsed.TimedOut}
	delete(rec.steered.waiting, x.Thing)
	delete(rec.mustQueue, x.Thing) // it has one pending
}

// checkBackoff checks how long a retry waits: first × 2^(k-1), at most max, and a quarter more or
// less, from the end of the attempt before (R-STR-45).
func (c *commit) checkBackoff(rec *jobRecord, x job.Execution) {
	b := settings(rec.stored.Definition).Backoff
	if x.Attempt == 0 || b == nil {
		if !x.ShowAt.IsZero() {
			c.fail("R-STR-45", "%+v of %s waits, and need not", x, rec.id)
		}
		return
	}
	wait := b.First
	for range x.Attempt - 1 {
		wait = min(2*wait, b.Max)
	}
	before := rec.executions[job.ExecutionKey{Job: x.Job, Thing: x.Thing, Number: x.Number - 1}]
	waits := x.ShowAt.Sub(before.UpdatedAt)
	if x.ShowAt.IsZero() { // it has waited long enough while the job was paused
		waits = min(c.now.Sub(before.UpdatedAt), wait)
	}
	if before.Number > 0 && (waits < wait-wait/4-time.Millisecond || waits > wait+wait/4) {
		c.fail("R-STR-45", "%+v of %s waits %s, attempt %d should wait %s",
			x, rec.id, waits, x.Attempt, wait)
	}
}

// holdsChanged follows the holds of things (R-STR-14).
func (c *commit) holdsChanged(changes store.Changes) {
	for _, h := range changes.Job.Holds {
		c.ch.holds[h.Thing] = h
	}
	for _, thing := range slices.Concat(changes.Job.Released, changes.Registry.DeletedThings) {
		_, held := c.ch.holds[thing]
		if held && c.deletedThings[thing] { // what was hidden leaves in silence
			c.ch.windowNotified[thing] = true
		}
		delete(c.ch.holds, thing)
	}
}

// due says whether a time is set and has come.
func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// steeringDue says whether something is due at this moment that shows or hides an execution.
func (ch *Checker) steeringDue(x job.Execution) bool {
	now := ch.state.Now
	return due(x.ShowAt, now) || due(ch.holds[x.Thing].Until, now) ||
		due(ch.jobs[x.Job].guardDue(), now)
}

// checkSteered checks that what was due for a job by its settings is done when the server has
// nothing to do (R-STR-11, R-STR-14, R-STR-31, R-STR-45).
func (ch *Checker) checkSteered(rec *jobRecord) {
	now := ch.state.Now
	if due(rec.guardDue(), now) {
		ch.fail("R-STR-31", "%s has not counted for its guard: %+v", rec.id, rec.steered.guard)
	}
	ch.checkConfirmed(rec)
	ch.checkRetryGoesOn(rec)
	for _, x := range rec.executions {
		if x.Status == job.ExecutionQueued && due(x.ShowAt, now) {
			ch.fail("R-STR-45", "%+v of %s has waited long enough", x, rec.id)
		}
	}
	if rec.pausedNow() {
		return
	}
	for thing := range rec.steered.waiting {
		last, owed := rec.retryOwed(ch.state.Store, thing)
		if owed && active(rec.stored.Status) && !rec.over(now) {
			ch.fail("R-STR-11", "%s was resumed, and %+v is not retried", rec.id, last)
		}
	}
	clear(rec.steered.waiting)
}

// checkHolds checks that no hold has outlived its end (R-STR-14).
func (ch *Checker) checkHolds() {
	for thing, h := range ch.holds {
		if due(h.Until, ch.state.Now) {
			ch.fail("R-STR-14", "thing %v is still held: %+v", thing, h)
		}
	}
}
