package memory

import (
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// shown is an execution as reads answer it: a copy, with whether its thing is held.
func (r reader) shown(e job.Execution) job.Execution {
	e = cloneExecution(e)
	e.Held = r.holds.has(id(e.Thing))
	return e
}

func (r reader) WaitingRetries(key job.Key, limit int) (found []store.WaitingRetry, err error) {
	for at := range r.waitingRetries.from(attempt{Job: key}) {
		if at.Job != key || len(found) >= limit {
			break
		}
		found = append(found, store.WaitingRetry{Job: key, Thing: at.Thing})
	}
	return found, nil
}

func (r reader) HoldOf(thing registry.ThingID) (job.Hold, error) {
	h, held := r.holds.get(id(thing))
	if !held {
		return job.Hold{}, store.ErrNotFound
	}
	return h, nil
}

func (r reader) Holds(after registry.ThingID, limit int) (found []job.Hold, err error) {
	for _, h := range r.holds.from(id(after + 1)) {
		if len(found) >= limit {
			break
		}
		found = append(found, h)
	}
	return found, nil
}

func (r reader) DueHolds(now time.Time, limit int) (found []job.Hold, err error) {
	for at := range r.dueHolds.all() {
		if at.at.After(now) || len(found) >= limit {
			break
		}
		h, _ := r.holds.get(id(at.key.Thing))
		found = append(found, h)
	}
	return found, nil
}

func (r reader) Confirmations(
	after store.ConfirmationCursor, limit int,
) (found []store.NamedConfirmation, err error) {
	after.Job++ // strictly after it
	for _, c := range r.confirmations.from(confirmed(after)) {
		if len(found) >= limit {
			break
		}
		thing, _ := r.things.get(id(c.Thing))
		found = append(found, store.NamedConfirmation{Confirmation: c, ThingName: thing.Name})
	}
	return found, nil
}

func (r reader) ConfirmationsOf(
	thing registry.ThingID, limit int,
) (found []job.Confirmation, err error) {
	for at, c := range r.confirmations.from(confirmed{Thing: thing}) {
		if at.Thing != thing || len(found) >= limit {
			break
		}
		found = append(found, c)
	}
	return found, nil
}

func (r reader) ConfirmationsOfJob(key job.Key, limit int) (found []job.Confirmation, err error) {
	for at, c := range r.confirmations.all() { // by thing
		if len(found) >= limit {
			break
		}
		if at.Job == key {
			found = append(found, c)
		}
	}
	return found, nil
}

func (r reader) DueConfirmations(
	now time.Time, limit int,
) (found []job.Confirmation, err error) {
	for at := range r.silentAt.all() {
		if at.at.After(now) || len(found) >= limit {
			break
		}
		c, _ := r.confirmations.get(confirmed{Thing: at.key.Thing, Job: at.key.Job})
		found = append(found, c)
	}
	return found, nil
}
