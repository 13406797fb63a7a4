package engine

import (
	"context"
	"sync"
)

// A stepped engine has no loops of its own, so that one goroutine decides what happens next, again and again the same:
// the simulator. Run is not called. A request is committed by the goroutine that makes it; what is due waits for RunDue,
// what was committed waits for Announce. Dropping a stepped engine is a crash: nothing of it outlives the call, and a new
// one on the same store announces what was left over.

// Announce tells devices what was committed and is not announced yet, on a stepped engine. After an error the rest is
// told by the next call.
func (e *Engine) Announce(ctx context.Context) (err error) {
	e.announcedUpTo, err = e.announce(ctx, e.announcedUpTo)
	return err
}

// Together makes requests on a stepped engine that are decided in their order and committed as one group. Each function
// makes one request, and may do nothing else that others could see.
func (e *Engine) Together(requests ...func()) {
	var all sync.WaitGroup
	e.held = make(chan struct{})
	for _, request := range requests {
		done := make(chan struct{})
		all.Go(func() {
			defer close(done)
			request()
		})
		select {
		case <-e.held:
		case <-done: // refused before it was to be decided
		}
	}
	e.held = nil
	if len(e.waiting) > 0 {
		e.serve(e.gather(<-e.waiting))
	}
	all.Wait()
}

// stepped commits a request, or holds it for the group that Together makes.
func (e *Engine) stepped(r *request) error {
	if e.held == nil {
		e.serve([]*request{r})
		return <-r.done
	}
	e.waiting <- r
	e.held <- struct{}{}
	return <-r.done
}
