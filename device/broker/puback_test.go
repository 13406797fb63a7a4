package broker

import (
	"fmt"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A PUBACK for a message that waits for an absent client, or is retained, comes when it is stored;
// those behind it come after it. Nobody else waits (R-BRK-46).
func TestPubackWaitsForStore(t *testing.T) {
	t.Parallel()
	for _, version := range []mqtt.Version{mqtt.V311, mqtt.V5} {
		for _, retain := range []bool{false, true} {
			t.Run(fmt.Sprint("version ", version, "/retain ", retain), func(t *testing.T) {
				t.Parallel()
				store := newFaultySessions()
				b, addr := start(t, Config{Sessions: store, Service: echo})
				if !retain {
					b.sleeper(t, addr, "dev", "q")
				}
				awake := join(t, addr, 5, "awake")
				awake.subscribe(1, 1, "q", "other")
				pub, third := join(t, addr, version, "pub"), join(t, addr, 4, "third")
				store.set(true)
				first := mqtt.Publish{Topic: "q", Payload: []byte("a"), QoS: 1, ID: 1, Retain: retain}
				second := mqtt.Publish{Topic: "other", Payload: []byte("b"), QoS: 1, ID: 2}
				pub.send(mqtt.AppendPublish(mqtt.AppendPublish(nil, version, &first), version, &second))
				awake.wantPublish("q", "a", 1)
				awake.wantPublish("other", "b", 1)
				third.publish(7, 1, "other", "c") // goes to nobody who is away
				third.wantPuback(7, mqtt.Success)
				pub.wantSilence(t)
				store.set(false)
				pub.wantPuback(1, mqtt.Success)
				pub.wantPuback(2, mqtt.Success)
				messages, _ := store.Messages(t.Context(), map[bool]string{false: "dev"}[retain], 1, 9) // it cannot fail
				if len(messages) != 1 {
					t.Errorf("version %d, retain %v: %d messages are stored", version, retain, len(messages))
				}
			})
		}
	}
}

// wantSilence expects that nothing comes for a moment.
func (c *client) wantSilence(t *testing.T) {
	t.Helper()
	c.nc.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if packet, err := c.in.Next(); err == nil {
		t.Errorf("got packet type %d %x, want nothing yet", packet.Type, packet.Body)
	}
}

// A request to the service behind a message that waits is handled after it, so that its PUBACK
// keeps the order (R-BRK-46).
func TestPubackBeforeRequest(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{Service: echo})
	b.sleeper(t, addr, "dev", "q")
	pub := join(t, addr, 5, "pub")
	pub.send(
		mqtt.AppendPublish(nil, 5, &mqtt.Publish{Topic: "q", QoS: 1, ID: 1}),
		mqtt.AppendPublish(nil, 5, &mqtt.Publish{Topic: get, QoS: 1, ID: 2}),
		mqtt.AppendPublish(nil, 5, &mqtt.Publish{Topic: "q", QoS: 1, ID: 3}),
		[]byte{mqtt.TypeDisconnect << 4, 0},
	)
	pub.wantPuback(1, mqtt.Success)
	pub.wantPuback(2, mqtt.Success)
	pub.wantPublish(accepted, "", 0)
	pub.wantPuback(3, mqtt.Success)
	pub.wantClosed(mqtt.Success)
}

// Many messages in one write share a commit (R-BRK-46).
func TestPubacksShareACommit(t *testing.T) {
	t.Parallel()
	store := newFaultySessions()
	b, addr := start(t, Config{Sessions: store})
	b.sleeper(t, addr, "dev", "q")
	if err := b.Stored(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := len(store.batches)
	pub := join(t, addr, 4, "pub")
	var all []byte
	for i := range 50 {
		all = mqtt.AppendPublish(all, 4, &mqtt.Publish{Topic: "q", QoS: 1, ID: uint16(i + 1)})
	}
	pub.send(all)
	for i := range 50 {
		pub.wantPuback(uint16(i+1), mqtt.Success)
	}
	store.mu.Lock()
	defer store.mu.Unlock()
	if n := len(store.batches) - before; n > 25 {
		t.Errorf("%d commits for 50 messages", n)
	}
}

// A broker that stops, or a connection that is taken over, does not wait for a store that fails,
// and answers nothing that is not stored (R-BRK-46).
func TestUnansweredWhenStoreFails(t *testing.T) {
	t.Parallel()
	store := newFaultySessions()
	b, addr := start(t, Config{Sessions: store})
	b.sleeper(t, addr, "dev", "q")
	store.set(true)
	pub := rejoin(t, addr, 4, "pub", false)
	pub.publish(1, 1, "q", "a")
	pub.wantSilence(t)
	again := rejoin(t, addr, 4, "pub", true)
	again.publish(1, 1, "q", "a")
	pub.wantClosed(mqtt.Success)
	again.wantSilence(t)
	if err := b.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	again.wantClosed(mqtt.Success)
}
