package broker

import (
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/internal/clock"
)

// Where connections and sessions meet: a connection attaches to the session of its client id at the
// end of its handshake, and detaches when it ends. In between, another connection with the same
// client id may take the session over.

// attachSession gives a connection its session: the one of its owner that waits for its client id,
// or a new one. Connections that have the client id are closed, whoever they are of (R-BRK-16). The
// CONNACK is queued here, before any message can be.
func (b *Broker) attachSession(c *conn, p *mqtt.Connect, ack *mqtt.Connack) error {
	own := ownerOf(&c.peer)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shuttingDown {
		return closeWith(mqtt.ServerShuttingDown, "the server is shutting down")
	}
	if err := b.checkClaim(c); err != nil {
		return err
	}
	s := b.sessionOf(&c.peer, own)
	if s != nil {
		s = b.resumeSession(s, p)
	}
	ack.SessionPresent = s != nil
	if s == nil {
		var err error
		if s, err = b.newSession(c.peer.ClientID, own, p.Version); err != nil {
			return err
		}
	}
	b.displaceOthers(c.peer.ClientID, s)
	s.mu.Lock()
	defer s.mu.Unlock()
	b.cancelWill(s) // if there is one: the client is back before the delay is over
	b.setOwner(s, own)
	s.conn, c.s, c.out.s = c, s, s
	s.moveInGroups()
	c.life, c.before, s.lastConn = b.life, s.lastConn, c
	b.setClaim(c.peer.ClientID, c.claimed)
	s.endsAt = time.Time{}
	s.expiry = b.expiryAsked(p)
	b.saveAttached(s)
	c.out.replies = mqtt.AppendConnack(c.out.buffer(), p.Version, ack)
	if b.cfg.Nodes == nil {
		c.presence.version = b.nextPresence(c.peer.ClientID)
	}
	return nil
}

// resumeSession returns a session if its client resumes it. One that it does not resume is ended:
// because the client asks for a clean start, speaks another version, or comes too late. The caller
// holds b.mu.
func (b *Broker) resumeSession(s *session, p *mqtt.Connect) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	resumes := !p.CleanStart && s.version == p.Version && s.persistent() &&
		(s.conn != nil || !s.expired(clock.Now()))
	b.takeOver(s, resumes)
	if !resumes {
		s.passOn()
		b.endSession(s)
		return nil
	}
	return s
}

// displaceOthers closes the connections of other owners with a client id. Their sessions lose no
// more than by any other end of a connection. The caller holds b.mu.
func (b *Broker) displaceOthers(client string, own *session) {
	for s := b.sessions[client]; s != nil; {
		other := s
		s = s.next // other may be removed
		if other == own {
			continue
		}
		other.mu.Lock()
		if old := other.conn; old != nil {
			b.loseConn(other)
			old.closeAsync(closeWith(mqtt.SessionTakenOver, takenOver))
		}
		other.mu.Unlock()
	}
}

const takenOver = "another connection uses the client id"

// takeOver closes the connection that a session still has. The caller holds b.mu and s.mu.
func (b *Broker) takeOver(s *session, resumed bool) {
	old := s.conn
	if old == nil {
		return
	}
	e := closeWith(mqtt.SessionTakenOver, takenOver)
	e.resumed = resumed
	s.removeConn()
	if resumed {
		s.prepareResume()
	}
	old.closeAsync(e)
}

// expiryAsked is how long a session outlives its connection; 0: not at all. MQTT 3.1.1 cannot say
// for how long.
func (b *Broker) expiryAsked(p *mqtt.Connect) time.Duration {
	switch {
	case p.Version == mqtt.V5:
		return b.sessionExpiry(p.SessionExpiry)
	case !p.CleanStart:
		return b.cfg.SessionExpiry
	}
	return 0
}

// saveAttached stores that a session is in use. One that is not persistent any more stays in the
// store until its connection ends, because that is where its messages are; its record says that it
// has ended, should the process end first. The caller holds s.mu.
func (b *Broker) saveAttached(s *session) {
	if s.persistent() || s.recorded {
		b.journal.write(s.record())
	}
}

// detachSession is what the end of a connection means for its session, unless that has another
// connection by now. Then the will and the presence event are published. If the broker has abandoned
// all sessions meanwhile, or is about to, nothing is.
func (b *Broker) detachSession(c *conn, e *closeError) {
	b.mu.Lock()
	s := c.s
	s.mu.Lock()
	s.removeDetached(c)
	abandoned := c.life != b.life || b.journal.givenUp()
	w := c.will
	if abandoned {
		b.wills.count(w, -1)
	} else {
		w = b.detach(c, e)
	}
	keep := b.keeps(s.client())
	s.mu.Unlock()
	b.mu.Unlock()
	if c.detached != nil {
		close(c.detached)
	}
	if abandoned {
		return
	}
	if w != nil {
		b.publishWill(w)
	}
	b.publishDisconnected(c, e, keep)
}

// detach is the part of detachSession that needs the locks of broker and session. It returns the
// will, if that is to be published now.
func (b *Broker) detach(c *conn, e *closeError) *will {
	s := c.s
	if s.conn == c { // else it was taken over
		b.loseConn(s)
	}
	b.updatePresence(s.client())
	w := b.decideWill(c.will, s, e.resumed)
	if s.conn == nil && !s.ended {
		b.journal.write(s.record()) // with a will that is delayed
	}
	return w
}

// loseConn separates a session from its connection: a persistent one waits for its client to come
// back, any other ends. The connection, which is about to end, stores that (detachSession). The
// caller holds b.mu and s.mu.
func (b *Broker) loseConn(s *session) {
	s.removeConn()
	s.endsAt, s.restored = clock.Now().Add(s.expiry), false
	if !s.persistent() {
		s.passOn()
		b.endSession(s)
		return
	}
	s.prepareResume()
}

// endSession deletes a session, its subscriptions and its messages. The caller holds b.mu and s.mu.
func (b *Broker) endSession(s *session) {
	s.ended = true
	if s.will != nil && s.will.timer.Stop() {
		s.will.timer.Reset(0) // the delay of a will ends with the session
	}
	b.dropFromMemory(s)
	if s.recorded {
		s.recorded = false
		b.journal.write(Change{Client: s.key})
	}
	s.dropMessages()
}

// dropMessages forgets the subscriptions and the messages of a session that has ended here, and
// gives back what they count for. The caller holds s.mu.
func (s *session) dropMessages() {
	for _, entries := range [][]entry{s.inFlight, s.queue} {
		for i := range entries {
			if entries[i].stored != notStored {
				s.b.stored.remove(entries[i].stub)
			}
		}
	}
	s.subs, s.inFlight = nil, nil
	s.queue, s.queuedBytes, s.queuedQoS1 = nil, 0, 0
}

// removeDetached forgets that a connection is not detached yet. The caller holds s.mu.
func (s *session) removeDetached(c *conn) {
	for at := &s.lastConn; *at != nil; at = &(*at).before {
		if *at == c {
			*at = c.before
			return
		}
	}
}
