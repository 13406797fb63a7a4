package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// twoNodes are two brokers, the first of which forwards to the second, and their addresses. What
// the second one would forward is an error.
func twoNodes(t *testing.T, first, second Config) (*Broker, string, *Broker, string) {
	t.Helper()
	second.Forward = func(message []byte) { t.Errorf("%q is forwarded again", message) }
	there, thereAddr := start(t, second)
	first.Forward = func(message []byte) {
		if err := there.PublishFromNode(slices.Clone(message)); err != nil {
			t.Error(err)
		}
		clear(message) // it must not be used afterwards
	}
	here, hereAddr := start(t, first)
	return here, hereAddr, there, thereAddr
}

// What a client publishes on an ordinary topic, or leaves as its will, reaches the subscribers of the
// other node once and whole. It is not retained there (R-NODE-12).
func TestForward(t *testing.T) {
	t.Parallel()
	b, here, there, thereAddr := twoNodes(t, Config{}, Config{})
	watch := join(t, thereAddr, mqtt.V5, "watch")
	watch.subscribe(1, 1, "#")
	shown := join(t, thereAddr, mqtt.V5, "as-published")
	const asPublished = 1 << 3 // the option Retain As Published
	shown.subscribe(1, 1|asPublished, "kept/#")
	local := join(t, here, mqtt.V5, "local")
	local.subscribe(1, 1, "a/b")

	c := join(t, here, mqtt.V5, "dev")
	c.sendPublish(mqtt.Publish{Topic: "a/b", Payload: []byte("x"), QoS: 1, ID: 7, Expiry: 60, Forwarded: forwarded})
	c.wantPuback(7, mqtt.Success)
	got := watch.wantPublish("a/b", "x", 1)
	if diff := cmp.Diff(forwarded, got.Forwarded); diff != "" || got.Expiry < 59 || got.Expiry > 60 || got.Retain {
		t.Errorf("on the other node it has RETAIN %v, expires in %d s and has these properties (-want +got):\n%s", got.Retain, got.Expiry, diff)
	}
	local.wantPublish("a/b", "x", 1)
	old := join(t, here, mqtt.V311, "old")
	old.publish(0, 0, "a/b", "from an older client")
	watch.wantPublish("a/b", "from an older client", 0)

	c.sendPublish(mqtt.Publish{Topic: "kept/1", Payload: []byte("y"), QoS: 1, ID: 8, Retain: true})
	c.wantPuback(8, mqtt.Success)
	watch.wantPublish("kept/1", "y", 1)
	if p := shown.wantPublish("kept/1", "y", 1); !p.Retain {
		t.Error("a subscriber that asked for it does not see RETAIN")
	}
	if there.retained.all.messages != 0 {
		t.Error("the other node has retained it, too")
	}

	// A reserved topic, and what the service publishes, are not for other nodes.
	c.publish(9, 1, "$aws/things/a/shadow/update", "{}")
	c.wantPuback(9, mqtt.Success)
	b.Publish(Message{Topic: "of/the/service", QoS: 1})

	leaving := dial(t, here, mqtt.V5)
	leaving.connect(mqtt.Connect{ClientID: "leaving", CleanStart: true, Will: &mqtt.Will{
		Message: mqtt.Publish{Topic: "will/leaving", Payload: []byte("gone"), QoS: 1},
	}})
	leaving.wantConnack(0, false)
	leaving.nc.Close()
	watch.wantPublish("will/leaving", "gone", 1)
	watch.sync()
}

// A message that is refused goes to no node: its client sends it again.
func TestRefusedIsNotForwarded(t *testing.T) {
	t.Parallel()
	cfg := Config{MaxQueuedBytes: 1}
	b, here, _, thereAddr := twoNodes(t, cfg, Config{})
	watch := join(t, thereAddr, mqtt.V5, "watch")
	watch.subscribe(1, 1, "#")
	away := rejoin(t, here, mqtt.V5, "away", false)
	away.subscribe(1, 1, "a/b")
	away.send([]byte{0xE0, 0})
	away.wantClosed(mqtt.Success)
	until(t, "the client is away", func() bool { return b.Connections() == 0 })
	c := join(t, here, mqtt.V5, "dev")
	c.publish(7, 1, "a/b", "x")
	c.wantPuback(7, mqtt.QuotaExceeded)
	c.publish(8, 1, "c", "accepted")
	c.wantPuback(8, mqtt.Success)
	watch.wantPublish("c", "accepted", 1)
}

// A node delivers what another one has forwarded only if a client might have published it, so that
// whoever reaches the bus does not speak to devices for the service (R-NODE-12).
func TestPublishFromNodeRefuses(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{MaxPayload: 10})
	watch := join(t, addr, mqtt.V5, "watch")
	watch.subscribe(1, 1, "#", "$aws/things/a/jobs/notify")
	form := func(change func(*message)) []byte {
		m := &message{Message: Message{Topic: "a", Payload: []byte("x"), QoS: 1}, by: "principal"}
		if change != nil {
			change(m)
		}
		return appendForwarded(nil, m, "", time.Now())
	}
	whole := form(nil)
	for _, row := range []struct {
		name  string
		value []byte
		want  string
	}{
		{"nothing", nil, "cannot be read"},
		{"half a length", []byte{0}, "cannot be read"},
		{"a principal that is too long", []byte{0, 9, 'x'}, "cannot be read"},
		{"no packet", []byte{0, 0}, "cannot be read"},
		{"another packet", []byte{0, 0, 0xC0, 0}, "cannot be read"},
		{"one that is cut", whole[:len(whole)-1], "cannot be read"},
		{"more behind it", append(slices.Clone(whole), 'x'), "cannot be read"},
		{"QoS 2", form(func(m *message) { m.QoS = 2 }), "cannot be read"},
		{"a reserved topic", form(func(m *message) { m.Topic = "$aws/things/a/jobs/notify" }), "not on an ordinary topic"},
		{"a filter", form(func(m *message) { m.Topic = "a/#" }), "not on an ordinary topic"},
		{"no topic", form(func(m *message) { m.Topic = "" }), "not on an ordinary topic"},
		{"too large", form(func(m *message) { m.Payload = []byte("12345678901") }), "too large"},
	} {
		if err := b.PublishFromNode(row.value); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
	if err := b.PublishFromNode(form(func(m *message) { m.Payload = []byte("1234567890") })); err != nil {
		t.Errorf("the largest payload: %v", err)
	}
	watch.wantPublish("a", "1234567890", 1)
}

// The form of a message between nodes, byte by byte: a node of another version reads it.
func TestForwardedForm(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_700_000_000_000)
	m := &message{
		Message:   Message{Topic: "a", Payload: []byte("x"), QoS: 1},
		retain:    true,
		expires:   now.Add(1500 * time.Millisecond),
		forwarded: forwarded,
		by:        "4f",
	}
	// PUBLISH with QoS 1 and RETAIN; the expiry is 2 s.
	const want = "\x00\x024f" + "\x33\x20" + "\x00\x01a" + "\x00\x01" +
		"\x19" + "\x02\x00\x00\x00\x02" + "\x03\x00\x0atext/plain" + "\x26\x00\x01k\x00\x01v" + "x"
	got := appendForwarded(nil, m, "", now)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	by, p, err := parseForwarded([]byte(want))
	if err != nil || by != "4f" || p.Topic != "a" || !p.Retain || p.QoS != 1 || p.Expiry != 2 {
		t.Errorf("%q is read as %q %+v, %v", want, by, p, err)
	}
}

// The messages of a principal count against its share on every node (R-BRK-20).
func TestForwardedBelongToTheirPrincipal(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	away := rejoin(t, addr, mqtt.V5, "away", false)
	away.subscribe(1, 1, "a")
	away.send([]byte{0xE0, 0})
	away.wantClosed(mqtt.Success)
	until(t, "the client is away", func() bool { return b.Connections() == 0 })
	m := &message{Message: Message{Topic: "a", Payload: []byte("x"), QoS: 1}, by: "principal"}
	if err := b.PublishFromNode(appendForwarded(nil, m, "", time.Now())); err != nil {
		t.Fatal(err)
	}
	b.stored.mu.Lock()
	defer b.stored.mu.Unlock()
	if b.stored.each["principal"] == 0 {
		t.Errorf("what is stored is counted as %v", b.stored.each)
	}
}

// BenchmarkPublishFromNode is what a message of another node costs one that has no subscriber for it.
func BenchmarkPublishFromNode(b *testing.B) {
	broker, addr := start(b, Config{})
	for i := range 100 {
		c := join(b, addr, mqtt.V5, fmt.Sprintf("dev-%d", i))
		c.subscribe(1, 1, fmt.Sprintf("to/%d", i), fmt.Sprintf("group/%d/#", i))
	}
	m := &message{Message: Message{Topic: "site-1/pump-07/telemetry", Payload: make([]byte, 200), QoS: 1}, by: "principal"}
	value := appendForwarded(nil, m, "", time.Now())
	b.ReportAllocs()
	for b.Loop() {
		if err := broker.PublishFromNode(value); err != nil {
			b.Fatal(err)
		}
	}
}
