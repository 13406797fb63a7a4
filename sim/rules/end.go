package rules

import (
	"slices"

	"github.com/drover-iot/drover/job"
)

// At the end of a simulation nothing fails any more and all devices but one in some runs are there.
// Every job then ends, or has a reason why it does not: a continuous job without an end time goes
// on, and an execution without a timer waits for a device that never comes back.

// MayStillEnd says whether some job has not ended and has no reason for it, so that the simulation
// must go on. gone says whether the device of a thing, by name, will never come back.
func (ch *Checker) MayStillEnd(now State, gone func(thing string) bool) bool {
	ch.state = now
	for _, rec := range ch.jobs {
		if ch.mustStillEnd(rec, gone) {
			return true
		}
	}
	return false
}

// Finished checks the end of a run: all executions are as they should be, and every job has ended
// or says why not.
func (ch *Checker) Finished(now State, gone func(thing string) bool) {
	ch.checkStored(now)
	for _, rec := range ch.jobs {
		if ch.mustStillEnd(rec, gone) {
			j, left := rec.stored, rec.pendingExecutions()
			ch.fail("every job ends or says why it does not",
				"%s is %s with %v and %+v, pending are %+v",
				rec.id, j.Status, rec.counts(), j.Progress, left)
		}
	}
}

// mustStillEnd says whether a job has not ended though nothing keeps it from ending.
func (ch *Checker) mustStillEnd(rec *jobRecord, gone func(thing string) bool) bool {
	pending := rec.pendingExecutions()
	willEnd := slices.ContainsFunc(pending, func(x job.Execution) bool {
		return !ch.waitsForDevice(x, gone)
	})
	switch status := rec.stored.Status; {
	case status == "COMPLETED" || status == "CANCELED":
		return willEnd
	case rec.continuous() && len(pending) == 0 && !rec.pastEnd(ch.state.Now):
		return false // goes on without end (R-JOB-12)
	case rec.inWaves() && len(pending) > 0:
		return willEnd // a gate may wait for what never ends (R-STR-51)
	case !rec.stored.Progress.Finished || len(pending) == 0:
		return true
	}
	return willEnd
}

// waitsForDevice says whether the device of an execution will never come back and no timer ends it
// (R-TMO-11).
func (ch *Checker) waitsForDevice(x job.Execution, gone func(thing string) bool) bool {
	name, _ := ch.state.Store.ThingName(x.Thing)
	return gone(name) && deadline(x).IsZero()
}
