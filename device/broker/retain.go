package broker

import (
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// retained are the retained messages: at most one a topic, never on a reserved topic (R-BRK-23).
// They are stored under the empty client id.
type retained struct {
	mu       sync.RWMutex
	messages map[string]retainedMessage // by topic
	bytes    int                        // their sizes
	lastSeq  uint64                     // the store key that was given last
}

// A retainedMessage is a message with its key in the store.
type retainedMessage struct {
	*message
	seq uint64
}

// retain retains a message in place of its topic's last one; a message without a payload only
// deletes that. It reports false if there is no room, even without the messages that have expired.
func (b *Broker) retain(m *message) bool {
	r := &b.retained
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(m.Payload) == 0 {
		r.delete(b.journal, m.Topic)
		return true
	}
	if !r.hasRoom(m, &b.cfg) {
		r.deleteExpired(b.journal, time.Now())
	}
	if !r.hasRoom(m, &b.cfg) {
		return false
	}
	copied := *m
	copied.from, copied.pending = nil, 0 // No Local does not apply to later subscribers
	b.share(&copied)
	seq := r.messages[m.Topic].seq
	if seq == 0 {
		r.lastSeq++
		seq = r.lastSeq
	}
	r.set(retainedMessage{&copied, seq})
	b.journal.writeMessage("", entry{m: &copied, seq: seq, qos: m.QoS, retain: true}, nil)
	return true
}

// hasRoom reports whether a message fits within the limits, in place of an older one of its topic.
func (r *retained) hasRoom(m *message, cfg *Config) bool {
	n, bytes := len(r.messages)+1, r.bytes+m.size()
	if old, exists := r.messages[m.Topic]; exists {
		n, bytes = n-1, bytes-old.size()
	}
	return n <= cfg.MaxRetained && bytes <= cfg.MaxRetainedBytes
}

func (r *retained) set(m retainedMessage) {
	if old, exists := r.messages[m.Topic]; exists {
		r.bytes -= old.size()
	}
	r.messages[m.Topic] = m
	r.bytes += m.size()
}

// delete deletes the retained message of a topic, if there is one, from the store too.
func (r *retained) delete(j *journal, topic string) {
	old, exists := r.messages[topic]
	if !exists {
		return
	}
	delete(r.messages, topic)
	r.bytes -= old.size()
	j.write(Change{Seq: old.seq})
}

func (r *retained) deleteExpired(j *journal, now time.Time) {
	for topic, m := range r.messages {
		if m.expired(now) {
			r.delete(j, topic)
		}
	}
}

// load restores a message from the store.
func (r *retained) load(c Change) error {
	e, err := parseStored(c.Value)
	if err != nil {
		return err
	}
	r.set(retainedMessage{e.m, c.Seq})
	r.lastSeq = max(r.lastSeq, c.Seq)
	return nil
}

// deliverRetained delivers the retained message of a topic to a new subscriber. As in AWS IoT,
// filters with wildcards get none (R-BRK-23).
func (b *Broker) deliverRetained(s *session, filter string, g granted) {
	if mqtt.HasWildcard(filter) {
		return
	}
	b.retained.mu.RLock()
	m, exists := b.retained.messages[filter]
	b.retained.mu.RUnlock()
	if exists && !m.expired(time.Now()) {
		s.deliver(m.message, g, true)
	}
}
