package engine

import "context"

// A stepped engine has no loops of its own, so that one goroutine decides what happens next, again
// and again the same: the simulator. Run is not called. A request is committed by the goroutine
// that makes it; what is due waits for RunDue, what was committed waits for Announce. Dropping a
// stepped engine is a crash: nothing of it outlives the call, and a new one on the same store
// announces what was left over.

// Announce notifies devices of what was committed and is not announced yet, on a stepped engine.
// After an error the rest is left to the next call.
func (e *Engine) Announce(ctx context.Context) (err error) { return e.announce(ctx) }

// Rejoin joins again, on a stepped engine, if this node was given up by others, and reports whether
// it was.
func (e *Engine) Rejoin() bool {
	select {
	case <-e.commits.Lost():
		e.abandon()
		e.commits.Rejoin()
		return true
	default:
		return false
	}
}

// Together makes requests on a stepped engine that are decided in their order and committed as one
// batch. Each function makes one request, and may do nothing else that others could see.
func (e *Engine) Together(requests ...func()) { e.commits.Together(requests...) }
