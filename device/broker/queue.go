package broker

import (
	"slices"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// The queue of a session: the messages that wait to be sent. It is bounded, and what does not fit
// is dropped: QoS 0 first, then the newest of QoS 1 (R-BRK-13, R-BRK-36). All methods are called
// with session.mu held.

// An entry is a message in the queue or in flight.
type entry struct {
	m      *message // nil: a reply in flight, which is not sent again (R-MQTT-32)
	seq    uint64   // its key in the store; 0 for QoS 0
	id     uint16   // the packet identifier; 0: not sent yet
	qos    byte     // the lower of the message's and the subscription's
	dup    bool     // it was sent on a connection that has ended
	retain bool     // the RETAIN flag for this subscriber
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
	s.queuedBytes += e.m.size()
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
	s.queuedBytes -= e.m.size()
	s.queuedQoS1 -= int(e.qos)
	return e
}

// makeRoom reports whether one more entry fits, and drops entries of QoS 0 if one of QoS 1 fits
// only then. The limit in bytes is OutboundBytes; entries of QoS 1 of a persistent session have
// StoredMessages and StoredBytes. So with 1 MiB of QoS 0 in the queue, another of QoS 0 is dropped,
// and one of QoS 1 takes the place of all of them.
func (s *session) makeRoom(e entry) bool {
	cfg, size := &s.b.cfg, e.m.size()
	bytes, qos1 := s.queuedWithout(e.m)
	if e.qos == 0 {
		return bytes+size <= cfg.OutboundBytes
	}
	if bytes+size > cfg.OutboundBytes && s.queuedQoS1 < len(s.queue) {
		s.filterQueue(func(q *entry) bool { return q.qos > 0 })
		bytes, qos1 = s.queuedWithout(e.m)
	}
	if !s.persistent() {
		return bytes+size <= cfg.OutboundBytes
	}
	return qos1 < cfg.StoredMessages && bytes+size <= cfg.StoredBytes
}

// queuedWithout is what would be queued without the entries that a message replaces: bytes, and
// entries of QoS 1.
func (s *session) queuedWithout(m *message) (bytes, qos1 int) {
	bytes, qos1 = s.queuedBytes, s.queuedQoS1
	if !m.Latest {
		return bytes, qos1
	}
	for i := range s.queue {
		if q := &s.queue[i]; m.replaces(q.m) {
			bytes -= q.m.size()
			qos1 -= int(q.qos)
		}
	}
	return bytes, qos1
}

// dropReplaced drops the entries that a message replaces.
func (s *session) dropReplaced(m *message) {
	if m.Latest && slices.ContainsFunc(s.queue, func(q entry) bool { return m.replaces(q.m) }) {
		s.filterQueue(func(q *entry) bool { return !m.replaces(q.m) })
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
