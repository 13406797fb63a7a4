package commit

import (
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// PendingPage is how many pending executions of a thing FirstPending reads: more than most things ever have.
const PendingPage = 4

// pendingCache holds the first pending executions of the thing that was asked for last. One request asks for those of
// one thing several times; whatever is applied may change them, so that it empties the cache.
type pendingCache struct {
	thing      registry.ThingID
	executions []job.Execution
	known      bool
}

// FirstPending returns the first PendingPage pending executions of a thing, in order (R-ORD-1, R-ORD-2). The caller must
// not change them.
func (tx *Tx) FirstPending(thing registry.ThingID) ([]job.Execution, error) {
	if tx.pending.known && tx.pending.thing == thing {
		return tx.pending.executions, nil
	}
	executions, err := tx.Pending(thing, PendingPage)
	if err == nil {
		tx.pending = pendingCache{thing: thing, executions: executions, known: true}
	}
	return executions, err
}

// Latest returns the latest execution of a job on a thing. One that is pending is always the latest, because a further
// attempt is only made when one has ended.
func (tx *Tx) Latest(key job.Key, thing registry.ThingID) (job.Execution, error) {
	executions, err := tx.FirstPending(thing)
	if err != nil {
		return job.Execution{}, err
	}
	for _, x := range executions {
		if x.Job == key {
			return x, nil
		}
	}
	return tx.inner.Latest(key, thing)
}
