package sim

import "time"

// network carries messages between devices and the server: it loses them, repeats them, and makes some late, so that
// others overtake them.
type network struct {
	*world
	jam []*request // requests that arrive together; nil while there is no jam
}

// request is a message on its way to the server.
type request struct {
	from    *device
	topic   string
	payload []byte
}

// toServer sends a request.
func (n *network) toServer(r *request) {
	n.trace("%s sends %s %s", r.from.name, r.topic, r.payload)
	n.carry(func() { n.arrive(r) })
}

// toDevice sends an answer or a notification. Who is away does not get it.
func (n *network) toDevice(d *device, topic string, payload []byte) {
	if d == nil {
		return
	}
	n.carry(func() {
		if d.online {
			n.trace("%s gets %s %s", d.name, topic, payload)
			d.receive(topic, payload)
		}
	})
}

// carry delivers once, twice or never.
func (n *network) carry(deliver func()) {
	if n.chance(n.Faults.Drop) {
		n.trace("  (lost)")
		return
	}
	n.after(n.delay(), deliver)
	if n.chance(n.Faults.Repeat) {
		n.after(n.delay(), deliver)
	}
}

func (n *network) delay() time.Duration {
	if n.chance(n.Faults.Delay) {
		return n.span(time.Second, 30*time.Minute)
	}
	return n.upTo(400 * time.Millisecond)
}

// arrive lets the server answer a request, now or together with others that arrive within seconds.
func (n *network) arrive(r *request) {
	n.report.Messages++
	if !n.server.up {
		return
	}
	if n.jam == nil && n.chance(0.02) {
		n.jam = []*request{}
		n.after(n.upTo(5*time.Second), n.clear)
	}
	if n.jam != nil {
		n.jam = append(n.jam, r)
		return
	}
	reply, body := n.server.ask(r.topic, r.payload)
	n.answer(r, reply, body)
}

// clear ends a jam: its requests are committed as one group.
func (n *network) clear() {
	jam := n.jam
	n.jam = nil
	if !n.server.up || len(jam) == 0 {
		return
	}
	n.trace("%d requests arrive together", len(jam))
	replies, bodies := make([]string, len(jam)), make([][]byte, len(jam))
	var together []func()
	for i, r := range jam {
		together = append(together, func() { replies[i], bodies[i] = n.server.device.Answer(n.ctx, r.topic, r.payload) })
	}
	n.server.engine.Together(together...)
	for i, r := range jam {
		if n.server.up {
			n.answer(r, replies[i], bodies[i])
		}
	}
}

// answer sends an answer back, unless the server crashes after the commit and before it.
func (n *network) answer(r *request, topic string, payload []byte) {
	if n.chance(n.Faults.Crash) {
		n.server.crash()
		return
	}
	if topic != "" {
		n.toDevice(r.from, topic, payload)
	}
}
