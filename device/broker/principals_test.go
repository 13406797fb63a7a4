package broker

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// cast is a set of principals, by their ids. The next connection is of the one that as names.
type cast struct {
	next       chan *rights
	principals map[string]*rights
}

func newCast(all ...*rights) *cast {
	c := &cast{next: make(chan *rights, 1), principals: map[string]*rights{}}
	for _, r := range all {
		c.principals[r.id] = r
	}
	return c
}

func (c *cast) authenticate(context.Context, Link) (Principal, error) { return <-c.next, nil }

// as opens a connection of a principal, before its CONNECT.
func (c *cast) as(t testing.TB, id, addr string, version mqtt.Version) *client {
	t.Helper()
	c.next <- c.principals[id]
	return dial(t, addr, version)
}

// A certificate that expires while it is connected loses its connections, also one that has not
// sent its CONNECT; its last moment is inside (R-BRK-19, R-ID-14).
func TestPrincipalEnds(t *testing.T) {
	t.Parallel()
	noon := time.Now().Add(time.Hour)
	people := newCast(
		&rights{id: "noon", until: noon}, &rights{id: "one", until: noon.Add(time.Hour)},
		&rights{id: "never"}, &rights{})
	b, addr := start(t, Config{Authenticate: people.authenticate})
	clients := map[string]*client{}
	for _, id := range []string{"noon", "one", "never", ""} {
		c := people.as(t, id, addr, mqtt.V5)
		c.connect(mqtt.Connect{ClientID: "of " + id, CleanStart: true})
		c.wantConnack(0, false)
		clients[id] = c
	}
	waiting := people.as(t, "noon", addr, mqtt.V5)
	until(t, "its connections", func() bool { return b.connectionsOf("noon") == 2 })

	b.disconnectEnded(noon)
	clients["noon"].sync()
	b.disconnectEnded(noon.Add(time.Nanosecond))
	clients["noon"].wantClosed(mqtt.AdministrativeAction)
	waiting.wantClosed(mqtt.Success)
	clients["one"].sync()
	if next := b.nextEnd(); !next.Equal(noon.Add(time.Hour)) {
		t.Errorf("the next end is %v, want that of the other certificate", next)
	}
	b.disconnectEnded(noon.Add(time.Hour + 1))
	clients["one"].wantClosed(mqtt.AdministrativeAction)
	clients["never"].sync()
	clients[""].sync()
	if next := b.nextEnd(); !next.IsZero() {
		t.Errorf("the next end is %v, want none", next)
	}
}

// socket is a connection whose other end has shown who it is.
type socket struct {
	net.Conn
	who *rights
}

func (s socket) Principal() Principal { return s.who }

// Each connection over WebSocket has an end of its own, also those of one key, and ends with its
// reason (R-BRK-30, R-BRK-33).
func TestWebSocketEnds(t *testing.T) {
	t.Parallel()
	noon := time.Now().Add(time.Hour)
	events := make(chan PresenceEvent, 10)
	b, _ := start(t, Config{
		Authenticate: func(context.Context, Link) (Principal, error) { return nil, errors.New("asked") },
		Presence:     func(e PresenceEvent) { events <- e },
	})
	clients := map[string]*client{}
	for id, until := range map[string]time.Time{"first": noon, "second": noon.Add(time.Minute)} {
		near, far := net.Pipe()
		b.Take(socket{far, &rights{id: "KEY", until: until}})
		c := &client{t: t, nc: near, version: mqtt.V5}
		c.in.Reset(near, 1<<20)
		c.connect(mqtt.Connect{ClientID: id, CleanStart: true})
		c.wantConnack(0, false)
		if e := <-events; e.PrincipalID != "KEY" {
			t.Errorf("%+v", e)
		}
		clients[id] = c
	}
	b.disconnectEnded(noon.Add(time.Second))
	clients["first"].wantClosed(mqtt.AdministrativeAction)
	if e := <-events; e.ClientID != "first" || e.Cause != WebSocketExpired {
		t.Errorf("%+v", e)
	}
	clients["second"].sync()
	if next := b.nextEnd(); !next.Equal(noon.Add(time.Minute)) {
		t.Errorf("the next end is %v, want that of the other connection", next)
	}
}

func (b *Broker) nextEnd() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.principals.nextEnd
}

// A certificate that is detached from a thing loses the connections in which it stands for it, and
// the thing's session waits for another; connections as somebody else stay (R-BRK-19).
func TestDisconnectThing(t *testing.T) {
	t.Parallel()
	people := newCast()
	b, addr := start(t, Config{Authenticate: people.authenticate})
	as := func(r *rights, id string) *client {
		return people.connectAs(t, r, addr, mqtt.Connect{ClientID: id, SessionExpiry: 3600}, false)
	}
	dev, pump := as(thingWith("A"), "dev"), as(&rights{id: "A", thing: "pump"}, "pump")
	none, other := as(attachedToNothing("A"), "none"), as(&rights{id: "B", thing: "dev"}, "dev-2")
	people.next <- thingWith("A")
	waiting := dial(t, addr, mqtt.V5)
	until(t, "its connections", func() bool { return b.connectionsOf("A") == 4 })
	b.DisconnectThing("A", "dev")
	dev.wantClosed(mqtt.AdministrativeAction)
	waiting.wantClosed(mqtt.Success)
	for _, c := range []*client{pump, none, other} {
		c.sync()
	}
	people.connectAs(t, attachedToNothing("A"), addr, lasting, false)
	people.connectAs(t, thingWith("B"), addr, lasting, true)
}

// Whoever may not be connected any more publishes, subscribes and receives nothing from that moment
// on, before the broker has come to close the connection. What waits in the session stays there
// (R-BRK-19).
func TestEndedAtOnce(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(c *client, b *Broker){
		"PUBLISH":   func(c *client, _ *Broker) { c.publish(1, 1, "a", "too late") },
		"QoS 0":     func(c *client, _ *Broker) { c.publish(0, 0, "a", "too late") },
		"SUBSCRIBE": func(c *client, _ *Broker) { c.send(mqtttest.Subscribe(5, 1, 1, "a")) },
		"delivery":  func(_ *client, b *Broker) { b.Publish(Message{Topic: "mine", QoS: 1}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who := &rights{id: "cert"}
			people := newCast(who, &rights{id: "watch"})
			b, addr := start(t, Config{Authenticate: people.authenticate})
			watch := people.as(t, "watch", addr, mqtt.V5)
			watch.connect(mqtt.Connect{ClientID: "watch", CleanStart: true})
			watch.wantConnack(0, false)
			watch.subscribe(1, 1, "a")
			c := people.as(t, "cert", addr, mqtt.V5)
			c.connect(mqtt.Connect{ClientID: "dev", SessionExpiry: 3600})
			c.wantConnack(0, false)
			c.subscribe(1, 1, "mine")

			who.end()
			send(c, b)
			c.wantClosed(mqtt.AdministrativeAction)
			b.waitDisconnected(t, "dev")
			watch.sync() // nothing came before
			if name == "delivery" && b.waiting("dev") != 1 {
				t.Errorf("%d messages wait for the session, want 1", b.waiting("dev"))
			}
		})
	}
}

// waiting is how many messages wait in the session of a client.
func (b *Broker) waiting(client string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.sessions[client]
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.queue)
}
