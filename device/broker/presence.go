package broker

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A PresenceEvent says that a client came or went (R-BRK-33).
type PresenceEvent struct {
	ClientID        string `json:"clientId"`
	Timestamp       int64  `json:"timestamp"` // ms
	EventType       string `json:"eventType"` // connected or disconnected
	SessionID       string `json:"sessionIdentifier"`
	PrincipalID     string `json:"principalIdentifier"`
	IPAddress       string `json:"ipAddress,omitempty"`                 // connected
	ClientInitiated *bool  `json:"clientInitiatedDisconnect,omitempty"` // disconnected
	Cause           Cause  `json:"disconnectReason,omitempty"`          // disconnected
	Version         int64  `json:"versionNumber"`
}

// presenceID is what the two events of one connection share.
type presenceID struct {
	session [16]byte
	version int64
}

// A presenceVersion counts the connections of a client id. It is forgotten an hour after the last.
type presenceVersion struct {
	next int64
	last time.Time
}

const presenceMemory = time.Hour

// nextPresence numbers a new connection. The caller holds b.mu.
func (b *Broker) nextPresence(client string) (id presenceID) {
	v := b.presence[client]
	id.version = v.next
	b.presence[client] = presenceVersion{v.next + 1, time.Now()}
	rand.Read(id.session[:])
	id.session[6] = id.session[6]&0x0F | 0x40
	id.session[8] = id.session[8]&0x3F | 0x80
	return id
}

// forgetPresence forgets the counts of clients that have been away. The caller holds b.mu.
func (b *Broker) forgetPresence(now time.Time) {
	for client, v := range b.presence {
		if now.Sub(v.last) < presenceMemory {
			continue
		}
		if s := b.sessions[client]; s != nil && s.connected() {
			v.last = now
			b.presence[client] = v
			continue
		}
		delete(b.presence, client)
	}
}

func (s *session) connected() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn != nil
}

func (b *Broker) connected(c *conn) {
	b.announce(c, func(e *PresenceEvent) {
		e.EventType = "connected"
		e.IPAddress = ipOf(c.peer.Remote)
	})
}

func (b *Broker) disconnected(c *conn, end *ending) {
	b.announce(c, func(e *PresenceEvent) {
		e.EventType = "disconnected"
		byClient := end.cause == ClientInitiated
		e.ClientInitiated, e.Cause = &byClient, end.cause
	})
}

// announce publishes a presence event by normal routing, if anybody listens.
func (b *Broker) announce(c *conn, fill func(*PresenceEvent)) {
	e := PresenceEvent{
		ClientID: c.peer.ClientID, Timestamp: time.Now().UnixMilli(), PrincipalID: c.peer.Principal.ID(),
		SessionID: uuid(c.presence.session), Version: c.presence.version,
	}
	fill(&e)
	if b.cfg.Presence != nil {
		b.cfg.Presence(e)
	}
	topic := "$aws/events/presence/" + e.EventType + "/" + e.ClientID
	if strings.ContainsAny(e.ClientID, "+#") || !mqtt.ValidTopic(topic) {
		return
	}
	b.withRecipients(topic, func(to []recipient) {
		payload, _ := json.Marshal(&e) // strings and numbers: cannot fail
		deliver(&message{Message: Message{Topic: topic, Payload: payload, QoS: 1}}, to)
	})
}

func uuid(u [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

func ipOf(a net.Addr) string {
	if t, ok := a.(*net.TCPAddr); ok {
		return t.IP.String()
	}
	return ""
}
