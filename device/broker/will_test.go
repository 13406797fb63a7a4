package broker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// An ending is a way in which the connection of a client ends.
type ending struct {
	name      string
	v5Only    bool
	published bool // the will
	end       func(b *Broker, c *client)
}

// sends is an ending by a packet of the client's.
func sends(packet ...byte) func(*Broker, *client) {
	return func(_ *Broker, c *client) { c.send(packet) }
}

// endings are the ways in which a connection ends, with what is due to its will (R-BRK-24, and the
// table of disconnectReason in spec 32). The client's id is dev and its keep-alive is 1 s.
var endings = []ending{
	{"closed", false, true, func(_ *Broker, c *client) { c.nc.Close() }},
	{"silent", false, true, func(_ *Broker, c *client) { c.wantClosed(mqtt.KeepAliveTimeout) }},
	{"taken over", false, true, func(_ *Broker, c *client) {
		join(c.t, c.nc.RemoteAddr().String(), c.version, "dev")
	}},
	{"revoked", false, true, func(b *Broker, _ *client) {
		for _, c := range b.connections() {
			if c.peer.ClientID == "dev" {
				c.closeAsync(closeWith(mqtt.AdministrativeAction, "revoked"))
			}
		}
	}},
	{"packet type 0", false, true, sends(0, 0)},
	{"DISCONNECT", false, false, sends(0xE0, 0)},
	{"DISCONNECT 0x00", true, false, sends(0xE0, 1, 0)},
	{"DISCONNECT 0x04", true, true, sends(0xE0, 1, 4)},
	{"DISCONNECT 0x80", true, true, sends(0xE0, 1, 0x80)},
}

// Each ending, in both versions, with a will of each QoS, retained or not.
func TestWill(t *testing.T) { // R-BRK-10, R-BRK-24
	t.Parallel()
	for _, e := range endings {
		for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
			for qos := range byte(3) {
				for _, retain := range []bool{false, true} {
					if e.v5Only && version < mqtt.V5 {
						continue
					}
					name := fmt.Sprintf("%s/version %d/QoS %d/retain %v", e.name, version, qos, retain)
					t.Run(name, func(t *testing.T) {
						t.Parallel()
						e.test(t, version, qos, retain)
					})
				}
			}
		}
	}
}

// test ends a connection with a will. It is delivered at the lower of its QoS and the
// subscription's, where QoS 2 counts as 1, with RETAIN 0; a new subscriber gets it with RETAIN 1.
func (e ending) test(t *testing.T, version mqtt.Version, qos byte, retain bool) {
	ended := make(chan bool, 4) // one event for each connection
	b, addr := start(t, Config{KeepAliveMin: time.Millisecond, Presence: func(p PresenceEvent) {
		if p.EventType == "disconnected" {
			ended <- true
		}
	}})
	c := dial(t, addr, version)
	message := mqtt.Publish{Topic: "will", Payload: []byte("gone"), QoS: qos, Retain: retain}
	c.connect(mqtt.Connect{
		ClientID:   "dev",
		CleanStart: true,
		KeepAlive:  1,
		Will:       &mqtt.Will{Message: message},
	})
	if qos == 2 && version == mqtt.V5 {
		c.wantConnack(byte(mqtt.QoSNotSupported), false)
		return
	}
	c.wantConnack(0, false)
	watch0, watch1 := join(t, addr, 5, "watch 0"), join(t, addr, 4, "watch 1")
	watch0.subscribe(1, 0, "will", "mark")
	watch1.subscribe(1, 1, "will", "mark")
	e.end(b, c)
	<-ended

	b.Publish(Message{Topic: "mark", QoS: 1})
	granted := min(qos, 1)
	if e.published {
		first, second := watch0.wantPublish("will", "gone", 0), watch1.wantPublish("will", "gone", granted)
		if first.Retain || second.Retain {
			t.Error("RETAIN 1 on live delivery")
		}
	}
	watch0.wantPublish("mark", "", 0)
	watch1.wantPublish("mark", "", 1)
	late := join(t, addr, 5, "late")
	late.subscribe(1, 1, "will")
	if e.published && retain {
		if p := late.wantPublish("will", "gone", granted); !p.Retain {
			t.Error("RETAIN 0 for a new subscriber")
		}
	}
	late.sync()
}
func TestRetainedWill(t *testing.T) { // R-BRK-24
	t.Parallel()
	_, addr := start(t, Config{})
	watch := join(t, addr, 4, "")
	watch.subscribe(1, 0, "will")
	c := dial(t, addr, 5)
	message := mqtt.Publish{Topic: "will", Payload: []byte("gone"), Retain: true, Expiry: 60}
	c.connect(mqtt.Connect{ClientID: "dev", Will: &mqtt.Will{Message: message}})
	c.wantConnack(0, false)
	c.nc.Close()
	watch.wantPublish("will", "gone", 0)
	late := join(t, addr, 5, "")
	late.subscribe(1, 0, "will")
	if p := late.wantPublish("will", "gone", 0); !p.Retain || p.Expiry == 0 || p.Expiry > 60 {
		t.Errorf("got RETAIN %v and expiry %d", p.Retain, p.Expiry)
	}
}

func TestWillDelay(t *testing.T) { // R-BRK-24
	t.Parallel()
	b, addr := start(t, Config{})
	watch := join(t, addr, 4, "watch")
	watch.subscribe(1, 1, "will/+", "mark")
	with := func(h mqtt.Connect, end func(*client)) {
		t.Helper()
		h.Will.Message = mqtt.Publish{Topic: "will/" + h.ClientID, Payload: []byte(h.ClientID), QoS: 1}
		c := dial(t, addr, h.Version)
		c.send(mqtttest.Connect(&h, ""))
		c.wantConnack(0, false)
		end(c)
		b.waitDisconnected(t, h.ClientID)
	}
	die := func(c *client) { c.nc.Close() }
	with(mqtt.Connect{Version: 5, ClientID: "back", SessionExpiry: 100, Will: &mqtt.Will{Delay: 1}}, die)
	back := rejoin(t, addr, 5, "back", true) // in time: no will
	back.send(mqtttest.Packet(0xE0, nil))
	with(mqtt.Connect{Version: 5, ClientID: "late", SessionExpiry: 100, Will: &mqtt.Will{Delay: 1}}, die)
	watch.wantPublish("will/late", "late", 1)
	// The session ends with its connection, and the delay with the session.
	with(mqtt.Connect{Version: 5, ClientID: "no session", Will: &mqtt.Will{Delay: 100}}, die)
	watch.wantPublish("will/no session", "no session", 1)
	// A session that is not resumed ends, and the delay with it.
	with(mqtt.Connect{Version: 5, ClientID: "anew", SessionExpiry: 100, Will: &mqtt.Will{Delay: 100}}, die)
	join(t, addr, 5, "anew")
	watch.wantPublish("will/anew", "anew", 1)
	// The same when the old connection is still there.
	with(mqtt.Connect{Version: 5, ClientID: "taken", SessionExpiry: 100, Will: &mqtt.Will{Delay: 100}},
		func(*client) { join(t, addr, 5, "taken").send(mqtttest.Packet(0xE0, nil)) })
	watch.wantPublish("will/taken", "taken", 1)
}

// A topic that a client may not publish to is none for its will either, whatever the QoS and the
// RETAIN flag; nor is one under $aws, where only requests are published (R-BRK-24).
func TestWillTopic(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for _, topic := range []string{
		"$aws/things/dev/jobs/get", "$aws/things/dev/jobs/notify", "$aws/things/dev/shadow/update",
		"$aws/events/presence/disconnected/dev", "$aws/rules/r/t", "$SYS/broker/connection/a/state",
		"$share/g/t", "$", "", "a/+", "a/#", strings.Repeat("x", 257), "1/2/3/4/5/6/7/8/9",
	} {
		for options := range 4 {
			will := &mqtt.Will{Message: mqtt.Publish{Topic: topic, QoS: byte(options & 1), Retain: options > 1}}
			for version, code := range map[mqtt.Version]byte{mqtt.V311: 5, mqtt.V5: byte(mqtt.TopicNameInvalid)} {
				c := dial(t, addr, version)
				c.connect(mqtt.Connect{ClientID: "dev", CleanStart: true, Will: will})
				c.wantConnack(code, false)
				c.version = mqtt.V311 // no DISCONNECT comes after a CONNACK that refuses
				c.wantClosed(mqtt.Success)
			}
		}
	}
}

// A client that has said DISCONNECT has no will, also when its connection is taken over before that
// is read.
func TestDisconnectBeforeTakeover(t *testing.T) {
	t.Parallel()
	entered, release := make(chan struct{}), make(chan struct{})
	ended := make(chan bool, 4)
	b, addr := start(t, Config{
		Service: ServiceFunc(func(context.Context, *Peer, Request) Reply {
			close(entered)
			<-release
			return Reply{}
		}),
		Presence: func(p PresenceEvent) {
			if p.EventType == "disconnected" {
				ended <- true
			}
		},
	})
	watch := join(t, addr, 4, "watch")
	watch.subscribe(1, 1, "will", "mark")
	old := dial(t, addr, 4)
	old.connect(mqtt.Connect{
		ClientID:   "dev",
		CleanStart: true,
		Will:       &mqtt.Will{Message: mqtt.Publish{Topic: "will"}},
	})
	old.wantConnack(0, false)
	old.send(mqtt.AppendPublish(nil, 4, &mqtt.Publish{Topic: get, QoS: 1, ID: 1}), mqtttest.Packet(0xE0, nil))
	<-entered
	join(t, addr, 4, "dev")
	close(release)
	<-ended
	b.Publish(Message{Topic: "mark", QoS: 1})
	watch.wantPublish("mark", "", 1)
}

// A client that resumes its session in time has no will, also when the broker still has the old
// connection (R-BRK-24).
func TestWillOfResumedSession(t *testing.T) {
	t.Parallel()
	ended := make(chan bool, 4)
	b, addr := start(t, Config{Presence: func(p PresenceEvent) {
		if p.EventType == "disconnected" {
			ended <- true
		}
	}})
	watch := join(t, addr, 4, "watch")
	watch.subscribe(1, 1, "will", "mark")
	old := dial(t, addr, 5)
	old.connect(mqtt.Connect{
		ClientID:      "dev",
		SessionExpiry: 100,
		Will:          &mqtt.Will{Message: mqtt.Publish{Topic: "will"}, Delay: 100},
	})
	old.wantConnack(0, false)
	rejoin(t, addr, 5, "dev", true)
	<-ended
	b.Publish(Message{Topic: "mark", QoS: 1})
	watch.wantPublish("mark", "", 1)
}

// The delay of a will is over when the session expires, not when somebody notices that it has
// (R-BRK-24).
func TestWillDelayBeyondSession(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	watch := join(t, addr, 4, "watch")
	watch.subscribe(1, 1, "will")
	c := dial(t, addr, 5)
	c.connect(mqtt.Connect{
		ClientID:      "dev",
		SessionExpiry: 1,
		Will:          &mqtt.Will{Message: mqtt.Publish{Topic: "will"}, Delay: 100},
	})
	c.wantConnack(0, false)
	c.nc.Close()
	watch.wantPublish("will", "", 0)
}

// A will is authorised when it is published: whoever may not publish at that moment any more, or is
// nobody any more, says nothing by a will either, delayed or not (R-BRK-24).
func TestWillIsAuthorisedLate(t *testing.T) {
	t.Parallel()
	change := func(decision string, d Decision) func(*rights) error {
		return func(r *rights) error {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.no = map[string]Decision{decision: d}
			return nil
		}
	}
	for _, row := range []struct {
		name      string
		change    func(*rights) error // what changes after the CONNECT
		retain    bool
		published bool
	}{
		{"nothing", change("", Allow), true, true},
		{"another topic", change("publish other", ExplicitDeny), true, true},
		{"the topic", change("publish will", ExplicitDeny), false, false},
		{"no policy for the topic", change("publish will", ImplicitDeny), false, false},
		{"retaining", change("retain will", ImplicitDeny), true, false},
		{"retaining what is not retained", change("retain will", ImplicitDeny), false, true},
		{"REVOKED", func(*rights) error { return errors.New("the certificate is REVOKED") }, false, false},
	} {
		for _, delay := range []uint32{0, 1} {
			t.Run(fmt.Sprintf("%s, delay %d", row.name, delay), func(t *testing.T) {
				t.Parallel()
				who, ended := &rights{id: "cert"}, make(chan bool, 1)
				people := newCast()
				var lines logLines
				b, addr := start(t, Config{
					Authenticate: people.authenticate,
					Principal: func(_ context.Context, id string) (Principal, error) {
						if id != "cert" {
							t.Errorf("asked for %q", id)
						}
						if err := row.change(who); err != nil {
							return nil, err
						}
						return who, nil
					},
					Presence: func(e PresenceEvent) {
						if e.EventType == "disconnected" {
							ended <- true
						}
					},
					Log: logTo(&lines),
				})
				watch := people.connectAs(t, &rights{}, addr, mqtt.Connect{ClientID: "watch"}, false)
				watch.subscribe(1, 1, "will", "mark")
				message := mqtt.Publish{Topic: "will", QoS: 1, Retain: row.retain}
				message.Payload = []byte("gone")
				c := people.connectAs(t, who, addr, mqtt.Connect{
					SessionExpiry: 1, // the delay ends with the session
					Will:          &mqtt.Will{Message: message, Delay: delay},
				}, false)
				c.nc.Close()
				<-ended
				if row.published {
					watch.wantPublish("will", "gone", 1)
				} else {
					until(t, "the refusal", func() bool {
						return strings.Contains(lines.String(), "not allowed to publish the will any more")
					})
				}
				b.Publish(Message{Topic: "mark", QoS: 1})
				watch.wantPublish("mark", "", 1)
				if row.retain && row.published != (b.retainedCount() == 1) {
					t.Errorf("%d messages are retained", b.retainedCount())
				}
			})
		}
	}
}

func (b *Broker) retainedCount() int {
	b.retained.mu.RLock()
	defer b.retained.mu.RUnlock()
	return len(b.retained.messages)
}

// A delayed will outlives the process: it is published at its time, at once when that has passed,
// and not at all if the client is back before (R-BRK-24).
func TestWillSurvivesRestart(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name    string
		crash   bool
		delay   uint32
		back    bool
		retain  bool
		overdue bool
	}{
		{name: "stopped", delay: 2},
		{name: "crashed", crash: true, delay: 2},
		{name: "retained", delay: 2, retain: true},
		{name: "overdue", delay: 3000, overdue: true},
		{name: "the client is back", delay: 2, back: true},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			store := NewMemorySessions()
			b, addr := start(t, Config{Sessions: store})
			b.sleeper(t, addr, "watch", "will")
			c := dial(t, addr, 5)
			message := mqtt.Publish{Topic: "will", Payload: []byte("gone"), QoS: 1, Retain: row.retain, Expiry: 60}
			c.connect(mqtt.Connect{
				ClientID:      "dev",
				SessionExpiry: 3600,
				Will:          &mqtt.Will{Message: message, Delay: row.delay},
			})
			c.wantConnack(0, false)
			c.nc.Close()
			b.waitDisconnected(t, "dev")
			if row.overdue {
				b.mu.Lock()
				s := b.sessions["dev"]
				b.mu.Unlock()
				s.mu.Lock()
				s.will.at = time.Now()
				b.journal.write(s.record())
				s.mu.Unlock()
			}
			if err := b.Stored(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !row.crash {
				b.Shutdown(t.Context())
			}
			b, addr = start(t, Config{Sessions: store})
			if got := b.willBytes(); got < len("will")+len("gone") && !row.overdue {
				t.Errorf("%d bytes of wills are counted", got)
			}
			if row.back {
				rejoin(t, addr, 5, "dev", true).send([]byte{mqtt.TypeDisconnect << 4, 0})
				b.waitDisconnected(t, "dev")
			} else {
				until(t, "the will", func() bool { return b.willBytes() == 0 })
			}
			b.Publish(Message{Topic: "will", Payload: []byte("mark"), QoS: 1})
			watch := rejoin(t, addr, 5, "watch", true)
			if !row.back {
				if p := watch.wantPublish("will", "gone", 1); p.Expiry < 50 || p.Expiry > 60 {
					t.Errorf("the expiry is %d s", p.Expiry)
				}
			}
			watch.wantPublish("will", "mark", 1)
			if row.retain {
				late := join(t, addr, 5, "late")
				late.subscribe(1, 1, "will")
				late.wantPublish("will", "gone", 1)
			}
			b.Shutdown(t.Context())
			_ = store.Load(t.Context(), func(c Change) error { // it cannot fail
				if c.Client == "dev" && strings.Contains(string(c.Value), `"will"`) {
					t.Errorf("the record still has the will: %s", c.Value)
				}
				return nil
			})
		})
	}
}

func (b *Broker) willBytes() int {
	b.wills.mu.Lock()
	defer b.wills.mu.Unlock()
	return b.wills.all
}

// One principal may use a share of the bytes of all wills, and the next is not disturbed
// (R-BRK-20).
func TestWillShare(t *testing.T) {
	t.Parallel()
	people := newCast()
	b, addr := start(t, Config{Authenticate: people.authenticate, MaxWillBytes: 250_000})
	for _, who := range []string{"X", "Y"} {
		connect := func(id string, code mqtt.Reason) *client {
			message := mqtt.Publish{Topic: "will", Payload: make([]byte, 10_000)}
			p := mqtt.Connect{ClientID: who + id, Will: &mqtt.Will{Message: message}}
			c := people.tryConnectAs(t, attachedToNothing(who), addr, p)
			c.wantConnack(byte(code), false)
			return c
		}
		first := connect("1", mqtt.Success)
		connect("2", mqtt.Success)
		connect("3", mqtt.QuotaExceeded)
		first.send([]byte{mqtt.TypeDisconnect << 4, 0})
		b.waitDisconnected(t, who+"1")
		connect("3", mqtt.Success)
	}
}

// The wills of all clients have a limit, connected or delayed. One that is gone makes room
// (R-BRK-20).
func TestMaxWillBytes(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{MaxWillBytes: 25_000})
	connect := func(version mqtt.Version, id string, delay uint32, code byte) *client {
		c := dial(t, addr, version)
		message := mqtt.Publish{Topic: "will", Payload: make([]byte, 10_000)}
		c.connect(mqtt.Connect{ClientID: id, SessionExpiry: 3600, Will: &mqtt.Will{Message: message, Delay: delay}})
		c.wantConnack(code, false)
		return c
	}
	one, two := connect(5, "one", 0, 0), connect(5, "two", 100, 0)
	connect(4, "three", 0, 3)
	connect(5, "three", 0, byte(mqtt.QuotaExceeded))
	two.nc.Close() // its will is delayed and still counts
	b.waitDisconnected(t, "two")
	connect(5, "three", 0, byte(mqtt.QuotaExceeded))
	one.send([]byte{mqtt.TypeDisconnect << 4, 0})
	b.waitDisconnected(t, "one")
	three := connect(5, "three", 0, 0)
	rejoin(t, addr, 5, "two", true)
	four := connect(5, "four", 0, 0)
	three.nc.Close()
	four.nc.Close()
	until(t, "the wills to be published", func() bool { return b.willBytes() == 0 })
}

// A will that is damaged in the record of its session is lost, the session is not (R-BRK-45).
func TestDamagedWill(t *testing.T) {
	t.Parallel()
	store := NewMemorySessions()
	record := `{"version":5,"expirySeconds":60,"will":{"at":1,"message":"AAA="}}`
	_ = store.Apply(t.Context(), []Change{{Client: "dev", Value: []byte(record)}}) // it cannot fail
	var log logLines
	_, addr := start(t, Config{Sessions: store, Log: logTo(&log)})
	rejoin(t, addr, 5, "dev", true)
	if !strings.Contains(log.String(), "what=will") {
		t.Errorf("the log does not say it:\n%s", &log)
	}
}
