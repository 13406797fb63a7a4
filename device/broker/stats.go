package broker

import (
	"fmt"
	"sync/atomic"
)

// counters are the broker's own numbers.
type counters struct {
	connections, subscriptions                 atomic.Int64
	received, requests, sent, dropped, refused atomic.Int64
}

// Stats are numbers for metrics: gauges first, then counts since the start.
type Stats struct {
	Connections   int64
	Sessions      int64 // with and without a connection
	Subscriptions int64
	Retained      int64

	Received int64 // publishes of clients
	Requests int64 // of those, handled by the service
	Sent     int64 // publishes to clients, answers included
	Dropped  int64 // messages for which there was no room
	Refused  int64 // connections, publishes and subscriptions refused
}

// Stats returns the numbers as they are now.
func (b *Broker) Stats() Stats {
	b.mu.Lock()
	sessions := int64(len(b.sessions))
	b.mu.Unlock()
	b.retained.mu.RLock()
	retained := int64(len(b.retained.messages))
	b.retained.mu.RUnlock()
	c := &b.counters
	return Stats{
		Connections: c.connections.Load(), Sessions: sessions, Subscriptions: c.subscriptions.Load(), Retained: retained,
		Received: c.received.Load(), Requests: c.requests.Load(), Sent: c.sent.Load(), Dropped: c.dropped.Load(),
		Refused: c.refused.Load(),
	}
}

// refused logs a refusal: clients see only a closed socket (R-BRK-37). No payloads, no secrets.
func (b *Broker) refused(c *conn, e *ending) {
	b.counters.refused.Add(1)
	principal := ""
	if c.peer.Principal != nil {
		principal = c.peer.Principal.ID()
	}
	if e.reason == ServerShuttingDown {
		return // nothing to look into
	}
	b.log.Warn("refused", "client", cleanLog(c.peer.ClientID), "principal", principal, "topic", cleanLog(e.topic),
		"code", fmt.Sprintf("0x%02X", byte(e.reason)), "reason", e.detail, "remote", c.nc.RemoteAddr().String())
}
