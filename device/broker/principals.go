package broker

import (
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// principals are the connections of each principal that has an id, so that those of one certificate
// are found without going through all connections. A connection is in it from before its CONNECT
// until it ends, because a certificate that becomes inactive during the handshake must not connect.
// Broker.mu guards it.
type principals struct {
	conns map[string]map[*conn]struct{} // by the id of the principal
	// nextEnd is not later than the first end of a principal that is connected; zero when none of
	// them has an end. So nothing has to be looked at until then.
	nextEnd time.Time
}

// trackPrincipal adds a connection. It is called before the CONNECT is read.
func (b *Broker) trackPrincipal(c *conn) {
	id := c.peer.Principal.ID()
	if id == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.principals.conns[id] == nil {
		b.principals.conns[id] = map[*conn]struct{}{}
	}
	b.principals.conns[id][c] = struct{}{}
	b.principals.addEnd(c.peer.Principal.Until())
}

// addEnd makes nextEnd no later than the end of one more principal.
func (p *principals) addEnd(until time.Time) {
	if !until.IsZero() && (p.nextEnd.IsZero() || until.Before(p.nextEnd)) {
		p.nextEnd = until
	}
}

func (b *Broker) untrackPrincipal(c *conn) {
	if r, ok := c.peer.Principal.(Releaser); ok {
		r.Release()
	}
	id := c.peer.Principal.ID()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.principals.conns[id], c)
	if len(b.principals.conns[id]) == 0 {
		delete(b.principals.conns, id)
	}
}

// Disconnect closes the connections of a principal, such as a certificate that is no longer active.
// MQTT 5 clients get the reason AdministrativeAction.
func (b *Broker) Disconnect(principal string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.principals.conns[principal] {
		c.disconnect(closeWith(mqtt.AdministrativeAction, "closed by the server"))
	}
}

// DisconnectThing closes the connections of a principal in which it stands for a thing, such as a
// certificate that was detached from it. They have the session of the thing, which is not theirs
// any more. Also those that have no session yet are closed: what they stand for was asked before.
func (b *Broker) DisconnectThing(principal, thing string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.principals.conns[principal] {
		if c.s == nil || c.s.owner == (owner{thing, true}) {
			c.disconnect(closeWith(
				mqtt.AdministrativeAction, "the certificate was detached from the thing"))
		}
	}
}

// disconnect closes the connection by decision of the server. The caller holds b.mu.
func (c *conn) disconnect(reason *closeError) {
	if c.s == nil { // before its CONNACK a client gets no DISCONNECT
		go c.nc.Close()
		return
	}
	c.closeAsync(reason)
}

// errExpired is why a connection ends with the time of its principal: that of a certificate, or
// that of a connection over WebSocket (R-BRK-30).
func (c *conn) errExpired() *closeError {
	if p, ok := c.peer.Principal.(Lasting); ok {
		cause, detail := p.EndsBecause()
		return &closeError{reason: mqtt.AdministrativeAction, cause: cause, detail: detail}
	}
	if _, known := c.nc.(Identified); known {
		return &closeError{
			reason: mqtt.AdministrativeAction,
			cause:  WebSocketExpired,
			detail: "the connection has lasted as long as one over WebSocket may",
		}
	}
	return closeWith(mqtt.AdministrativeAction, "the certificate has expired")
}

// disconnectEnded closes the connections of principals that have come to their end (R-BRK-19). With
// certificates until 12:00 and 13:00 it does nothing before 12:00, looks at both just after, and
// then does nothing until 13:00.
func (b *Broker) disconnectEnded(now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := &b.principals
	if p.nextEnd.IsZero() || !now.After(p.nextEnd) {
		return
	}
	p.nextEnd = time.Time{}
	for _, conns := range p.conns {
		for c := range conns {
			until := c.peer.Principal.Until()
			if until.IsZero() || !now.After(until) {
				p.addEnd(until)
				continue
			}
			c.disconnect(c.errExpired())
		}
	}
}
