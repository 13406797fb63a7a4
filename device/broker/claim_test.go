package broker

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

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

// A client that goes while it waits: nobody waits on, and its session is at the new node.
func TestLeaveWhileWaiting(t *testing.T) { // R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		d := c.nodes[1].connect("dev")
		check(t, "waits", d.state()+" "+c.turns("dev"), "waits 01+")
		d.lose()
		check(t, "gone", c.turns("dev"), "01")
		c.publish("t", "2")
		for c.nodes[0].step() {
		}
		check(t, "released", c.turns("dev"), "1")
		d = c.nodes[1].connect("dev") // its node has not come to the release
		check(t, "waits again", d.state(), "waits")
		d.lose()
		check(t, "gone again", c.turns("dev"), "1")
		c.run()
		d = c.nodes[1].connect("dev")
		check(t, "back", d.state()+" "+d.payloads(), "resumed 2")
	})
}

// The sessions come while the claim of another CONNECT is on its way.
func TestSessionsComeBeforeAnswer(t *testing.T) { // R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		n := c.nodes[1]
		first := n.connect("dev")
		n.late = make(chan struct{})
		second := n.connect("dev")
		c.run()
		check(t, "first", first.state(), "resumed")
		close(n.late)
		synctest.Wait()
		check(t, "first", first.state(), "closed 8e")
		check(t, "second", second.state(), "resumed")
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

// A claim that failed was recorded, and that its connection has ended is recorded only when the
// sessions have been released to it: they are not nobody's then.
func TestFailedClaimEndsLate(t *testing.T) { // R-NODE-7, R-NODE-9
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		n := c.nodes[1]
		n.unsure, n.late = true, make(chan struct{})
		refused := n.connect("dev")
		n.set(true)
		close(n.late)
		synctest.Wait()
		check(t, "unsure", refused.state()+" "+c.turns("dev"), "refused 88 01+")
		n.unsure, n.late = false, nil
		c.publish("t", "2")
		for c.nodes[0].step() {
		}
		check(t, "released", c.turns("dev"), "1+")
		n.set(false)
		time.Sleep(2 * retryInterval)
		synctest.Wait()
		check(t, "ended", c.turns("dev"), "1")
		d := c.nodes[0].connect("dev")
		c.run()
		check(t, "back", d.state()+" "+d.payloads(), "resumed 2")
	})
}

// A session that was made after a claim that nobody knew of is not loaded a second time.
func TestSessionBeforeItsTurn(t *testing.T) { // R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.nodes[0].connectWith(mqtt.V5, mqtt.Connect{ClientID: "dev", CleanStart: true})
		n := c.nodes[1]
		n.unsure = true
		n.connect("dev")
		n.unsure = false
		for c.nodes[0].step() {
		}
		d := n.connect("dev")
		d.subscribe("t")
		c.publish("t", "1")
		c.run()
		check(t, "device", d.state()+" "+d.payloads(), "new 1")
		if n.sessions() != 1 {
			t.Errorf("%d sessions", n.sessions())
		}
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
		synctest.Wait()
		check(t, "row", c.turns("dev"), "1+")
	})
}
