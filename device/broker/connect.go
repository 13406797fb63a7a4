package broker

import (
	"math"
	"time"
)

// connect reads the first packet and, if it is a CONNECT that may pass, joins a session. The CONNACK is the first of
// the answers; packets that follow the CONNECT without waiting for it are read afterwards.
func (c *conn) connect() error {
	header, body, err := c.in.next()
	if err != nil {
		return err
	}
	if header>>4 != typeConnect {
		return refusal(ProtocolError, "first packet is not CONNECT")
	}
	p, err := decodeConnect(header, body)
	c.peer.Version = p.version
	if err != nil {
		return err
	}
	c.peer.ClientID = string(p.clientID)
	ack := connackPacket{
		receiveMaximum: uint16(c.b.cfg.MaxInFlight), maximumPacket: uint32(c.b.cfg.MaxPacket),
		topicAliases: uint16(c.b.cfg.MaxAliases),
	}
	if err := c.checkClientID(&p, &ack); err != nil {
		return err
	}
	if p.authMethod {
		return refusal(NotAuthorized, "enhanced authentication is not supported")
	}
	if err := c.takeWill(p.will); err != nil {
		return err
	}
	if err := c.admit(&p); err != nil {
		return err
	}
	c.negotiate(&p, &ack)
	c.b.journal.wait()
	c.nc.SetDeadline(time.Time{}) // before deliveries can set one of their own
	return c.b.join(c, &p, &ack)
}

// checkClientID applies R-BRK-16 and assigns an id where that is allowed.
func (c *conn) checkClientID(p *connectPacket, ack *connackPacket) error {
	switch id := c.peer.ClientID; {
	case id == "" && (p.version == version5 || p.cleanStart):
		c.peer.ClientID = newClientID()
		ack.assignedID = c.peer.ClientID
	case id == "", len(id) > maxClientBytes, id[0] == '$':
		return refusal(InvalidClientID, "client id")
	}
	return nil
}

// takeWill keeps the will of a CONNECT (R-BRK-24). A 3.1.1 will at QoS 2 is published at QoS 1, as it would be
// delivered anyway.
func (c *conn) takeWill(w *willPacket) error {
	if w == nil {
		return nil
	}
	topic := string(w.topic)
	switch {
	case w.qos == 2 && c.peer.Version == version5:
		return refusal(QoSNotSupported, "will at QoS 2")
	case checkTopic(topic) != Success || reserved(topic):
		return &ending{reason: TopicNameInvalid, cause: ForbiddenAccess, detail: "will topic", topic: topic}
	case len(w.payload) > c.b.cfg.MaxPayload:
		return refusal(PacketTooLarge, "will payload")
	}
	c.will = &message{
		Message: Message{Topic: topic, Payload: append([]byte(nil), w.payload...), QoS: min(w.qos, 1)},
		retain:  w.retain, pass: append([]byte(nil), w.pass...),
		// until it is published, expires counts from the epoch
		expires: expiresAt(w.expiry, time.Unix(0, 0)),
	}
	c.willDelay = time.Duration(w.delay) * time.Second
	return nil
}

// admit asks the authorizer about the client id and the will (R-BRK-17).
func (c *conn) admit(p *connectPacket) error {
	a := Attributes{ClientID: c.peer.ClientID, Remote: c.peer.Remote}
	a.Persistent = p.version == version311 && !p.cleanStart || p.sessionExpiry > 0
	if c.will != nil {
		a.WillTopic = c.will.Topic
	}
	auth := c.peer.Principal.Bind(a)
	c.peer.Authorizer = auth
	if auth.Decide(Connect, c.peer.ClientID) != Allow {
		return refusal(NotAuthorized, "connect denied")
	}
	if w := c.will; w != nil {
		if auth.Decide(Publish, w.Topic) != Allow || w.retain && auth.Decide(RetainPublish, w.Topic) != Allow {
			return &ending{reason: NotAuthorized, cause: AuthError, detail: "will denied", topic: w.Topic}
		}
	}
	return nil
}

// negotiate settles keep-alive, session expiry and the client's own limits.
func (c *conn) negotiate(p *connectPacket, ack *connackPacket) {
	asked := time.Duration(p.keepAlive) * time.Second
	c.keepAlive = min(max(asked, c.b.cfg.KeepAliveMin), c.b.cfg.KeepAliveMax)
	if asked == 0 {
		c.keepAlive = c.b.cfg.KeepAliveMax
	}
	if c.keepAlive != asked {
		ack.serverKeepAlive = uint16(math.Ceil(c.keepAlive.Seconds()))
	}
	c.window = c.b.cfg.MaxInFlight
	if p.receiveMaximum > 0 {
		c.window = min(c.window, int(p.receiveMaximum))
	}
	c.maxPacket, c.expiry = p.maximumPacket, p.sessionExpiry
	granted := uint32(c.b.sessionExpiry(p.sessionExpiry) / time.Second)
	ack.sessionExpiry, ack.withExpiry = granted, granted != p.sessionExpiry
}

// sessionExpiry caps what an MQTT 5 client asks for (R-BRK-12).
func (b *Broker) sessionExpiry(seconds uint32) time.Duration {
	return min(time.Duration(seconds)*time.Second, b.cfg.SessionExpiry)
}

// refuse answers a CONNECT that may not pass, as far as its version can be told why.
func (c *conn) refuse(err error) {
	e, ok := err.(*ending)
	if !ok {
		e = lost(err)
	}
	c.b.refused(c, e)
	version := c.peer.Version
	switch e.reason {
	case MalformedPacket, ProtocolError, PacketTooLarge, Success:
		return // not a client worth an answer
	case UnsupportedVersion:
		if version < version5 {
			version = version311
		}
	}
	if version < version5 && connackCode(e.reason) == 0 {
		return
	}
	_ = c.write(appendConnack(nil, max(version, version311), connackPacket{reason: e.reason})) // a courtesy: it is closed next
}
