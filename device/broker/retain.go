package broker

import (
	"encoding/binary"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/internal/clock"
)

// retained are the retained messages: at most one a topic, never on a reserved topic (R-BRK-23).
// They are stored under the empty client id; with other brokers on the store, each under a key of its
// topic (retainednodes.go), and here are those that this broker has retained. There is a limit for all of them, and a share of it
// for each principal, so that one cannot take the room of all others (R-BRK-20).
type retained struct {
	mu       sync.RWMutex
	messages map[string]retainedMessage // by topic
	all      retainedUse
	each     map[string]retainedUse // by the id of the principal; the empty one has no share
	swept    time.Time              // when messages that have expired were looked for
	lastSeq  uint64                 // the store key that was given last
}

// retainedUse is how much room messages take.
type retainedUse struct{ messages, bytes int }

// plus is the room that n more messages of a size take; -1 is one less.
func (u retainedUse) plus(n, size int) retainedUse {
	return retainedUse{u.messages + n, u.bytes + n*size}
}

// A retainedMessage is a message with its key in the store, and the principal that has retained it.
type retainedMessage struct {
	*message
	seq uint64
	by  string
}

// sweepInterval is the least time between two searches for retained messages that have expired,
// which look at all of them.
const sweepInterval = time.Second

// retain retains a message of a principal in place of its topic's last one; a message without a
// payload only deletes that. It reports false if there is no room, even without the messages that
// have expired.
func (b *Broker) retain(m *message, by string) bool {
	r := &b.retained
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(m.Payload) == 0 {
		b.deleteRetained(m.Topic)
		return true
	}
	if !r.hasRoom(m, by, &b.cfg) {
		b.deleteExpired(clock.Now())
	}
	if !r.hasRoom(m, by, &b.cfg) {
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
	kept := retainedMessage{&copied, seq, by}
	r.set(kept)
	change := b.retainedKey(&kept)
	change.Value = appendRetained(nil, &kept)
	b.journal.write(change)
	return true
}

// hasRoom reports whether a message fits within the limits, in place of an older one of its topic.
func (r *retained) hasRoom(m *message, by string, cfg *Config) bool {
	all, own := r.all.plus(1, m.size()), r.each[by].plus(1, m.size())
	if old, exists := r.messages[m.Topic]; exists {
		all = all.plus(-1, old.size())
		if old.by == by {
			own = own.plus(-1, old.size())
		}
	}
	if all.messages > cfg.MaxRetained || all.bytes > cfg.MaxRetainedBytes {
		return false
	}
	return by == "" ||
		own.messages <= cfg.share(cfg.MaxRetained) && own.bytes <= cfg.share(cfg.MaxRetainedBytes)
}

func (r *retained) set(m retainedMessage) {
	r.forget(m.Topic)
	r.messages[m.Topic] = m
	r.count(&m, +1)
}

// forget removes the message of a topic, if there is one, and gives its room back.
func (r *retained) forget(topic string) (old retainedMessage, existed bool) {
	if old, existed = r.messages[topic]; existed {
		delete(r.messages, topic)
		r.count(&old, -1)
	}
	return old, existed
}

func (r *retained) count(m *retainedMessage, n int) {
	r.all = r.all.plus(n, m.size())
	r.each[m.by] = r.each[m.by].plus(n, m.size())
	if r.each[m.by].messages == 0 {
		delete(r.each, m.by)
	}
}

// deleteRetained deletes the retained message of a topic, if there is one, from the store too. The
// caller holds the mutex of the retained messages, as for deleteExpired.
func (b *Broker) deleteRetained(topic string) {
	old, existed := b.retained.forget(topic)
	if b.cfg.Nodes != nil {
		old.message = &message{Message: Message{Topic: topic}} // another node may have retained one
	}
	if existed || b.cfg.Nodes != nil {
		b.journal.write(b.retainedKey(&old))
	}
}

// deleteExpired deletes the messages that have expired, if that was not done just now: a client
// that is refused again and again must not make each time a search.
func (b *Broker) deleteExpired(now time.Time) {
	r := &b.retained
	if now.Sub(r.swept) < sweepInterval {
		return
	}
	r.swept = now
	var replaceable []retainedMessage
	for topic, m := range r.messages {
		switch {
		case !m.expired(now):
		case b.cfg.Nodes == nil:
			b.deleteRetained(topic)
		default:
			r.forget(topic)
			replaceable = append(replaceable, m)
		}
	}
	if len(replaceable) > 0 {
		go b.deleteUnlessReplaced(replaceable)
	}
}

// appendRetained appends the stored form of a retained message. After the packet stand the
// principal that has retained it and, in two bytes, how long that is.
func appendRetained(b []byte, m *retainedMessage) []byte {
	start := len(b)
	b = appendStored(b, &entry{m: m.message, seq: m.seq, qos: m.QoS, retain: true})
	if m.by == "" {
		return b
	}
	b[start] |= storedBy
	b = append(b, m.by...)
	return binary.BigEndian.AppendUint16(b, uint16(len(m.by)))
}

// parseRetained reads what appendRetained wrote. Versions without shares wrote no principal; their
// messages count for all only.
func parseRetained(b []byte) (m retainedMessage, err error) {
	if len(b) > storedHeader+2 && b[0]&storedBy != 0 {
		end := len(b) - 2
		start := end - int(binary.BigEndian.Uint16(b[end:]))
		if start < storedHeader {
			return m, errStored
		}
		m.by, b = string(b[start:end]), b[:start]
	}
	e, err := parseStored(b)
	m.message = e.m
	return m, err
}

// load restores a message from the store.
func (r *retained) load(c Change) error {
	m, err := parseRetained(c.Value)
	if err != nil {
		return err
	}
	m.seq = c.Seq
	r.set(m)
	r.lastSeq = max(r.lastSeq, c.Seq)
	return nil
}

// deliverRetained delivers the retained message of a topic to a new subscriber. As in AWS IoT,
// filters with wildcards get none (R-BRK-23), and neither do shared subscriptions (R-BRK-48).
func (b *Broker) deliverRetained(s *session, filter string, g granted) {
	if mqtt.HasWildcard(filter) || mqtt.IsShared(filter) {
		return
	}
	b.retained.mu.RLock()
	m, exists := b.retained.messages[filter]
	b.retained.mu.RUnlock()
	if b.cfg.Nodes != nil {
		m, exists = b.retainedByNodes(filter, exists)
	}
	if exists && !m.expired(clock.Now()) {
		s.deliver(m.message, g, true)
	}
}
