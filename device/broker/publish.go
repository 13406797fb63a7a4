package broker

import (
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/internal/clock"
)

// A PUBLISH of a client: decoded, slowed down if there are too many, checked, and then routed to
// the subscribers or, on a reserved topic, handed to the Service (request.go). The PUBACK comes
// last (R-BRK-25, puback.go).

// onPublish handles a PUBLISH.
func (c *conn) onPublish(packet mqtt.Packet) error {
	p, err := mqtt.DecodePublish(packet, c.peer.Version)
	if err != nil {
		return err
	}
	if err := c.limitRate(len(packet.Body)); err != nil {
		return err
	}
	if p.QoS == 2 {
		return closeWith(mqtt.QoSNotSupported, "PUBLISH has QoS 2")
	}
	topic, err := c.aliases.resolve(&p, c.peer.Version, c.b.cfg.MaxAliases)
	if err != nil {
		return err
	}
	auth := c.peer.Authorizer
	if !auth.Refresh() {
		return errEnded
	}
	switch {
	case len(p.Payload) > c.b.cfg.MaxPayload:
		return closeWithTopic(mqtt.PacketTooLarge, "the payload is too large", topic)
	case !mqtt.ValidTopic(topic):
		return c.refusePublish(
			&p, closeWithTopic(mqtt.TopicNameInvalid, "the topic name is not valid", topic))
	case p.Retain && mqtt.IsReserved(topic):
		return closeWithTopic(mqtt.TopicNameInvalid, "a reserved topic cannot be retained", topic)
	case auth.Decide(Publish, topic) != Allow:
		return c.refusePublish(&p, deny(Publish, "not allowed to publish", topic))
	case p.Retain && auth.Decide(RetainPublish, topic) != Allow:
		return c.refusePublish(&p, deny(RetainPublish, "not allowed to retain", topic))
	case mqtt.IsReserved(topic):
		return c.publishReserved(&p, topic)
	}
	return c.publish(&p, topic)
}

// publish routes a message to its subscribers, here and on other nodes. One that is refused goes
// nowhere: its client sends it again.
func (c *conn) publish(p *mqtt.Publish, topic string) error {
	c.waitForJournal()
	if p.Retain {
		return c.publishRetained(p, c.message(p, topic))
	}
	became, here := c.b.routeNew(topic, "", func() *message { return c.message(p, topic) })
	if became == outcomeNoRoom && c.peer.Version == mqtt.V5 && p.QoS > 0 {
		const detail = "too much waits for clients that are away"
		return c.refusePublish(p, closeWithTopic(mqtt.QuotaExceeded, detail, topic))
	}
	if c.b.cfg.Forward != nil {
		c.b.forward(c.message(p, topic), here)
	}
	c.puback(p, mqtt.Success, became&outcomeStored != 0)
	return nil
}

// publishRetained retains a message and routes it. If there is no room for it, MQTT 5 at QoS 1 is
// refused. Others cannot be answered so; theirs is routed and not retained.
func (c *conn) publishRetained(p *mqtt.Publish, m *message) error {
	if !c.b.retain(m, c.peer.Principal.ID()) {
		const detail = "there are too many retained messages"
		e := closeWithTopic(mqtt.QuotaExceeded, detail, m.Topic)
		if p.QoS > 0 && c.peer.Version == mqtt.V5 {
			return c.refusePublish(p, e)
		}
		c.b.logRefusal(c, e)
	}
	c.b.routeOwn(m)
	c.puback(p, mqtt.Success, true)
	return nil
}

// message makes the message of a PUBLISH.
func (c *conn) message(p *mqtt.Publish, topic string) *message {
	m := copyMessage(p, topic)
	m.expires = expiresAt(p.Expiry, clock.Now())
	m.from, m.by = c.s, c.peer.Principal.ID()
	return m
}

// refusePublish refuses a PUBLISH. MQTT 5 at QoS 1 has a PUBACK for that; in all other cases the
// connection is closed (R-BRK-17, R-BRK-18).
func (c *conn) refusePublish(p *mqtt.Publish, e *closeError) error {
	if p.QoS == 0 || c.peer.Version < mqtt.V5 {
		return e
	}
	c.b.logRefusal(c, e)
	c.puback(p, e.reason, false)
	return nil
}

// waitForJournal delays reading while too much waits to be stored, so that clients cannot fill the
// memory with what the disk cannot write. Requests to the Service do not wait for it.
func (c *conn) waitForJournal() {
	if c.b.journal.full() {
		c.out.flush()
		c.b.journal.wait()
		c.keepAlive.lastPacket = time.Now()
	}
}
