package broker

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

const (
	notify     = "$aws/things/a/jobs/notify"
	notifyNext = "$aws/things/a/jobs/notify-next"
)

func TestSessionResume(t *testing.T) { // R-BRK-11, R-BRK-13, R-MQTT-44, R-CLI-16, T-13
	t.Parallel()
	for _, version := range []mqtt.Version{4, 5} {
		b, addr := start(t, Config{})
		c := rejoin(t, addr, version, "dev", false)
		c.subscribe(1, 1, notify, notifyNext, "queue/+")
		c.subscribe(2, 0, "lossy")
		c.nc.Close()
		b.waitDisconnected(t, "dev")
		for i := range 3 {
			n := []byte(fmt.Sprint(i))
			b.Publish(Message{Topic: notify, Payload: n, QoS: 1, Latest: true})
			b.Publish(Message{Topic: notifyNext, Payload: n, QoS: 1, Latest: true})
			b.Publish(Message{Topic: "queue/a", Payload: n, QoS: 1})
			b.Publish(Message{Topic: "lossy", Payload: n, QoS: 1})
		}
		c = rejoin(t, addr, version, "dev", true)
		c.wantPublish("queue/a", "0", 1)
		c.wantPublish("queue/a", "1", 1)
		c.wantPublish(notify, "2", 1)
		c.wantPublish(notifyNext, "2", 1)
		c.wantPublish("queue/a", "2", 1)
		c.sync()
	}
}

func TestUnackedIsSentAgain(t *testing.T) { // R-BRK-25
	t.Parallel()
	b, addr := start(t, Config{})
	c := rejoin(t, addr, 4, "dev", false)
	c.subscribe(1, 1, "q")
	var ids []uint16
	for i := range 3 {
		b.Publish(Message{Topic: "q", Payload: []byte(fmt.Sprint(i)), QoS: 1})
		ids = append(ids, c.wantPublish("q", fmt.Sprint(i), 1).ID)
	}
	c.send(mqtt.AppendPuback(nil, 4, ids[1], mqtt.Success))
	c.sync()
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	b.Publish(Message{Topic: "q", Payload: []byte("new"), QoS: 1})
	c = rejoin(t, addr, 4, "dev", true)
	for _, i := range []int{0, 2} {
		if p := c.wantPublish("q", fmt.Sprint(i), 1); !p.Dup || p.ID != ids[i] {
			t.Errorf("message %d: dup %v id %d, want id %d", i, p.Dup, p.ID, ids[i])
		}
	}
	if p := c.wantPublish("q", "new", 1); p.Dup || p.ID == ids[0] || p.ID == ids[2] {
		t.Errorf("new message: dup %v id %d", p.Dup, p.ID)
	}
}

func TestSessionSurvivesRestart(t *testing.T) { // R-BRK-35, T-17
	t.Parallel()
	store := NewMemorySessions()
	b, addr := start(t, Config{Sessions: store})
	c := rejoin(t, addr, 5, "dev", false)
	c.subscribe(1, 1, notifyNext, "q/#")
	kept := mqtt.Publish{Topic: "keep", Payload: []byte("r"), QoS: 1, ID: 1, Retain: true}
	c.send(mqtt.AppendPublish(nil, 5, &kept))
	c.wantPuback(1, mqtt.Success)
	b.Publish(Message{Topic: "q/1", Payload: []byte("unacked"), QoS: 1})
	id := c.wantPublish("q/1", "unacked", 1).ID
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	b.Publish(Message{Topic: notifyNext, Payload: []byte("old"), QoS: 1, Latest: true})
	b.Publish(Message{Topic: notifyNext, Payload: []byte("new"), QoS: 1, Latest: true})
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	b, addr = start(t, Config{Sessions: store})
	if n := b.Publish(Message{Topic: notifyNext, Payload: []byte("newest"), QoS: 1, Latest: true}); n != 1 {
		t.Fatalf("routed to %d sessions after the restart, want 1", n)
	}
	c = rejoin(t, addr, 5, "dev", true)
	if p := c.wantPublish("q/1", "unacked", 1); !p.Dup || p.ID != id {
		t.Errorf("dup %v id %d, want id %d", p.Dup, p.ID, id)
	} else {
		c.send(mqtt.AppendPuback(nil, 5, p.ID, mqtt.Success))
	}
	c.send(mqtt.AppendPuback(nil, 5, c.wantPublish(notifyNext, "newest", 1).ID, mqtt.Success))
	c.subscribe(2, 1, "keep")
	c.wantPublish("keep", "r", 1)
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	b.Shutdown(t.Context())
	b, _ = start(t, Config{Sessions: store})
	b.mu.Lock()
	left := len(b.sessions["dev"].queue)
	b.mu.Unlock()
	if left != 1 { // the retained one was not acknowledged
		t.Errorf("%d messages are stored after the acknowledgements, want 1", left)
	}
}

func TestSessionIsNotResumed(t *testing.T) { // R-BRK-11, R-BRK-12
	t.Parallel()
	b, addr := start(t, Config{})
	leave := func(c *client, id string) {
		c.subscribe(1, 1, "q")
		c.nc.Close()
		b.waitDisconnected(t, id)
	}
	leave(rejoin(t, addr, 4, "cross", false), "cross")
	rejoin(t, addr, 5, "cross", false) // another version

	leave(rejoin(t, addr, 4, "cleaned", false), "cleaned")
	leave(join(t, addr, 4, "cleaned"), "cleaned")
	rejoin(t, addr, 4, "cleaned", false)

	leave(rejoin(t, addr, 5, "expired", false), "expired")
	b.expire(time.Now().Add(time.Hour + time.Second)) // 3600 s were asked for
	rejoin(t, addr, 5, "expired", false)

	c := rejoin(t, addr, 5, "lowered", false)
	c.send(mqtttest.Packet(0xE0, []byte{0, 5, mqtt.PropSessionExpiry, 0, 0, 0, 0}))
	c.wantClosed(mqtt.Success)
	b.waitDisconnected(t, "lowered")
	rejoin(t, addr, 5, "lowered", false)

	leave(rejoin(t, addr, 5, "last time", false), "last time")
	c = dial(t, addr, 5)
	c.connect(mqtt.Connect{ClientID: "last time"}) // resumes, and ends with the connection
	c.wantConnack(0, true)
	leave(c, "last time")
	rejoin(t, addr, 5, "last time", false)

	leave(rejoin(t, addr, 4, "kept", false), "kept")
	b.expire(time.Now().Add(7*24*time.Hour - time.Minute))
	rejoin(t, addr, 4, "kept", true)
}

// A session that has expired is not resumed, though nobody has ended it yet (R-BRK-12).
func TestExpiredSessionIsNotResumed(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	for _, left := range []time.Duration{time.Hour, 0, -time.Second} {
		id := fmt.Sprint("dev", left)
		rejoin(t, addr, 5, id, false).nc.Close()
		b.waitDisconnected(t, id)
		b.mu.Lock()
		s := b.sessions[id]
		b.mu.Unlock()
		s.mu.Lock()
		s.endsAt = time.Now().Add(left)
		s.mu.Unlock()
		rejoin(t, addr, 5, id, left > 0)
	}
}

// A session from the store lasts for a quarter of an hour after the start: the machine's clock may
// be ahead then (R-BRK-12).
func TestRestoredSessionLasts(t *testing.T) {
	t.Parallel()
	store := NewMemorySessions()
	record := `{"version":5,"expirySeconds":60,"until":1700000000000}`
	for _, id := range []string{"back", "away", "gone"} {
		_ = store.Apply(t.Context(), []Change{{Client: id, Value: []byte(record)}}) // it cannot fail
	}
	b, addr := start(t, Config{Sessions: store})
	c := rejoin(t, addr, 5, "back", true)
	b.expire(time.Now().Add(restoredLife - time.Minute))
	rejoin(t, addr, 5, "away", true)
	b.expire(time.Now().Add(restoredLife))
	rejoin(t, addr, 5, "gone", false)
	c.sync()
	c.nc.Close() // and then as any other
	b.waitDisconnected(t, "back")
	b.expire(time.Now().Add(2 * time.Hour))
	rejoin(t, addr, 5, "back", false)
}

// A client that was connected when the server crashed has its whole expiry from the start on
// (R-BRK-35).
func TestRestoredOfConnectedClient(t *testing.T) {
	t.Parallel()
	store := NewMemorySessions()
	for _, id := range []string{"in time", "late"} {
		record := Change{Client: id, Value: []byte(`{"version":5,"expirySeconds":7200}`)}
		_ = store.Apply(t.Context(), []Change{record}) // it cannot fail
	}
	b, addr := start(t, Config{Sessions: store})
	b.expire(time.Now().Add(time.Hour))
	rejoin(t, addr, 5, "in time", true)
	b.expire(time.Now().Add(2 * time.Hour))
	rejoin(t, addr, 5, "late", false)
}

// What the service sent to a connected client is stored until it is acknowledged (R-BRK-35).
func TestServiceMessageSurvivesCrash(t *testing.T) {
	t.Parallel()
	store := newFaultySessions()
	b, addr := start(t, Config{Sessions: store})
	c, clean := rejoin(t, addr, 4, "dev", false), join(t, addr, 4, "clean")
	c.subscribe(1, 1, notify, notifyNext)
	clean.subscribe(1, 1, notify)
	before := store.applied()
	b.Publish(Message{Topic: notify, Payload: []byte("acknowledged"), QoS: 1, Latest: true})
	b.Publish(Message{Topic: notifyNext, Payload: []byte("on its way"), QoS: 1, Latest: true})
	if err := b.Stored(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := store.applied() - before; n != 2 { // nothing for the clean session
		t.Errorf("%d changes for two messages", n)
	}
	c.send(mqtt.AppendPuback(nil, 4, c.wantPublish(notify, "acknowledged", 1).ID, mqtt.Success))
	c.wantPublish(notifyNext, "on its way", 1)
	c.sync()
	if err := b.Stored(t.Context()); err != nil {
		t.Fatal(err)
	}

	_, addr = start(t, Config{Sessions: store}) // the other has not stopped: as after a crash
	c = rejoin(t, addr, 4, "dev", true)
	c.wantPublish(notifyNext, "on its way", 1)
	c.sync()
}

func TestUnackedIsStoredOnce(t *testing.T) { // a reconnect does not write again what the store has
	t.Parallel()
	store := newFaultySessions()
	b, addr := start(t, Config{Sessions: store})
	c := rejoin(t, addr, 4, "dev", false)
	c.subscribe(1, 1, "q")
	const unacked = 20
	for i := range unacked {
		b.Publish(Message{Topic: "q", Payload: []byte(fmt.Sprint(i)), QoS: 1})
	}
	reconnect := func() (written int) {
		for i := range unacked {
			c.wantPublish("q", fmt.Sprint(i), 1)
		}
		before := store.applied()
		c.nc.Close()
		b.waitDisconnected(t, "dev")
		c = rejoin(t, addr, 4, "dev", true)
		if err := <-b.journal.flushed(); err != nil {
			t.Fatal(err)
		}
		return store.applied() - before
	}
	reconnect()
	if n := reconnect(); n >= unacked {
		t.Errorf("the second reconnect wrote %d changes for %d unacknowledged messages", n, unacked)
	}
}

// A store that fails for a moment loses no message (R-BRK-35).
func TestStoredInSpiteOfFailures(t *testing.T) {
	t.Parallel()
	store := newFaultySessions()
	b, addr := start(t, Config{Sessions: store})
	c := rejoin(t, addr, 5, "dev", false)
	c.subscribe(1, 1, "q")
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	store.set(true)
	b.Publish(Message{Topic: "q", Payload: []byte("kept"), QoS: 1})
	until(t, "the store to refuse it", func() bool { return <-b.journal.flushed() != nil })
	store.set(false)
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, addr = start(t, Config{Sessions: store})
	c = rejoin(t, addr, 5, "dev", true)
	c.wantPublish("q", "kept", 1)
}

// A connection that was taken over does not end the session (R-BRK-12, R-BRK-16).
func TestLateDisconnect(t *testing.T) {
	t.Parallel()
	entered, release, ended := make(chan struct{}), make(chan struct{}), make(chan struct{}, 2)
	b, addr := start(t, Config{
		Service: ServiceFunc(func(context.Context, *Peer, Request) Reply {
			close(entered)
			<-release
			return Reply{}
		}),
		Presence: func(e PresenceEvent) {
			if e.EventType == "disconnected" {
				ended <- struct{}{}
			}
		},
	})
	old := rejoin(t, addr, 5, "dev", false)
	request := mqtt.AppendPublish(nil, 5, &mqtt.Publish{Topic: get, QoS: 1, ID: 1})
	old.send(request, mqtttest.Packet(0xE0, []byte{0, 5, mqtt.PropSessionExpiry, 0, 0, 0, 0}))
	<-entered
	now := rejoin(t, addr, 5, "dev", true)
	close(release)
	<-ended
	b.mu.Lock()
	s := b.sessions["dev"]
	b.mu.Unlock()
	s.mu.Lock()
	lasts := s.expiry
	s.mu.Unlock()
	if lasts != time.Hour {
		t.Errorf("the session lasts %v after its connection, want 1h", lasts)
	}
	now.sync()
}

func TestStoredLimit(t *testing.T) { // R-BRK-13: the newest is dropped
	t.Parallel()
	b, addr := start(t, Config{StoredMessages: 3})
	c := rejoin(t, addr, 4, "dev", false)
	c.subscribe(1, 1, "q")
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	for i := range 5 {
		b.Publish(Message{Topic: "q", Payload: []byte(fmt.Sprint(i)), QoS: 1})
	}
	c = rejoin(t, addr, 4, "dev", true)
	for i := range 3 {
		c.wantPublish("q", fmt.Sprint(i), 1)
	}
	c.sync()
}

// A notification finds a place in a session that is full of messages of others, also in the store.
func TestLatestInFullSession(t *testing.T) { // R-BRK-35, R-MQTT-44
	t.Parallel()
	store := NewMemorySessions()
	cfg := Config{StoredMessages: 3, Sessions: store}
	b, addr := start(t, cfg)
	c := rejoin(t, addr, 4, "dev", false)
	c.subscribe(1, 1, "q", notify)
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	other := join(t, addr, 4, "other")
	for i := range 5 {
		other.publish(uint16(i+1), 1, "q", fmt.Sprint(i))
		other.wantPuback(uint16(i+1), mqtt.Success)
	}
	for _, payload := range []string{"first", "second"} {
		b.Publish(Message{Topic: notify, Payload: []byte(payload), QoS: 1, Latest: true})
	}
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, addr = start(t, cfg)
	c = rejoin(t, addr, 4, "dev", true)
	c.wantPublish("q", "0", 1)
	c.wantPublish("q", "1", 1)
	c.wantPublish(notify, "second", 1)
	c.sync()
}

func TestLatestThatDoesNotFit(t *testing.T) { // R-MQTT-44: then the one before is better than none
	t.Parallel()
	b, addr := start(t, Config{StoredMessages: 1, StoredBytes: 1000})
	c := rejoin(t, addr, 4, "dev", false)
	c.subscribe(1, 1, notify)
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	for _, payload := range []string{"old", strings.Repeat("x", 800), strings.Repeat("y", 1000)} {
		b.Publish(Message{Topic: notify, Payload: []byte(payload), QoS: 1, Latest: true})
	}
	c = rejoin(t, addr, 4, "dev", true)
	c.wantPublish(notify, strings.Repeat("x", 800), 1)
	c.sync()
}

func TestSlowSubscriber(t *testing.T) { // R-BRK-36
	t.Parallel()
	b, addr := start(t, Config{OutboundBytes: 1 << 20})
	slow := join(t, addr, 4, "slow")
	slow.subscribe(1, 1, "big/#")
	payload := []byte(strings.Repeat("x", 100<<10))
	began := time.Now()
	for range 400 { // 40 MB to a client that does not read
		b.Publish(Message{Topic: "big/0", Payload: payload})
	}
	b.Publish(Message{Topic: "big/1", Payload: []byte("kept"), QoS: 1})
	if elapsed := time.Since(began); elapsed > time.Second {
		t.Errorf("publishing took %v", elapsed)
	}
	received := 0
	for {
		packet := slow.want(mqtt.TypePublish)
		if p, _ := mqtt.DecodePublish(packet, 4); p.QoS == 1 {
			break // QoS 1 found room: QoS 0 made way
		}
		received++
	}
	if received == 400 {
		t.Error("nothing was dropped")
	}
}

// At most 100, or the client's Receive Maximum, are unacknowledged (R-BRK-20).
func TestWindow(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	c := dial(t, addr, 5)
	c.connect(mqtt.Connect{ClientID: "dev", ReceiveMaximum: 2})
	c.wantConnack(0, false)
	c.subscribe(1, 1, "q")
	for i := range 5 {
		b.Publish(Message{Topic: "q", Payload: []byte(fmt.Sprint(i)), QoS: 1})
	}
	first := c.wantPublish("q", "0", 1)
	c.wantPublish("q", "1", 1)
	c.sync()
	c.send(mqtt.AppendPuback(nil, 5, first.ID, mqtt.Success))
	c.wantPublish("q", "2", 1)
	c.sync()
}

func TestMaximumPacketSize(t *testing.T) { // what is too large for the client is not sent
	t.Parallel()
	b, addr := start(t, Config{})
	c := dial(t, addr, 5)
	c.connect(mqtt.Connect{ClientID: "dev", MaximumPacket: 100})
	c.wantConnack(0, false)
	c.subscribe(1, 1, "q")
	b.Publish(Message{Topic: "q", Payload: make([]byte, 100), QoS: 1})
	b.Publish(Message{Topic: "q", Payload: []byte("fits"), QoS: 1})
	c.wantPublish("q", "fits", 1)
}

func TestSubackWaitsForStore(t *testing.T) { // R-BRK-11: no SUBACK for what could be lost
	t.Parallel()
	store := newFaultySessions()
	b, addr := start(t, Config{Sessions: store})
	lasting := rejoin(t, addr, 5, "lasting", false)
	lasting.subscribe(1, 0, "known", "left")
	store.set(true)
	unsubscribe := mqtttest.Unsubscribe(5, 2, "left")
	if got := lasting.subscribe(1, 1, "known", "new"); got[0] != 0x80 || got[1] != 0x80 {
		t.Errorf("SUBACK %x, want 80 80", got)
	}
	lasting.send(unsubscribe)
	if body := lasting.want(mqtt.TypeUnsuback).Body; body[3] != 0x80 {
		t.Errorf("UNSUBACK %x, want 80", body)
	}
	if b.Subscribed("new") { // all is as before
		t.Error("subscribed to what was refused")
	}
	for _, topic := range []string{"known", "left"} {
		b.Publish(Message{Topic: topic, QoS: 1})
		lasting.wantPublish(topic, "", 0)
	}
	if got := join(t, addr, 5, "clean").subscribe(1, 1, "q")[0]; got != 1 {
		t.Errorf("clean session: SUBACK 0x%02X, want 1", got)
	}

	store.set(false) // what is stored in the end is as before, too
	lasting.nc.Close()
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, _ = start(t, Config{Sessions: store})
	if b.Subscribed("new") || !b.Subscribed("known") || !b.Subscribed("left") {
		t.Error("other subscriptions after the restart")
	}
}

// Subscribing again to the same costs the store nothing.
func TestNothingNewIsNotStored(t *testing.T) {
	t.Parallel()
	store := newFaultySessions()
	b, addr := start(t, Config{Sessions: store})
	c := rejoin(t, addr, 5, "dev", false)
	c.subscribe(1, 1, "q")
	before := store.applied()
	c.subscribe(2, 1, "q", "$SYS/#")
	c.send(mqtttest.Unsubscribe(5, 3, "unknown"))
	c.want(mqtt.TypeUnsuback)
	if err := <-b.journal.flushed(); err != nil {
		t.Fatal(err)
	}
	if n := store.applied() - before; n != 0 {
		t.Errorf("%d changes for nothing new", n)
	}
}

func TestMessageExpiry(t *testing.T) { // R-BRK-13, R-BRK-27
	t.Parallel()
	b, addr := start(t, Config{})
	c := rejoin(t, addr, 5, "dev", false)
	c.subscribe(1, 1, "q")
	pub := join(t, addr, 5, "pub")
	pub.sendPublish(mqtt.Publish{Topic: "q", Payload: []byte("live"), Expiry: 60, Forwarded: forwarded})
	p := c.wantPublish("q", "live", 0)
	if p.Expiry == 0 || p.Expiry > 60 || !bytes.Equal(p.Forwarded, forwarded) {
		t.Errorf("expiry %d, properties %q", p.Expiry, p.Forwarded)
	}
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	b.route(&message{Message: Message{Topic: "q", Payload: []byte("stale"), QoS: 1}, expires: time.Now()})
	b.Publish(Message{Topic: "q", Payload: []byte("fresh"), QoS: 1})
	c = rejoin(t, addr, 5, "dev", true)
	c.wantPublish("q", "fresh", 1)
}
