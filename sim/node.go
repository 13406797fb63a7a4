package sim

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/drover-iot/drover/control"
	deviceplane "github.com/drover-iot/drover/device"
	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/sim/rules"
	"github.com/drover-iot/drover/store"
)

// node is one server process. A crash drops its engine; a restart opens another one on the same
// store. A node that is cut off from the store does nothing for a while, and does not know that
// others may have given it up.
type node struct {
	*server
	number int

	up      bool // false between a crash and the restart
	cutOff  bool
	givenUp bool // by another node, since its engine was opened
	// The others are of the engine that was opened last.
	engine  *engine.Engine
	device  *deviceplane.Plane
	control *control.Plane
}

// open starts an engine on the store as it is. A stepped engine has no loops: it does what is due
// only when it is asked to, on the goroutine of the simulation.
func (n *node) open() {
	log := slog.New(slog.DiscardHandler)
	n.engine = engine.New(engine.Config{
		Store:         n.store,
		Clock:         n.time.clock,
		IDs:           n.ids,
		Events:        events.Renderer{Scope: registry.DefaultScope, IDs: n.ids},
		Log:           log,
		Notify:        n.notify,
		PublishEvents: n.publishEvents,
		Limits:        n.limits,
		FollowAtOnce:  n.followAtOnce,
		Node: engine.NodeConfig{NodeConfig: commit.NodeConfig{
			Name:   fmt.Sprint("node-", n.number),
			Shared: len(n.nodes) > 1,
		}},
		Stepped: true,
	})
	n.device = &deviceplane.Plane{
		Jobs:       n.engine.Jobs,
		Now:        n.engine.Now,
		Log:        log,
		Publish:    n.publish,
		Subscribed: func(string) bool { return true },
	}
	n.control = &control.Plane{
		Jobs:    n.engine.Jobs,
		Fleet:   n.engine.Fleet,
		Tags:    n.engine.Tags,
		Answers: n.engine.Answers,
		Now:     n.engine.Now,
		Scope:   registry.DefaultScope,
	}
	n.up = true
	n.join()
	n.retryOnFault("expect clients", n.engine.ExpectClients)
}

// join makes an engine that has just begun one of the nodes, as the server does before anything
// else.
func (n *node) join() {
	if len(n.nodes) == 1 {
		return
	}
	n.retryOnFault("join", func(ctx context.Context) error {
		_, err := n.engine.Nodes.Sign(ctx, n.time.now().Sub(startTime))
		return err
	})
}

// crash stops the node at once, for seconds or for hours. What is committed but not announced by it
// stays so, and whoever waits for an answer waits in vain.
func (n *node) crash() {
	if !n.up {
		return
	}
	n.up = false
	n.log.report.Crashes++
	down := n.rand.span(0, 20*time.Second)
	if n.rand.chance(0.2) {
		down = n.rand.span(time.Minute, 10*time.Hour)
	}
	n.log.trace("node %d crashes, for %s", n.number, down)
	n.time.after(down, n.restart)
	n.leaveDevices()
	n.lookForSigns()
}

// cut takes the node off the store for a while. It does nothing, and its devices get no answers.
func (n *node) cut() {
	if !n.up || n.cutOff || len(n.nodes) == 1 {
		return
	}
	n.cutOff = true
	away := n.rand.span(time.Second, time.Minute)
	n.log.trace("node %d is cut off, for %s", n.number, away)
	n.lookForSigns()
	n.time.after(away, func() {
		n.cutOff = false
		if n.up {
			n.log.trace("node %d is back", n.number)
			n.sign()
		}
	})
}

// leaveDevices lets the devices of the node notice that their connections are gone. They connect
// again, to any node.
func (n *node) leaveDevices() {
	for _, d := range n.fleet.devices {
		if d.online && d.node == n {
			d.online = false
			n.time.after(n.rand.span(0, 2*time.Minute), d.connect)
		}
	}
}

// restart opens a new engine on what the old one left. What was acknowledged must be there
// (R-CON-25).
func (n *node) restart() {
	if n.up {
		return
	}
	n.log.trace("node %d starts", n.number)
	if n.givenUp {
		n.checker.GivenUp(n.number)
	}
	n.givenUp = false
	n.open()
	n.look(func(now rules.State) { n.checker.Restarted(now, n.number) })
}

// lookForSigns has the other nodes look for signs of this one, until they would have given it up.
func (n *node) lookForSigns() {
	if len(n.nodes) == 1 {
		return
	}
	for at := time.Duration(0); at < 12*time.Second; at += n.rand.span(500*time.Millisecond, 2*time.Second) {
		n.time.after(at, func() {
			for _, other := range n.server.up() {
				other.sign()
			}
		})
	}
}

// sign lets the node give a sign of life, and look for those of others.
func (n *node) sign() {
	if !n.up || n.cutOff {
		return
	}
	lost, err := n.engine.Nodes.Sign(n.ctx, n.time.now().Sub(startTime))
	n.rejoin()
	if !fault.Is(err, fault.Unavailable) {
		n.log.must("sign", err)
	}
	for _, l := range lost {
		for _, other := range n.nodes {
			if other.engine.NodeID() == l.ID {
				n.log.trace("node %d gives up node %d", n.number, other.number)
				other.givenUp = true
				n.checker.GivenUp(other.number)
			}
		}
	}
}

// rejoin lets the node join again if it was given up. Its devices lose their connections.
func (n *node) rejoin() {
	if !n.engine.Rejoin() {
		return
	}
	n.log.trace("node %d joins again", n.number)
	n.leaveDevices()
	n.join()
	n.givenUp = false
	n.checker.GivenUp(n.number)
}

// see takes note that the client of a device has connected or sent something, and lets the node do
// what follows from that.
func (n *node) see(d *device, connected bool) {
	confirms := false
	n.look(func(now rules.State) { confirms = n.checker.Seen(now, d.name, connected) })
	n.engine.See(d.name, connected, 0)
	if confirms {
		n.runDue()
	}
}

// runDue lets the node do what is due, and reports whether it is up afterwards.
func (n *node) runDue() bool {
	n.retryOnFault("due work", n.engine.RunDue)
	if n.rand.chance(n.faults.Crash) {
		n.crash()
	}
	return n.up
}

// announce lets the node announce, and reports whether it is up afterwards.
func (n *node) announce() bool {
	n.retryOnFault("announce", n.engine.Announce)
	return n.up
}

// retryOnFault does again what a fault of the simulation made fail, as the loops of the server do.
func (n *node) retryOnFault(what string, do func(context.Context) error) {
	for range 50 {
		var err error
		n.store.risk(func() { err = do(n.ctx) })
		n.rejoin()
		if n.stopsDark() {
			return
		}
		switch {
		case errors.Is(err, errCut):
			n.crash()
			return
		case !errors.Is(err, errBroken) && !fault.Is(err, fault.Unavailable):
			n.log.must(what, err)
			return
		}
	}
	n.log.fail("R-CON-26", what+" fails again and again")
}

// stopsDark crashes the node when power was lost, and reports whether it was.
func (n *node) stopsDark() bool {
	if !n.store.lostPower() {
		return false
	}
	n.checker.PowerLost()
	n.crash()
	return true
}

// notify is called by the engine to notify things. It may fail, or the node may crash, when only
// some of them are.
func (n *node) notify(ctx context.Context, notices []store.Notice) error {
	failure := error(nil)
	switch {
	case n.rand.chance(n.faults.Crash):
		failure = errCut
	case n.rand.chance(n.faults.Broken):
		failure = errBroken
	default:
		return n.device.Notify(ctx, notices)
	}
	n.log.trace("telling stops: %v", failure)
	some := notices[:n.rand.index(len(notices)+1)]
	n.log.must("notify", n.device.Notify(ctx, some))
	return failure
}

// publish sends a notification to a device that is connected to this node, and shows it to the
// rules.
func (n *node) publish(topic string, payload []byte) {
	n.checker.Notified(n.number, topic, payload)
	n.network.toDevice(n.fleet.byName[thingOf(topic)], n, topic, payload)
}

// publishEvents is called by the engine to publish lifecycle events. Nobody subscribes to them but
// the rules.
func (n *node) publishEvents(published []store.Event) {
	for _, e := range published {
		n.log.trace("event %s %s", e.Topic, e.Payload)
		n.checker.Published(n.number, e)
	}
}

// ask hands a device's request to the device plane and shows request and answer to the rules,
// unless a commit failed: then the answer is that of a server whose disk is broken.
func (n *node) ask(r deviceplane.Request) (reply string, body []byte) {
	asked := rules.Request{
		Topic:       r.Topic,
		Payload:     r.Payload,
		Message:     job.MessageID(r.PacketID, r.Payload),
		Redelivered: r.Redelivered,
	}
	var question rules.Question
	n.look(func(now rules.State) { question = n.checker.Asked(now, asked) })
	n.store.broke = false
	n.store.risk(func() { reply, body = n.device.Answer(n.ctx, r) })
	n.rejoin()
	if n.stopsDark() {
		return "", nil
	}
	if n.goesOn() && !n.store.broke {
		n.look(func(now rules.State) { n.checker.Answered(now, question, reply, body) })
	}
	return reply, body
}
