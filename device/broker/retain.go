package broker

import (
	"sync"
	"time"
)

// retained holds the retained messages: one a topic, on topics that are not reserved (R-BRK-23). They are stored under
// the empty client id.
type retained struct {
	mu       sync.RWMutex
	messages map[string]*message
	seqs     map[string]uint64
	last     uint64
}

// retain keeps a message for later subscribers; an empty one forgets the topic's. It reports false if there are too
// many.
func (b *Broker) retain(m *message) bool {
	r := &b.retained
	r.mu.Lock()
	defer r.mu.Unlock()
	seq, known := r.seqs[m.Topic]
	if len(m.Payload) == 0 {
		if known {
			delete(r.messages, m.Topic)
			delete(r.seqs, m.Topic)
			b.journal.write(Change{Seq: seq})
		}
		return true
	}
	if !known {
		if len(r.messages) >= b.cfg.MaxRetained {
			r.sweep(b.journal, time.Now())
		}
		if len(r.messages) >= b.cfg.MaxRetained {
			return false
		}
		r.last++
		seq = r.last
		r.seqs[m.Topic] = seq
	}
	kept := *m
	kept.from = nil
	r.messages[m.Topic] = &kept
	b.journal.writeMessage("", entry{m: &kept, seq: seq, qos: kept.QoS, retain: true})
	return true
}

// sweep forgets messages that have expired.
func (r *retained) sweep(j *journal, now time.Time) {
	for topic, m := range r.messages {
		if m.expired(now) {
			j.write(Change{Seq: r.seqs[topic]})
			delete(r.messages, topic)
			delete(r.seqs, topic)
		}
	}
}

// load takes in one stored message.
func (r *retained) load(c Change) error {
	e, err := parseStored(c.Value)
	if err != nil {
		return err
	}
	r.messages[e.m.Topic], r.seqs[e.m.Topic] = e.m, c.Seq
	r.last = max(r.last, c.Seq)
	return nil
}
