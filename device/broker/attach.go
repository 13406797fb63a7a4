package broker

import (
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Where connections and sessions meet: a connection attaches to the session of its client id at the
// end of its handshake, and detaches when it ends. In between, another connection with the same
// client id may take the session over.

// attachSession gives a connection its session: the one that waits for its client id, or a new one.
// A connection that the session still has is closed (R-BRK-16). The CONNACK is queued here, before
// any message can be.
func (b *Broker) attachSession(c *conn, p *mqtt.Connect, ack *mqtt.Connack) error {
	sessionID := newPresenceSession() // before the lock: it is slow
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shuttingDown {
		return closeWith(mqtt.ServerShuttingDown, "the server is shutting down")
	}
	s := b.resumeSession(c.peer.ClientID, p)
	ack.SessionPresent = s != nil
	if s == nil {
		if len(b.sessions) >= b.cfg.MaxSessions {
			return closeWith(mqtt.QuotaExceeded, "there are too many sessions")
		}
		s = &session{b: b, client: c.peer.ClientID, version: p.Version}
		b.sessions[s.client] = s
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	b.cancelWill(s) // if there is one: the client is back before the delay is over
	s.conn, c.s, c.out.s = c, s, s
	s.endsAt = time.Time{}
	s.expiry = b.expiryAsked(p)
	b.saveAttached(s)
	c.out.replies = mqtt.AppendConnack(c.out.buffer(), p.Version, ack)
	c.presence = presenceID{sessionID, b.nextPresence(s.client)}
	return nil
}

// resumeSession returns the session of a client id if the client resumes it. A session that it does
// not resume is ended: because it asks for a clean start, speaks another version, or comes too
// late. The caller holds b.mu.
func (b *Broker) resumeSession(client string, p *mqtt.Connect) *session {
	s := b.sessions[client]
	if s == nil {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	resumes := !p.CleanStart && s.version == p.Version && s.persistent() &&
		(s.conn != nil || time.Now().Before(s.endsAt))
	b.takeOver(s, resumes)
	if !resumes {
		b.endSession(s)
		return nil
	}
	return s
}

// takeOver closes the connection that a session still has. The caller holds b.mu and s.mu.
func (b *Broker) takeOver(s *session, resumed bool) {
	old := s.conn
	if old == nil {
		return
	}
	e := closeWith(mqtt.SessionTakenOver, "another connection uses the client id")
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

// detachSession is what the end of a connection means for its session: a persistent one waits for
// its client to come back, any other ends. Then the will and the presence event are published.
func (b *Broker) detachSession(c *conn, e *closeError) {
	b.mu.Lock()
	s := c.s
	s.mu.Lock()
	if s.conn == c { // else it was taken over
		s.removeConn()
		s.endsAt = time.Now().Add(s.expiry)
		if s.persistent() {
			s.prepareResume()
		} else {
			b.endSession(s)
		}
	}
	b.updatePresence(s.client)
	w := b.decideWill(c, e)
	if s.conn == nil && !s.ended {
		b.journal.write(s.record()) // with a will that is delayed
	}
	s.mu.Unlock()
	b.mu.Unlock()
	if w != nil {
		b.publishWill(w)
	}
	b.publishDisconnected(c, e)
}

// endSession deletes a session, its subscriptions and its messages. The caller holds b.mu and s.mu.
func (b *Broker) endSession(s *session) {
	s.ended = true
	if s.will != nil && s.will.timer.Stop() {
		s.will.timer.Reset(0) // the delay of a will ends with the session
	}
	if b.sessions[s.client] == s {
		delete(b.sessions, s.client)
	}
	for _, sub := range s.subs {
		b.routes.remove(sub.filter, s)
	}
	if s.recorded {
		s.recorded = false
		b.journal.write(Change{Client: s.client})
	}
	for _, entries := range [][]entry{s.inFlight, s.queue} {
		for i := range entries {
			if entries[i].stored != notStored {
				b.stored.remove(entries[i].stub)
			}
		}
	}
	s.subs, s.inFlight = nil, nil
	s.queue, s.queuedBytes, s.queuedQoS1 = nil, 0, 0
}
