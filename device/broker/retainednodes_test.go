package broker

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// retain publishes a retained message, with an expiry in seconds if that is not 0.
func (d *device) retain(topic, payload string, expiry uint32) {
	d.send(mqtt.AppendPublish(nil, d.version, &mqtt.Publish{
		Topic:   topic,
		Payload: []byte(payload),
		QoS:     1,
		ID:      1,
		Retain:  true,
		Expiry:  expiry,
	}))
	synctest.Wait()
}

// retained is what a new subscriber of a topic gets on a node.
func (n *testNode) retained(topic string) string {
	d := n.connectWith(mqtt.V5, mqtt.Connect{CleanStart: true})
	d.subscribe(topic)
	defer d.lose()
	return d.payloads()
}

// A retained message is that of all nodes, from its PUBACK on.
func TestRetainedOfNodes(t *testing.T) { // R-NODE-12, R-BRK-23
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		a, b := c.nodes[0].connect("a"), c.nodes[1].connect("b")
		both := func(what, topic, want string) {
			t.Helper()
			for i, n := range c.nodes {
				check(t, what+", node "+hex(byte(i)), n.retained(topic), want)
			}
		}
		a.retain("t", "1", 0)
		both("set", "t", "1")
		b.retain("t", "2", 0)
		both("replaced by another node", "t", "2")
		a.retain("t", "", 0)
		both("deleted by the first", "t", "")
		b.retain("u/v", "3", 10)
		both("with an expiry", "u/v", "3")
		time.Sleep(11 * time.Second)
		both("expired", "u/v", "")
	})
}

// A message that has expired makes room for others, and goes from the store unless another node has
// retained one since.
func TestRetainedExpiresOnNode(t *testing.T) { // R-BRK-20, R-NODE-12
	inCluster(t, 2, func(cfg *Config) { cfg.MaxRetained = 2 }, func(t *testing.T, c *cluster) {
		a, b := c.nodes[0].connect("a"), c.nodes[1].connect("b")
		a.retain("t", "1", 10)
		a.retain("u", "2", 10)
		a.retain("v", "3", 0)
		check(t, "full", c.nodes[0].retained("v"), "")
		b.retain("u", "4", 0)
		time.Sleep(11 * time.Second)
		a.retain("v", "5", 0)
		check(t, "room", c.nodes[1].retained("v"), "5")
		check(t, "replaced", c.nodes[0].retained("u"), "4")
		if n := c.stored("t"); n != 0 {
			t.Errorf("the store has %d values of the topic that has expired", n)
		}
	})
}

// Retained messages are those of all nodes, and limits those of each: a node counts its own sessions,
// and what it has retained itself since its start (R-BRK-38, R-BRK-20).
func TestLimitsOfNodes(t *testing.T) {
	limits := func(cfg *Config) { cfg.MaxRetained, cfg.MaxSessions = 1, 2 }
	inCluster(t, 2, limits, func(t *testing.T, c *cluster) {
		retain := func(n *testNode, topic, want string) {
			t.Helper()
			d := n.connectWith(mqtt.V5, mqtt.Connect{CleanStart: true})
			defer d.lose()
			d.retain(topic, "of "+topic, 0)
			check(t, "retained "+topic, c.nodes[0].retained(topic), want)
		}
		one, two := c.nodes[0], c.nodes[1]
		retain(one, "t", "of t")
		retain(one, "u", "")
		retain(two, "u", "of u")
		retain(two, "v", "")
		three := c.start(limits)
		retain(three, "v", "of v")
		check(t, "of the first, by the last", three.retained("t"), "of t")

		check(t, "the first client", one.connect("a").state(), "new")
		check(t, "the second", one.connect("b").state(), "new")
		check(t, "one too many", one.connect("c").state(), "refused 97")
		check(t, "by another node", two.connect("c").state(), "new")
	})
}

// The messages of a broker that was alone are those of all nodes, and the other way round.
func TestRetainedChangeOfMode(t *testing.T) { // R-NODE-14
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := NewMemorySessions()
		alone := func(use func(*Broker)) {
			b, err := New(t.Context(), Config{Sessions: store})
			if err != nil {
				t.Fatal(err)
			}
			use(b)
			if err := b.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
		}
		alone(func(b *Broker) { b.retain(&message{Message: Message{Topic: "t", Payload: []byte("1")}}, "") })

		c := newCluster(t, 0, nil)
		c.sessions = store
		n := c.start(nil)
		check(t, "nodes", n.retained("t"), "1")
		n.connect("a").retain("u", "2", 0)
		c.stop()

		for range 2 {
			alone(func(b *Broker) {
				for topic, want := range map[string]string{"t": "1", "u": "2"} {
					check(t, "alone", string(b.retained.messages[topic].Payload), want)
				}
			})
		}
		if n := c.stored("t") + c.stored("u"); n != 0 {
			t.Errorf("%d values have the keys of topics", n)
		}
	})
}
