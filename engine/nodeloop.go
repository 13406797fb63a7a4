package engine

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/nodes"
)

// cutOff is how long a node may be cut off from its store before it sends its clients to others
// (R-NODE-9).
const cutOff = 30 * time.Second

// LastSign is when this node has given its last sign of life, by the clock of the machine; zero
// before it has joined. A server that is alone gives none.
func (e *Engine) LastSign() time.Time {
	if at := e.signed.Load(); at != nil {
		return *at
	}
	return time.Time{}
}

// nodeLoop gives signs of life and looks for those of others until ctx ends. A node that others
// have given up forgets its clients and joins again.
func (e *Engine) nodeLoop(ctx context.Context) {
	start, sent := time.Now(), false
	e.signed.Store(&start) // it has joined
	every := time.NewTicker(nodes.SignEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-e.commits.Lost():
			e.config.Log.Warn("this node was given up by others and joins again")
			e.abandon()
			e.commits.Rejoin()
		case <-every.C:
		}
		lost, err := e.Nodes.Sign(ctx, time.Since(start))
		for _, n := range lost {
			e.config.Log.Warn("a node gives no signs and is given up", "node", n.ID, "name", n.Name)
		}
		switch {
		case err == nil:
			e.signed.Store(new(time.Now()))
			sent = false
		case time.Since(e.LastSign()) > cutOff && !sent:
			e.config.Log.Error("cut off from the store: the clients are sent away", "err", err)
			e.abandon()
			e.commits.Rejoin() // and takes over from itself when the store is back
			sent = true
		}
	}
}
