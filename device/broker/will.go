package broker

import (
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A will is the message that a client leaves with its CONNECT, to be published when its connection
// ends without a DISCONNECT (R-BRK-24). MQTT 5 may delay it: then it is published when the delay is
// over, or earlier if the session expires before that, and not at all if the client resumes its
// session in time. Until then it is stored with the session, so that a server that was stopped or
// has crashed publishes it after its start.
type will struct {
	*message
	delay  time.Duration // 0: publish at once
	expiry uint32        // the message expiry, in seconds from its publication; 0: none
}

// A delayedWill is the will of a session whose client is away.
type delayedWill struct {
	*will
	at    time.Time   // when it is published
	timer *time.Timer // publishes it
}

// willBytes is how many bytes the wills of all clients have, those of connected clients and delayed
// ones.
type willBytes struct{ n atomic.Int64 }

// add counts a will, nil for none. It reports false if there is no room for it.
func (b *willBytes) add(w *will, limit int) bool {
	if w == nil {
		return true
	}
	size := int64(w.size())
	if b.n.Add(size) > int64(limit) {
		b.n.Add(-size)
		return false
	}
	return true
}

// remove counts a will, nil for none, no more.
func (b *willBytes) remove(w *will) {
	if w != nil {
		b.n.Add(-int64(w.size()))
	}
}

// holdWill counts the will of a client that connects (R-BRK-20).
func (b *Broker) holdWill(w *will) error {
	if !b.wills.add(w, b.cfg.MaxWillBytes) {
		return closeWith(mqtt.QuotaExceeded, "there are too many wills")
	}
	return nil
}

// dropWill removes the will of a connection, because the client disconnects.
func (c *conn) dropWill() {
	c.b.wills.remove(c.will)
	c.will = nil
}

// decideWill decides about the will of a connection that ends. It returns the will if it is to be
// published now, and starts the timer of one that is delayed. The caller holds Broker.mu and
// session.mu.
func (b *Broker) decideWill(c *conn, e *closeError) (now *will) {
	w, s := c.will, c.s
	switch {
	case w == nil:
		return nil
	case w.delay > 0 && e.resumed:
		b.wills.remove(w)
		return nil
	case w.delay > 0 && !s.ended && s.conn == nil:
		s.will = &delayedWill{will: w, at: time.Now().Add(min(w.delay, s.expiry))}
		b.startWill(s)
		return nil
	}
	return w
}

// startWill starts the timer of a session's delayed will. The caller holds s.mu, or is the only one
// that knows the session.
func (b *Broker) startWill(s *session) {
	d := s.will
	d.timer = time.AfterFunc(time.Until(d.at), func() { b.publishDelayed(s, d) })
}

// cancelWill drops the delayed will of a session whose client is back. The caller holds s.mu.
func (b *Broker) cancelWill(s *session) {
	if s.will == nil {
		return
	}
	s.will.timer.Stop()
	b.wills.remove(s.will.will)
	s.will = nil
}

// publishDelayed publishes a delayed will unless its client came back in the last moment. It leaves
// the session's record when what it has become is in the journal: a crash in between publishes it
// twice.
func (b *Broker) publishDelayed(s *session, d *delayedWill) {
	s.mu.Lock()
	due := s.will == d
	if due {
		s.will = nil
	}
	s.mu.Unlock()
	if !due {
		return
	}
	b.publishWill(d.will)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.recorded {
		b.journal.write(s.record())
	}
}

// publishWill publishes a will as if its client had published it now.
func (b *Broker) publishWill(w *will) {
	b.wills.remove(w)
	w.expires = expiresAt(w.expiry, time.Now())
	if w.retain {
		b.retain(w.message)
	}
	b.route(w.message)
}
