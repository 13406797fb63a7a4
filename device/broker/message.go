package broker

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A Message is what the service publishes.
type Message struct {
	Topic   string
	Payload []byte // not changed after Publish
	QoS     byte   // 0 or 1
	// Latest keeps only the newest message of its topic in the queue of a session (R-MQTT-44).
	Latest bool
}

// A message is a Message on its way, with what only clients can set.
type message struct {
	Message
	retain  bool
	expires time.Time // zero: never
	pass    []byte    // MQTT 5 properties in wire form
	from    *session  // nil: from the service
}

// replaces reports whether a message takes the place of an older one in a queue.
func (m *message) replaces(old *message) bool { return m.Latest && old.Latest && m.Topic == old.Topic }

// size is what a message counts in a queue.
func (m *message) size() int { return len(m.Topic) + len(m.Payload) + len(m.pass) + 64 }

func (m *message) expired(now time.Time) bool { return !m.expires.IsZero() && !now.Before(m.expires) }

// remaining is the message expiry to send, in seconds; 0: none.
func (m *message) remaining(now time.Time) uint32 {
	if m.expires.IsZero() {
		return 0
	}
	return uint32((m.expires.Sub(now) + time.Second - 1) / time.Second)
}

// The bounds of a message expiry (R-BRK-13).
const maxMessageExpiry = 604800

// expiresAt turns a message expiry in seconds into a time; 0 is none.
func expiresAt(seconds uint32, now time.Time) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(min(seconds, maxMessageExpiry)) * time.Second)
}

// Flags of a stored message.
const (
	storedLatest = 1 << iota
	storedExpires
)

// appendStored is the stored form of a message: flags, expiry in ms, and an MQTT 5 PUBLISH packet.
func appendStored(b []byte, e *entry) []byte {
	var flags byte
	var at int64
	if e.m.Latest {
		flags |= storedLatest
	}
	if !e.m.expires.IsZero() {
		flags |= storedExpires
		at = e.m.expires.UnixMilli()
	}
	b = append(b, flags)
	b = binary.BigEndian.AppendUint64(b, uint64(at))
	p := mqtt.Publish{Topic: e.m.Topic, Payload: e.m.Payload, QoS: e.qos, Dup: e.dup, Retain: e.retain, Forwarded: e.m.pass}
	if e.qos > 0 {
		p.ID = max(e.id, 1)
	}
	return mqtt.AppendPublish(b, mqtt.V5, &p)
}

var errStored = errors.New("stored message is damaged")

// parseStored reads what appendStored wrote.
func parseStored(b []byte) (e entry, err error) {
	const fixed = 9
	if len(b) < fixed+2 {
		return e, errStored
	}
	flags, at := b[0], int64(binary.BigEndian.Uint64(b[1:]))
	packet, err := mqtt.Decode(b[fixed:])
	if err != nil {
		return e, errStored
	}
	p, err := mqtt.DecodePublish(packet, mqtt.V5)
	if err != nil {
		return e, errStored
	}
	m := &message{
		Message: Message{Topic: p.Topic, Payload: p.Payload, QoS: p.QoS, Latest: flags&storedLatest != 0},
		retain:  p.Retain, pass: p.Forwarded,
	}
	if flags&storedExpires != 0 {
		m.expires = time.UnixMilli(at)
	}
	e = entry{m: m, qos: p.QoS, dup: p.Dup, retain: p.Retain}
	if p.Dup {
		e.id = p.ID
	}
	e.stored = e.form()
	return e, nil
}
