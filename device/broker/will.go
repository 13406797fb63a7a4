package broker

import (
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A will is the message that a client leaves with its CONNECT, to be published when its connection
// ends without a DISCONNECT (R-BRK-24). MQTT 5 may delay it: then it is published when the delay is
// over, or earlier if the session expires before that, and not at all if the client resumes its
// session in time. It is authorised like a PUBLISH of the moment in which it is published: a device
// whose certificate was revoked says nothing any more, nor does its will.
type will struct {
	*message
	delay  time.Duration // 0: publish at once
	expiry uint32        // the message expiry, in seconds from its publication; 0: none
	author author
}

// An author is who has left a will: all that it takes to ask what they may do when the connection is
// long gone.
type author struct {
	principal  string // its id
	attributes Attributes
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

// publishWill publishes a will as if its client had published it now. It may block.
func (b *Broker) publishWill(w *will) {
	if e := b.authorizeWill(w); e != nil {
		b.logRefusalOf(w.author.attributes.ClientID, w.author.principal, w.author.attributes.Remote, e)
		return
	}
	w.expires = expiresAt(w.expiry, time.Now())
	if w.retain {
		b.retain(w.message, w.author.principal)
	}
	b.route(w.message)
}

// authorizeWill asks whether the author of a will may publish it now; nil means yes.
func (b *Broker) authorizeWill(w *will) *closeError {
	const detail = "not allowed to publish the will any more"
	who, err := b.cfg.Principal(b.ctx, w.author.principal)
	if err != nil {
		e := closeWithTopic(mqtt.NotAuthorized, detail, w.Topic)
		e.err = err
		return e
	}
	if !mayPublishWill(who.Bind(w.author.attributes), w) {
		return closeWithTopic(mqtt.NotAuthorized, detail, w.Topic)
	}
	return nil
}

// mayPublishWill is the same question at CONNECT and later (R-BRK-17).
func mayPublishWill(auth Authorizer, w *will) bool {
	return auth.Decide(Publish, w.Topic) == Allow &&
		(!w.retain || auth.Decide(RetainPublish, w.Topic) == Allow)
}
