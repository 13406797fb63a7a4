package broker

import (
	"encoding/json"
	"slices"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A session is what the broker knows of a client id: its subscriptions, the messages that wait for it and those that it
// has not acknowledged. It outlives its connection if it is persistent (R-BRK-11).
//
// The store has the subscriptions from the SUBACK on, and the messages that wait while the client is away. What is on its
// way to a connected client is stored if the service published it: it is said once (R-BRK-35). What clients say to each
// other is stored when the connection ends, and lost in a crash before: a write for each would cost more than it saves.
type session struct {
	b       *Broker
	client  string
	version mqtt.Version

	mu     sync.Mutex
	conn   *conn // nil while the client is away
	ended  bool
	expiry time.Duration // after the connection; 0: ends with it
	until  time.Time     // when it ends, while the client is away
	saved  bool          // the store has a record of it
	subs   []subscription

	queue    []entry // waits to be sent, in order
	waiting  int     // cost of queue
	waiting1 int     // number of QoS 1 entries in queue
	sent     []entry // sent at QoS 1 and not acknowledged, in order; a reply has no message
	nextID   uint16
	seq      uint64

	will *time.Timer // a delayed will
}

type subscription struct {
	filter  string
	granted granted
}

// An entry is a message in one session's queue.
type entry struct {
	m      *message
	seq    uint64 // its key in the store; 0 for QoS 0
	id     uint16 // packet identifier, once sent
	qos    byte
	dup    bool // sent on a connection that has ended
	retain bool
	stored storedAs
}

// storedAs is what the store has of an entry.
type storedAs byte

const (
	notStored    storedAs = iota
	storedUnsent          // without a packet identifier
	storedSent            // to be sent again with its packet identifier, which does not change any more
)

// form is how an entry is stored if it is stored now.
func (e *entry) form() storedAs {
	if e.dup {
		return storedSent
	}
	return storedUnsent
}

func (s *session) persistent() bool { return s.expiry > 0 }

func (s *session) connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil
}

// deliver queues a message, or drops it if there is no room. It never waits for the client (R-BRK-36).
func (s *session) deliver(m *message, g granted, retain bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := entry{m: m, qos: min(m.QoS, g.qos()), retain: retain || m.retain && g&grantRetainAsPublished != 0}
	if s.ended || s.conn == nil && e.qos == 0 {
		return
	}
	if !s.room(e) {
		return
	}
	s.replace(m)
	if e.qos > 0 {
		s.seq++
		e.seq = s.seq
	}
	s.push(e)
	if s.conn == nil || m.from == nil && e.qos > 0 && s.persistent() {
		s.store(&s.queue[len(s.queue)-1])
	}
	if s.conn != nil {
		s.conn.wake()
	}
}

func (s *session) push(e entry) {
	s.queue = append(s.queue, e)
	s.waiting += e.m.size()
	s.waiting1 += int(e.qos)
}

// room reports whether one more entry fits. QoS 0 entries make room for QoS 1; a persistent session has the larger
// limits of stored messages for those.
func (s *session) room(e entry) bool {
	limit, cost := s.b.cfg.OutboundBytes, e.m.size()
	waiting, waiting1 := s.besides(e.m)
	if e.qos == 0 {
		return waiting+cost <= limit
	}
	if waiting+cost > limit && s.waiting1 < len(s.queue) {
		s.filterQueue(func(q *entry) bool { return q.qos > 0 })
		waiting, waiting1 = s.besides(e.m)
	}
	if !s.persistent() {
		return waiting+cost <= limit
	}
	return waiting1 < s.b.cfg.StoredMessages && waiting+cost <= s.b.cfg.StoredBytes
}

// besides is what waits, without what a message takes the place of: the cost and the number of QoS 1 entries.
func (s *session) besides(m *message) (waiting, waiting1 int) {
	waiting, waiting1 = s.waiting, s.waiting1
	if !m.Latest {
		return waiting, waiting1
	}
	for _, q := range s.queue {
		if m.replaces(q.m) {
			waiting -= q.m.size()
			waiting1 -= int(q.qos)
		}
	}
	return waiting, waiting1
}

// replace takes out of the queue what a message takes the place of.
func (s *session) replace(m *message) {
	if m.Latest && slices.ContainsFunc(s.queue, func(q entry) bool { return m.replaces(q.m) }) {
		s.filterQueue(func(q *entry) bool { return !m.replaces(q.m) })
	}
}

// filterQueue keeps the entries that keep approves of, and unstores the others.
func (s *session) filterQueue(keep func(*entry) bool) {
	kept := make([]entry, 0, len(s.queue))
	s.waiting, s.waiting1 = 0, 0
	for i := range s.queue {
		e := s.queue[i]
		if !keep(&e) {
			s.unstore(&e)
			continue
		}
		kept = append(kept, e)
		s.waiting += e.m.size()
		s.waiting1 += int(e.qos)
	}
	s.queue = kept
}

// shift takes the first entry off the queue.
func (s *session) shift() entry {
	e := s.queue[0]
	s.queue[0] = entry{}
	s.queue = s.queue[1:]
	if len(s.queue) == 0 {
		s.queue = nil
	}
	s.waiting -= e.m.size()
	s.waiting1 -= int(e.qos)
	return e
}

// takeID returns a packet identifier that is not in use.
func (s *session) takeID() uint16 {
	for {
		s.nextID++
		if s.nextID != 0 && !s.inUse(s.nextID) {
			return s.nextID
		}
	}
}

// inUse looks at the messages in flight and, after a resume, at those that wait to be sent again: they are first in
// the queue.
func (s *session) inUse(id uint16) bool {
	for i := range s.sent {
		if s.sent[i].id == id {
			return true
		}
	}
	for i := range s.queue {
		if s.queue[i].id == 0 {
			break
		}
		if s.queue[i].id == id {
			return true
		}
	}
	return false
}

// acknowledge drops the message with this packet identifier.
func (s *session) acknowledge(id uint16) {
	for i := range s.sent {
		if s.sent[i].id == id {
			s.unstore(&s.sent[i])
			copy(s.sent[i:], s.sent[i+1:])
			s.sent[len(s.sent)-1] = entry{}
			if s.sent = s.sent[:len(s.sent)-1]; len(s.sent) == 0 && cap(s.sent) > 8 {
				s.sent = nil
			}
			return
		}
	}
}

// park gets the session ready to wait for its client: what was not acknowledged goes first, to be sent again
// (R-BRK-25), QoS 0 and replies are forgotten (R-MQTT-32), and the rest is stored.
func (s *session) park() {
	all := make([]entry, 0, len(s.sent)+len(s.queue))
	for _, e := range s.sent {
		if e.m != nil {
			e.dup = true
			all = append(all, e)
		}
	}
	s.queue = append(all, s.queue...)
	s.sent = nil
	newest := map[string]int{}
	for i := range s.queue {
		if s.queue[i].m.Latest {
			newest[s.queue[i].m.Topic] = i
		}
	}
	i := -1
	s.filterQueue(func(e *entry) bool {
		i++
		return e.qos > 0 && (!e.m.Latest || newest[e.m.Topic] == i)
	})
	for i := range s.queue {
		s.store(&s.queue[i])
	}
}

func (s *session) store(e *entry) {
	if form := e.form(); e.stored != form {
		e.stored = form
		s.b.journal.writeMessage(s.client, *e)
	}
}

func (s *session) unstore(e *entry) {
	if e.stored != notStored {
		s.b.journal.write(Change{Client: s.client, Seq: e.seq})
	}
}

// find returns the index of a subscription, or -1.
func find(subs []subscription, filter string) int {
	return slices.IndexFunc(subs, func(s subscription) bool { return s.filter == filter })
}

// grantFor is what the client's own subscriptions grant to a reply on this topic (R-MQTT-31).
func (s *session) grantFor(topic string) (g granted) {
	for i := range s.subs {
		if s.subs[i].granted.qos() > 0 && mqtt.TopicMatches(s.subs[i].filter, topic) {
			return grantQoS1
		}
	}
	return g
}

// A sessionRecord is the stored form of a session.
type sessionRecord struct {
	Version mqtt.Version     `json:"version"`
	Expiry  int64            `json:"expirySeconds"`
	Until   int64            `json:"until,omitempty"` // ms; 0: connected when it was written
	Subs    map[string]uint8 `json:"subscriptions"`
}

// record is the change that stores the session as it is now. The caller holds mu.
func (s *session) record() Change {
	s.saved = true
	r := sessionRecord{Version: s.version, Expiry: int64(s.expiry / time.Second), Subs: map[string]uint8{}}
	if !s.until.IsZero() {
		r.Until = s.until.UnixMilli()
	}
	for _, sub := range s.subs {
		r.Subs[sub.filter] = uint8(sub.granted)
	}
	value, _ := json.Marshal(r) // a struct of numbers and strings: cannot fail
	return Change{Client: s.client, Value: value}
}
