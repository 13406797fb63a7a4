package rules

import (
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// With drover:confirm a success waits until its thing's client is seen again: by a new connection,
// or by anything that it sends half a minute later. When its time is over first, it is silent
// (docs/spec/50 section 5). The rules note whenever a device is seen.

// confirmation is a success that waits to be confirmed.
type confirmation struct {
	number            int64
	reportedAt, until time.Time
	seen              bool // in time, and in a way that confirms it
}

// confirmations is what became of the successes of a job.
type confirmations struct {
	waiting           map[registry.ThingID]confirmation
	confirmed, silent int64
}

// Seen says that the client of a thing has connected, or has sent something. It returns whether a
// success is confirmed by that.
func (ch *Checker) Seen(now State, thing string, connected bool) (confirms bool) {
	id, err := now.Store.ThingID(thing)
	if err != nil {
		return false
	}
	for _, rec := range ch.jobs {
		w, waits := rec.steered.confirm.waiting[id]
		from := w.reportedAt
		if !connected {
			from = from.Add(30 * time.Second)
		}
		if waits && !now.Now.Before(from) && now.Now.Before(ch.confirmUntil(w)) {
			w.seen, confirms = true, true
			rec.steered.confirm.waiting[id] = w
		}
	}
	return confirms
}

// PowerLost says that the server has stopped in the middle of what it did: a client that it had seen
// and not stored is to be seen again, for which its thing gets time (R-STR-42).
func (ch *Checker) PowerLost() {
	for _, rec := range ch.jobs {
		for thing, w := range rec.steered.confirm.waiting {
			w.seen = false
			rec.steered.confirm.waiting[thing] = w
		}
	}
}

// confirmUntil is when a success is silent: a server that was down has begun anew (R-STR-42). With
// several nodes it was hardly ever down as a whole.
func (ch *Checker) confirmUntil(w confirmation) time.Time {
	if len(ch.audiences) == 1 && ch.startedAt.After(w.reportedAt) {
		return ch.startedAt.Add(w.until.Sub(w.reportedAt))
	}
	return w.until
}

// succeeded notes a success that has to be confirmed, in place of an earlier one of the thing.
func (c *commit) succeeded(rec *jobRecord, x job.Execution) {
	if within := settings(rec.stored.Definition).Confirm; within > 0 {
		rec.steered.confirm.waiting[x.Thing] = confirmation{
			number:     x.Number,
			reportedAt: c.now,
			until:      c.now.Add(within),
		}
	}
}

// confirmationsChanged follows what has begun to wait, goes on waiting after the server was down,
// and does not wait any more.
func (c *commit) confirmationsChanged(changes store.JobChanges) {
	for _, stored := range changes.Confirmations {
		c.confirmationWaits(stored)
	}
	for _, done := range changes.ConfirmationsDone {
		if rec := c.ch.jobs[done.Job]; rec != nil {
			c.confirmationDone(rec, done.Thing)
		}
	}
}

// confirmationWaits checks a row that says until when a success waits.
func (c *commit) confirmationWaits(stored job.Confirmation) {
	rec := c.ch.jobs[stored.Job]
	if rec == nil {
		return
	}
	w, waits := rec.steered.confirm.waiting[stored.Thing]
	resumed := stored.ReportedAt.After(w.reportedAt) && !stored.ReportedAt.After(c.now) &&
		stored.Until.Sub(stored.ReportedAt) == w.until.Sub(w.reportedAt)
	if resumed && len(c.ch.audiences) == 1 {
		resumed = stored.ReportedAt.Equal(c.ch.startedAt)
	}
	same := stored.ReportedAt.Equal(w.reportedAt) && stored.Until.Equal(w.until)
	if !waits || stored.Number != w.number || !same && !resumed {
		c.fail("R-STR-40, R-STR-42", "%+v of %s waits, it should be %+v", stored, rec.id, w)
	}
	if resumed {
		w.seen = false
	}
	w.reportedAt, w.until = stored.ReportedAt, stored.Until
	rec.steered.confirm.waiting[stored.Thing] = w
}

// confirmationDone checks a success that does not wait any more. It is confirmed before its time is
// over, silent then, and neither when it or its thing was deleted.
func (c *commit) confirmationDone(rec *jobRecord, thing registry.ThingID) {
	all := &rec.steered.confirm
	w, waits := all.waiting[thing]
	key := job.ExecutionKey{Job: rec.stored.Key, Thing: thing, Number: w.number}
	delete(all.waiting, thing)
	x, exists := rec.executions[key]
	_, err := c.store.Thing(thing)
	switch {
	case !waits:
		c.fail("R-STR-40", "thing %d waits no more for %s, and has not waited", thing, rec.id)
	case !exists || err != nil:
	case c.now.Before(w.until):
		if all.confirmed++; !w.seen {
			c.fail("R-STR-40", "%+v of %s is confirmed, and was not seen", w, rec.id)
		}
	default:
		if c.now.Before(c.ch.confirmUntil(w)) || w.seen && len(c.ch.audiences) == 1 {
			c.fail("R-STR-40, R-STR-42", "%+v of %s is silent", w, rec.id)
		}
		if rec.advanceGuard(c.now) {
			c.guardFires(rec)
		}
		all.silent++
		x.Silent = true
		c.ch.remember(x)
		rec.steered.guard.seen = true
	}
}

// checkConfirmations compares what a job says of its successes with what is so (R-STR-41).
func (c *commit) checkConfirmations(rec *jobRecord, j job.Job) {
	stored, all := job.Steered{}, rec.steered.confirm
	if j.Steered != nil {
		stored = *j.Steered
	}
	if j.Status != "DELETION_IN_PROGRESS" && (stored.Confirming != int64(len(all.waiting)) ||
		stored.Confirmed != all.confirmed || stored.Silent != all.silent) {
		c.fail("R-STR-41", "%s has %d confirming, %d confirmed, %d silent, it should be %+v",
			rec.id, stored.Confirming, stored.Confirmed, stored.Silent, all)
	}
}

// checkConfirmed checks that no success waits any more that was seen again or whose time is over,
// when the server has nothing to do.
func (ch *Checker) checkConfirmed(rec *jobRecord) {
	if rec.stored.Status == "DELETION_IN_PROGRESS" || len(ch.audiences) > 1 {
		return
	}
	for thing, w := range rec.steered.confirm.waiting {
		if w.seen || due(ch.confirmUntil(w), ch.state.Now) {
			ch.fail("R-STR-40, R-STR-41", "thing %v still waits for %s: %+v", thing, rec.id, w)
		}
	}
}

// isConfirmed says whether an execution has succeeded and is neither silent nor waits.
func (rec *jobRecord) isConfirmed(x job.Execution) bool {
	return x.Status == job.ExecutionSucceeded && !x.Silent && !rec.waitsForConfirmation(x)
}

// waitsForConfirmation says whether an execution has succeeded and waits to be confirmed.
func (rec *jobRecord) waitsForConfirmation(x job.Execution) bool {
	w, waits := rec.steered.confirm.waiting[x.Thing]
	return waits && x.Status == job.ExecutionSucceeded && w.number == x.Number
}
