package nodes

import (
	"strconv"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// What a device asks the service, and what it makes of the answers.

// request publishes a request and hands its answer to then. It reports false when there was none:
// the connection is of no use then. A request at QoS 1 that the broker has not acknowledged is sent
// again with the next connection.
func (d *device) request(
	l *line, c call, topic string, members map[string]any, qos byte, then func(message),
) bool {
	text, token := d.payload(members)
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Payload, p.Qos = d.topic(topic), text, qos
	if qos == 1 {
		d.packet = max(1, d.packet+1)
		p.MessageID = d.packet
	}
	c.client, c.node, c.key.thing = d.thing, l.node, d.thing
	return d.publish(l, &sent{p, d.history.send(c), token, then})
}

// publish sends a request, waits for its answer, and records it.
func (d *device) publish(l *line, s *sent) bool {
	d.open = nil
	acked := s.publish.Qos == 0
	if l.send(s.publish) == nil {
		m, ack, ok := l.await(s.token, s.publish.MessageID)
		if acked = acked || ack; ok {
			d.finish(s, m)
			return true
		}
		d.checkSilence(l, s.call)
	}
	if !acked {
		d.open = s
		return false
	}
	d.history.finish(s.call, answer{unknown: true})
	return false
}

// checkSilence counts a request that a node has not answered in time, though its connection is open
// and no fault explains it: a node without a database says so (R-NODE-9).
func (d *device) checkSilence(l *line, c *call) {
	select {
	case <-l.lost:
		return
	default:
	}
	if !d.history.table.mayBeSilent(c.node, c.sent-noticeTime) {
		d.progress("%s got no answer from %s to %s, sent at %v", d.thing,
			d.cluster.nodes[c.node].name, c.operation, c.sent.Round(time.Millisecond))
		d.silences.Add(1)
	}
}

// finish records the answer to a request, and uses it.
func (d *device) finish(s *sent, m message) {
	away := m.Code == "InternalError"
	a := answer{code: m.Code, unknown: away, away: away}
	for _, x := range []*execution{m.Execution, m.ExecutionState} {
		if x != nil {
			a.status, a.version = x.Status, x.VersionNumber
		}
	}
	if x := m.Execution; x != nil { // which of those that the request may mean
		s.call.key.job, s.call.key.number = x.JobID, x.ExecutionNumber
	} else if s.call.ask.kind == next || s.call.ask.kind == describe && a.code == "" {
		s.call.ask.kind = nothing // nothing is pending
	}
	d.history.finish(s.call, a)
	s.then(m)
}

// repeat sends the request again that the broker has not acknowledged on the last connection. Some
// devices have forgotten it.
func (d *device) repeat(l *line) bool {
	s := d.open
	if s == nil {
		return true
	}
	if d.open = nil; d.random.IntN(3) == 0 {
		d.history.finish(s.call, answer{unknown: true})
		return true
	}
	s.publish.Dup, s.call.repeated = true, true
	return d.publish(l, s)
}

// askNext asks for the head of the queue, sometimes after the list of all, until a node knows it:
// one without a database does not.
func (d *device) askNext(l *line) bool {
	if d.random.IntN(4) == 0 && !d.askPending(l) {
		return false
	}
	for {
		known := false
		c := call{operation: opGetNext, ask: ask{kind: describe}}
		ok := d.request(l, c, "$next/get", map[string]any{}, 0, func(m message) {
			known = m.Code != "InternalError"
		})
		if !ok || known {
			return ok
		}
		time.Sleep(d.between(200, 800)) // the database of another process
	}
}

// askPending reads the list of pending executions. Each entry is a read of one of them.
func (d *device) askPending(l *line) bool {
	asked := &call{client: d.thing, node: l.node, sent: d.history.now()}
	c := call{operation: opGetPending}
	return d.request(l, c, "get", map[string]any{}, 0, func(m message) {
		lists := map[string][]execution{"IN_PROGRESS": m.InProgress, "QUEUED": m.Queued}
		for status, list := range lists {
			for _, x := range list {
				d.history.observe(asked, key{d.thing, x.JobID, x.ExecutionNumber},
					answer{status: status, version: x.VersionNumber})
			}
		}
	})
}

// begin starts the head of the queue: by start-next, or by reading it and reporting that it is in
// progress. Both answer with the execution that is the head by then.
func (d *device) begin(l *line, head *target) bool {
	if d.random.IntN(3) > 0 {
		c := call{operation: opStartNext, ask: ask{kind: next}}
		return d.request(l, c, "start-next", map[string]any{}, byte(d.random.IntN(2)),
			func(m message) {
				if m.Execution != nil {
					d.working = targetOf(m.Execution)
				}
			})
	}
	c := call{operation: opGetJob, ask: ask{kind: describe}}
	c.key.job, c.key.number = head.job, head.number
	members := map[string]any{"executionNumber": head.number}
	return d.request(l, c, head.job+"/get", members, 0, func(m message) {
		switch {
		case m.Execution != nil:
			d.working = targetOf(m.Execution)
		case m.Code != "InternalError": // it has ended; the next notice says what comes
			d.done(head)
		}
	})
}

func targetOf(x *execution) *target {
	return &target{x.JobID, x.ExecutionNumber, x.VersionNumber, x.Status}
}

// reportOn reports on the execution that the device is at.
func (d *device) reportOn(l *line) bool {
	x := d.working
	operation, status := opProgress, "IN_PROGRESS"
	if x.status == status && d.random.IntN(2) == 0 {
		operation, status = d.end()
	}
	c := call{operation: operation, ask: ask{kind: report, status: status}}
	c.key.job, c.key.number = x.job, x.number
	members := map[string]any{
		"status":                   status,
		"executionNumber":          x.number,
		"includeJobExecutionState": true,
		"statusDetails":            map[string]string{"progress": strconv.Itoa(d.random.IntN(100))},
	}
	if d.random.IntN(3) > 0 {
		c.ask.expected = x.version
		members["expectedVersion"] = x.version
	}
	return d.request(l, c, x.job+"/update", members, byte(d.random.IntN(2)),
		func(m message) { d.reported(x, m) })
}

// end is how an execution ends.
func (d *device) end() (operation, string) {
	switch n := d.random.IntN(20); {
	case n < 3:
		return opFail, "FAILED"
	case n < 4:
		return opReject, "REJECTED"
	}
	return opSucceed, "SUCCEEDED"
}

// reported is what the device knows after the answer to a report.
func (d *device) reported(x *target, m message) {
	switch {
	case m.Code == "InternalError":
		return // it reports again
	case m.ExecutionState != nil:
		x.status, x.version = m.ExecutionState.Status, m.ExecutionState.VersionNumber
	}
	if isNotFound(m.Code) || x.status != "QUEUED" && x.status != "IN_PROGRESS" {
		d.done(x)
	}
}
