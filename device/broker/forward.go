package broker

import (
	"encoding/binary"
	"errors"
	"strings"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/internal/clock"
)

// Messages of clients on ordinary topics, from one node to the others (R-NODE-12). What the client
// of one broker has published, or left as its will, is given to Config.Forward, and whatever brings
// it to the brokers of the other nodes gives it to their PublishFromNode, which delivers it to
// their own subscribers. It is given on to nobody else, so that it goes round in no circle, and not
// retained: what is retained is in the store. What the service publishes is not forwarded either,
// because every node reads the log.
//
// The form of a message between nodes is the length of the id of the principal that has published
// it, in two bytes, the id, and an MQTT 5 PUBLISH. After the id, and counted with it, stands which
// groups of shared subscriptions have got the message (see taken); earlier versions take that for a
// part of the id. The expiry is in the seconds that are left, so that clocks of nodes need not
// agree. Nodes of the next version must be able to read it.

// forward gives a message of a client to the other nodes, and which groups here have got it.
func (b *Broker) forward(m *message, here taken) {
	if now := clock.Now(); b.cfg.Forward != nil && !m.expired(now) {
		b.cfg.Forward(appendForwarded(nil, m, here, now))
	}
}

// PublishFromNode delivers a message that another broker has forwarded. It waits while too much is
// still to be stored, as clients do that publish here. An error says that the message is damaged,
// or none that a client may publish; then nothing is delivered.
func (b *Broker) PublishFromNode(value []byte) error {
	by, p, err := parseForwarded(value)
	if err != nil {
		return err
	}
	switch {
	case !mqtt.ValidTopic(p.Topic) || mqtt.IsReserved(p.Topic):
		return errors.New("a message from another node is not on an ordinary topic")
	case len(p.Payload) > b.cfg.MaxPayload:
		return errors.New("a message from another node is too large")
	}
	b.journal.wait()
	by, elsewhere := cutTaken(by)
	b.routeNew(p.Topic, elsewhere, func() *message {
		m := copyMessage(&p, p.Topic)
		m.expires = expiresAt(p.Expiry, clock.Now())
		m.by = by
		return m
	})
	return nil
}

// appendForwarded appends the form of a message between nodes.
func appendForwarded(b []byte, m *message, here taken, now time.Time) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(len(m.by)+len(here)))
	b = append(append(b, m.by...), here...)
	return mqtt.AppendPublish(b, mqtt.V5, &mqtt.Publish{
		Topic:     m.Topic,
		Payload:   m.Payload,
		QoS:       m.QoS,
		ID:        uint16(m.QoS), // at QoS 1 there must be one, and it means nothing
		Retain:    m.retain,
		Expiry:    m.remainingExpiry(now),
		Forwarded: m.forwarded,
	})
}

// cutTaken divides what stands before the PUBLISH into the id of the principal and the groups.
func cutTaken(s string) (by string, elsewhere taken) {
	if i := strings.IndexByte(s, 0); i >= 0 {
		return s[:i], taken(s[i:])
	}
	return s, ""
}

var errForwarded = errors.New("a message from another node cannot be read")

// parseForwarded reads what appendForwarded wrote. The payload and the properties share memory with
// it.
func parseForwarded(b []byte) (by string, p mqtt.Publish, err error) {
	if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
		return "", p, errForwarded
	}
	length := int(binary.BigEndian.Uint16(b))
	by, b = string(b[2:2+length]), b[2+length:]
	packet, err := mqtt.Decode(b)
	if err != nil || packet.Type != mqtt.TypePublish {
		return "", p, errForwarded
	}
	if p, err = mqtt.DecodePublish(packet, mqtt.V5); err != nil || p.QoS > 1 {
		return "", p, errForwarded
	}
	return by, p, nil
}
