package broker

import (
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// onPublish takes a PUBLISH: checks, then the service or the subscribers, then the PUBACK (R-BRK-25).
func (c *conn) onPublish(packet mqtt.Packet) error {
	p, err := mqtt.DecodePublish(packet, c.peer.Version)
	if err != nil {
		return err
	}
	c.slowDown(len(packet.Body))
	if p.QoS == 2 {
		return refusal(mqtt.QoSNotSupported, "publish at QoS 2")
	}
	topic, err := c.topicOf(&p)
	if err != nil {
		return err
	}
	auth := c.peer.Authorizer
	auth.Refresh()
	switch {
	case len(p.Payload) > c.b.cfg.MaxPayload:
		return &ending{reason: mqtt.PacketTooLarge, cause: ClientError, detail: "payload too large", topic: topic}
	case !mqtt.ValidTopic(topic):
		return c.refusePublish(&p, topic, mqtt.TopicNameInvalid, "topic name")
	case p.Retain && mqtt.IsReserved(topic):
		return &ending{reason: mqtt.TopicNameInvalid, cause: ForbiddenAccess, detail: "retain on a reserved topic", topic: topic}
	case auth.Decide(Publish, topic) != Allow:
		return c.refusePublish(&p, topic, mqtt.NotAuthorized, "publish denied")
	case p.Retain && auth.Decide(RetainPublish, topic) != Allow:
		return c.refusePublish(&p, topic, mqtt.NotAuthorized, "retain denied")
	case mqtt.IsReserved(topic):
		return c.publishReserved(&p, topic)
	}
	return c.publish(&p, topic)
}

// topicOf resolves the topic alias (R-BRK-28).
func (c *conn) topicOf(p *mqtt.Publish) (string, error) {
	switch {
	case p.Alias == 0 && len(p.Topic) == 0 && c.peer.Version == mqtt.V5:
		return "", violation("no topic")
	case p.Alias == 0:
		return p.Topic, nil
	case int(p.Alias) > c.b.cfg.MaxAliases:
		return "", refusal(mqtt.TopicAliasInvalid, "topic alias out of range")
	}
	if c.aliases == nil {
		c.aliases = make([]string, c.b.cfg.MaxAliases)
	}
	alias := &c.aliases[p.Alias-1]
	topic := *alias
	if len(p.Topic) > 0 {
		topic, *alias = p.Topic, ""
		if mqtt.ValidTopic(topic) { // what is not is not worth its memory: it may have 64 KiB
			*alias = topic
		}
	}
	if topic == "" {
		return "", violation("unknown topic alias")
	}
	return topic, nil
}

// refusePublish is R-BRK-17 and R-BRK-18: only an MQTT 5 publish at QoS 1 leaves the connection open.
func (c *conn) refusePublish(p *mqtt.Publish, topic string, reason mqtt.Reason, detail string) error {
	e := refusal(reason, detail)
	e.topic = topic
	if p.QoS == 0 || c.peer.Version < mqtt.V5 {
		return e
	}
	c.b.refused(c, e)
	c.puback(p, reason)
	return nil
}

func (c *conn) puback(p *mqtt.Publish, reason mqtt.Reason) {
	if p.QoS == 0 {
		return
	}
	c.answer(func(b []byte) []byte { return mqtt.AppendPuback(b, c.peer.Version, p.ID, reason) })
}

func (c *conn) publishReserved(p *mqtt.Publish, topic string) error {
	switch publishRule(c.b.cfg.Reserved, topic) {
	case Serve:
		return c.request(p, topic)
	case Ignore:
		c.puback(p, mqtt.Success)
		return nil
	}
	return c.refusePublish(p, topic, mqtt.TopicNameInvalid, "reserved topic")
}

// publish routes a client's message to the subscribers.
func (c *conn) publish(p *mqtt.Publish, topic string) error {
	c.awaitJournal()
	if p.Retain {
		return c.publishRetained(p, c.message(p, topic))
	}
	c.b.withRecipients(topic, func(to []recipient) { deliver(c.message(p, topic), to) })
	c.puback(p, mqtt.Success)
	return nil
}

// publishRetained keeps a message besides. One too many is refused to MQTT 5; a 3.1.1 publish, which cannot be told, is
// delivered but not kept.
func (c *conn) publishRetained(p *mqtt.Publish, m *message) error {
	if !c.b.retain(m) {
		const detail = "too many retained messages"
		if p.QoS > 0 && c.peer.Version == mqtt.V5 {
			return c.refusePublish(p, m.Topic, mqtt.QuotaExceeded, detail)
		}
		c.b.refused(c, &ending{reason: mqtt.QuotaExceeded, detail: detail, topic: m.Topic})
	}
	c.b.route(m)
	c.puback(p, mqtt.Success)
	return nil
}

// message is a copy of what a client published: the packet is in the read buffer.
func (c *conn) message(p *mqtt.Publish, topic string) *message {
	m := copyMessage(p, topic)
	m.expires = expiresAt(p.Expiry, time.Now())
	m.from = c.s
	return m
}

// request hands a publish to the service and queues PUBACK and answer. Deliveries of others wait meanwhile, so that
// the notifications that a request causes come after its answer (R-MQTT-43).
func (c *conn) request(p *mqtt.Publish, topic string) error {
	if c.b.cfg.Service == nil {
		c.puback(p, mqtt.Success)
		return nil
	}
	c.hold(true)
	reply := c.b.cfg.Service.Handle(c.b.ctx, &c.peer, topic, p.Payload)
	s := c.s
	s.mu.Lock()
	c.out.held = false
	if reply.Verdict == Refused {
		s.mu.Unlock()
		return c.refusePublish(p, topic, mqtt.TopicNameInvalid, "not a topic for clients")
	}
	defer s.mu.Unlock()
	if s.conn != c {
		return nil // the answer belongs to this connection only (R-MQTT-32)
	}
	b := c.out.buffer()
	if p.QoS > 0 {
		b = mqtt.AppendPuback(b, c.peer.Version, p.ID, mqtt.Success)
	}
	c.out.replies = c.appendReply(b, &reply, p)
	return nil
}

func (c *conn) hold(held bool) {
	c.s.mu.Lock()
	c.out.held = held
	c.s.mu.Unlock()
}

// appendReply encodes an answer: one copy, QoS 1 if the client has a subscription that grants it (R-MQTT-30, 31) and
// room in its window, else 0. An explicit Deny suppresses it (R-MQTT-33). The caller holds the session's mutex.
func (c *conn) appendReply(b []byte, reply *Reply, p *mqtt.Publish) []byte {
	if reply.Topic == "" || c.peer.Authorizer.Decide(Receive, reply.Topic) == ExplicitDeny {
		return b
	}
	out := mqtt.Publish{Topic: reply.Topic, Payload: reply.Payload, Forwarded: p.Correlation}
	if len(c.s.inFlight) < c.window && c.s.grantsQoS1(reply.Topic) {
		out.QoS = 1
	}
	if out.QoS > 0 {
		out.ID = c.s.newPacketID()
	}
	if !c.fits(&out) {
		return b
	}
	if out.QoS > 0 {
		c.s.inFlight = append(c.s.inFlight, entry{id: out.ID, qos: 1})
	}
	return mqtt.AppendPublish(b, c.peer.Version, &out)
}

// awaitJournal delays reading while too much waits to be stored: a client must not fill the memory with what the disk
// cannot take. Requests to the service do not wait for it.
func (c *conn) awaitJournal() {
	if c.b.journal.full() {
		c.flush()
		c.b.journal.wait()
		c.heard = time.Now()
	}
}

// A rate is two token buckets of one second each: inbound messages and bytes.
type rate struct {
	messages, bytes float64 // used, running off with time
	at              time.Time
}

// slowDown delays reading when a client sends more than its share (R-BRK-20).
func (c *conn) slowDown(size int) {
	perSecond, bytesPerSecond := float64(c.b.cfg.MessagesPerSecond), float64(c.b.cfg.BytesPerSecond)
	r, now := &c.rate, c.heard
	past := now.Sub(r.at).Seconds()
	r.at = now
	r.messages = max(0, r.messages-past*perSecond) + 1
	r.bytes = max(0, r.bytes-past*bytesPerSecond) + float64(size)
	var wait float64
	if perSecond > 0 {
		wait = r.messages/perSecond - 1
	}
	if bytesPerSecond > 0 {
		wait = max(wait, r.bytes/bytesPerSecond-1)
	}
	if wait <= 0 {
		return
	}
	c.flush()
	pause := time.NewTimer(time.Duration(wait * float64(time.Second)))
	defer pause.Stop()
	select {
	case <-pause.C:
	case <-c.b.ctx.Done():
	}
	c.heard = time.Now()
}
