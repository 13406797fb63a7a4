package broker

import (
	"slices"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A session is what the broker knows of a client: its subscriptions, the messages that wait to
// be sent (queue.go), and those that were sent and not acknowledged (inflight.go). A persistent
// session outlives its connection (R-BRK-11).
//
// What the store has of a persistent session: its subscriptions, from the SUBACK on; all messages
// that wait while the client is disconnected; and of a connected client's messages those that the
// service published, because it publishes them once (R-BRK-35). Messages between clients are stored
// when the connection ends and are lost in a crash before that: a write for each would cost more
// than it saves.
type session struct {
	b       *Broker
	key     string // its key in the store, and in it the client id
	version mqtt.Version

	// owner and next are guarded by Broker.mu. owner is written with mu held too, so that either is
	// enough to read it.
	owner owner
	next  *session // another session of the client id
	claim int64    // the largest number of a claim with which the client was here

	// adopted is set while a lost node is replayed to the session. It belongs to gathered.
	adopted bool

	mu    sync.Mutex // guards what follows
	conn  *conn      // nil while the client is disconnected
	ended bool       // the session is deleted: nothing may be delivered to it
	// leaving is set when another broker has claimed the client: nothing may be delivered, and only
	// what belongs to the end of its connection is stored.
	leaving bool
	// lastConn is the last connection that is not detached, by conn.before the ones before.
	lastConn   *conn
	publishing chan struct{} // closed when a delayed will is published; nil: none is
	// expiry is how long the session outlives its connection; 0: it ends with it.
	expiry   time.Duration
	endsAt   time.Time // when the session ends; zero while the client is connected
	restored bool      // the client has not been here since the start, and endsAt is from the store
	recorded bool      // the store has a record of it
	subs     []subscription

	queue       []entry // messages that wait to be sent, in order
	queuedBytes int     // the sizes of their messages
	queuedQoS1  int     // how many of them have QoS 1

	inFlight []entry // sent at QoS 1 and not acknowledged, in order
	lastID   uint16  // the packet identifier that was given last
	lastSeq  uint64  // the store key that was given last

	will *delayedWill // of the last connection; nil: none is delayed

	notified notified // the last notification that was sent
}

// restoredLife is how long a session lasts after the start of the broker at the least. Until then
// the machine's clock may be ahead by years: it is set from the network when the machine has one.
const restoredLife = 15 * time.Minute

// expired reports whether a session whose client is away has come to its end. The caller holds mu.
func (s *session) expired(now time.Time) bool {
	return !now.Before(s.endsAt) && !(s.restored && now.Sub(s.b.started) < restoredLife)
}

// A subscription is one topic filter of a session.
type subscription struct {
	filter  string
	granted granted
	id      uint32 // the subscription identifier; 0: none
}

// findSubscription returns the index of a subscription, or -1.
func findSubscription(subs []subscription, filter string) int {
	return slices.IndexFunc(subs, func(s subscription) bool { return s.filter == filter })
}

// client is the client id.
func (s *session) client() string { return clientOf(s.key) }

func (s *session) persistent() bool { return s.expiry > 0 }

func (s *session) connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil
}

// removeConn separates a session from its connection, and wakes the reading goroutine of that if it
// waits for the writer. The caller holds mu.
func (s *session) removeConn() {
	s.conn.out.wakeReader()
	s.conn = nil
	s.moveInGroups()
}

// deliver queues a message, or drops it if there is no room. It never waits for the client
// (R-BRK-36). retained says that the message is a retained one for a new subscriber.
func (s *session) deliver(m *message, g granted, retained bool) outcome {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deliverLocked(m, g, retained)
}

// deliverLocked is deliver for a caller that holds mu.
func (s *session) deliverLocked(m *message, g granted, retained bool) outcome {
	e := entry{
		m:      m,
		qos:    min(m.QoS, g.qos()),
		retain: retained || m.retain && g&grantRetainAsPublished != 0,
	}
	if s.ended || s.leaving || s.conn == nil && e.qos == 0 {
		return 0
	}
	if s.conn == nil && !s.b.mayStore(m) {
		return outcomeNoRoom
	}
	if !s.makeRoom(e) {
		return 0
	}
	s.dropReplaced(m)
	if e.qos > 0 {
		s.lastSeq++
		e.seq = s.lastSeq
	}
	s.push(e)
	fromService := m.from == nil
	if s.conn == nil || fromService && e.qos > 0 && s.persistent() {
		s.store(&s.queue[len(s.queue)-1])
	}
	if s.conn == nil {
		return outcomeStored
	}
	s.conn.out.startWriter()
	return outcomeQueued
}

// grantsQoS1 reports whether one of the client's subscriptions would give it a topic at QoS 1
// (R-MQTT-31).
func (s *session) grantsQoS1(topic string) bool {
	return slices.ContainsFunc(s.subs, func(sub subscription) bool {
		return sub.granted.qos() > 0 && mqtt.TopicMatches(sub.filter, topic)
	})
}

// subscribes reports whether one of the client's subscriptions is for a topic.
func (s *session) subscribes(topic string) bool {
	return slices.ContainsFunc(s.subs, func(sub subscription) bool {
		return mqtt.TopicMatches(sub.filter, topic)
	})
}

// store stores an entry as it is now, if the store does not have it so already. While the client is
// away, the message leaves the memory when that is done.
func (s *session) store(e *entry) {
	if e.m == nil {
		return // it was stored and has left the memory
	}
	form := e.storedForm()
	if e.stored == notStored {
		if e.stub = e.m.stub; e.stub == nil {
			e.stub = newStub(e.m, 0)
		}
		s.b.stored.add(e.stub)
	}
	away := s
	if s.conn != nil {
		away = nil
	}
	if e.stored != form {
		e.stored = form
		s.b.journal.writeMessage(s.key, *e, away)
	} else if away != nil {
		s.b.journal.unloadLater(*e, away)
	}
}

// unstore deletes an entry from the store.
func (s *session) unstore(e *entry) {
	if e.stored != notStored {
		s.b.stored.remove(e.stub)
		s.b.journal.write(Change{Client: s.key, Seq: e.seq})
	}
}
