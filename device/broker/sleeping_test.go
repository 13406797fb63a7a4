package broker

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// sleeper makes a session that subscribes to a filter, and whose client is away.
func (b *Broker) sleeper(t testing.TB, addr, id, filter string) {
	t.Helper()
	c := rejoin(t, addr, 5, id, false)
	c.subscribe(1, 1, filter)
	c.nc.Close()
	b.waitDisconnected(t, id)
}

// What waits for a client that is away is in the store and not in memory; when the client is back
// it comes in its order, before what is published then, also after a restart (R-BRK-13, R-BRK-35).
func TestSleepingQueueIsInTheStore(t *testing.T) {
	t.Parallel()
	store := NewMemorySessions()
	b, addr := start(t, Config{Sessions: store})
	b.sleeper(t, addr, "dev", "q")
	const n = 250 // more than a window
	for i := range n {
		b.Publish(Message{Topic: "q", Payload: []byte(fmt.Sprint(i)), QoS: 1})
	}
	b.waitUnloaded(t, "dev")
	c := rejoin(t, addr, 5, "dev", true)
	b.Publish(Message{Topic: "q", Payload: []byte("new"), QoS: 1})
	for i := range 10 {
		c.send(mqtt.AppendPuback(nil, 5, c.wantPublish("q", fmt.Sprint(i), 1).ID, mqtt.Success))
	}
	c.sync2(t)
	if loaded := b.loaded("dev"); loaded > 110 {
		t.Errorf("%d messages are in memory, more than a window", loaded)
	}
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	b.waitUnloaded(t, "dev")
	if err := b.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	b, addr = start(t, Config{Sessions: store})
	if loaded := b.loaded("dev"); loaded > 0 {
		t.Errorf("%d messages are in memory after the start", loaded)
	}
	c = rejoin(t, addr, 5, "dev", true)
	for i := 10; i < n; i++ {
		c.send(mqtt.AppendPuback(nil, 5, c.wantPublish("q", fmt.Sprint(i), 1).ID, mqtt.Success))
	}
	c.send(mqtt.AppendPuback(nil, 5, c.wantPublish("q", "new", 1).ID, mqtt.Success))
	c.sync()
	if err := b.Stored(t.Context()); err != nil {
		t.Fatal(err)
	}
	if left := keys(t, store); left != "dev 0" {
		t.Errorf("stored: %s", left)
	}
	if n := b.stored.total(); n != 0 {
		t.Errorf("%d bytes are counted for nothing", n)
	}
}

// sync2 waits until the broker has handled all that was sent, while messages arrive.
func (c *client) sync2(t *testing.T) {
	t.Helper()
	c.send([]byte{mqtt.TypePingreq << 4, 0})
	for c.read().Type != mqtt.TypePingresp {
		continue
	}
}

// A message that waits for many sessions is stored once, and goes when the last of them has it.
func TestSharedBody(t *testing.T) { // R-BRK-13
	t.Parallel()
	store := newFaultySessions()
	b, addr := start(t, Config{Sessions: store})
	const sleepers = 20
	for i := range sleepers {
		b.sleeper(t, addr, fmt.Sprint("dev", i), "q")
	}
	payload := strings.Repeat("x", 10_000)
	b.Publish(Message{Topic: "q", Payload: []byte(payload), QoS: 1})
	b.Publish(Message{Topic: "q", Payload: []byte("short: each has its own"), QoS: 1})
	if err := b.Stored(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := b.stored.total(); n < 10_000 || n > 20_000 {
		t.Errorf("%d bytes are counted", n)
	}
	numbers := map[uint64]int{}
	for i := range sleepers {
		changes, _ := store.Messages(t.Context(), fmt.Sprint("dev", i), 1, 9) // it cannot fail
		for _, c := range changes {
			numbers[c.Shared]++
		}
	}
	if diff := cmp.Diff(map[uint64]int{0: sleepers, 1: sleepers}, numbers); diff != "" {
		t.Errorf("entries by the number of their body, want → got:\n%s", diff)
	}
	b.Shutdown(t.Context())
	before := b.stored.total()
	b, addr = start(t, Config{Sessions: store})
	if n := b.stored.total(); n != before {
		t.Errorf("%d bytes are counted after the restart, %d before", n, before)
	}
	b.sleeper(t, addr, "more", "q")
	other := strings.Repeat("y", 10_000)
	b.Publish(Message{Topic: "q", Payload: []byte(other), QoS: 1})
	for i := range sleepers {
		c := rejoin(t, addr, 5, fmt.Sprint("dev", i), true)
		for _, want := range []string{payload, "short: each has its own", other} {
			c.send(mqtt.AppendPuback(nil, 5, c.wantPublish("q", want, 1).ID, mqtt.Success))
		}
		c.sync()
	}
	c := rejoin(t, addr, 5, "more", true)
	c.send(mqtt.AppendPuback(nil, 5, c.wantPublish("q", other, 1).ID, mqtt.Success))
	c.sync()
	if n := b.stored.total(); n != 0 {
		t.Errorf("%d bytes are counted for nothing", n)
	}
}

// A session that is not persistent any more still has what waited for it, and leaves nothing behind
// (R-BRK-12).
func TestResumedForTheLastTime(t *testing.T) {
	t.Parallel()
	for _, crash := range []bool{false, true} {
		store := NewMemorySessions()
		b, addr := start(t, Config{Sessions: store})
		b.sleeper(t, addr, "dev", "q")
		b.Publish(Message{Topic: "q", Payload: []byte("a"), QoS: 1})
		b.waitUnloaded(t, "dev")
		c := dial(t, addr, 5)
		c.connect(mqtt.Connect{ClientID: "dev"})
		c.wantConnack(0, true)
		c.wantPublish("q", "a", 1)
		if crash {
			if err := b.Stored(t.Context()); err != nil {
				t.Fatal(err)
			}
			b, _ = start(t, Config{Sessions: store})
		} else {
			c.nc.Close()
			b.waitDisconnected(t, "dev")
		}
		b.Shutdown(t.Context())
		if left := keys(t, store); left != "" {
			t.Errorf("crash %v: stored: %s", crash, left)
		}
	}
}

// slowSessions waits for a token before it returns messages, and fails while it is broken.
type slowSessions struct {
	*MemorySessions
	entered chan struct{} // gets a token when somebody reads messages
	release chan struct{}
	mu      sync.Mutex
	broken  bool
}

func newSlowSessions() *slowSessions {
	return &slowSessions{
		MemorySessions: NewMemorySessions(),
		entered:        make(chan struct{}, 100),
		release:        make(chan struct{}),
	}
}

func (s *slowSessions) Messages(
	ctx context.Context, client string, first, last uint64,
) ([]Change, error) {
	s.entered <- struct{}{}
	<-s.release
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken {
		return nil, errUnreadable
	}
	return s.MemorySessions.Messages(ctx, client, first, last)
}

func (s *slowSessions) set(broken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = broken
}

// While messages are loaded nothing is lost and nobody waits: the client is answered, others
// publish, and the connection may end or be taken over (R-BRK-13, R-BRK-36).
func TestLoadingDelaysNothing(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name string
		then func(b *Broker, addr string, c *client) *client // while the messages are loaded
	}{
		{"nothing else", func(_ *Broker, _ string, c *client) *client { return c }},
		{"the connection ends", func(b *Broker, addr string, c *client) *client {
			c.nc.Close()
			b.waitDisconnected(c.t, "dev")
			return rejoin(c.t, addr, 5, "dev", true)
		}},
		{"taken over", func(_ *Broker, addr string, c *client) *client { return rejoin(c.t, addr, 5, "dev", true) }},
	} {
		store := newSlowSessions()
		b, addr := start(t, Config{Sessions: store})
		b.sleeper(t, addr, "dev", "q")
		b.Publish(Message{Topic: "q", Payload: []byte("a"), QoS: 1})
		b.waitUnloaded(t, "dev")
		c := rejoin(t, addr, 5, "dev", true)
		<-store.entered
		c.sync()
		b.Publish(Message{Topic: "q", Payload: []byte("b"), QoS: 1})
		c.publish(1, 1, "other", "")
		c.wantPuback(1, mqtt.Success)
		c = row.then(b, addr, c)
		close(store.release)
		c.wantPublish("q", "a", 1)
		c.wantPublish("q", "b", 1)
		c.sync()
	}
}

// A store that cannot be read ends the connection with a reason, and the queue waits for the next
// (R-BRK-35).
func TestUnreadableStore(t *testing.T) {
	t.Parallel()
	store := newSlowSessions()
	close(store.release)
	store.set(true)
	var log logLines
	b, addr := start(t, Config{Sessions: store, Log: logTo(&log)})
	b.sleeper(t, addr, "dev", "q")
	b.Publish(Message{Topic: "q", Payload: []byte("a"), QoS: 1})
	b.waitUnloaded(t, "dev")
	rejoin(t, addr, 5, "dev", true).wantClosed(mqtt.Unspecified)
	b.waitDisconnected(t, "dev")
	if !strings.Contains(log.String(), errUnreadable.Error()) {
		t.Errorf("the log does not say why:\n%s", &log)
	}
	store.set(false)
	rejoin(t, addr, 5, "dev", true).wantPublish("q", "a", 1)
}

// Messages of clients for all sessions that sleep together have a limit. Beyond it they are
// dropped, and a publisher of MQTT 5 is told when nobody gets its message; notifications of the
// service find a place (R-BRK-13, R-BRK-35).
func TestMaxQueuedBytes(t *testing.T) {
	t.Parallel()
	var log logLines
	b, addr := start(t, Config{MaxQueuedBytes: 100_000, Log: logTo(&log)})
	for i := range 5 {
		b.sleeper(t, addr, fmt.Sprint("dev", i), fmt.Sprint("q/", i))
	}
	b.sleeper(t, addr, "all", "q/#")
	pub := join(t, addr, 5, "pub")
	large := strings.Repeat("x", 30_000)
	for i, want := range []mqtt.Reason{0, 0, 0, mqtt.QuotaExceeded, mqtt.QuotaExceeded} {
		pub.publish(uint16(i+1), 1, fmt.Sprint("q/", i), large) // 30,000 bytes, once for two sessions
		pub.wantPuback(uint16(i+1), want)
	}
	old := join(t, addr, 4, "old")
	old.publish(1, 1, "q/4", large) // 3.1.1 has no code for it
	old.wantPuback(1, mqtt.Success)
	awake := join(t, addr, 5, "awake")
	awake.subscribe(1, 1, "q/4")
	pub.publish(9, 1, "q/4", large)
	awake.wantPublish("q/4", large, 1)
	pub.wantPuback(9, mqtt.Success) // somebody has got it
	b.Publish(Message{Topic: "q/4", Payload: []byte("notification " + large), QoS: 1, Latest: true})

	c := rejoin(t, addr, 5, "dev4", true)
	c.wantPublish("q/4", "notification "+large, 1)
	c.sync()
	c = rejoin(t, addr, 5, "all", true)
	for i := range 3 {
		c.wantPublish(fmt.Sprint("q/", i), large, 1)
	}
	c.wantPublish("q/4", "notification "+large, 1)
	b.logDropped()
	if !strings.Contains(log.String(), "messages=8") { // 2, 2, 2, and 2 of those for q/4 that one got
		t.Errorf("the log does not say how many were dropped:\n%s", &log)
	}
}

// What a client has not got when its connection ends counts as well (R-BRK-13).
func TestMaxQueuedBytesWhenConnectionEnds(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{MaxQueuedBytes: 50_000})
	c := dial(t, addr, 5)
	c.connect(mqtt.Connect{ClientID: "dev", SessionExpiry: 3600, ReceiveMaximum: 1})
	c.wantConnack(0, false)
	c.subscribe(1, 1, "q", notify)
	large := strings.Repeat("x", 20_000)
	pub := join(t, addr, 5, "pub")
	for i := range 5 {
		pub.publish(uint16(i+1), 1, "q", fmt.Sprint(i)+large)
		pub.wantPuback(uint16(i+1), mqtt.Success)
	}
	b.Publish(Message{Topic: notify, Payload: []byte(large), QoS: 1, Latest: true})
	c.wantPublish("q", "0"+large, 1)
	c.nc.Close()
	b.waitDisconnected(t, "dev")
	c = rejoin(t, addr, 5, "dev", true)
	c.wantPublish("q", "0"+large, 1)
	c.wantPublish(notify, large, 1)
	c.sync()
}

// What one principal has published may take a share of what waits for all clients that are away,
// also after a restart, and the next is not disturbed (R-BRK-13, R-BRK-20).
func TestQueuedShare(t *testing.T) {
	t.Parallel()
	people, store := newCast(), NewMemorySessions()
	config := Config{Authenticate: people.authenticate, Sessions: store, MaxQueuedBytes: 250_000}
	b, addr := start(t, config)
	watch := lasting
	watch.ClientID = "watch"
	sleeper := people.connectAs(t, attachedToNothing("watch"), addr, watch, false)
	sleeper.subscribe(1, 1, "q")
	sleeper.nc.Close()
	b.waitDisconnected(t, "watch")
	publish := func(who string, want ...mqtt.Reason) {
		t.Helper()
		c := people.connectAs(t, attachedToNothing(who), addr, mqtt.Connect{ClientID: who}, false)
		for _, reason := range want {
			c.sendPublish(mqtt.Publish{Topic: "q", QoS: 1, ID: 1, Payload: make([]byte, 10_000)})
			c.wantPuback(1, reason)
		}
	}
	publish("X", mqtt.Success, mqtt.Success, mqtt.QuotaExceeded)
	if err := b.Stored(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.Shutdown(t.Context())
	_, addr = start(t, config)
	publish("X", mqtt.QuotaExceeded)
	publish("Y", mqtt.Success, mqtt.Success, mqtt.QuotaExceeded)
	sleeper = people.connectAs(t, attachedToNothing("watch"), addr, watch, true)
	for range 4 {
		sleeper.send(mqtt.AppendPuback(nil, 5, sleeper.wantPublish("q", string(make([]byte, 10_000)), 1).ID, mqtt.Success))
	}
	sleeper.sync()
	publish("X", mqtt.Success)
}
