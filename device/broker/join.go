package broker

import (
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// join gives a connection its session: the one that waits for its client id, or a new one. Another connection with the
// same id is closed (R-BRK-16). The CONNACK is queued before any delivery can be.
func (b *Broker) join(c *conn, p *mqtt.Connect, ack *mqtt.Connack) error {
	sessionID := newPresenceSession() // before the lock: it is slow
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closing {
		return refusal(mqtt.ServerShuttingDown, "shutting down")
	}
	s := b.sessions[c.peer.ClientID]
	if s != nil {
		s.mu.Lock()
		resume := !p.CleanStart && s.version == p.Version && s.persistent() &&
			(s.conn != nil || time.Now().Before(s.endsAt))
		b.takeOver(s, resume)
		if !resume {
			b.endSession(s)
		}
		s.mu.Unlock()
		if !resume {
			s = nil
		}
	}
	ack.SessionPresent = s != nil
	if s == nil {
		if len(b.sessions) >= b.cfg.MaxSessions {
			return refusal(mqtt.QuotaExceeded, "too many sessions")
		}
		s = &session{b: b, client: c.peer.ClientID, version: p.Version}
		b.sessions[s.client] = s
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.will != nil {
		s.will.Stop() // the client is back in time
		s.will = nil
	}
	s.conn, c.s = c, s
	s.endsAt = time.Time{}
	switch {
	case p.Version == mqtt.V5:
		s.expiry = b.sessionExpiry(p.SessionExpiry)
	case !p.CleanStart:
		s.expiry = b.cfg.SessionExpiry
	default:
		s.expiry = 0
	}
	b.saveJoined(s)
	c.out.replies = mqtt.AppendConnack(c.out.buffer(), p.Version, ack)
	c.presence = presenceID{sessionID, b.nextPresence(s.client)}
	return nil
}

// saveJoined notes in the store that the session is in use, or that it will not outlive its connection.
func (b *Broker) saveJoined(s *session) {
	switch {
	case s.persistent():
		b.journal.write(s.record())
	case s.recorded:
		s.recorded = false
		b.journal.write(Change{Client: s.client})
		for i := range s.queue {
			s.queue[i].stored = notStored
		}
	}
}

// takeOver closes the connection that a session still has. The caller holds b.mu and s.mu.
func (b *Broker) takeOver(s *session, resume bool) {
	old := s.conn
	if old == nil {
		return
	}
	e := refusal(mqtt.SessionTakenOver, "another connection has the client id")
	e.resumed = resume
	s.removeConn()
	if resume {
		s.prepareResume()
	}
	old.kick(e)
}

// endSession forgets a session. The caller holds b.mu and s.mu.
func (b *Broker) endSession(s *session) {
	s.ended = true
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
	s.subs, s.inFlight = nil, nil
	s.queue, s.queuedBytes, s.queuedQoS1 = nil, 0, 0
}

// leave is what the end of a connection does to its session: park it, or end it. Then the will and the presence event
// are due.
func (b *Broker) leave(c *conn, e *ending) {
	b.mu.Lock()
	s := c.s
	s.mu.Lock()
	if s.conn == c {
		s.removeConn()
		s.endsAt = time.Now().Add(s.expiry)
		if s.persistent() {
			b.journal.write(s.record())
			s.prepareResume()
		} else {
			b.endSession(s)
		}
	}
	b.settleWill(c, e)
	s.mu.Unlock()
	b.mu.Unlock()
	if w := c.will; w != nil {
		b.publishWill(w)
	}
	b.publishDisconnected(c, e)
}

// settleWill decides about the will of a connection that ends: c.will stays if it is to be published now. The caller
// holds b.mu and s.mu.
func (b *Broker) settleWill(c *conn, e *ending) {
	w, s := c.will, c.s
	switch {
	case w == nil:
	case e.noWill, c.willDelay > 0 && e.resumed:
		c.will = nil
	case c.willDelay > 0 && !s.ended && s.conn == nil:
		c.will = nil
		s.will = time.AfterFunc(min(c.willDelay, s.expiry), func() { b.publishWill(w) })
	}
}

func (b *Broker) publishWill(w *message) {
	if !w.expires.IsZero() {
		w.expires = time.Now().Add(time.Duration(w.expires.Unix()) * time.Second)
	}
	if w.retain {
		b.retain(w)
	}
	b.route(w)
}

// expire ends the sessions whose time is over.
func (b *Broker) expire(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.sessions {
		s.mu.Lock()
		if s.conn == nil && !now.Before(s.endsAt) {
			b.endSession(s)
		}
		s.mu.Unlock()
	}
	b.expirePresence(now)
}
