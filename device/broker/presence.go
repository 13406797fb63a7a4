package broker

import (
	"encoding/json"
	"net"
	"strings"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
)

// Presence events say that a client connected or disconnected (R-BRK-33). They go to the
// subscribers of the presence topics, and to Config.Presence.

// A PresenceEvent is one event, as it is published.
type PresenceEvent struct {
	ClientID        string `json:"clientId"`
	Timestamp       int64  `json:"timestamp"` // ms
	EventType       string `json:"eventType"` // connected or disconnected
	SessionID       string `json:"sessionIdentifier"`
	PrincipalID     string `json:"principalIdentifier"`
	IPAddress       string `json:"ipAddress,omitempty"`                 // connected only
	ClientInitiated *bool  `json:"clientInitiatedDisconnect,omitempty"` // disconnected only
	Cause           Cause  `json:"disconnectReason,omitempty"`          // disconnected only
	// Version counts the connections of the client id from 0. It starts again at 0 when the client
	// was disconnected for PresenceMemory.
	Version int64 `json:"versionNumber"`
	// AsThing says that the client stands for the thing that is named like its client id. Others
	// that may use the client id do not make the thing a connected one (R-ID-61).
	AsThing bool `json:"-"`
}

// presenceID is what the two events of one connection have in common.
type presenceID struct {
	session string // a UUID
	version int64
	asThing bool // see PresenceEvent.AsThing
}

// A presenceCount counts the connections of a client id.
type presenceCount struct {
	next int64
	last time.Time // when a connection of the client began or ended last
}

const (
	// PresenceMemory is how long a client may be disconnected before its connections are counted
	// from 0 again.
	PresenceMemory = time.Hour
	// presenceMargin is added to it here. Whoever compares the timestamps of events, which are
	// taken a moment later than the times here, must not find less than PresenceMemory between a
	// disconnect and a count from 0.
	presenceMargin = time.Minute
)

// newPresenceID returns that of a new connection. Its version follows.
func newPresenceID(p *Peer) presenceID {
	return presenceID{session: ids.Random{}.UUID(), asThing: p.Authorizer.Thing() == p.ClientID}
}

// nextPresence returns the version of a new connection. The caller holds b.mu.
func (b *Broker) nextPresence(client string) (version int64) {
	version = b.presence[client].next
	b.presence[client] = presenceCount{next: version + 1, last: clock.Now()}
	return version
}

// updatePresence records that a connection of a client has ended. The caller holds b.mu.
func (b *Broker) updatePresence(client string) {
	if count, exists := b.presence[client]; exists {
		count.last = clock.Now()
		b.presence[client] = count
	}
}

// expirePresence forgets the counts of clients that have been disconnected for long. The caller
// holds b.mu.
func (b *Broker) expirePresence(now time.Time) {
	for client, count := range b.presence {
		if now.Sub(count.last) < PresenceMemory+presenceMargin {
			continue
		}
		if !b.connected(client) {
			delete(b.presence, client)
		}
	}
}

// connected reports whether one of the sessions of a client id has a connection. The caller holds
// b.mu.
func (b *Broker) connected(client string) bool {
	for s := b.sessions[client]; s != nil; s = s.next {
		if s.connected() {
			return true
		}
	}
	return false
}

// publishConnected publishes that a client has connected. With other brokers on the store, Claim
// has given the event to the log already.
func (b *Broker) publishConnected(c *conn) {
	e := c.connectedEvent()
	if b.cfg.Presence != nil {
		b.cfg.Presence(e)
	}
	if b.cfg.Nodes == nil {
		b.publishPresence(&e)
	}
}

// publishDisconnected publishes that a connection has ended. keep is Left.Keep.
func (b *Broker) publishDisconnected(c *conn, reason *closeError, keep bool) {
	e := c.disconnectedEvent(reason)
	if b.cfg.Presence != nil {
		b.cfg.Presence(e)
	}
	if b.cfg.Nodes == nil {
		b.publishPresence(&e)
		return
	}
	b.leave(c.life, Left{c.peer.ClientID, c.claimed, keep, &e})
}

func (c *conn) connectedEvent() PresenceEvent {
	e := c.presenceEvent("connected")
	e.IPAddress = ipOf(c.peer.Remote)
	return e
}

func (c *conn) disconnectedEvent(reason *closeError) PresenceEvent {
	e := c.presenceEvent("disconnected")
	byClient := reason.cause == ClientInitiated
	e.ClientInitiated, e.Cause = &byClient, reason.cause
	return e
}

// presenceEvent is what the events of a connection have in common.
func (c *conn) presenceEvent(eventType string) PresenceEvent {
	return PresenceEvent{
		ClientID:    c.peer.ClientID,
		Timestamp:   clock.Now().UnixMilli(),
		EventType:   eventType,
		SessionID:   c.presence.session,
		PrincipalID: c.peer.Principal.ID(),
		Version:     c.presence.version,
		AsThing:     c.presence.asThing,
	}
}

func (b *Broker) publishPresence(e *PresenceEvent) {
	topic, exists := e.topic()
	if !exists {
		return
	}
	b.withRecipients(topic, func(to []recipient) {
		payload, _ := json.Marshal(e) // strings and numbers: cannot fail
		b.deliver(&message{Message: Message{Topic: topic, Payload: payload, QoS: 1}}, to)
	})
}

// topic is the topic of an event. A client id that is not valid in a topic has none, so its events
// go to Config.Presence only.
func (e *PresenceEvent) topic() (topic string, exists bool) {
	topic = "$aws/events/presence/" + e.EventType + "/" + e.ClientID
	return topic, !strings.ContainsAny(e.ClientID, "+#") && mqtt.ValidTopic(topic)
}

// Message is the event as it is published; false: it has no topic. Who has the broker with
// Config.Nodes publishes it where the log says so.
func (e *PresenceEvent) Message() (Message, bool) {
	topic, exists := e.topic()
	if !exists {
		return Message{}, false
	}
	payload, _ := json.Marshal(e) // strings and numbers: cannot fail
	return Message{Topic: topic, Payload: payload, QoS: 1}, true
}

func ipOf(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.IP.String()
	}
	return ""
}
