package broker

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/internal/clock"
)

// A trace shows what a client sends and gets, and why something was refused, while somebody looks
// (R-BRK-47). While nobody does it costs one look at a counter for each packet.

// Trace is one thing that happened on a connection that is traced.
type Trace struct {
	At         time.Time // of the machine's clock
	Connection uint64
	ClientID   string
	Remote     string
	Version    mqtt.Version
	Kind       TraceKind
	// Packet is what was received or sent; its body is a copy.
	Packet mqtt.Packet
	// Topic is what it is about; empty: no topic, or one that is in the packet.
	Topic string
	// What follows is of the other kinds.
	Detail string
	Reason mqtt.Reason
	// Why says which statement of which policy has refused it, where a policy has.
	Why string
}

// TraceKind is what happened.
type TraceKind string

// The kinds.
const (
	TraceReceived TraceKind = "RECEIVED"
	TraceSent     TraceKind = "SENT"
	TraceRefused  TraceKind = "REFUSED"  // the client was refused something; the log says so too
	TraceWithheld TraceKind = "WITHHELD" // a message was not delivered
	TraceClosed   TraceKind = "CLOSED"
)

// An Explainer is an Authorizer that says why it denies an action. It may block.
type Explainer interface {
	Explain(action Action, resource string) string
}

// traces are those that look now.
type traces struct {
	count  atomic.Int32
	mu     sync.Mutex
	byName map[string]map[*func(Trace)]struct{}
}

// Trace calls see with what happens to the clients that have a name as client id or stand for the
// thing of that name, until stop is called. It is called by several goroutines, with locks held: it
// must not wait and must not call the broker.
func (b *Broker) Trace(name string, see func(Trace)) (stop func()) {
	t := &b.traces
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byName == nil {
		t.byName = map[string]map[*func(Trace)]struct{}{}
	}
	if t.byName[name] == nil {
		t.byName[name] = map[*func(Trace)]struct{}{}
	}
	t.byName[name][&see] = struct{}{}
	t.count.Add(1)
	return sync.OnceFunc(func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if delete(t.byName[name], &see); len(t.byName[name]) == 0 {
			delete(t.byName, name)
		}
		t.count.Add(-1)
	})
}

// of returns who traces a connection.
func (t *traces) of(c *conn) (all []func(Trace)) {
	if t.count.Load() == 0 {
		return nil
	}
	names := []string{c.peer.ClientID}
	if a := c.peer.Authorizer; a != nil && a.Thing() != c.peer.ClientID {
		names = append(names, a.Thing())
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, name := range names {
		for see := range t.byName[name] {
			all = append(all, *see)
		}
	}
	return all
}

// trace tells who traces a connection what happened on it. make is called only if somebody does.
func (c *conn) trace(kind TraceKind, make func(*Trace)) {
	to := c.b.traces.of(c)
	if to == nil {
		return
	}
	t := Trace{
		At:         clock.Now(),
		Connection: c.peer.Connection,
		ClientID:   c.peer.ClientID,
		Remote:     c.nc.RemoteAddr().String(),
		Version:    c.peer.Version,
		Kind:       kind,
	}
	make(&t)
	for _, see := range to {
		see(t)
	}
}

// traceReceived tells of a packet that the client has sent.
func (c *conn) traceReceived(p mqtt.Packet) {
	c.trace(TraceReceived, func(t *Trace) {
		p.Body = bytes.Clone(p.Body)
		t.Packet = p
	})
}

// traceSent tells of whole packets that are written to the client.
func (c *conn) traceSent(packets []byte) {
	if c.b.traces.count.Load() == 0 {
		return
	}
	var in mqtt.Reader
	in.Reset(bytes.NewReader(packets), len(packets))
	defer in.Release()
	for {
		p, err := in.Next()
		if err != nil {
			return // the end
		}
		c.trace(TraceSent, func(t *Trace) {
			p.Body = bytes.Clone(p.Body)
			t.Packet, t.Topic = p, c.aliased(p)
		})
	}
}

// aliased is the topic of a PUBLISH that is sent with an alias only; empty for all other packets.
func (c *conn) aliased(p mqtt.Packet) string {
	if p.Type != mqtt.TypePublish || c.out.aliases == nil {
		return ""
	}
	m, err := mqtt.DecodeDelivery(p, c.peer.Version)
	if err != nil || m.Topic != "" {
		return ""
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	return c.out.aliases.topicOf(m.Alias)
}

// traceRefused tells of a refusal, and why.
func (c *conn) traceRefused(e *closeError) {
	c.trace(TraceRefused, func(t *Trace) {
		t.Detail, t.Topic, t.Reason = e.detail, e.topic, e.reason
		if e.err != nil {
			t.Detail += ": " + e.err.Error()
		}
		if explainer, can := c.peer.Authorizer.(Explainer); can && e.denied {
			t.Why = explainer.Explain(e.action, e.resource(c))
		}
	})
}

// traceWithheld tells of a message that was not delivered.
func (o *outbound) traceWithheld(m *message, why string) {
	if c := o.s.conn; c != nil {
		c.trace(TraceWithheld, func(t *Trace) { t.Detail, t.Topic = why, m.Topic })
	}
}
