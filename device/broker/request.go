package broker

import "github.com/drover-iot/drover/device/broker/mqtt"

// A PUBLISH to a reserved topic goes to the Service and not to subscribers. The Service may answer
// with a reply, which goes to this connection only, whether it subscribes to the reply's topic or
// not (R-MQTT-29).

// publishReserved does what the table of reserved topics says.
func (c *conn) publishReserved(p *mqtt.Publish, topic string) error {
	switch publishRule(c.b.cfg.Reserved, topic) {
	case Serve:
		return c.request(p, topic)
	case Ignore:
		c.puback(p, mqtt.Success, false)
		return nil
	}
	return c.refusePublish(p, closeWithTopic(mqtt.TopicNameInvalid, "the topic is reserved", topic))
}

// request hands a PUBLISH to the Service and queues the PUBACK and the reply. Deliveries pause
// meanwhile, so that notifications that the request causes come after its reply (R-MQTT-43).
//
// A request at QoS 1 that was still to be read when another connection resumed the session, or
// another broker has claimed the client, is left to that one: the client sends it there again, and
// handled here after that it would be a new request (R-HTTP-24).
func (c *conn) request(p *mqtt.Publish, topic string) error {
	if e := c.closing.Load(); e != nil && (e.resumed || e.elsewhere) && p.QoS > 0 {
		return e
	}
	if c.b.cfg.Service == nil {
		c.puback(p, mqtt.Success, false)
		return nil
	}
	if err := c.releasePubacks(); err != nil {
		return err
	}
	if c.asks == nil {
		c.asks = c.hears
	}
	c.out.setPaused(true)
	reply := c.b.cfg.Service.Handle(c.b.ctx, &c.peer, Request{
		Topic:       topic,
		Payload:     p.Payload,
		PacketID:    p.ID,
		Redelivered: p.Dup,
		Hears:       c.asks,
	})
	s := c.s
	s.mu.Lock()
	c.out.paused = false
	if reply.Verdict == Refused {
		s.mu.Unlock()
		return c.refusePublish(
			p, closeWithTopic(mqtt.TopicNameInvalid, "not a topic for clients", topic))
	}
	defer s.mu.Unlock()
	if s.conn != c {
		return nil // taken over: the reply is for this connection only (R-MQTT-32)
	}
	b := c.out.buffer()
	if p.QoS > 0 {
		b = mqtt.AppendPuback(b, c.peer.Version, p.ID, mqtt.Success)
	}
	c.out.replies = c.appendReply(b, &reply, p)
	return nil
}

// hears reports whether the client subscribes to a topic and may receive what is published there.
func (c *conn) hears(topic string) bool {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn == c && s.subscribes(topic) &&
		c.peer.Authorizer.Decide(Receive, topic) == Allow
}

// appendReply encodes a reply: one copy, at QoS 1 if a subscription of the client grants that
// (R-MQTT-30, R-MQTT-31) and the window has room, at QoS 0 otherwise. Only an explicit Deny of
// Receive suppresses it (R-MQTT-33). The caller holds the session's mutex.
func (c *conn) appendReply(b []byte, reply *Reply, request *mqtt.Publish) []byte {
	s := c.s
	if reply.Topic == "" || c.peer.Authorizer.Decide(Receive, reply.Topic) == ExplicitDeny {
		return b
	}
	p := mqtt.Publish{Topic: reply.Topic, Payload: reply.Payload, Forwarded: request.Correlation}
	if len(s.inFlight) < c.out.window && s.grantsQoS1(reply.Topic) {
		p.QoS, p.ID = 1, s.newPacketID()
	}
	var ids [32]byte
	p.SubscriptionIDs = s.appendSubscriptionIDs(ids[:0], reply.Topic, nil)
	if !c.out.fits(&p) {
		return b
	}
	if p.QoS > 0 {
		s.inFlight = append(s.inFlight, entry{id: p.ID, qos: 1})
	}
	c.out.useAlias(&p)
	return mqtt.AppendPublish(b, c.peer.Version, &p)
}
