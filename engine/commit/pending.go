package commit

import (
	"errors"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// PendingPage is how many pending executions of a thing FirstPending reads: more than most things
// ever have.
const PendingPage = 4

// executionReader reads executions, and keeps the first pending executions of the thing that was
// asked for last. One request asks for those of one thing several times; whatever is applied may
// change them, so that it empties the cache.
type executionReader struct {
	store.ExecutionReader
	thing   registry.ThingID
	pending []job.Execution
	known   bool
	ahead   ahead
}

// FirstPending returns the first PendingPage pending executions of a thing, in order (R-ORD-1,
// R-ORD-2). The caller must not change them.
func (r *executionReader) FirstPending(thing registry.ThingID) ([]job.Execution, error) {
	if r.known && r.thing == thing {
		return r.pending, nil
	}
	if pending, ok := r.ahead.pending[thing]; ok {
		return pending, nil
	}
	pending, err := r.Pending(thing, PendingPage)
	if err == nil {
		r.thing, r.pending, r.known = thing, pending, true
	}
	return pending, err
}

// IsHeld reports whether a thing is held (R-STR-14), for an execution of it that is new. Where an
// execution of the thing was read already, or was read ahead, the store is not asked once more.
func (tx *Tx) IsHeld(thing registry.ThingID) (bool, error) {
	if held, ok := tx.ahead.held[thing]; ok {
		return held, nil
	}
	pending, err := tx.FirstPending(thing)
	if err != nil {
		return false, err
	}
	if len(pending) > 0 {
		return pending[0].Held, nil
	}
	_, err = tx.HoldOf(thing)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Latest returns the latest execution of a job on a thing. One that is pending is always the
// latest, because a further attempt is only made when one has ended.
func (r *executionReader) Latest(key job.Key, thing registry.ThingID) (job.Execution, error) {
	pending, err := r.FirstPending(thing)
	if err != nil {
		return job.Execution{}, err
	}
	for _, x := range pending {
		if x.Job == key {
			return x, nil
		}
	}
	return r.ExecutionReader.Latest(key, thing)
}

// forget is for executions that may have changed.
func (r *executionReader) forget() { r.known = false }
