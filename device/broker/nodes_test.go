package broker

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// inCluster runs a test with some nodes.
func inCluster(t *testing.T, nodes int, change func(*Config), test func(*testing.T, *cluster)) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, nodes, change)
		defer c.stop()
		test(t, c)
	})
}

// check compares a text with what it should be.
func check(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

// subscribed returns a device that was connected to node 0, has subscribed and got message 1.
func (c *cluster) subscribed(t *testing.T) *device {
	t.Helper()
	d := c.nodes[0].connect("dev")
	d.subscribe("t")
	c.publish("t", "1")
	c.run()
	check(t, "before", fmt.Sprint(d.state(), " ", d.payloads(), " ", c.turns("dev")), "new 1 0+")
	return d
}

// The claim is passed by either node first.
func TestTakeoverByAnotherNode(t *testing.T) { // R-NODE-7
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
				old := c.subscribed(t)
				c.publish("t", "2") // before the claim: the old node queues it
				d := c.nodes[1].connect("dev")
				c.publish("t", "3")
				check(t, "before the log is read", d.state()+", "+old.state(), "waits, new")
				for _, n := range order {
					for c.nodes[n].step() {
					}
				}
				c.publish("t", "4")
				c.run()
				check(t, "old", old.state()+" "+old.payloads(), "closed 8e 1 2")
				check(t, "new", d.state()+" "+d.payloads(), "resumed 3 4")
				check(t, "turns", c.turns("dev"), "1+")
			})
		})
	}
}

// The newer of two claims stays, whichever node passes the log first.
func TestClaimsOfTwoNodes(t *testing.T) { // R-NODE-7
	for _, order := range [][]int{{0, 1, 2}, {2, 1, 0}, {1, 2, 0}} {
		t.Run(fmt.Sprint(order), func(t *testing.T) {
			inCluster(t, 3, nil, func(t *testing.T, c *cluster) {
				c.subscribed(t)
				first := c.nodes[1].connect("dev")
				c.publish("t", "2") // of the turn of node 1
				second := c.nodes[2].connect("dev")
				c.publish("t", "3")
				for _, n := range order {
					for c.nodes[n].step() {
					}
				}
				c.run()
				check(t, "first", first.state(), "refused 88")
				check(t, "second", second.state()+" "+second.payloads(), "resumed 2 3")
				check(t, "turns", c.turns("dev"), "2+")
			})
		})
	}
}

// Of two CONNECTs on one node the later waits on.
func TestConnectAgainWhileWaiting(t *testing.T) { // R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t)
		first := c.nodes[1].connect("dev")
		second := c.nodes[1].connect("dev")
		check(t, "first", first.state(), "refused 88")
		c.run()
		check(t, "second", second.state(), "resumed")
		check(t, "turns", c.turns("dev"), "1+")
	})
}

// A claim that is answered late does not override a newer one: of the same node, or of another that
// the log has shown meanwhile.
func TestLateClaim(t *testing.T) { // R-NODE-7
	for other := range 2 {
		t.Run(fmt.Sprint(other), func(t *testing.T) {
			inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
				n := c.nodes[0]
				n.late = make(chan struct{})
				late := n.connect("dev")
				answer := n.late
				n.late = nil
				d := c.nodes[other].connect("dev")
				c.run()
				check(t, "newer", d.state(), "new")
				close(answer)
				synctest.Wait()
				c.run()
				check(t, "older", late.state(), "refused 88")
				check(t, "newer", d.state(), "new")
				check(t, "turns", c.turns("dev"), fmt.Sprint(other, "+"))
			})
		})
	}
}

// The client is back before the node has released it.
func TestReturnWhileReleasing(t *testing.T) { // R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		n := c.nodes[0]
		c.publish("t", "2")
		away := c.nodes[1].connect("dev")
		d := n.connect("dev")
		c.publish("t", "3")
		n.set(true)
		c.run() // node 0 cannot release
		check(t, "back", d.state()+" "+c.turns("dev"), "waits 010+")
		n.set(false)
		time.Sleep(2 * retryInterval)
		c.run()
		check(t, "away", away.state(), "refused 88")
		check(t, "back", d.state()+" "+d.payloads(), "resumed 2 3")
		check(t, "turns", c.turns("dev"), "0+")
	})
}

// What waits to be stored is stored before the release, however long that takes. A CONNECT waits 15
// s at the most.
func TestStoreFailsDuringRelease(t *testing.T) { // R-NODE-7
	for version, refused := range map[mqtt.Version]string{mqtt.V5: "refused 88", mqtt.V311: "refused 03"} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
				session := mqtt.Connect{ClientID: "dev", SessionExpiry: 3600}
				old := c.nodes[0].connectWith(version, session)
				old.subscribe("t")
				old.silent = true
				c.nodes[0].set(true)
				c.publish("t", "1")
				d := c.nodes[1].connectWith(version, session)
				c.run()
				time.Sleep(claimTimeout - time.Millisecond)
				check(t, "before", d.state(), "waits")
				time.Sleep(2 * time.Millisecond)
				check(t, "after", d.state(), refused)
				c.nodes[0].set(false)
				time.Sleep(2 * retryInterval)
				c.run()
				check(t, "turns", c.turns("dev"), "1")
				d = c.nodes[1].connectWith(version, session)
				check(t, "again", d.state()+" "+d.payloads(), "resumed +1")
			})
		})
	}
}

// A client that goes while it waits: nobody waits on, and its session is at the new node.
func TestLeaveWhileWaiting(t *testing.T) { // R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		d := c.nodes[1].connect("dev")
		check(t, "waits", d.state()+" "+c.turns("dev"), "waits 01+")
		d.lose()
		check(t, "gone", c.turns("dev"), "01")
		c.publish("t", "2")
		c.run()
		check(t, "released", c.turns("dev"), "1")
		d = c.nodes[1].connect("dev")
		check(t, "back", d.state()+" "+d.payloads(), "resumed 2")
	})
}

// A packet that comes before the CONNACK is handled after it.
func TestPacketWhileWaiting(t *testing.T) { // R-BRK-15
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		d := c.nodes[1].connect("dev")
		d.subscribe("u")
		d.subscribe("v")
		c.run()
		check(t, "connected", fmt.Sprint(d.state(), " ", d.subacks), "resumed 2")
	})
}

// A session that ends with its connection does so at a claim too. A client without a session has no
// row once it is gone.
func TestTakeoverEndsSession(t *testing.T) { // R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		old := c.nodes[0].connectWith(mqtt.V5, mqtt.Connect{ClientID: "dev", CleanStart: true})
		old.subscribe("t")
		d := c.nodes[1].connect("dev")
		c.publish("t", "1")
		c.run()
		check(t, "old", old.state(), "closed 8e")
		check(t, "new", d.state()+" "+d.payloads(), "new ")
		check(t, "turns", c.turns("dev"), "1+")
		again := c.nodes[1].connectWith(mqtt.V5, mqtt.Connect{ClientID: "dev", CleanStart: true})
		check(t, "again", again.state(), "new")
		again.lose()
		c.run()
		check(t, "gone", c.turns("dev"), "")
	})
}

// The row of a client goes with its last session.
func TestExpiryEndsTurn(t *testing.T) { // R-BRK-12
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		short := mqtt.Connect{ClientID: "dev", SessionExpiry: 60}
		c.nodes[0].connectWith(mqtt.V5, short)
		d := c.nodes[1].connectWith(mqtt.V5, short)
		c.run()
		d.lose()
		check(t, "away", c.turns("dev"), "1")
		time.Sleep(time.Minute + expiryInterval)
		check(t, "expired", c.turns("dev"), "")
		if values := c.stored("dev"); values != 0 {
			t.Errorf("%d values of the session are in the store", values)
		}
	})
}

// A session of another owner goes with the client, with what waits in it.
func TestSessionsOfAllOwnersGo(t *testing.T) { // R-BRK-16, R-NODE-7
	owner := &rights{id: "cert-1"}
	inCluster(t, 2, func(cfg *Config) { cfg.Authenticate = owner.authenticate }, func(t *testing.T, c *cluster) {
		c.subscribed(t)
		owner.id = "cert-2"
		c.nodes[0].connect("dev").subscribe("u")
		c.publish("t", "2")
		c.publish("u", "3")
		c.run()
		c.nodes[1].connect("dev")
		c.run()
		owner.id = "cert-1"
		d := c.nodes[1].connect("dev")
		check(t, "the first owner", d.state()+" "+d.payloads(), "resumed 2")
	})
}

// A will without a delay is published where the connection was. One with a delay goes with the
// session, and is dropped if the client resumes that.
func TestWillAtTakeover(t *testing.T) { // R-BRK-24, R-NODE-7
	for _, test := range []struct {
		name  string
		delay uint32
		clean bool
		want  [2]string // what subscribers of the two nodes get
	}{
		{"at once", 0, false, [2]string{"bye", ""}},
		{"resumed", 30, false, [2]string{"", ""}},
		{"not resumed", 30, true, [2]string{"", "bye"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
				var watchers [2]*device
				for i, n := range c.nodes {
					watchers[i] = n.connect(fmt.Sprint("watcher", i))
					watchers[i].subscribe("w")
				}
				c.nodes[0].connectWith(mqtt.V5, withWill("dev", test.delay))
				p := mqtt.Connect{ClientID: "dev", CleanStart: test.clean, SessionExpiry: 3600}
				c.nodes[1].connectWith(mqtt.V5, p)
				c.run()
				time.Sleep(time.Minute)
				for i, d := range watchers {
					check(t, d.id, d.payloads(), test.want[i])
				}
				for i, n := range c.nodes {
					if n.b.wills.all != 0 {
						t.Errorf("node %d counts %d bytes of wills", i, n.b.wills.all)
					}
				}
			})
		})
	}
}

// withWill is a CONNECT with a will on the topic w.
func withWill(client string, delay uint32) mqtt.Connect {
	return mqtt.Connect{ClientID: client, SessionExpiry: 3600, Will: &mqtt.Will{
		Message: mqtt.Publish{Topic: "w", Payload: []byte("bye"), QoS: 1},
		Delay:   delay,
	}}
}

// Presence events go through the log, each once, and come to the subscribers of all nodes.
func TestPresenceOfNodes(t *testing.T) { // R-BRK-33, R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		watcher := c.nodes[1].connect("watcher")
		watcher.subscribe("$aws/events/presence/+/dev")
		c.nodes[0].connect("dev")
		c.run()
		c.nodes[1].connect("dev").lose()
		c.run()
		var got []string
		for _, p := range watcher.received {
			for _, version := range []string{"0", "1"} {
				if strings.Contains(string(p.Payload), `"versionNumber":`+version) {
					got = append(got, strings.Split(p.Topic, "/")[3]+" "+version)
				}
			}
		}
		want := "connected 0, connected 1, disconnected 1, disconnected 0"
		check(t, "events", strings.Join(got, ", "), want)
	})
}

// Claims that fail are refused. If one was recorded nevertheless, the client is not connected, and
// its sessions, which come with the log, are not lost.
func TestClaimFails(t *testing.T) { // R-NODE-9
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		n := c.nodes[1]
		n.set(true)
		check(t, "broken", n.connect("dev").state()+" "+c.turns("dev"), "refused 88 0")
		n.set(false)
		n.unsure = true
		check(t, "unsure", n.connect("dev").state()+" "+c.turns("dev"), "refused 88 01")
		n.unsure = false
		c.publish("t", "2")
		for c.nodes[0].step() {
		}
		check(t, "released", c.turns("dev"), "1")
		check(t, "not loaded", n.connect("dev").state(), "refused 88")
		c.run()
		d := n.connect("dev")
		check(t, "loaded", d.state()+" "+d.payloads(), "resumed 2")
	})
}

// A client without sessions, whose row is about to go, need not wait for anything.
func TestConnectBeforeRowIsGone(t *testing.T) { // R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		clean := mqtt.Connect{ClientID: "dev", CleanStart: true}
		c.nodes[0].connectWith(mqtt.V5, clean)
		d := c.nodes[1].connectWith(mqtt.V5, clean)
		c.run()
		c.nodes[1].set(true)
		d.lose()
		check(t, "row", c.turns("dev"), "1+")
		c.nodes[1].set(false)
		d = c.nodes[1].connectWith(mqtt.V5, clean)
		check(t, "back", d.state(), "new")
		time.Sleep(2 * retryInterval)
		check(t, "row", c.turns("dev"), "1+")
	})
}

// What is gathered is bounded, and forgotten when nobody waits for it.
func TestGatheredIsBounded(t *testing.T) { // R-BRK-13
	lines := &logLines{}
	change := func(cfg *Config) { cfg.MaxPendingBytes, cfg.Log = 10_000, logTo(lines) }
	inCluster(t, 2, change, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		d := c.nodes[1].connect("dev")
		n := c.nodes[1]
		for i := range 20 {
			c.publish("t", fmt.Sprintf("%02d%s", i, strings.Repeat("x", 1000)))
		}
		for n.step() {
		}
		if bytes := n.b.gathered.bytes; bytes > 10_000 || bytes < 8_000 {
			t.Errorf("%d bytes are gathered", bytes)
		}
		c.run()
		if got := len(d.received); got != 9 || string(d.received[0].Payload[:2]) != "11" {
			t.Errorf("%d messages came, the first is %.2s, want 9 from 11 on", got, d.payloads())
		}
		if g := &n.b.gathered; g.bytes != 0 || len(g.index) != 0 || g.active.Load() != 0 {
			t.Errorf("left: %d bytes, %d keys", g.bytes, len(g.index))
		}
		time.Sleep(expiryInterval)
		synctest.Wait()
		// Eleven of them, and the presence event before.
		if got := lines.String(); !strings.Contains(got, "messages=12") {
			t.Errorf("logged: %s", got)
		}
	})
}

// What a session subscribes to is found in what was gathered as by comparing each message.
func TestGatheredCandidates(t *testing.T) {
	t.Parallel()
	topics := []string{"a", "a/b", "a/b/c", "a/", "/a", "b/b", "$aws/things/a/jobs/notify", "$aws/events/job/a", "a/b"}
	g := gathered{limit: 1 << 20, index: map[string][]int{}}
	g.begin(false)
	for _, topic := range topics {
		g.add(&message{Message: Message{Topic: topic, QoS: 1}})
	}
	g.forget(2)
	for _, filter := range []string{
		"a", "a/b", "a/+", "a/#", "+", "#", "+/b", "/+", "a/", "$aws/things/a/jobs/#", "$aws/+/+/a", "c",
	} {
		var got, want []int
		for _, at := range g.candidates(filter) {
			if mqtt.TopicMatches(filter, g.messages[at-g.first].Topic) {
				got = append(got, at)
			}
		}
		for at := 2; at < len(topics); at++ {
			if mqtt.TopicMatches(filter, topics[at]) {
				want = append(want, at)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: found %v, want %v", filter, got, want)
		}
	}
	if found := g.candidates("$aws/things/a/jobs/#"); len(found) != 1 {
		t.Errorf("%d messages are looked at for the filter of one thing", len(found))
	}
	if g.forget(len(g.messages)); len(g.index) != 0 || g.bytes != 0 {
		t.Errorf("%d keys and %d bytes are left", len(g.index), g.bytes)
	}
}

// stored is how many values the store has of a client.
func (c *cluster) stored(client string) (n int) {
	_ = c.sessions.Load(c.t.Context(), func(v Change) error { // it cannot fail
		if clientOf(v.Client) == client {
			n++
		}
		return nil
	})
	return n
}
