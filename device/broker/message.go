package broker

import (
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A Message is what the owner of the broker publishes.
type Message struct {
	Topic   string
	Payload []byte // must not be changed after Publish
	QoS     byte   // 0 or 1
	// Latest limits the queue of each session to the newest of these messages for their topic: a
	// new one replaces an older one that is still waiting (R-MQTT-44).
	Latest bool
}

// A message is a Message inside the broker, with what only clients can set. Many sessions share
// one, so it must not be changed after it was routed.
type message struct {
	Message
	expires   time.Time // zero: never
	forwarded []byte    // the MQTT 5 properties for the subscribers, in wire form; empty: none
	from      *session  // the publisher's; nil: published with Broker.Publish, or a will
	by        string    // the id of the principal that has published it; empty: none
	group     *group    // of the shared subscription that it is delivered for; nil: none
	// stub is what sessions that store the message share; nil: each stores it for itself.
	stub   *stub
	retain bool // the publisher's RETAIN flag
	// pending is how many changes in the journal have the message. Guarded by journal.mu.
	pending int32
}

// copyMessage returns a message that does not share memory with a packet, which is in the read
// buffer.
func copyMessage(p *mqtt.Publish, topic string) *message {
	return &message{
		Message: Message{
			Topic:   topic,
			Payload: append([]byte(nil), p.Payload...),
			QoS:     p.QoS,
		},
		retain:    p.Retain,
		forwarded: append([]byte(nil), p.Forwarded...),
	}
}

// replaces reports whether a message makes an older one in the same queue useless.
func (m *message) replaces(old *entry) bool { return m.Latest && m.Topic == old.latest() }

// size is what a message counts against the limits of a queue: its bytes, and something for the
// structs around them.
func (m *message) size() int { return len(m.Topic) + len(m.Payload) + len(m.forwarded) + 64 }

func (m *message) expired(now time.Time) bool {
	return !m.expires.IsZero() && !now.Before(m.expires)
}

// remainingExpiry is the message expiry to send, in whole seconds rounded up; 0: none.
func (m *message) remainingExpiry(now time.Time) uint32 {
	if m.expires.IsZero() {
		return 0
	}
	return uint32((m.expires.Sub(now) + time.Second - 1) / time.Second)
}

// maxMessageExpiry is the longest message expiry in seconds, 7 days. Longer ones are shortened
// (R-BRK-13).
const maxMessageExpiry = 604800

// expiresAt turns a message expiry in seconds into a time; 0 is none.
func expiresAt(seconds uint32, now time.Time) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return now.Add(time.Duration(min(seconds, maxMessageExpiry)) * time.Second)
}
