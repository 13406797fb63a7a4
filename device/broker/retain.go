package broker

import (
	"sync"
	"time"
)

// retained holds the retained messages: one a topic, on topics that are not reserved (R-BRK-23). They are stored under
// the empty client id.
type retained struct {
	mu       sync.RWMutex
	messages map[string]kept
	bytes    int // what they cost
	last     uint64
}

// A kept message is a retained one with its key in the store.
type kept struct {
	*message
	seq uint64
}

// retain keeps a message for later subscribers; an empty one forgets the topic's. It reports false if that would be too
// many, or too much.
func (b *Broker) retain(m *message) bool {
	r := &b.retained
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(m.Payload) == 0 {
		r.forget(b.journal, m.Topic)
		return true
	}
	if !r.room(m, &b.cfg) {
		r.sweep(b.journal, time.Now())
	}
	if !r.room(m, &b.cfg) {
		return false
	}
	k := kept{message: &message{}, seq: r.messages[m.Topic].seq}
	*k.message = *m
	k.from = nil
	if k.seq == 0 {
		r.last++
		k.seq = r.last
	}
	r.put(k)
	b.journal.writeMessage("", entry{m: k.message, seq: k.seq, qos: k.QoS, retain: true})
	return true
}

// room reports whether a message may be kept, in place of an older one of its topic.
func (r *retained) room(m *message, cfg *Config) bool {
	n, bytes := len(r.messages)+1, r.bytes+m.size()
	if old, known := r.messages[m.Topic]; known {
		n, bytes = n-1, bytes-old.size()
	}
	return n <= cfg.MaxRetained && bytes <= cfg.MaxRetainedBytes
}

func (r *retained) put(k kept) {
	if old, known := r.messages[k.Topic]; known {
		r.bytes -= old.size()
	}
	r.messages[k.Topic] = k
	r.bytes += k.size()
}

func (r *retained) forget(j *journal, topic string) {
	old, known := r.messages[topic]
	if !known {
		return
	}
	delete(r.messages, topic)
	r.bytes -= old.size()
	j.write(Change{Seq: old.seq})
}

// sweep forgets messages that have expired.
func (r *retained) sweep(j *journal, now time.Time) {
	for topic, k := range r.messages {
		if k.expired(now) {
			r.forget(j, topic)
		}
	}
}

// load takes in one stored message.
func (r *retained) load(c Change) error {
	e, err := parseStored(c.Value)
	if err != nil {
		return err
	}
	r.put(kept{e.m, c.Seq})
	r.last = max(r.last, c.Seq)
	return nil
}
