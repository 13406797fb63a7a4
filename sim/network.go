package sim

import (
	"strings"
	"time"

	deviceplane "github.com/drover-iot/drover/device"
)

// network carries messages between devices and the server. It loses some, repeats some, and makes
// some late, so that others overtake them.
type network struct {
	rand   *random
	time   *timeline
	log    *journal
	faults *Faults
	burst  []arrival // requests that wait so as to arrive together; nil outside a burst
	at     *node     // where they do
}

// request is a message to the server. A request at QoS 1 may be sent again, until it is answered.
type request struct {
	from     *device // to whom the answer is sent
	topic    string
	payload  []byte
	packetID uint16 // 0 at QoS 0
	sends    int    // how often it was sent
	answered bool   // the answer has arrived
}

// message is the request as the server reads it. redelivered says that it was sent before.
func (r *request) message(redelivered bool) deviceplane.Request {
	return deviceplane.Request{
		Topic:       r.topic,
		Payload:     r.payload,
		PacketID:    r.packetID,
		Redelivered: redelivered,
	}
}

// arrival is a request that has arrived at the server.
type arrival struct {
	*request
	redelivered bool
}

// thingOf is the name of the thing that a topic of jobs is about.
func thingOf(topic string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(topic, "$aws/things/"), "/jobs/")
	return name
}

// toServer sends a request, or sends it again. A client sends again over a new connection, and what
// was still on its way over the old one is lost with that. So a redelivered message never arrives
// before the one that it repeats.
func (n *network) toServer(r *request) {
	n.log.trace("%s sends %s %s", r.from.name, r.topic, r.payload)
	r.sends++
	connection := r.sends
	n.carry(func(again bool) {
		if connection == r.sends && (!again || r.packetID != 0) {
			n.arrive(arrival{r, again || connection > 1})
		}
	})
}

// toDevice sends a notification. A device that is not connected to the node does not get it.
func (n *network) toDevice(d *device, from *node, topic string, payload []byte) {
	if d == nil || d.node != from {
		return
	}
	n.carry(func(bool) { n.receive(d, from, topic, payload) })
}

// receive hands a message to a device, if it is connected to the node, and says whether it is.
func (n *network) receive(d *device, from *node, topic string, payload []byte) bool {
	if d.online && d.node == from {
		n.log.trace("%s gets %s %s", d.name, topic, payload)
		d.receive(topic, payload)
	}
	return d.online && d.node == from
}

// carry delivers a message once, twice or never. The second time is some time after the first,
// perhaps after other messages; again is true then.
func (n *network) carry(deliver func(again bool)) {
	if n.rand.chance(n.faults.Drop) {
		n.log.trace("  (lost)")
		return
	}
	delay := n.delay()
	n.time.after(delay, func() { deliver(false) })
	if n.rand.chance(n.faults.Repeat) {
		n.time.after(delay+n.delay(), func() { deliver(true) })
	}
}

// delay draws how long a message takes.
func (n *network) delay() time.Duration {
	if n.rand.chance(n.faults.Delay) {
		return n.rand.span(time.Second, 30*time.Minute)
	}
	return n.rand.upTo(400 * time.Millisecond)
}

// arrive lets the server answer a request at once, or in a burst together with others that arrive
// within seconds.
func (n *network) arrive(r arrival) {
	n.log.report.Messages++
	node := r.from.node
	if node == nil || !node.up || node.cutOff {
		return
	}
	if node.see(r.from, false); !node.up {
		return
	}
	if n.burst == nil && n.rand.chance(0.02) {
		n.burst, n.at = []arrival{}, node
		n.time.after(n.rand.upTo(5*time.Second), n.endBurst)
	}
	if n.burst != nil && n.at == node {
		n.burst = append(n.burst, r)
		return
	}
	reply, body := node.ask(r.message(r.redelivered))
	n.answer(node, r.request, reply, body)
}

// endBurst lets the server answer the requests of a burst, which it commits together. The rules do
// not check these answers: what is true when a request is asked may be changed by the one before
// it.
func (n *network) endBurst() {
	burst, node := n.burst, n.at
	n.burst = nil
	if !node.up || node.cutOff || len(burst) == 0 {
		return
	}
	n.log.trace("%d requests arrive together", len(burst))
	replies, bodies := make([]string, len(burst)), make([][]byte, len(burst))
	var together []func()
	for i, r := range burst {
		together = append(together, func() {
			replies[i], bodies[i] = node.device.Answer(node.ctx, r.message(r.redelivered))
		})
	}
	node.engine.Together(together...)
	node.rejoin()
	node.stopsDark()
	for i, r := range burst {
		if node.up {
			n.answer(node, r.request, replies[i], bodies[i])
		}
	}
}

// answer sends an answer back, unless the server crashes between the commit and the answer.
func (n *network) answer(from *node, r *request, topic string, payload []byte) {
	if n.rand.chance(n.faults.Crash) {
		from.crash()
		return
	}
	if topic != "" {
		n.carry(func(bool) { r.answered = n.receive(r.from, from, topic, payload) || r.answered })
	}
}
