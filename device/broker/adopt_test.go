package broker

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/device/broker/mqtt/mqtttest"
)

// The heir of a lost node has its sessions, with what the lost node had not queued for them. Other
// sessions of the heir get nothing twice.
func TestAdopt(t *testing.T) { // R-NODE-8
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t)
		other := c.nodes[1].connect("other")
		other.subscribe("t")
		for _, n := range c.nodes {
			n.stand()
		}
		c.publish("t", "2") // nobody has passed it
		for c.nodes[1].step() {
		}
		c.lose(c.nodes[0], c.nodes[1])
		c.publish("t", "3")
		c.run()
		check(t, "other", other.payloads(), "2 3")
		check(t, "turns", c.turns("dev"), "1")
		d := c.nodes[1].connect("dev")
		check(t, "adopted", d.state()+" "+d.payloads(), "resumed 2 3")
	})
}

// A replay without adopted sessions is for nobody, so it costs no read of any execution.
func TestReplayForNobody(t *testing.T) { // R-NODE-8
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		heir := c.nodes[1]
		heir.connect("own").subscribe("t")
		subscribed := func(when string, want bool) {
			t.Helper()
			if got := heir.b.Subscribed("t"); got != want {
				t.Errorf("%s: subscribed is %t, want %t", when, got, want)
			}
		}
		heir.b.gathered.setReplay(true)
		subscribed("a session of its own", false)
		waiting := heir.b.gathered.begin(true)
		subscribed("a client of the lost node that is on its way", true)
		waiting.finish(&heir.b.gathered, &restored{})
		subscribed("which has no session", false)
		heir.b.gathered.begin(false).finish(&heir.b.gathered, &restored{})
		heir.b.gathered.adopt(heir.b.sessionsOf("own"))
		subscribed("an adopted session", true)
		heir.b.gathered.setReplay(false)
		subscribed("after the replay", true)
	})
}

// A CONNECT that comes when the heir has the turns of a lost node already, and not yet the sessions,
// is refused. The sessions stay the heir's.
func TestConnectDuringAdoption(t *testing.T) { // R-NODE-7
	inCluster(t, 3, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t)
		for _, n := range c.nodes {
			n.stand()
		}
		heir := c.nodes[1]
		heir.taken = func() { check(t, "meanwhile", heir.connect("dev").state(), "refused 88") }
		c.lose(c.nodes[0], heir)
		c.publish("t", "2")
		c.run()
		heir.taken = nil
		check(t, "turns", c.turns("dev"), "1")
		d := c.nodes[2].connect("dev")
		c.run()
		check(t, "adopted", d.state()+" "+d.payloads(), "resumed 2")
	})
}

// Wills and presence events of the connections of a lost node are published once: by the heir, and
// not by the lost node.
func TestAdoptConnections(t *testing.T) { // R-NODE-8, R-BRK-24, R-BRK-33
	inCluster(t, 3, nil, func(t *testing.T, c *cluster) {
		lost, heir := c.nodes[0], c.nodes[1]
		watcher := heir.connect("watcher")
		watcher.subscribe("w", "$aws/events/presence/disconnected/+")
		lost.connectWith(mqtt.V5, withWill("now", 0))
		lost.connectWith(mqtt.V5, withWill("later", 30))
		clean := withWill("clean", 30)
		clean.SessionExpiry = 0
		lost.connectWith(mqtt.V5, clean)
		lost.connect("left").lose()
		c.run()
		watcher.forget()

		c.lose(lost, heir)
		c.run()
		lost.b.Abandon()
		c.run()
		check(t, "at once", watcher.topics(), "w w disconnected/clean disconnected/later disconnected/now")
		for _, p := range watcher.received[2:] {
			if !strings.Contains(string(p.Payload), `"CONNECTION_LOST","versionNumber":0`) {
				t.Errorf("event: %s", p.Payload)
			}
		}
		watcher.forget()
		time.Sleep(time.Minute)
		synctest.Wait()
		check(t, "after the delay", watcher.topics(), "w")
		turns := []string{c.turns("now"), c.turns("later"), c.turns("clean"), c.turns("left")}
		check(t, "turns", strings.Join(turns, ","), "1,1,,1")
		if heir.b.wills.all != 0 {
			t.Errorf("%d bytes of wills are counted", heir.b.wills.all)
		}
	})
}

// The delayed will of a connection that was lost with its node is stored: it is not lost with the
// heir.
func TestDelayedWillOutlivesHeir(t *testing.T) { // R-NODE-8, R-BRK-24
	inCluster(t, 3, nil, func(t *testing.T, c *cluster) {
		watcher := c.nodes[2].connect("watcher")
		watcher.subscribe("w")
		c.nodes[0].connectWith(mqtt.V5, withWill("dev", 30))
		for i := range 2 {
			c.run()
			c.lose(c.nodes[i], c.nodes[i+1])
			c.nodes[i].b.Abandon()
		}
		c.run()
		check(t, "before", watcher.payloads(), "")
		time.Sleep(time.Minute)
		synctest.Wait()
		check(t, "after", watcher.payloads(), "bye")
	})
}

// forget forgets what came.
func (d *device) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.received = nil
}

// topics are those of what came, of presence events the last part.
func (d *device) topics() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	var all []string
	for _, p := range d.received {
		all = append(all, strings.TrimPrefix(p.Topic, "$aws/events/presence/"))
	}
	return strings.Join(all, " ")
}

// A node that is lost between the claim of another one and the release: the heir, which is that one
// or a third, releases for it.
func TestLostWhileReleasing(t *testing.T) { // R-NODE-8
	for heir := 1; heir <= 2; heir++ {
		for _, passed := range []bool{false, true} {
			t.Run(fmt.Sprint(heir, passed), func(t *testing.T) {
				inCluster(t, 3, nil, func(t *testing.T, c *cluster) {
					c.subscribed(t)
					lost := c.nodes[0]
					lost.stand()
					c.publish("t", "2")
					d := c.nodes[1].connect("dev")
					c.publish("t", "3")
					if passed {
						lost.set(true)
						for lost.step() {
						}
					}
					c.lose(lost, c.nodes[heir])
					c.publish("t", "4")
					c.run()
					check(t, "device", d.state()+" "+d.payloads(), "resumed 2 3 4")
					check(t, "turns", c.turns("dev"), "1+")
				})
			})
		}
	}
}

// A node that is lost while it waits for a client: its heir gets the sessions, and what was
// published since the claim.
func TestLostWhileWaiting(t *testing.T) { // R-NODE-8
	for _, passed := range []bool{false, true} {
		t.Run(fmt.Sprint(passed), func(t *testing.T) {
			inCluster(t, 3, nil, func(t *testing.T, c *cluster) {
				c.subscribed(t)
				lost := c.nodes[1]
				lost.stand()
				lost.connect("dev")
				c.publish("t", "2")
				if passed { // it has gathered what nobody else has
					for lost.step() {
					}
					lost.stand()
				}
				c.lose(lost, c.nodes[2])
				c.publish("t", "3")
				c.run()
				check(t, "turns", c.turns("dev"), "2")
				d := c.nodes[2].connect("dev")
				check(t, "device", d.state()+" "+d.payloads(), "resumed 2 3")
			})
		})
	}
}

// A node that was declared lost closes its connections, says nothing, and writes nothing. Afterwards
// it serves as a new one.
func TestAbandon(t *testing.T) { // R-NODE-8
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		n := c.nodes[0]
		watcher := n.connect("watcher")
		watcher.subscribe("w")
		dev := n.connectWith(mqtt.V5, withWill("dev", 0))
		dev.subscribe("t")
		n.connectWith(mqtt.V5, withWill("later", 30)).lose()
		c.nodes[1].connect("moved")
		waits := n.connect("moved")
		n.set(true)
		c.publish("t", "1")
		c.run()
		events := len(n.events)
		n.b.Abandon()
		synctest.Wait()
		check(t, "connections", dev.state()+", "+watcher.state(), "closed 9c, closed 9c")
		check(t, "waits", waits.state(), "refused 88")
		n.set(false)
		time.Sleep(time.Minute)
		synctest.Wait()
		check(t, "will", watcher.payloads(), "")
		if len(n.events) != events {
			t.Errorf("%d presence events", len(n.events)-events)
		}
		checkEmpty(t, n.b)

		c.lose(n, c.nodes[1])
		n.join()
		c.run()
		d := n.connect("dev")
		c.run()
		check(t, "again", d.state()+" "+d.payloads(), "resumed 1")
	})
}

// checkEmpty checks that a broker has forgotten everything.
func checkEmpty(t *testing.T, b *Broker) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	left := fmt.Sprint(
		len(b.sessions), b.sessionCount, len(b.ownSessions), len(b.transits), len(b.unfinished.claims),
		len(b.stored.loaded), b.stored.total(), b.wills.all, b.journal.bytes,
		b.gathered.active.Load(), b.routes.match("t", nil), b.routes.match("w", nil),
	)
	check(t, "left", left, "0 0 0 0 0 0 0 0 0 0 [] []")
}

// What a lost node wants to write is refused, and not tried again when it has joined anew.
func TestFencing(t *testing.T) { // R-NODE-8
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		d := c.subscribed(t)
		d.silent = true
		n := c.nodes[0]
		watcher := n.connect("watcher")
		watcher.subscribe("w")
		dying := n.connectWith(mqtt.V5, withWill("dying", 0))
		c.lose(n, c.nodes[1])
		n.b.Publish(Message{Topic: "t", Payload: []byte("2"), QoS: 1})
		if err := n.b.Stored(t.Context()); err != ErrLost {
			t.Errorf("stored: %v", err)
		}
		events := len(n.events)
		dying.lose()
		if got := watcher.payloads(); got != "" || len(n.events) != events {
			t.Errorf("a lost node published the will %q, and %d events", got, len(n.events)-events)
		}
		check(t, "CONNECT", n.connect("new").state(), "refused 88")
		n.b.Abandon()
		n.join()
		before := c.stored("dev")
		d = n.connect("second")
		d.subscribe("t")
		n.b.Publish(Message{Topic: "t", Payload: []byte("3"), QoS: 1})
		if err := n.b.Stored(t.Context()); err != nil {
			t.Errorf("stored after Abandon: %v", err)
		}
		synctest.Wait()
		if got := c.stored("dev"); got != before {
			t.Errorf("the store has %d values of the client, before %d", got, before)
		}
		check(t, "after Abandon", d.payloads(), "3")
	})
}

// A message for many sessions is stored once, whichever nodes they come from, and counts once.
func TestSharedBodiesOfNodes(t *testing.T) { // R-BRK-35
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		body := strings.Repeat("x", 10_000)
		for i := range 4 {
			d := c.nodes[i%2].connect(fmt.Sprint("dev", i))
			d.subscribe("t")
			d.lose()
		}
		c.publish("t", body)
		c.run()
		for i := range 4 {
			d := c.nodes[0].dial(fmt.Sprint("dev", i), mqtt.V5)
			d.silent = true
			connect := mqtt.Connect{Version: mqtt.V5, ClientID: d.id, SessionExpiry: 3600}
			d.send(mqtttest.Connect(&connect, ""))
			synctest.Wait()
			c.run()
			d.lose()
		}
		// The sessions of node 0 have a body, those that came from node 1 another.
		if total := c.nodes[0].b.stored.total(); total > 2*len(body)+4*entryBytes+1000 {
			t.Errorf("%d bytes are counted", total)
		}
		if total := c.nodes[1].b.stored.total(); total != 0 {
			t.Errorf("node 1 still counts %d bytes", total)
		}
		for i := range 4 {
			c.nodes[0].connect(fmt.Sprint("dev", i)).lose()
		}
		if total := c.nodes[0].b.stored.total(); total != 0 || len(c.nodes[0].b.stored.loaded) != 0 {
			t.Errorf("%d bytes are counted at the end", total)
		}
	})
}
