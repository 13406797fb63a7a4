package broker

import (
	"math"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// connect reads the first packet and, if it is a CONNECT that may pass, joins a session. The CONNACK is the first of
// the answers; packets that follow the CONNECT without waiting for it are read afterwards.
func (c *conn) connect() error {
	packet, err := c.in.Next()
	if err != nil {
		return err
	}
	if packet.Type != mqtt.TypeConnect {
		return refusal(mqtt.ProtocolError, "first packet is not CONNECT")
	}
	p, err := mqtt.DecodeConnect(packet)
	c.peer.Version = p.Version
	if err != nil {
		return err
	}
	c.peer.ClientID = p.ClientID
	ack := mqtt.Connack{
		ReceiveMaximum:    uint16(c.b.cfg.MaxInFlight),
		MaximumPacket:     uint32(c.b.cfg.MaxPacket),
		TopicAliasMaximum: uint16(c.b.cfg.MaxAliases),
	}
	if err := c.checkClientID(&p, &ack); err != nil {
		return err
	}
	if p.EnhancedAuth {
		return refusal(mqtt.NotAuthorized, "enhanced authentication is not supported")
	}
	if err := c.takeWill(p.Will); err != nil {
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

// maxClientBytes is the length of the longest client id (R-BRK-16).
const maxClientBytes = 128

// checkClientID applies R-BRK-16 and assigns an id where that is allowed.
func (c *conn) checkClientID(p *mqtt.Connect, ack *mqtt.Connack) error {
	switch id := c.peer.ClientID; {
	case id == "" && (p.Version == mqtt.V5 || p.CleanStart):
		c.peer.ClientID = newClientID()
		ack.AssignedID = c.peer.ClientID
	case id == "", len(id) > maxClientBytes, id[0] == '$':
		return refusal(mqtt.InvalidClientID, "client id")
	}
	return nil
}

// takeWill keeps the will of a CONNECT (R-BRK-24). A 3.1.1 will at QoS 2 is published at QoS 1, as it would be
// delivered anyway.
func (c *conn) takeWill(w *mqtt.Will) error {
	if w == nil {
		return nil
	}
	m := w.Message
	switch {
	case m.QoS == 2 && c.peer.Version == mqtt.V5:
		return refusal(mqtt.QoSNotSupported, "will at QoS 2")
	case !mqtt.ValidTopic(m.Topic) || mqtt.IsReserved(m.Topic):
		return &ending{reason: mqtt.TopicNameInvalid, cause: ForbiddenAccess, detail: "will topic", topic: m.Topic}
	case len(m.Payload) > c.b.cfg.MaxPayload:
		return refusal(mqtt.PacketTooLarge, "will payload")
	}
	c.will = &message{
		Message: Message{Topic: m.Topic, Payload: append([]byte(nil), m.Payload...), QoS: min(m.QoS, 1)},
		retain:  m.Retain, forwarded: append([]byte(nil), m.Forwarded...),
		// until it is published, expires counts from the epoch
		expires: expiresAt(m.Expiry, time.Unix(0, 0)),
	}
	c.willDelay = time.Duration(w.Delay) * time.Second
	return nil
}

// admit asks the authorizer about the client id and the will (R-BRK-17).
func (c *conn) admit(p *mqtt.Connect) error {
	a := Attributes{ClientID: c.peer.ClientID, Remote: c.peer.Remote}
	a.Persistent = p.Version == mqtt.V311 && !p.CleanStart || p.SessionExpiry > 0
	if c.will != nil {
		a.WillTopic = c.will.Topic
	}
	auth := c.peer.Principal.Bind(a)
	c.peer.Authorizer = auth
	if auth.Decide(Connect, c.peer.ClientID) != Allow {
		return refusal(mqtt.NotAuthorized, "connect denied")
	}
	if w := c.will; w != nil {
		if auth.Decide(Publish, w.Topic) != Allow || w.retain && auth.Decide(RetainPublish, w.Topic) != Allow {
			return &ending{reason: mqtt.NotAuthorized, cause: AuthError, detail: "will denied", topic: w.Topic}
		}
	}
	return nil
}

// negotiate settles keep-alive, session expiry and the client's own limits.
func (c *conn) negotiate(p *mqtt.Connect, ack *mqtt.Connack) {
	asked := time.Duration(p.KeepAlive) * time.Second
	c.keepAlive = min(max(asked, c.b.cfg.KeepAliveMin), c.b.cfg.KeepAliveMax)
	if asked == 0 {
		c.keepAlive = c.b.cfg.KeepAliveMax
	}
	if c.keepAlive != asked {
		ack.ServerKeepAlive = uint16(math.Ceil(c.keepAlive.Seconds()))
	}
	c.window = c.b.cfg.MaxInFlight
	if p.ReceiveMaximum > 0 {
		c.window = min(c.window, int(p.ReceiveMaximum))
	}
	c.maxPacket, c.expiry = p.MaximumPacket, p.SessionExpiry
	granted := uint32(c.b.sessionExpiry(p.SessionExpiry) / time.Second)
	ack.SessionExpiry, ack.SendSessionExpiry = granted, granted != p.SessionExpiry
}

// sessionExpiry caps what an MQTT 5 client asks for (R-BRK-12).
func (b *Broker) sessionExpiry(seconds uint32) time.Duration {
	return min(time.Duration(seconds)*time.Second, b.cfg.SessionExpiry)
}

// refuse answers a CONNECT that may not pass, as far as its version can be told why.
func (c *conn) refuse(err error) {
	e := endingOf(err)
	c.b.refused(c, e)
	version := c.peer.Version
	switch e.reason {
	case mqtt.MalformedPacket, mqtt.ProtocolError, mqtt.PacketTooLarge, mqtt.Success:
		return // not a client worth an answer
	case mqtt.UnsupportedVersion:
		if version < mqtt.V5 {
			version = mqtt.V311
		}
	}
	if version < mqtt.V5 && e.reason.ConnackCode() == 0 {
		return
	}
	_ = c.write(mqtt.AppendConnack(nil, max(version, mqtt.V311), &mqtt.Connack{Reason: e.reason})) // a courtesy: it is closed next
}
