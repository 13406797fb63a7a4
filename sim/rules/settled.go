package rules

import "github.com/drover-iot/drover/job"

// Settled checks what must hold when the server has nothing to do at this time: no work is left
// undone, every device was notified of the truth, every event was published. It is called after
// every step of a simulation. Where nothing was committed since the last call only time has passed,
// so that one call in sixteen is enough. up are the nodes that are up.
func (ch *Checker) Settled(now State, up ...int) {
	ch.state = now
	changed := false
	for _, node := range up {
		changed = changed || len(ch.audiences[node].toVerify) > 0
	}
	if ch.idle++; ch.idle%16 != 0 && !changed {
		return
	}
	for _, rec := range ch.jobs {
		ch.checkNothingLeft(rec)
		ch.checkSteered(rec)
		ch.checkSchedule(rec)
		ch.checkNobodyForgotten(rec)
	}
	ch.checkHolds()
	for _, node := range up {
		ch.checkNotified(ch.audiences[node], now.Store)
	}
	ch.checkEventsDone(up)
	clear(ch.windowNotified)
}

// checkNothingLeft checks that what was due for a job is done (R-CON-26, R-TMO-9).
func (ch *Checker) checkNothingLeft(rec *jobRecord) {
	j, n := rec.stored, rec.counts()
	queued, inProgress := n[job.ExecutionQueued], n[job.ExecutionInProgress]
	switch {
	case j.Status == "DELETION_IN_PROGRESS":
		ch.fail("R-JOB-10, R-CON-26", "%s is still being deleted, with %v", rec.id, n)
	case j.Status == "CANCELED" && (queued > 0 || j.ForceCanceled && inProgress > 0):
		ch.fail("R-JOB-21, R-JOB-22", "%s is CANCELED, forced %v, with %v",
			rec.id, j.ForceCanceled, n)
	case j.Status == "IN_PROGRESS" && !j.Progress.Finished && ch.rolloutIsLate(rec):
		ch.fail("R-ROLL-3",
			"%s does not release: the next tick is at %s, the present one has %d left, waiting %v",
			rec.id, rec.rollout.nextTick, rec.rollout.quota, rec.unreleased(ch.state.Store))
	}
	for _, x := range rec.executions {
		if at := deadline(x); !at.IsZero() && !ch.state.Now.Before(at) {
			ch.fail("R-TMO-9", "%+v of %s is overdue", x, rec.id)
		}
		if x.Status == job.ExecutionQueued && !rec.isTarget(ch.state.Store, x.Thing) {
			ch.fail("R-EXE-20, R-EXE-23", "%+v of %s waits for a thing that has left", x, rec.id)
		}
	}
}

// rolloutIsLate says whether a tick is due, or the present one has not used its quota though things
// wait.
func (ch *Checker) rolloutIsLate(rec *jobRecord) bool {
	r := rec.rollout
	if rec.pausedNow() || rec.inWaves() {
		return false // R-STR-10; what a gate lets through is known when it is released
	}
	if !ch.state.Now.Before(r.nextTick) {
		return true
	}
	return r.quota > 0 && rec.hasRoom() && len(rec.unreleased(ch.state.Store)) > 0
}
