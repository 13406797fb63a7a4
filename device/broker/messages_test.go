package broker

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

func TestMatchingQuirks(t *testing.T) { // R-BRK-21, T-53
	t.Parallel()
	b, addr := start(t, Config{})
	c := join(t, addr, 4, "")
	c.subscribe(1, 0, "a/#", "a/+", "a/b", "+/x")
	c.subscribe(2, 1, "a/b/#", "a/b/c")
	c.publish(0, 0, "a", "quirk: a/# does not match a")
	c.publish(0, 0, "a/b", "one copy")
	c.wantPublish("a/b", "one copy", 0)
	join(t, addr, 4, "").publish(5, 1, "a/b/c", "highest QoS")
	c.wantPublish("a/b/c", "highest QoS", 1)

	all := join(t, addr, 4, "")
	all.subscribe(1, 1, "#", "+/things/a/jobs/notify")
	b.Publish(Message{Topic: notify, Payload: []byte("x"), QoS: 1})
	b.Publish(Message{Topic: "mark", QoS: 1})
	all.wantPublish("mark", "", 1)
}

func TestNoLocalAndRetainAsPublished(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	c, other := join(t, addr, 5, "c"), join(t, addr, 5, "other")
	c.subscribe(1, 1|4, "t") // No Local
	other.subscribe(1, 8, "t")
	c.sendPublish(mqtt.Publish{Topic: "t", Payload: []byte("mine"), Retain: true})
	if p := other.wantPublish("t", "mine", 0); !p.Retain {
		t.Error("RETAIN 0 in spite of Retain As Published")
	}
	other.publish(0, 0, "t", "yours")
	if p := c.wantPublish("t", "yours", 0); p.Retain {
		t.Error("RETAIN 1 on live delivery")
	}
}

func TestRetained(t *testing.T) { // R-BRK-23
	t.Parallel()
	b, addr := start(t, Config{MaxRetained: 1})
	pub := join(t, addr, 5, "pub")
	retain := func(id uint16, topic, payload string, want mqtt.Reason) {
		t.Helper()
		p := mqtt.Publish{Topic: topic, Payload: []byte(payload), QoS: 1, ID: id, Retain: true}
		pub.sendPublish(p)
		pub.wantPuback(id, want)
	}
	retain(1, "state/a", "on", mqtt.Success)
	retain(2, "state/a", "off", mqtt.Success)
	retain(3, "state/b", "on", mqtt.QuotaExceeded)

	c := join(t, addr, 4, "")
	c.subscribe(1, 1, "state/+", "mark") // a wildcard filter gets none
	b.Publish(Message{Topic: "mark"})
	c.wantPublish("mark", "", 0)
	c.send(mqtttest.Subscribe(4, 2, 1, "state/a"))
	c.wantSuback(1)
	if p := c.wantPublish("state/a", "off", 1); !p.Retain {
		t.Error("RETAIN 0 on a retained message")
	}
	retain(4, "state/a", "live", mqtt.Success)
	if p := c.wantPublish("state/a", "live", 1); p.Retain {
		t.Error("RETAIN 1 on live delivery")
	}
	retain(5, "state/a", "", mqtt.Success) // deletes
	c.wantPublish("state/a", "", 1)
	retain(6, "state/c", "x", mqtt.Success) // there is room again: it is gone

	again := join(t, addr, 5, "again")
	handling := func(options byte, sent bool) {
		t.Helper()
		again.send(mqtttest.Subscribe(5, 3, options, "state/c"))
		again.wantSuback(1)
		if sent {
			again.wantPublish("state/c", "x", 0)
		}
	}
	handling(0x20, false) // never
	handling(0x10, false) // only when new: it is not
	handling(0x00, true)
}

// MQTT 3.1.1 has no code for a message that cannot be retained: it is routed all the same.
func TestRetainedQuota311(t *testing.T) { // R-BRK-23
	t.Parallel()
	_, addr := start(t, Config{MaxRetained: 1})
	c, pub := join(t, addr, 4, ""), join(t, addr, 4, "")
	c.subscribe(1, 0, "+")
	for _, topic := range []string{"a", "b"} {
		pub.sendPublish(mqtt.Publish{Topic: topic, QoS: 1, ID: 1, Retain: true, Payload: []byte("x")})
		pub.wantPuback(1, mqtt.Success)
		c.wantPublish(topic, "x", 0)
	}
	late := join(t, addr, 4, "")
	late.subscribe(1, 0, "b") // was not retained
	late.subscribe(2, 0, "a")
	late.wantPublish("a", "x", 0)
}

// Messages that have expired make room for others.
func TestRetainedExpiry(t *testing.T) { // R-BRK-13, R-BRK-23
	t.Parallel()
	b, addr := start(t, Config{MaxRetained: 1})
	pub := join(t, addr, 5, "")
	retain := func(topic string, want mqtt.Reason) {
		t.Helper()
		pub.sendPublish(mqtt.Publish{Topic: topic, QoS: 1, ID: 1, Retain: true, Payload: []byte("x"), Expiry: 60})
		pub.wantPuback(1, want)
	}
	retain("a", mqtt.Success)
	retain("b", mqtt.QuotaExceeded)
	b.retained.mu.Lock()
	b.retained.messages["a"].expires = time.Now()
	b.retained.swept = time.Time{} // as a second later
	b.retained.mu.Unlock()
	c := join(t, addr, 5, "")
	c.subscribe(1, 0, "a")
	c.sync() // nothing came
	retain("b", mqtt.Success)
	c.subscribe(2, 0, "b")
	c.wantPublish("b", "x", 0)
}

func TestRetainedBytes(t *testing.T) { // R-BRK-23
	t.Parallel()
	store := NewMemorySessions()
	cfg := Config{Sessions: store, MaxRetainedBytes: 1000}
	b, addr := start(t, cfg)
	retain := func(topic string, bytes int, want mqtt.Reason) {
		t.Helper()
		c := join(t, addr, 5, "")
		c.sendPublish(mqtt.Publish{Topic: topic, Payload: make([]byte, bytes), QoS: 1, ID: 1, Retain: true})
		c.wantPuback(1, want)
	}
	retain("a", 500, mqtt.Success)
	retain("a", 600, mqtt.Success) // in place of the other
	retain("b", 500, mqtt.QuotaExceeded)
	retain("a", 1000, mqtt.QuotaExceeded)
	retain("b", 100, mqtt.Success)
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, addr = start(t, cfg)
	retain("c", 200, mqtt.QuotaExceeded) // what was loaded counts
	retain("a", 0, mqtt.Success)
	retain("c", 200, mqtt.Success)
}

func TestPresence(t *testing.T) { // R-BRK-33, T-52
	t.Parallel()
	hook := make(chan PresenceEvent, 16)
	r := &rights{id: "cert-1"}
	_, addr := start(t, Config{Authenticate: r.authenticate, Presence: func(e PresenceEvent) { hook <- e }})
	watch := join(t, addr, 4, "watch")
	<-hook
	watch.subscribe(1, 1, "$aws/events/presence/#")
	for version, id := range []string{"pump", "pump"} {
		c := join(t, addr, 5, id)
		on := watch.wantPresence("$aws/events/presence/connected/pump")
		<-hook
		c.nc.Close()
		off := watch.wantPresence("$aws/events/presence/disconnected/pump")
		if on.SessionID != off.SessionID || len(on.SessionID) != 36 || on.Version != int64(version) ||
			off.Version != on.Version || on.IPAddress != "127.0.0.1" || on.PrincipalID != "cert-1" ||
			on.ClientInitiated != nil || off.IPAddress != "" || *off.ClientInitiated || off.Cause != ConnectionLost {
			t.Errorf("connected %+v, disconnected %+v", on, off)
		}
		if e := <-hook; e.Cause != ConnectionLost {
			t.Errorf("hook got %+v", e)
		}
	}
	c := join(t, addr, 5, "a+b") // no topic of its own
	c.send(mqtttest.Packet(0xE0, nil))
	join(t, addr, 4, "next")
	watch.wantPresence("$aws/events/presence/connected/next")
}

// The count goes on for an hour after a connection has ended, however long it lasted.
func TestPresenceCount(t *testing.T) { // R-BRK-33
	t.Parallel()
	events := make(chan PresenceEvent, 16)
	b, addr := start(t, Config{Presence: func(e PresenceEvent) { events <- e }})
	connection := func() (version int64) {
		t.Helper()
		c := join(t, addr, 5, "pump")
		version = (<-events).Version
		b.mu.Lock() // it lasts for 59 minutes
		count := b.presence["pump"]
		count.last = time.Now().Add(-59 * time.Minute)
		b.presence["pump"] = count
		b.mu.Unlock()
		c.nc.Close()
		<-events
		return version
	}
	for _, row := range []struct {
		away time.Duration // before the connection
		want int64
	}{
		{0, 0},
		{2 * time.Minute, 1},
		{time.Hour, 2},
		{time.Hour + 2*time.Minute, 0},
	} {
		b.expire(time.Now().Add(row.away))
		if got := connection(); got != row.want {
			t.Errorf("disconnected for %v: version %d, want %d", row.away, got, row.want)
		}
	}
}

func (c *client) wantPresence(topic string) (e PresenceEvent) {
	c.t.Helper()
	p, err := mqtt.DecodePublish(c.want(mqtt.TypePublish), c.version)
	if err != nil || p.Topic != topic || p.QoS != 1 {
		c.t.Fatalf("got %s QoS %d %v, want %s", p.Topic, p.QoS, err, topic)
	}
	if err := json.Unmarshal(p.Payload, &e); err != nil {
		c.t.Fatal(err)
	}
	c.send(mqtt.AppendPuback(nil, c.version, p.ID, mqtt.Success))
	return e
}

func TestUnsubscribe(t *testing.T) { // R-BRK-21, R-BRK-29
	t.Parallel()
	b, addr := start(t, Config{})
	c := join(t, addr, 5, "")
	c.subscribe(1, 1, "a", "b/#", "mark")
	c.send(mqtttest.Unsubscribe(5, 2, "a", "b/#", "unknown"))
	if body := c.want(mqtt.TypeUnsuback).Body; string(body) != "\x00\x02\x00\x00\x00\x00" {
		t.Errorf("UNSUBACK %x", body)
	}
	if b.Subscribed("a") || b.Subscribed("b/c") || !b.Subscribed("mark") {
		t.Error("the routes still contain the filters")
	}
}
