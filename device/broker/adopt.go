package broker

import (
	"context"
	"slices"

	"github.com/drover-iot/drover/internal/clock"
)

// What becomes of the clients of a node that was lost (R-NODE-8). Its heir loads their sessions and
// does what the end of a connection means for those that were connected. Then the log is replayed
// from the position of the lost node on, so that the sessions get what it had not queued for them:
// perhaps once more what it had. The replay shows the lost node's claims and those that end its
// turns too, and the heir does for the adopted ones what the lost node would have done.

// adopting are the numbers of the adopted turns of each client that no claim in the replay has
// ended.
type adopting map[string][]int64

// begunByLost reports whether a claim in the replay has begun an adopted turn that waits for its
// sessions. Of all other claims of the lost node the sessions were here when it was adopted, or are
// elsewhere. The caller holds b.mu.
func (b *Broker) begunByLost(client string, claim int64) bool {
	t := b.transits[client]
	return t != nil && t.turn(claim, false) != nil
}

// endsAdopted reports whether a claim in the replay ends an adopted turn. All others that end a turn
// of the lost node were released by it. The caller holds b.mu.
func (b *Broker) endsAdopted(client string, claim int64) bool {
	turns := b.adopting[client]
	for i, number := range slices.Backward(turns) {
		if number < claim {
			b.adopting[client] = slices.Delete(turns, i, i+1)
			return true
		}
	}
	return false
}

// Adopt makes this broker go on for a lost node whose heir it is: it loads the sessions of the
// node's clients and treats their connections as lost now. After it the log is replayed from the
// position of the lost node to the entry that says it is lost; what is published meanwhile goes to
// the adopted sessions only. Then Adopted is called.
func (b *Broker) Adopt(ctx context.Context, node int64) error {
	b.gathered.setReplay(true)
	b.mu.Lock()
	if b.adopting == nil {
		b.adopting = adopting{}
	}
	l := b.life
	b.mu.Unlock()
	return b.cfg.Nodes.Lost(ctx, node, func(page []LostClient) error { return b.adoptPage(l, page) })
}

// Adopted ends the replay that follows Adopt.
func (b *Broker) Adopted() {
	b.gathered.setReplay(false)
	b.mu.Lock()
	b.adopting = nil
	b.mu.Unlock()
}

// adoptPage adopts a page of turns.
func (b *Broker) adoptPage(l *life, page []LostClient) error {
	var clients []string
	for i := range page {
		if !page[i].Held {
			clients = append(clients, page[i].ID)
		}
	}
	var found *restored
	loaded := b.retry(l, "load the sessions of a lost node", func() (err error) {
		found, err = b.loadClients(l.ctx, clients)
		return err
	})
	if !loaded {
		return ErrLost
	}
	b.mu.Lock()
	if b.life != l {
		found.discard()
		b.mu.Unlock()
		return ErrLost
	}
	found.install()
	b.gathered.adopt(found.sessions)
	var left []Left
	var wills []*will
	for i := range page {
		if w := b.adoptTurn(&page[i]); w != nil {
			wills = append(wills, w)
		}
		left = append(left, b.adoptedLeft(&page[i])...)
	}
	b.mu.Unlock()
	for _, w := range wills {
		b.publishWill(w)
	}
	for i := range left {
		if e := left[i].Event; e != nil && b.cfg.Presence != nil {
			b.cfg.Presence(*e)
		}
	}
	b.leave(l, left...)
	return nil
}

// adoptTurn makes a turn one of this broker. It returns the will of its connection, if that is to
// be published now. A connection whose CONNECT has waited for the sessions has none. The caller
// holds b.mu, as for adoptedLeft.
func (b *Broker) adoptTurn(lost *LostClient) *will {
	b.adopting[lost.ID] = append(b.adopting[lost.ID], lost.Turn)
	if lost.Held {
		w := b.transitOf(lost.ID).turn(lost.Turn, true)
		w.claim, w.replayed = max(w.claim, lost.Number), true
		return nil
	}
	b.setClaim(lost.ID, lost.Number)
	if !lost.IsConnected {
		return nil
	}
	w := b.lostWill(lost)
	for _, s := range b.sessionsOf(lost.ID) {
		s.mu.Lock()
		b.journal.write(s.record())
		s.mu.Unlock()
	}
	return w
}

// lostWill decides about the will of a connection that was lost with its node.
func (b *Broker) lostWill(lost *LostClient) *will {
	if lost.Will == nil {
		return nil
	}
	w, own, err := parseClaimedWill(lost.ID, lost.Will)
	if err != nil {
		b.log.Error("the will of a client of a lost node cannot be read and is lost",
			"client", logText(lost.ID), "err", err)
		return nil
	}
	b.wills.count(w, +1)
	s := b.sessionOwnedBy(lost.ID, own, w.author.principal)
	if s == nil {
		return w // the session has ended with its connection
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return b.decideWill(w, s, false)
}

// adoptedLeft is what there is to record of an adopted turn: that its connection has ended, or that
// nothing is left of it.
func (b *Broker) adoptedLeft(lost *LostClient) []Left {
	left := Left{Client: lost.ID, Claim: lost.Number, Keep: b.keeps(lost.ID)}
	if lost.IsConnected {
		e := lost.Connected
		byClient := false
		e.EventType, e.IPAddress, e.Timestamp = "disconnected", "", clock.Now().UnixMilli()
		e.ClientInitiated, e.Cause = &byClient, ConnectionLost
		left.Event = &e
	} else if left.Keep {
		return nil
	}
	return []Left{left}
}
