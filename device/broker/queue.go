package broker

import (
	"slices"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// The queue of a session: the messages that wait to be sent. It is bounded, and what does not fit
// is dropped: QoS 0 first, then the newest of QoS 1 (R-BRK-13, R-BRK-36). Only a notification of
// the service gets a place in a full queue all the same: it carries the whole state of a thing and
// is published once, so the newest messages of others make room for it (R-BRK-35). All methods are
// called with session.mu held.

// An entry is a message in the queue or in flight.
type entry struct {
	// m is nil for a message that is only in the store (stub.go), and for a reply in flight, which
	// is not sent again (R-MQTT-32).
	m      *message
	stub   *stub  // set while the store has the message
	seq    uint64 // its key in the store; 0 for QoS 0
	id     uint16 // the packet identifier; 0: not sent yet
	qos    byte   // the lower of the message's and the subscription's
	dup    bool   // it was sent on a connection that has ended
	retain bool   // the RETAIN flag for this subscriber
	stored storedForm
}

// storedForm is what the store has of an entry.
type storedForm byte

const (
	notStored    storedForm = iota
	storedUnsent            // without a packet identifier
	storedSent              // with the one that it was sent with, and will be again
)

// storedForm is the form in which an entry would be stored now.
func (e *entry) storedForm() storedForm {
	if e.dup {
		return storedSent
	}
	return storedUnsent
}

// size is the size of an entry's message.
func (e *entry) size() int {
	if e.m != nil {
		return e.m.size()
	}
	return e.stub.size
}

// latest is the topic of a notification, of which a queue keeps the newest; empty for other
// messages.
func (e *entry) latest() string {
	switch {
	case e.m == nil:
		return e.stub.topic
	case e.m.Latest:
		return e.m.Topic
	}
	return ""
}

// packet is the PUBLISH that sends an entry. The expiry is in seconds; 0: none.
func (e *entry) packet(expiry uint32) mqtt.Publish {
	return mqtt.Publish{
		Topic:     e.m.Topic,
		Payload:   e.m.Payload,
		QoS:       e.qos,
		ID:        e.id,
		Dup:       e.dup,
		Retain:    e.retain,
		Expiry:    expiry,
		Forwarded: e.m.forwarded,
	}
}

// push appends an entry to the queue.
func (s *session) push(e entry) {
	s.queue = append(s.queue, e)
	s.queuedBytes += e.size()
	s.queuedQoS1 += int(e.qos)
}

// pop removes the first entry of the queue.
func (s *session) pop() entry {
	e := s.queue[0]
	s.queue[0] = entry{}
	s.queue = s.queue[1:]
	if len(s.queue) == 0 {
		s.queue = nil
	}
	s.queuedBytes -= e.size()
	s.queuedQoS1 -= int(e.qos)
	return e
}

// usage is how much of a queue's limits is used: bytes, and entries of QoS 1.
type usage struct{ bytes, qos1 int }

// fits reports whether a usage is within the limits of the session. They are OutboundBytes, and for
// entries of QoS 1 of a persistent session StoredMessages and StoredBytes.
func (s *session) fits(u usage, qos byte) bool {
	cfg := &s.b.cfg
	if qos == 0 || !s.persistent() {
		return u.bytes <= cfg.OutboundBytes
	}
	return u.qos1 <= cfg.StoredMessages && u.bytes <= cfg.StoredBytes
}

// makeRoom reports whether one more entry fits. It drops entries of QoS 0 if one of QoS 1 fits only
// then, and others of QoS 1 for a notification. So with 1 MiB of QoS 0 in the queue, another of QoS
// 0 is dropped, and one of QoS 1 takes the place of all of them.
func (s *session) makeRoom(e entry) bool {
	u := s.usageWith(e)
	if e.qos == 0 {
		return s.fits(u, 0)
	}
	if u.bytes > s.b.cfg.OutboundBytes && s.queuedQoS1 < len(s.queue) {
		s.filterQueue(func(q *entry) bool { return q.qos > 0 })
		u = s.usageWith(e)
	}
	return s.fits(u, e.qos) || e.m.Latest && s.displace(u, e.qos)
}

// displace drops the newest entries that are no notifications, as many as it takes to bring the
// usage within the limits, and reports whether that is enough; if not, it drops none. With 1,000
// messages of others in the queue of a persistent session, the last of them makes room for a
// notification, and the next notification on the same topic takes the place of that one. An entry
// that was sent before stays: its client may have it.
func (s *session) displace(u usage, qos byte) bool {
	first := len(s.queue)
	displaced := func(q *entry) bool { return q.latest() == "" && q.id == 0 }
	for !s.fits(u, qos) {
		if first--; first < 0 {
			return false
		}
		if q := &s.queue[first]; displaced(q) {
			u = usage{u.bytes - q.size(), u.qos1 - int(q.qos)}
		}
	}
	i := -1
	s.filterQueue(func(q *entry) bool { i++; return i < first || !displaced(q) })
	return true
}

// usageWith is the usage of the queue with one more entry, and without those that it replaces.
func (s *session) usageWith(e entry) usage {
	u := usage{s.queuedBytes + e.m.size(), s.queuedQoS1 + int(e.qos)}
	if !e.m.Latest {
		return u
	}
	for i := range s.queue {
		if q := &s.queue[i]; e.m.replaces(q) {
			u.bytes -= q.size()
			u.qos1 -= int(q.qos)
		}
	}
	return u
}

// dropReplaced drops the entries that a message replaces.
func (s *session) dropReplaced(m *message) {
	if m.Latest && slices.ContainsFunc(s.queue, func(q entry) bool { return m.replaces(&q) }) {
		s.filterQueue(func(q *entry) bool { return !m.replaces(q) })
	}
}

// filterQueue drops the entries for which stays is false, from the store too.
func (s *session) filterQueue(stays func(*entry) bool) {
	all := s.queue
	s.queue = make([]entry, 0, len(all))
	s.queuedBytes, s.queuedQoS1 = 0, 0
	for i := range all {
		if stays(&all[i]) {
			s.push(all[i])
		} else {
			s.unstore(&all[i])
		}
	}
}
