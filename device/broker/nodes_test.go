package broker

import (
	"context"
	"fmt"
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
		synctest.Wait()
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
				synctest.Wait()
				c.run()
				check(t, "turns", c.turns("dev"), "1")
				d = c.nodes[1].connectWith(version, session)
				check(t, "again", d.state()+" "+d.payloads(), "resumed +1")
			})
		})
	}
}

// A session that has come without its client ends like any other.
func TestExpiryWithoutClient(t *testing.T) { // R-BRK-12, R-NODE-7
	inCluster(t, 2, nil, func(t *testing.T, c *cluster) {
		c.subscribed(t).lose()
		c.nodes[1].connect("dev").lose()
		c.run()
		check(t, "away", c.turns("dev"), "1")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		check(t, "expired", c.turns("dev"), "")
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
		synctest.Wait()
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
				synctest.Wait()
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

// The row says that a client has left when its session is stored.
func TestLeaveIsAfterStoring(t *testing.T) { // R-NODE-8
	inCluster(t, 1, nil, func(t *testing.T, c *cluster) {
		d := c.subscribed(t)
		n := c.nodes[0]
		n.setFull(true)
		d.lose()
		check(t, "not stored", c.turns("dev"), "0+")
		n.setFull(false)
		time.Sleep(2 * retryInterval)
		synctest.Wait()
		check(t, "stored", c.turns("dev"), "0")
	})
}

// The row stays while there is a session of another owner.
func TestRowOfTwoOwners(t *testing.T) { // R-BRK-16, R-NODE-7
	owner := &rights{id: "cert-1"}
	inCluster(t, 1, func(cfg *Config) { cfg.Authenticate = owner.authenticate }, func(t *testing.T, c *cluster) {
		n := c.nodes[0]
		n.connect("dev")
		owner.id = "cert-2"
		n.connectWith(mqtt.V5, mqtt.Connect{ClientID: "dev", SessionExpiry: 60}).lose()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		check(t, "one is left", fmt.Sprint(c.turns("dev"), " ", n.sessions()), "0 1")
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		check(t, "none is left", c.turns("dev"), "")
	})
}

// A request at QoS 1 that was not handled when the client was claimed is left to the new connection.
// Nothing is delivered to the session meanwhile, although it may be at hand still.
func TestRequestAtTakeover(t *testing.T) { // R-HTTP-24, R-NODE-7
	handled, answer := 0, make(chan struct{})
	service := ServiceFunc(func(context.Context, *Peer, Request) Reply {
		handled++
		<-answer
		return Reply{}
	})
	change := func(cfg *Config) { cfg.Service = service }
	inCluster(t, 2, change, func(t *testing.T, c *cluster) {
		answer = make(chan struct{})
		d := c.nodes[0].connect("dev")
		request := mqtt.Publish{Topic: "$aws/things/dev/jobs/get", QoS: 1, ID: 1}
		first := mqtt.AppendPublish(nil, mqtt.V5, &request)
		request.ID = 2
		d.send(mqtt.AppendPublish(first, mqtt.V5, &request))
		synctest.Wait()
		s := c.nodes[0].b.sessions["dev"]
		c.nodes[1].connect("dev")
		c.run()
		check(t, "while it is handled", c.turns("dev"), "0+1+")
		m := &message{Message: Message{Topic: "t", QoS: 1}}
		if became := s.deliver(m, grantQoS1, false); became != 0 || c.nodes[0].sessions() != 0 {
			t.Errorf("became %d, %d sessions", became, c.nodes[0].sessions())
		}
		close(answer)
		synctest.Wait()
		c.run()
		check(t, "afterwards", c.turns("dev"), "1+")
		if handled != 1 {
			t.Errorf("%d requests were handled", handled)
		}
	})
}

// A delayed will that is being published when another node claims the client is not published there.
func TestClaimWhileWillIsPublished(t *testing.T) { // R-BRK-24, R-NODE-7
	var publish chan struct{}
	change := func(cfg *Config) {
		cfg.Principal = func(context.Context, string) (Principal, error) {
			<-publish
			return anyone{}, nil
		}
	}
	inCluster(t, 2, change, func(t *testing.T, c *cluster) {
		publish = make(chan struct{})
		var watchers [2]*device
		for i, n := range c.nodes {
			watchers[i] = n.connect(fmt.Sprint("watcher", i))
			watchers[i].subscribe("w")
		}
		c.nodes[0].connectWith(mqtt.V5, withWill("dev", 5)).lose()
		time.Sleep(6 * time.Second)
		c.nodes[1].connect("dev").lose()
		c.run()
		check(t, "while it is published", c.turns("dev"), "01")
		close(publish)
		synctest.Wait()
		c.run()
		time.Sleep(time.Minute)
		synctest.Wait()
		check(t, "turns", c.turns("dev"), "1")
		check(t, "wills", watchers[0].payloads()+","+watchers[1].payloads(), "bye,")
	})
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
