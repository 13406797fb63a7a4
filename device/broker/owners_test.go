package broker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// The principals of these tests. Two certificates are attached to the thing dev, one after the
// other; a stranger is attached to nothing.
func thingWith(certificate string) *rights { return &rights{id: certificate, thing: "dev"} }
func attachedToNothing(id string) *rights  { return &rights{id: id} }

// connectAs connects a principal with the client id dev.
func (c *cast) connectAs(t testing.TB, r *rights, addr string, p mqtt.Connect, present bool) *client {
	t.Helper()
	conn := c.tryConnectAs(t, r, addr, p)
	conn.wantConnack(0, present)
	return conn
}

// tryConnectAs is connectAs before the answer.
func (c *cast) tryConnectAs(t testing.TB, r *rights, addr string, p mqtt.Connect) *client {
	t.Helper()
	c.next <- r
	conn := dial(t, addr, mqtt.V5)
	if p.ClientID == "" {
		p.ClientID = "dev"
	}
	conn.connect(p)
	return conn
}

var lasting = mqtt.Connect{SessionExpiry: 3600}

// Another owner takes the connection and nothing else: the first finds its session as it was,
// whether it was connected or away, and however the other connects (R-BRK-16).
func TestForeignClient(t *testing.T) {
	t.Parallel()
	for name, foreign := range map[string]mqtt.Connect{
		"to stay": lasting, "for once": {}, "cleanly": {CleanStart: true},
		"cleanly, to stay": {CleanStart: true, SessionExpiry: 3600},
	} {
		for _, connected := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, connected %v", name, connected), func(t *testing.T) {
				t.Parallel()
				people := newCast()
				b, addr := start(t, Config{Authenticate: people.authenticate})
				first := people.connectAs(t, thingWith("A"), addr, lasting, false)
				first.subscribe(1, 1, "q")
				if !connected {
					first.nc.Close()
					b.waitDisconnected(t, "dev")
				}
				other := people.connectAs(t, attachedToNothing("X"), addr, foreign, false)
				if connected {
					first.wantClosed(mqtt.SessionTakenOver)
				}
				b.Publish(Message{Topic: "q", Payload: []byte("for A"), QoS: 1, Latest: true})
				other.sync() // nothing came before
				first = people.connectAs(t, thingWith("A"), addr, lasting, true)
				other.wantClosed(mqtt.SessionTakenOver)
				first.wantPublish("q", "for A", 1)
				other = people.connectAs(t, attachedToNothing("X"), addr, lasting, foreign.SessionExpiry > 0)
				other.sync()
				first.wantClosed(mqtt.SessionTakenOver)
				people.connectAs(t, thingWith("A"), addr, lasting, true)
			})
		}
	}
}

// Whose session it is: that of the thing, with whatever certificate, and on the plain listener; or
// that of the principal, also once it is attached to the thing (R-BRK-16).
func TestOwners(t *testing.T) {
	t.Parallel()
	plain := func() Principal { return anyone{} }
	of := func(r *rights) func() Principal { return func() Principal { return r } }
	for _, row := range []struct {
		name          string
		first, second func() Principal
		resumes       bool
	}{
		{"the same certificate", of(thingWith("A")), of(thingWith("A")), true},
		{"another certificate of the thing", of(thingWith("A")), of(thingWith("B")), true},
		{"plain, then a certificate of the thing", plain, of(thingWith("A")), true},
		{"a certificate of the thing, then plain", of(thingWith("A")), plain, true},
		{"plain twice", plain, plain, true},
		{"attached meanwhile", of(attachedToNothing("A")), of(thingWith("A")), true},
		{"detached meanwhile", of(thingWith("A")), of(attachedToNothing("A")), false},
		{"a stranger", of(thingWith("A")), of(attachedToNothing("X")), false},
		{"a stranger on plain's", plain, of(attachedToNothing("X")), false},
		{"the thing on a stranger's", of(attachedToNothing("X")), of(thingWith("A")), false},
		{"no thing, the same", of(attachedToNothing("A")), of(attachedToNothing("A")), true},
		{"no thing, another", of(attachedToNothing("A")), of(attachedToNothing("B")), false},
		{
			"another thing, exclusively", of(&rights{id: "A", thing: "pump"}),
			of(&rights{id: "B", thing: "pump"}), true,
		},
		{"two things", of(&rights{id: "A", thing: "pump"}), of(&rights{id: "A", thing: "lamp"}), false},
		{"a thing named like a principal", of(&rights{id: "X", thing: "A"}), of(attachedToNothing("A")), false},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			next := make(chan Principal, 1)
			b, addr := start(t, Config{Authenticate: func(context.Context, Link) (Principal, error) {
				return <-next, nil
			}})
			next <- row.first()
			c := rejoin(t, addr, 5, "dev", false)
			c.subscribe(1, 1, "q")
			c.nc.Close()
			b.waitDisconnected(t, "dev")
			b.Publish(Message{Topic: "q", Payload: []byte("x"), QoS: 1})
			next <- row.second()
			c = rejoin(t, addr, 5, "dev", row.resumes)
			if row.resumes {
				c.wantPublish("q", "x", 1)
			}
			c.sync()
			want := 1
			if !row.resumes {
				want = 2
			}
			if n := b.countSessions(); n != want {
				t.Errorf("there are %d sessions, want %d", n, want)
			}
		})
	}
}

// countSessions counts the sessions in the lists, which must be as many as are said to be.
func (b *Broker) countSessions() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range b.allSessions() {
		n++
	}
	if n != b.sessionCount {
		return -1
	}
	return n
}

// After a restart each owner has its session, with its messages (R-BRK-16, R-BRK-35).
func TestOwnersSurviveRestart(t *testing.T) {
	t.Parallel()
	people, store := newCast(), NewMemorySessions()
	cfg := Config{Authenticate: people.authenticate, Sessions: store}
	b, addr := start(t, cfg)
	owners := map[string]*rights{
		"thing": thingWith("A"), "X": attachedToNothing("X"), "Y": attachedToNothing("Y"),
	}
	names := slices.Sorted(maps.Keys(owners))
	for _, name := range names {
		people.connectAs(t, owners[name], addr, lasting, false).subscribe(1, 1, "to/"+name)
	}
	for _, name := range names {
		b.Publish(Message{Topic: "to/" + name, Payload: []byte(name), QoS: 1, Latest: true})
	}
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, addr = start(t, cfg)
	owners["thing"] = thingWith("B")
	for _, name := range names {
		c := people.connectAs(t, owners[name], addr, lasting, true)
		c.wantPublish("to/"+name, name, 1)
	}
	for _, name := range names { // and ends only its own
		people.connectAs(t, owners[name], addr, mqtt.Connect{CleanStart: true}, false)
	}
	if err := b.Stored(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, _ = start(t, cfg)
	if n := b.countSessions(); n != 0 {
		t.Errorf("%d sessions are stored, want none", n)
	}
}

// A session that was stored by a version without owners belongs to the first who connects with its
// client id, and from then on to nobody else (R-BRK-16).
func TestUnownedSession(t *testing.T) {
	t.Parallel()
	people, store := newCast(), NewMemorySessions()
	form := []byte(`{"version":5,"expirySeconds":3600,"subscriptions":{"q":1}}`)
	if err := store.Apply(t.Context(), []Change{{Client: "dev", Value: form}}); err != nil {
		t.Fatal(err)
	}
	_, addr := start(t, Config{Authenticate: people.authenticate, Sessions: store})
	people.connectAs(t, thingWith("A"), addr, lasting, true)
	people.connectAs(t, attachedToNothing("X"), addr, lasting, false)
	people.connectAs(t, thingWith("B"), addr, lasting, true)
}

// A principal has a share of the sessions, wherever they come from; things and the plain listener
// have none (R-BRK-20).
func TestSessionShare(t *testing.T) {
	t.Parallel()
	people, store := newCast(), NewMemorySessions()
	cfg := Config{
		Authenticate:   people.authenticate,
		Sessions:       store,
		MaxSessions:    12,
		PrincipalShare: 17, // 2 of 12
	}
	b, addr := start(t, cfg)
	connect := func(r *rights, id string, code byte) {
		t.Helper()
		people.next <- r
		c := dial(t, addr, 5)
		c.connect(mqtt.Connect{ClientID: id, SessionExpiry: 3600})
		c.wantConnack(code, false)
	}
	const full = byte(mqtt.QuotaExceeded)
	x := attachedToNothing("X")
	connect(x, "x1", 0)
	connect(x, "x2", 0)
	connect(x, "x3", full)
	connect(attachedToNothing("Y"), "x1", 0) // the other's client id: a session of its own
	connect(attachedToNothing("Y"), "y2", 0)
	connect(attachedToNothing("Y"), "x2", full)
	for i := range 3 {
		connect(&rights{id: "fleet", thing: fmt.Sprint("thing ", i)}, fmt.Sprint("thing ", i), 0)
	}
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, addr = start(t, cfg)
	connect(x, "x3", full)
	people.connectAs(t, x, addr, mqtt.Connect{ClientID: "x1", CleanStart: true}, false).send([]byte{0xE0, 0})
	until(t, "the end of a session", func() bool { return b.countSessions() == 6 })
	connect(x, "x3", 0)
	connect(x, "x1", full)
	for i := range 5 {
		connect(&rights{}, fmt.Sprint("plain ", i), 0)
	}
	connect(&rights{}, "one too many", full)
}

// Only a client that stands for the thing of its client id makes it a connected one (R-ID-61).
func TestPresenceAsThing(t *testing.T) {
	t.Parallel()
	events := make(chan PresenceEvent, 16)
	next := make(chan Principal, 1)
	_, addr := start(t, Config{
		Authenticate: func(context.Context, Link) (Principal, error) { return <-next, nil },
		Presence:     func(e PresenceEvent) { events <- e },
	})
	for _, row := range []struct {
		who  Principal
		want bool
	}{
		{thingWith("A"), true},
		{attachedToNothing("X"), false},
		{&rights{id: "B", thing: "pump"}, false},
		{anyone{}, true},
	} {
		next <- row.who
		c := rejoin(t, addr, 5, "dev", false)
		c.send([]byte{0xE0, 0})
		for _, kind := range []string{"connected", "disconnected"} {
			e := <-events
			if e.EventType != kind || e.AsThing != row.want || e.PrincipalID != row.who.ID() {
				t.Errorf("R-ID-61 %+v, want %s as thing %v", e, kind, row.want)
			}
		}
		if row.want { // plain resumes what the thing has made
			next <- row.who
			join(t, addr, 5, "dev").send([]byte{0xE0, 0})
			<-events
			<-events
		}
	}
}

// Each packet of a client that stands for its thing is seen, whatever it is, and none of another one
// (R-STR-40).
func TestSeen(t *testing.T) {
	t.Parallel()
	seen := make(chan string, 16)
	next := make(chan Principal, 1)
	_, addr := start(t, Config{
		Authenticate: func(context.Context, Link) (Principal, error) { return <-next, nil },
		Seen:         func(client string) { seen <- client },
	})
	for _, row := range []struct {
		who  Principal
		id   string
		want int
	}{{thingWith("A"), "dev", 3}, {attachedToNothing("X"), "dev", 0}, {anyone{}, "plain", 3}} {
		next <- row.who
		c := rejoin(t, addr, 5, row.id, false)
		c.sync() // a PINGREQ
		c.publish(0, 0, "a", "b")
		c.send([]byte{0xE0, 0})
		c.wantClosed(0)
		for range row.want {
			if client := <-seen; client != row.id {
				t.Errorf("%q is seen, want %q", client, row.id)
			}
		}
		if len(seen) > 0 {
			t.Errorf("%s: %d packets more are seen", row.who.ID(), len(seen))
		}
	}
}

// The names under which the sessions of one client id are stored are no client ids, and give it
// back.
func TestKeys(t *testing.T) {
	t.Parallel()
	for key, client := range map[string]string{
		"dev": "dev", "a/b": "a/b", "$1/dev": "dev", "$12/a/b": "a/b", "$1/": "",
	} {
		if got := clientOf(key); got != client {
			t.Errorf("%q is of client %q, want %q", key, got, client)
		}
	}
}
