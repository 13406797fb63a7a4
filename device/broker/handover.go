package broker

import (
	"errors"
	"slices"
	"sync"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// How the sessions of a client go to another broker that has claimed it. They are cut off from
// their connection and from what is published at once, in the place of the log where the claim
// stands. Then a goroutine waits for the end of the connection, which decides about its will, and
// for the store, and releases the client.

// handOver cuts off the sessions of a client and begins to release it. The caller holds b.mu.
func (b *Broker) handOver(client string, t *transit, claim int64, p *pendingClaim) {
	sessions := b.sessionsOf(client)
	var busy []<-chan struct{}
	for _, s := range sessions {
		s.mu.Lock()
		busy = append(busy, b.cutOff(s)...)
		s.mu.Unlock()
	}
	t.releasing++
	go b.release(b.life, client, claim, p, sessions, busy)
}

// sessionsOf are the sessions of a client id. The caller holds b.mu.
func (b *Broker) sessionsOf(client string) (all []*session) {
	for s := b.sessions[client]; s != nil; s = s.next {
		all = append(all, s)
	}
	return all
}

// cutOff closes the connection of a session, as by a takeover, and makes the broker forget a
// session that lasts. It returns what is still to be waited for: these goroutines may change what
// is stored. The caller holds b.mu and s.mu.
func (b *Broker) cutOff(s *session) (busy []<-chan struct{}) {
	for c := s.lastConn; c != nil; c = c.before {
		busy = append(busy, c.detached)
	}
	if s.publishing != nil {
		busy = append(busy, s.publishing)
	}
	if c := s.conn; c != nil {
		e := closeWith(mqtt.SessionTakenOver, takenOver)
		e.elsewhere = true
		b.loseConn(s)
		c.closeAsync(e)
	}
	if !s.ended {
		s.leaving = true
		b.dropFromMemory(s)
	}
	return busy
}

// dropFromMemory removes a session and its subscriptions from where they are found. The caller
// holds b.mu and s.mu.
func (b *Broker) dropFromMemory(s *session) {
	b.removeSession(s)
	for _, sub := range s.subs {
		b.routes.remove(sub.filter, s)
	}
}

// release releases a client whose sessions were cut off, when all that is to be stored of them is.
func (b *Broker) release(
	l *life, client string, claim int64, p *pendingClaim, sessions []*session, busy []<-chan struct{},
) {
	for _, done := range busy {
		select {
		case <-done:
		case <-l.ctx.Done():
		}
	}
	for _, s := range sessions {
		s.mu.Lock()
		if !s.ended {
			s.forget()
		}
		s.mu.Unlock()
	}
	released := b.flush(l) && b.retry(l, "release a client", func() error {
		return b.cfg.Nodes.Release(l.ctx, client, claim)
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.life != l || !released {
		return
	}
	p.finish(&b.unfinished)
	b.transits[client].releasing--
	b.tidyTransit(client)
}

// forget gives back what a session counts for, without a change in the store. The caller holds mu.
func (s *session) forget() {
	s.ended = true
	if d := s.will; d != nil {
		if d.timer != nil {
			d.timer.Stop()
		}
		s.b.wills.count(d.will, -1)
		s.will = nil
	}
	s.dropMessages()
}

// flush waits until all that was queued in the journal is durable. It reports false if the life
// ends before, or the node was given up.
func (b *Broker) flush(l *life) bool {
	for {
		select {
		case err := <-b.journal.flushed():
			if err == nil {
				return l.ctx.Err() == nil
			}
			if errors.Is(err, ErrLost) {
				return false
			}
		case <-l.ctx.Done():
			return false
		}
	}
}

// setClaim makes the sessions of a client belong to a claim: the one with which Leave is called
// when the last of them ends. The caller holds b.mu.
func (b *Broker) setClaim(client string, claim int64) {
	for s := b.sessions[client]; s != nil; s = s.next {
		s.claim = max(s.claim, claim)
	}
}

// keeps reports whether a turn of the client stays with this broker, or its end is a release. The
// caller holds b.mu.
func (b *Broker) keeps(client string) bool {
	t := b.transits[client]
	return b.sessions[client] != nil || t != nil && t.releasing+len(t.waiting) > 0
}

// leave records what a client has left, when all is stored that belongs to it.
func (b *Broker) leave(l *life, left ...Left) {
	if !b.flush(l) {
		return
	}
	for page := range slices.Chunk(left, leavePage) {
		var recording sync.WaitGroup
		for _, one := range page {
			recording.Go(func() {
				b.retry(l, "record that a client has left", func() error {
					return b.cfg.Nodes.Leave(l.ctx, one)
				})
			})
		}
		recording.Wait()
	}
}

// leavePage is how many calls of Leave are made at once, to be in one commit.
const leavePage = 256
