package broker

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// payloads reads the messages that wait for a client, and acknowledges them.
func (c *client) payloads(n int) (got []string) {
	c.t.Helper()
	for range n {
		p, err := mqtt.DecodePublish(c.want(mqtt.TypePublish), c.version)
		if err != nil {
			c.t.Fatal(err)
		}
		if p.QoS > 0 {
			c.send(mqtt.AppendPuback(nil, c.version, p.ID, mqtt.Success))
		}
		got = append(got, string(p.Payload))
	}
	return got
}

// publishNumbers publishes numbered messages at QoS 1 and waits for their PUBACKs.
func (c *client) publishNumbers(topic string, numbers ...int) {
	c.t.Helper()
	for _, n := range numbers {
		c.publish(uint16(n), 1, topic, strconv.Itoa(n))
		c.wantPuback(uint16(n), mqtt.Success)
	}
}

// Each message goes to one member of each group, in turn, whatever version the members speak. A
// member that subscribes without a group too gets a copy for that (R-BRK-48).
func TestSharedSubscription(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	workers := []*client{
		join(t, addr, mqtt.V5, "w1"), join(t, addr, mqtt.V311, "w2"), join(t, addr, mqtt.V5, "w3"),
	}
	for _, w := range workers {
		if got := w.subscribe(1, 1, "$share/workers/jobs/+")[0]; got != 1 {
			t.Fatalf("SUBACK 0x%02X", got)
		}
	}
	other := join(t, addr, mqtt.V311, "other")
	other.subscribe(1, 0, "$share/others/jobs/#", "$share/none/jobs/2")
	workers[2].subscribe(2, 1, "jobs/1")
	c := join(t, addr, mqtt.V5, "dev")
	c.publishNumbers("jobs/1", 1, 2, 3, 4, 5, 6)
	for i, want := range [][]string{{"1", "4"}, {"2", "5"}, {"1", "2", "3", "3", "4", "5", "6", "6"}} {
		got := workers[i].payloads(len(want))
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("member %d got %v, want %v", i+1, got, want)
		}
		workers[i].sync() // and nothing more
	}
	if got := other.payloads(6); strings.Join(got, "") != "123456" {
		t.Errorf("the other group got %v", got)
	}
	workers[0].send(mqtttest.Unsubscribe(mqtt.V5, 3, "$share/workers/jobs/+"))
	workers[0].want(mqtt.TypeUnsuback)
	c.publishNumbers("jobs/2", 7, 8)
	for i, w := range workers[1:] {
		if got := w.payloads(1)[0]; got != strconv.Itoa(7+i) {
			t.Errorf("after an UNSUBSCRIBE member %d got %s", i+2, got)
		}
	}
	workers[0].sync()
}

// A member is passed over that may not receive the topic, that lags behind, or that is away, where
// another one is connected (R-BRK-49).
func TestSharedPassesOver(t *testing.T) {
	t.Parallel()
	who := map[string]*rights{
		"denied": {id: "1", no: map[string]Decision{"receive jobs/1": ExplicitDeny}},
		"slow":   {id: "2"}, "fast": {id: "3"}, "away": {id: "4"}, "dev": {id: "5"},
	}
	next := make(chan *rights, 1)
	b, addr := start(t, Config{Authenticate: func(_ context.Context, _ Link) (Principal, error) {
		return <-next, nil
	}})
	connect := func(id string, receive uint16) *client {
		next <- who[id]
		c := dial(t, addr, mqtt.V5)
		c.connect(mqtt.Connect{ClientID: id, SessionExpiry: 60, ReceiveMaximum: receive})
		c.wantConnack(0, false)
		c.subscribe(1, 1, "$share/g/jobs/#")
		return c
	}
	connect("away", 0).nc.Close()
	b.waitDisconnected(t, "away")
	denied, slow, fast := connect("denied", 0), connect("slow", 1), connect("fast", 2)
	next <- who["dev"]
	c := join(t, addr, mqtt.V5, "dev")
	c.publishNumbers("jobs/1", 1)
	slow.wantPublish("jobs/1", "1", 1) // and is not acknowledged
	c.publishNumbers("jobs/1", 2, 3)
	fast.wantPublish("jobs/1", "2", 1)
	fast.wantPublish("jobs/1", "3", 1)
	// Now all are slow, and have their turns again.
	c.publishNumbers("jobs/1", 4, 5)
	slow.send(mqtt.AppendPuback(nil, mqtt.V5, 1, mqtt.Success))
	fast.send(mqtt.AppendPuback(nil, mqtt.V5, 1, mqtt.Success))
	got := append(slow.payloads(1), fast.payloads(1)...)
	slices.Sort(got)
	if !slices.Equal(got, []string{"4", "5"}) {
		t.Errorf("two slow members got %v", got)
	}
	denied.sync()
	b.mu.Lock()
	away := b.sessions["away"]
	b.mu.Unlock()
	away.mu.Lock()
	defer away.mu.Unlock()
	if n := away.queuedQoS1; n != 0 {
		t.Errorf("%d messages wait for the one that is away", n)
	}
}

// While nobody is connected, a message at QoS 1 waits for the persistent member that left last, also
// over a restart; one at QoS 0 is dropped. The member that comes back gets its turns again.
func TestSharedAway(t *testing.T) {
	t.Parallel()
	store := NewMemorySessions()
	const filter = "$share/g/jobs/#"
	first, addr := start(t, Config{Sessions: store})
	for _, id := range []string{"early", "late"} {
		c := rejoin(t, addr, mqtt.V5, id, false)
		c.subscribe(1, 1, filter)
		c.nc.Close()
		first.waitDisconnected(t, id)
	}
	clean := join(t, addr, mqtt.V311, "clean")
	clean.subscribe(1, 1, filter)
	clean.nc.Close()
	first.waitDisconnected(t, "clean")
	c := join(t, addr, mqtt.V5, "dev")
	c.publish(0, 0, "jobs/1", "dropped")
	c.publishNumbers("jobs/1", 1, 2)
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}

	b, addr := start(t, Config{Sessions: store})
	late := rejoin(t, addr, mqtt.V5, "late", true)
	if got := late.payloads(2); got[0] != "1" || got[1] != "2" {
		t.Errorf("the one that left last got %v", got)
	}
	early := rejoin(t, addr, mqtt.V5, "early", true)
	early.sync()
	c = join(t, addr, mqtt.V5, "dev")
	c.publishNumbers("jobs/1", 3, 4)
	if got := append(late.payloads(1), early.payloads(1)...); got[0] == got[1] {
		t.Errorf("both got %v", got)
	}
	if n := b.routes.shares.count.Load(); n != 1 {
		t.Errorf("there are %d groups", n)
	}
}

// What a member has not acknowledged when its session ends goes to another one; a session that
// lasts keeps it (R-BRK-49).
func TestSharedPassedOn(t *testing.T) {
	t.Parallel()
	b, addr := start(t, Config{})
	gone := join(t, addr, mqtt.V311, "gone")
	gone.subscribe(1, 1, "$share/g/jobs/1")
	c := join(t, addr, mqtt.V5, "dev")
	c.publishNumbers("jobs/1", 1)
	gone.wantPublish("jobs/1", "1", 1)
	stays := rejoin(t, addr, mqtt.V5, "stays", false)
	stays.subscribe(1, 1, "$share/g/jobs/1")
	gone.nc.Close()
	stays.wantPublish("jobs/1", "1", 1)
	stays.nc.Close()
	b.waitDisconnected(t, "stays")
	other := join(t, addr, mqtt.V5, "other")
	other.subscribe(1, 1, "$share/g/jobs/1")
	stays = rejoin(t, addr, mqtt.V5, "stays", true)
	if p := stays.wantPublish("jobs/1", "1", 1); !p.Dup {
		t.Error("it is not sent again")
	}
	other.sync()
}

// What a shared subscription may be named, asks policies for, and does not get (R-BRK-48).
func TestSharedRules(t *testing.T) {
	t.Parallel()
	r := &rights{id: "1", no: map[string]Decision{
		"subscribe $share/g/secret": ImplicitDeny,
		"subscribe denied":          ExplicitDeny,
		"subscribe alone":           ImplicitDeny,
	}}
	_, addr := start(t, Config{Authenticate: r.authenticate, MaxSubscription: 2})
	c := join(t, addr, mqtt.V5, "dev")
	for filter, want := range map[string]byte{
		"$share/g/a": 1, "$share/g//": 1, "$share/g/+/#": 1, "$share/$x/a": 1, "$share/ü/a": 1,
		"$share/g": 0x8F, "$share/g/": 0x8F, "$share//a": 0x8F, "$share/+/a": 0x8F, "$share/#": 0x8F,
		"$share/g#/a": 0x8F, "$share/g/a#": 0x8F, "$share": 0x8F, "$share/": 0x8F,
		"$share/g/$aws/things/dev/jobs/notify": 0x8F, "$share/g/$SYS/#": 0x8F,
		"$share/g/$share/h/a": 0x8F, "$share/g/secret": 0x87, "$share/g/denied": 0x87, "$share/g/alone": 1,
	} {
		if got := c.subscribe(1, 1, filter)[0]; got != want {
			t.Errorf("%s: SUBACK 0x%02X, want 0x%02X", filter, got, want)
		}
		c.send(mqtttest.Unsubscribe(mqtt.V5, 2, filter))
		c.want(mqtt.TypeUnsuback)
	}
	if got := c.subscribe(3, 1, "$share/g/a", "$share/h/a", "$share/i/a"); got[2] != 0x97 {
		t.Errorf("SUBACK %x, want 97 for one more than a session may have", got)
	}
	c.sendPublish(mqtt.Publish{Topic: "kept", Payload: []byte("x"), Retain: true, QoS: 1, ID: 4})
	c.wantPuback(4, mqtt.Success)
	late := join(t, addr, mqtt.V5, "late")
	late.subscribe(1, 1, "$share/g/kept")
	late.sync() // no retained message
	const noLocal = 1 << 2
	late.send(mqtttest.Subscribe(mqtt.V5, 2, 1|noLocal, "$share/g/kept"))
	late.wantClosed(mqtt.ProtocolError)
}

// A bridge of MQTT 3.1.1 does not get back what it publishes.
func TestSharedBridge(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	bridge := dial(t, addr, mqtt.V311)
	bridge.connect(mqtt.Connect{ClientID: "bridge", Bridge: true, CleanStart: true})
	bridge.wantConnack(0, false)
	bridge.subscribe(1, 1, "$share/g/#")
	bridge.publishNumbers("a", 1)
	bridge.sync()
	join(t, addr, mqtt.V5, "dev").publishNumbers("a", 2)
	bridge.wantPublish("a", "2", 1)
}

// TestSharesAgainstMatches compares the trie of groups with a plain walk, on random filters.
func TestSharesAgainstMatches(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	levels := []string{"a", "b", "", "+"}
	pick := func(n int) string {
		parts := make([]string, 1+rnd.IntN(4))
		for i := range parts {
			parts[i] = levels[rnd.IntN(n)]
		}
		return strings.Join(parts, "/")
	}
	var sh shares
	s := &session{key: "dev"}
	there := map[string]bool{}
	for step := range 3000 {
		name := "$share/" + strconv.Itoa(rnd.IntN(2)) + "/" + pick(len(levels))
		if rnd.IntN(4) == 0 {
			name += "/#"
		}
		if step%3 == 0 {
			sh.remove(name, s)
			delete(there, name)
		} else {
			sh.add(name, s, 1)
			there[name] = true
		}
		topic := pick(len(levels) - 1)
		var got, want []string
		for _, g := range sh.match(topic, nil) {
			got = append(got, g.name)
		}
		for name := range there {
			if _, filter := mqtt.CutShared(name); mqtt.TopicMatches(filter, topic) {
				want = append(want, name)
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%q: got %v, want %v", topic, got, want)
		}
	}
	for name := range there {
		sh.remove(name, s)
	}
	if len(sh.root.children) != 0 || len(sh.root.hash) != 0 || len(sh.groups) != 0 || sh.count.Load() != 0 {
		t.Error("something is left after everything was removed")
	}
}

// BenchmarkShared measures a message for one group of a fleet whose members are all away but one.
func BenchmarkShared(b *testing.B) {
	for _, members := range []int{10, 10_000} {
		b.Run(fmt.Sprint(members), func(b *testing.B) {
			br, addr := start(b, Config{MessagesPerSecond: -1, BytesPerSecond: -1})
			for i := range members {
				s := &session{b: br, key: fmt.Sprint(i), ended: true}
				br.routes.add("$share/g/jobs/+", s, 1)
			}
			one := join(b, addr, mqtt.V5, "one")
			one.subscribe(1, 0, "$share/g/jobs/+")
			go func() {
				for one.read().Type != 0 {
				}
			}()
			m := &message{Message: Message{Topic: "jobs/1", Payload: make([]byte, 200)}}
			b.ReportAllocs()
			for b.Loop() {
				br.route(m)
			}
		})
	}
}

// With several nodes, no other node gives a message to a member of its own where the node of the
// publisher has given it to a connected one. Where that has none, a connected member of each other
// node gets it, and one that is away only if it waits nowhere else (R-BRK-50).
func TestSharedOnTwoNodes(t *testing.T) {
	t.Parallel()
	b, here, there, thereAddr := twoNodes(t, Config{}, Config{})
	far := rejoin(t, thereAddr, mqtt.V5, "far", false)
	far.subscribe(1, 1, "$share/g/jobs/#", "$share/other/jobs/#")
	near := rejoin(t, here, mqtt.V311, "near", false)
	near.subscribe(1, 1, "$share/g/jobs/#")
	c := join(t, here, mqtt.V5, "dev")
	c.publishNumbers("jobs/1", 1, 2)
	if got := near.payloads(2); strings.Join(got, "") != "12" {
		t.Errorf("the member here got %v", got)
	}
	if got := far.payloads(2); strings.Join(got, "") != "12" {
		t.Errorf("the other group got %v", got)
	}
	far.sync()
	far.send(mqtttest.Unsubscribe(mqtt.V5, 2, "$share/other/jobs/#"))
	far.want(mqtt.TypeUnsuback)
	near.send([]byte{mqtt.TypeDisconnect << 4, 0})
	near.wantClosed(mqtt.Success)
	b.waitDisconnected(t, "near")
	c.publishNumbers("jobs/1", 3)
	far.wantPublish("jobs/1", "3", 1)
	far.nc.Close()
	there.waitDisconnected(t, "far")
	c.publishNumbers("jobs/1", 4)
	far = rejoin(t, thereAddr, mqtt.V5, "far", true)
	far.wantPublish("jobs/1", "3", 1)
	far.sync() // 4 waits for the other one
	near = rejoin(t, here, mqtt.V311, "near", true)
	near.wantPublish("jobs/1", "3", 1)
	near.wantPublish("jobs/1", "4", 1)
	near.sync()
}

// Each member gets messages at the QoS that it was granted, not at that of another.
func TestSharedGrantedQoS(t *testing.T) {
	t.Parallel()
	_, addr := start(t, Config{})
	for qos, id := range []string{"zero", "one"} {
		c := join(t, addr, mqtt.V5, id)
		c.subscribe(1, byte(qos), "$share/g/a")
		defer func() {
			if p := c.want(mqtt.TypePublish); p.Flags>>1&3 != byte(qos) {
				t.Errorf("%s got flags %d", id, p.Flags)
			}
		}()
	}
	join(t, addr, mqtt.V5, "dev").publishNumbers("a", 1, 2)
}
