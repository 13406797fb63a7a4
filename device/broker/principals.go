package broker

import "github.com/drover-iot/drover/device/broker/mqtt"

// principals are the connections of each principal that has an id, so that those of one certificate
// are found without going through all connections. A connection is in it from before its CONNECT
// until it ends, because a certificate that becomes inactive during the handshake must not connect.
// Broker.mu guards it.
type principals map[string]map[*conn]struct{}

// trackPrincipal adds a connection. It is called before the CONNECT is read.
func (b *Broker) trackPrincipal(c *conn) {
	id := c.peer.Principal.ID()
	if id == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.principals[id] == nil {
		b.principals[id] = map[*conn]struct{}{}
	}
	b.principals[id][c] = struct{}{}
}

func (b *Broker) untrackPrincipal(c *conn) {
	id := c.peer.Principal.ID()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.principals[id], c)
	if len(b.principals[id]) == 0 {
		delete(b.principals, id)
	}
}

// Disconnect closes the connections of a principal, such as a certificate that is no longer active.
// MQTT 5 clients get the reason AdministrativeAction.
func (b *Broker) Disconnect(principal string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for c := range b.principals[principal] {
		if c.s == nil { // before its CONNACK a client gets no DISCONNECT
			go c.nc.Close()
			continue
		}
		c.closeAsync(closeWith(mqtt.AdministrativeAction, "closed by the server"))
	}
}
