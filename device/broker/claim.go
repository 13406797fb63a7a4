package broker

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// How a CONNECT claims its client for this broker, before it has a session. If another broker has
// the client's sessions, it waits for them (turns.go). Of several CONNECTs with one client id, on
// whichever brokers, the one with the largest claim stays.

// claimTimeout is how long a CONNECT waits for its claim and for the sessions.
const claimTimeout = 15 * time.Second

// claim claims the client of a connection and waits for its sessions. endClaim must be called
// afterwards.
func (b *Broker) claim(c *conn) error {
	if b.cfg.Nodes == nil {
		return nil
	}
	client := c.peer.ClientID
	b.mu.Lock()
	b.transitOf(client).claiming++
	c.life = b.life
	b.mu.Unlock()
	ctx, cancel := context.WithTimeout(b.handshakeCtx, claimTimeout)
	defer cancel()
	defer context.AfterFunc(c.life.ctx, cancel)()
	answer, err := b.cfg.Nodes.Claim(ctx, Client{
		ID:        client,
		Connected: c.connectedEvent(),
		Will:      c.will.claimed(ownerOf(&c.peer)),
	})
	if err != nil {
		e := closeWith(mqtt.ServerUnavailable, "the client could not be claimed")
		e.err = err
		return e
	}
	c.claimed, c.presence.version = answer.Number, answer.Version
	// Until here the log may have come to newer claims, and other CONNECTs may have claimed too.
	w, unsure, err := b.waitFor(c, &answer)
	switch {
	case err != nil:
		return err
	case w != nil:
		return b.wait(ctx, c, w)
	case unsure:
		c.unsure = true
		return b.checkStore(ctx, client)
	}
	return nil
}

// endClaim is called when a connection that has claimed its client has a session, or is refused.
func (b *Broker) endClaim(c *conn, refused error) {
	if b.cfg.Nodes == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.life != b.life {
		return
	}
	client := c.peer.ClientID
	b.transits[client].claiming--
	if refused != nil {
		event := c.disconnectedEvent(asCloseError(refused))
		// What is not here yet comes with the log, and must not be nobody's until then. That may be
		// so too of a turn of which nobody knows whether there is one.
		keep := b.keeps(client) || c.unsure || c.claimed == 0
		go b.leave(c.life, Left{client, c.claimed, keep, &event})
	}
	b.tidyTransit(client)
}

// waitFor records the claim of a connection. It returns a waiter if the sessions of the client are
// not here yet, and an error if there is a newer claim. unsure says that the turn has begun before
// and that nothing is known of it here.
func (b *Broker) waitFor(c *conn, answer *Claimed) (w *waiter, unsure bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err := b.checkClaim(c); err != nil {
		return nil, false, err
	}
	client := c.peer.ClientID
	t := b.transits[client]
	t.newest = answer.Number
	b.setClaim(client, answer.Number)
	// A turn that was released may still wait here, because the log has not come to that.
	waits := answer.Held || t.turn(answer.Turn, false) != nil
	if !waits || answer.Turn <= t.loaded {
		here := b.sessions[client] != nil || answer.Turn <= t.loaded
		return nil, !here && answer.Turn < answer.Number, nil
	}
	turn := t.turn(answer.Turn, true)
	turn.claim = answer.Number
	// An older CONNECT of this node that waits for the same turn is refused.
	turn.dismiss(refusedClaim())
	turn.waiter = &waiter{answer.Number, make(chan *closeError, 1)}
	return turn.waiter, false, nil
}

// checkStore refuses a CONNECT if there are sessions of its client that are not here: those of a
// turn whose Claim has failed here and was recorded nevertheless. They come with the log. Mostly
// there are none, because the client has left just now and its row is about to go.
func (b *Broker) checkStore(ctx context.Context, client string) error {
	found := false
	err := b.cfg.Nodes.Load(ctx, []string{client}, func(c Change) error {
		found = found || isSessionKey(c.Client)
		return nil
	})
	if err != nil || found {
		e := closeWith(mqtt.ServerUnavailable, "the sessions of the client are not here yet")
		e.err = err
		return e
	}
	return nil
}

// wait waits for the sessions of a client, unless the connection ends.
func (b *Broker) wait(ctx context.Context, c *conn, w *waiter) error {
	closed, stop := c.watch()
	defer stop()
	var e *closeError
	select {
	case e = <-w.done:
	case <-closed:
		e = asCloseError(io.EOF)
	case <-ctx.Done():
		e = closeWith(mqtt.ServerUnavailable, "the sessions of the client were not released in time")
		if b.handshakeCtx.Err() != nil {
			e = closeWith(mqtt.ServerShuttingDown, "the server is shutting down")
		}
	}
	if e == nil {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	// The turn goes on without the CONNECT: its sessions come to this node all the same.
	if t := b.transits[c.peer.ClientID]; c.life == b.life && t != nil {
		for _, turn := range t.waiting {
			if turn.waiter == w {
				turn.waiter = nil
			}
		}
	}
	return e
}

// watch notices that the client closes its connection while nobody reads packets. It reads ahead,
// one packet at the most. stop must be called before the next one is read.
func (c *conn) watch() (closed <-chan struct{}, stop func()) {
	gone, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		if err := c.in.Wait(); err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			close(gone)
		}
	}()
	return gone, func() {
		c.nc.SetReadDeadline(time.Unix(1, 0))
		<-done
		c.nc.SetReadDeadline(time.Time{})
	}
}

// refusedClaim refuses a CONNECT because there is a newer claim. CONNACK has no code for a takeover.
func refusedClaim() *closeError {
	e := closeWith(mqtt.ServerUnavailable, takenOver)
	e.cause = DuplicateClientID
	return e
}

// checkClaim reports why a connection must not have a session: there is a newer claim of its
// client, or the node is another one now. The caller holds b.mu.
func (b *Broker) checkClaim(c *conn) error {
	switch {
	case c.life != b.life && b.cfg.Nodes != nil:
		return closeWith(mqtt.ServerUnavailable, errAbandoned.detail)
	case b.cfg.Nodes != nil && b.transits[c.peer.ClientID].newest > c.claimed:
		return refusedClaim()
	}
	return nil
}
