package sim

import (
	"strings"
	"time"
)

// network carries messages between devices and the server. It loses some, repeats some, and makes
// some late, so that others overtake them.
type network struct {
	rand   *random
	time   *timeline
	log    *journal
	faults *Faults
	server *server
	burst  []*request // requests that are held back to arrive together; nil outside a burst
}

// request is a message on its way to the server.
type request struct {
	from    *device // to whom the answer is sent
	topic   string
	payload []byte
}

// thingOf is the name of the thing that a topic of jobs is about.
func thingOf(topic string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(topic, "$aws/things/"), "/jobs/")
	return name
}

// toServer sends a request.
func (n *network) toServer(r *request) {
	n.log.trace("%s sends %s %s", r.from.name, r.topic, r.payload)
	n.carry(func() { n.arrive(r) })
}

// toDevice sends an answer or a notification. A device that is not connected does not get it.
func (n *network) toDevice(d *device, topic string, payload []byte) {
	if d == nil {
		return
	}
	n.carry(func() {
		if d.online {
			n.log.trace("%s gets %s %s", d.name, topic, payload)
			d.receive(topic, payload)
		}
	})
}

// carry delivers a message once, twice or never. Each copy has a delay of its own, so that the
// second may arrive much later, after others.
func (n *network) carry(deliver func()) {
	if n.rand.chance(n.faults.Drop) {
		n.log.trace("  (lost)")
		return
	}
	n.time.after(n.delay(), deliver)
	if n.rand.chance(n.faults.Repeat) {
		n.time.after(n.delay(), deliver)
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
func (n *network) arrive(r *request) {
	n.log.report.Messages++
	if !n.server.up {
		return
	}
	if n.burst == nil && n.rand.chance(0.02) {
		n.burst = []*request{}
		n.time.after(n.rand.upTo(5*time.Second), n.endBurst)
	}
	if n.burst != nil {
		n.burst = append(n.burst, r)
		return
	}
	reply, body := n.server.ask(r.topic, r.payload)
	n.answer(r, reply, body)
}

// endBurst lets the server answer the requests of a burst, which it commits together. The rules do
// not check these answers: what is true when a request is asked may be changed by the one before
// it.
func (n *network) endBurst() {
	burst := n.burst
	n.burst = nil
	if !n.server.up || len(burst) == 0 {
		return
	}
	n.log.trace("%d requests arrive together", len(burst))
	replies, bodies := make([]string, len(burst)), make([][]byte, len(burst))
	var together []func()
	for i, r := range burst {
		together = append(together, func() {
			replies[i], bodies[i] = n.server.device.Answer(n.server.ctx, r.topic, r.payload)
		})
	}
	n.server.engine.Together(together...)
	for i, r := range burst {
		if n.server.up {
			n.answer(r, replies[i], bodies[i])
		}
	}
}

// answer sends an answer back, unless the server crashes between the commit and the answer.
func (n *network) answer(r *request, topic string, payload []byte) {
	if n.rand.chance(n.faults.Crash) {
		n.server.crash()
		return
	}
	if topic != "" {
		n.toDevice(r.from, topic, payload)
	}
}
