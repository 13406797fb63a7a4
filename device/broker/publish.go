package broker

import "time"

// onPublish takes a PUBLISH: checks, then the service or the subscribers, then the PUBACK (R-BRK-25).
func (c *conn) onPublish(header byte, body []byte) error {
	p, err := decodePublish(header, body, c.peer.Version)
	if err != nil {
		return err
	}
	c.slowDown(len(body))
	if p.qos == 2 {
		return refusal(QoSNotSupported, "publish at QoS 2")
	}
	topic, err := c.topicOf(&p)
	if err != nil {
		return err
	}
	auth := c.peer.Authorizer
	auth.Refresh()
	switch {
	case len(p.payload) > c.b.cfg.MaxPayload:
		return &ending{reason: PacketTooLarge, cause: ClientError, detail: "payload too large", topic: topic}
	case checkTopic(topic) != Success:
		return c.refusePublish(&p, topic, TopicNameInvalid, "topic name")
	case p.retain && reserved(topic):
		return &ending{reason: TopicNameInvalid, cause: ForbiddenAccess, detail: "retain on a reserved topic", topic: topic}
	case auth.Decide(Publish, topic) != Allow:
		return c.refusePublish(&p, topic, NotAuthorized, "publish denied")
	case p.retain && auth.Decide(RetainPublish, topic) != Allow:
		return c.refusePublish(&p, topic, NotAuthorized, "retain denied")
	case reserved(topic):
		return c.publishReserved(&p, topic)
	}
	return c.publish(&p, topic)
}

// topicOf resolves the topic alias (R-BRK-28).
func (c *conn) topicOf(p *publishPacket) (string, error) {
	switch {
	case p.alias == 0 && len(p.topic) == 0 && c.peer.Version == version5:
		return "", violation("no topic")
	case p.alias == 0:
		return string(p.topic), nil
	case int(p.alias) > c.b.cfg.MaxAliases:
		return "", refusal(TopicAliasInvalid, "topic alias out of range")
	}
	if c.aliases == nil {
		c.aliases = make([]string, c.b.cfg.MaxAliases)
	}
	alias := &c.aliases[p.alias-1]
	topic := *alias
	if len(p.topic) > 0 {
		topic, *alias = string(p.topic), ""
		if checkTopic(topic) == Success { // what is not is not worth its memory: it may have 64 KiB
			*alias = topic
		}
	}
	if topic == "" {
		return "", violation("unknown topic alias")
	}
	return topic, nil
}

// refusePublish is R-BRK-17 and R-BRK-18: only an MQTT 5 publish at QoS 1 leaves the connection open.
func (c *conn) refusePublish(p *publishPacket, topic string, reason Reason, detail string) error {
	e := refusal(reason, detail)
	e.topic = topic
	if p.qos == 0 || c.peer.Version < version5 {
		return e
	}
	c.b.refused(c, e)
	c.puback(p, reason)
	return nil
}

func (c *conn) puback(p *publishPacket, reason Reason) {
	if p.qos == 0 {
		return
	}
	c.answer(func(b []byte) []byte { return appendPuback(b, c.peer.Version, p.id, reason) })
}

func (c *conn) publishReserved(p *publishPacket, topic string) error {
	switch publishUse(c.b.cfg.Reserved, topic) {
	case Ask:
		return c.request(p, topic)
	case Drop:
		c.puback(p, Success)
		return nil
	}
	return c.refusePublish(p, topic, TopicNameInvalid, "reserved topic")
}

// publish routes a client's message to the subscribers.
func (c *conn) publish(p *publishPacket, topic string) error {
	c.awaitJournal()
	if p.retain {
		return c.publishRetained(p, c.message(p, topic))
	}
	c.b.withHits(topic, func(hits []hit) { fanOut(c.message(p, topic), hits) })
	c.puback(p, Success)
	return nil
}

// publishRetained keeps a message besides. One too many is refused to MQTT 5; a 3.1.1 publish, which cannot be told, is
// delivered but not kept.
func (c *conn) publishRetained(p *publishPacket, m *message) error {
	if !c.b.retain(m) {
		const detail = "too many retained messages"
		if p.qos > 0 && c.peer.Version == version5 {
			return c.refusePublish(p, m.Topic, QuotaExceeded, detail)
		}
		c.b.refused(c, &ending{reason: QuotaExceeded, detail: detail, topic: m.Topic})
	}
	c.b.route(m)
	c.puback(p, Success)
	return nil
}

// message is a copy of what a client published: the packet is in the read buffer.
func (c *conn) message(p *publishPacket, topic string) *message {
	m := &message{
		Message: Message{Topic: topic, Payload: append([]byte(nil), p.payload...), QoS: p.qos},
		retain:  p.retain, expires: expiresAt(p.expiry, time.Now()), from: c.s,
	}
	if len(p.pass) > 0 {
		m.pass = append([]byte(nil), p.pass...)
	}
	return m
}

// request hands a publish to the service and queues PUBACK and answer. Deliveries of others wait meanwhile, so that
// the notifications that a request causes come after its answer (R-MQTT-43).
func (c *conn) request(p *publishPacket, topic string) error {
	if c.b.cfg.Service == nil {
		c.puback(p, Success)
		return nil
	}
	c.hold(true)
	reply := c.b.cfg.Service.Handle(c.b.ctx, &c.peer, topic, p.payload)
	s := c.s
	s.mu.Lock()
	c.out.held = false
	if reply.Verdict == Refused {
		s.mu.Unlock()
		return c.refusePublish(p, topic, TopicNameInvalid, "not a topic for clients")
	}
	defer s.mu.Unlock()
	if s.conn != c {
		return nil // the answer belongs to this connection only (R-MQTT-32)
	}
	b := c.out.buffer()
	if p.qos > 0 {
		b = appendPuback(b, c.peer.Version, p.id, Success)
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
func (c *conn) appendReply(b []byte, reply *Reply, p *publishPacket) []byte {
	if reply.Topic == "" || c.peer.Authorizer.Decide(Receive, reply.Topic) == ExplicitDeny {
		return b
	}
	out := publishOut{topic: reply.Topic, payload: reply.Payload, correlation: p.correlation}
	if len(c.s.subs) > 0 && len(c.s.sent) < c.window {
		out.qos = c.s.grantFor(reply.Topic).qos()
	}
	if out.qos > 0 {
		out.id = c.s.takeID()
	}
	if !c.fits(&out) {
		return b
	}
	if out.qos > 0 {
		c.s.sent = append(c.s.sent, entry{id: out.id, qos: 1})
	}
	return appendPublish(b, c.peer.Version, &out)
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
