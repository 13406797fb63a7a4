package broker

import "time"

// A will is the message that a client leaves with its CONNECT, to be published when its connection
// ends without a DISCONNECT (R-BRK-24). MQTT 5 may delay it: then it is published when the delay is
// over, or earlier if the session expires before that, and not at all if the client resumes its
// session in time.
type will struct {
	*message
	delay  time.Duration // 0: publish at once
	expiry uint32        // the message expiry, in seconds from its publication; 0: none
}

// decideWill decides about the will of a connection that ends. It returns the will if it is to be
// published now, and starts the timer of one that is delayed. The caller holds Broker.mu and
// session.mu.
func (b *Broker) decideWill(c *conn, e *closeError) (now *will) {
	w, s := c.will, c.s
	switch {
	case w == nil, w.delay > 0 && (e.resumed || !s.ended && s.conn != nil): // back in time
		return nil
	case w.delay > 0 && !s.ended && s.conn == nil:
		s.will = time.AfterFunc(min(w.delay, s.expiry), func() { b.publishWill(w) })
		return nil
	}
	return w
}

// publishWill publishes a will as if its client had published it now.
func (b *Broker) publishWill(w *will) {
	w.expires = expiresAt(w.expiry, time.Now())
	if w.retain {
		b.retain(w.message)
	}
	b.route(w.message)
}
