package broker

import (
	"hash/maphash"
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/clock"
)

// What operators ask of a client: whether it is connected, who would get what is published on some
// topics, and what became of the last notification. It is answered from memory and costs two
// look-ups of a topic. A delivery pays for it with a few bytes of its session.

// A Look is what the broker knows of a client, and of the sessions that subscribe to some topics.
type Look struct {
	Connected bool // to this broker
	AsThing   bool // it stands for the thing that is named like it
	Principal string
	Since     time.Time // when it connected or disconnected; zero when that is not known here
	// Receivers are the client ids of some sessions that subscribe to one of the topics, that of
	// the client itself first.
	Receivers []string
	// Notification is the last one on one of the topics in the session of the client; nil when none
	// was sent since the broker started, or since another one was sent to that session.
	Notification *Notification
}

// A Notification is what became of a message of the service with Latest.
type Notification struct {
	Waits        bool // it is in the queue of the session
	Sent         time.Time
	Acknowledged time.Time // zero: not yet
	QoS          byte
}

// maxReceivers is how many receivers a Look names.
const maxReceivers = 10

// Look looks at a client, and at who subscribes to topics.
func (b *Broker) Look(client string, topics ...string) (l Look) {
	for _, topic := range topics {
		b.withRecipients(topic, func(to []recipient) {
			for _, r := range to {
				receiver := r.session.client()
				l.receive(receiver, receiver == client)
			}
		})
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if count, known := b.presence[client]; known {
		l.Since = count.last.Round(0).UTC()
	}
	for s := b.sessions[client]; s != nil; s = s.next {
		s.mu.Lock()
		if c := s.conn; c != nil {
			l.Connected, l.AsThing = true, c.presence.asThing
			l.Principal = c.peer.Principal.ID()
		}
		if n := s.notification(topics); n != nil {
			l.Notification = n
		}
		s.mu.Unlock()
	}
	return l
}

// receive adds a receiver, once, as long as there is room. There always is for the client itself.
func (l *Look) receive(client string, own bool) {
	switch {
	case slices.Contains(l.Receivers, client):
	case own:
		l.Receivers = slices.Insert(l.Receivers[:min(len(l.Receivers), maxReceivers-1)], 0, client)
	case len(l.Receivers) < maxReceivers:
		l.Receivers = append(l.Receivers, client)
	}
}

// A notified is the last notification that was sent to a client. Its topic is stored as a hash, and
// its times in seconds, so that a session has 16 bytes of it.
type notified struct {
	topic        uint32
	sent         uint32 // seconds since 1970; 0: none was sent
	acknowledged uint32 // 0: not yet
	id           uint16 // the packet identifier; 0 at QoS 0
}

// topicHash is a hash of a topic.
func (b *Broker) topicHash(topic string) uint32 {
	return uint32(maphash.String(b.routes.seed, topic))
}

// notify records that a notification is sent. The caller holds mu.
func (s *session) notify(e *entry, now time.Time) {
	s.notified = notified{topic: s.b.topicHash(e.m.Topic), sent: uint32(now.Unix()), id: e.id}
}

// notificationAcknowledged records that the client has acknowledged a packet, if that was the last
// notification. The caller holds mu.
func (s *session) notificationAcknowledged(id uint16) {
	if s.notified.id == id && s.notified.acknowledged == 0 {
		s.notified.acknowledged = uint32(clock.Now().Unix())
	}
}

// notification is what became of the last notification on one of some topics. The caller holds mu.
func (s *session) notification(topics []string) *Notification {
	for _, topic := range topics {
		for i := range s.queue {
			if s.queue[i].latest() == topic {
				return &Notification{Waits: true, QoS: s.queue[i].qos}
			}
		}
	}
	n := s.notified
	if n.sent == 0 {
		return nil
	}
	for _, topic := range topics {
		if n.topic == s.b.topicHash(topic) {
			found := &Notification{Sent: time.Unix(int64(n.sent), 0).UTC(), QoS: byte(min(n.id, 1))}
			if n.acknowledged > 0 {
				found.Acknowledged = time.Unix(int64(n.acknowledged), 0).UTC()
			}
			return found
		}
	}
	return nil
}
