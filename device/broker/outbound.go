package broker

import (
	"net"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
	"github.com/drover-iot/drover/internal/clock"
)

// Writing is done by whoever comes first: the reading goroutine, when it has handled all packets
// that have arrived, or the writer, a goroutine that a delivery starts and that ends when nothing
// is left to write. Only one of them writes at a time. Replies, which answer packets of the client,
// go before deliveries, which are messages from the session's queue.

const (
	writeBuffer = 4 << 10  // the first size of a write buffer
	writeLimit  = 64 << 10 // about the most that is written at once; larger buffers are not reused
)

var writeBuffers = sync.Pool{New: func() any { b := make([]byte, 0, writeBuffer); return &b }}

func putWriteBuffer(b []byte) {
	if cap(b) >= writeBuffer && cap(b) <= 2*writeLimit {
		b = b[:0]
		writeBuffers.Put(&b)
	}
}

// outbound is the writing side of a connection. What is set in the handshake does not change
// afterwards.
type outbound struct {
	c          *conn
	nc         net.Conn
	timeout    time.Duration // for one write
	s          *session      // nil before the end of the handshake
	authorizer Authorizer
	version    mqtt.Version
	// window is how many unacknowledged messages of QoS 1 the client accepts: its Receive Maximum.
	window int
	// oneByOne is set for a client that loses a message when the next one comes soon: a delivery
	// waits until all messages before it are acknowledged (R-CLI-27).
	oneByOne bool
	// maxPacket is the size in bytes of the largest packet that the client accepts; 0: any.
	maxPacket uint32

	// What follows is guarded by the session's mutex.

	replies []byte // encoded packets that were not written yet
	writing bool   // a goroutine is writing
	loading bool   // a goroutine loads the messages at the head of the queue (load.go)
	// paused is set while a request or a SUBSCRIBE is handled: deliveries wait for its reply
	// (R-MQTT-43).
	paused bool
	// drained is signalled when a write has ended. It is nil until the reading goroutine has to
	// wait for that.
	drained *sync.Cond
	// aliases are the topic aliases that the broker has set; nil: the client allows none.
	aliases *sentAliases

	deadline time.Time // the write deadline that is set; belongs to the goroutine that writes
}

// buffer returns the buffer for replies. The caller holds the session's mutex, like those of the
// methods up to reply.
func (o *outbound) buffer() []byte {
	if o.replies == nil {
		o.replies = *writeBuffers.Get().(*[]byte)
	}
	return o.replies
}

// attached reports whether the session still belongs to this connection.
func (o *outbound) attached() bool { return o.s.conn != nil && &o.s.conn.out == o }

// writable reports whether there is something that can be written now.
func (o *outbound) writable() bool {
	return len(o.replies) > 0 || !o.paused && o.deliverable()
}

// deliverable reports whether the next message in the queue can be sent, or loaded.
func (o *outbound) deliverable() bool {
	q := o.s.queue
	return len(q) > 0 && o.hasRoom(q[0].qos) && (q[0].m != nil || !o.loading)
}

// hasRoom reports whether a message from the queue may be sent beside those in flight. One of QoS 1
// needs room in the window.
func (o *outbound) hasRoom(qos byte) bool {
	if o.oneByOne {
		return len(o.s.inFlight) == 0
	}
	return qos == 0 || len(o.s.inFlight) < o.window
}

// startWriter starts the writer after a delivery, unless the message will be written anyway: by a
// writer that exists, or by the reading goroutine after the reply that it is working on.
func (o *outbound) startWriter() {
	if !o.writing && !o.paused && o.deliverable() {
		o.writing = true
		go o.writeAll()
	}
}

// wakeReader lets a reading goroutine go on that waits in flush.
func (o *outbound) wakeReader() {
	if o.drained != nil {
		o.drained.Broadcast()
	}
}

// reply appends an encoded packet to the replies. They are written by flush.
func (o *outbound) reply(encode func(b []byte) []byte) {
	o.s.mu.Lock()
	defer o.s.mu.Unlock()
	o.replies = encode(o.buffer())
}

// setPaused pauses deliveries, or lets them go on with the next flush.
func (o *outbound) setPaused(paused bool) {
	o.s.mu.Lock()
	o.paused = paused
	o.s.mu.Unlock()
}

// flush is called by the reading goroutine. It writes the replies and as many deliveries as go into
// the same write, and leaves the rest to the writer, so that reading goes on. A client that does
// not read its replies is not read from either: then flush waits.
func (o *outbound) flush() {
	s := o.s
	s.mu.Lock()
	for o.writing && len(o.replies) > writeLimit && o.attached() {
		o.waitForWriter()
	}
	if o.writing || !o.attached() || !o.writable() {
		s.mu.Unlock()
		return
	}
	o.writing = true
	load := len(o.replies) == 0 && o.waitsForStore() // which would delay reading
	s.mu.Unlock()
	if load || o.writeSome() {
		go o.writeAll()
	}
}

// waitForWriter returns after a write, or when wakeReader is called. The caller is the reading
// goroutine and holds the session's mutex.
func (o *outbound) waitForWriter() {
	if o.drained == nil {
		o.drained = sync.NewCond(&o.s.mu)
	}
	o.drained.Wait()
}

// flushLast is flush before the end of the connection: when the writer is at work, it is waited for
// first, without new deliveries. Otherwise a DISCONNECT could come before the answers that the
// client waits for, even before the CONNACK. A client that does not read is given up after the time.
func (o *outbound) flushLast(within time.Duration) {
	s := o.s
	s.mu.Lock()
	if o.writing && o.attached() {
		late, paused := false, o.paused
		o.paused = true
		stop := time.AfterFunc(within, func() {
			o.nc.Close() // which ends the write
			s.mu.Lock()
			defer s.mu.Unlock()
			late = true
			o.wakeReader()
		})
		for o.writing && !late && o.attached() {
			o.waitForWriter()
		}
		stop.Stop()
		o.paused = paused
	}
	s.mu.Unlock()
	o.flush()
}

// writeAll is the writer.
func (o *outbound) writeAll() {
	for o.writeSome() {
	}
}

// writeSome does one write. If a message has to be loaded before, replies are written first. It
// reports whether there is more to write; if not, it has cleared o.writing.
func (o *outbound) writeSome() (more bool) {
	valid := o.authorizer.Refresh() // may block, so it comes before the lock
	s := o.s
	s.mu.Lock()
	if !valid {
		o.stop()
		s.mu.Unlock()
		return false
	}
	if len(o.replies) == 0 && o.waitsForStore() {
		o.load()
		if o.writing || !o.attached() || !o.writable() {
			s.mu.Unlock()
			return false
		}
		o.writing = true
	}
	b := o.buffer()
	o.replies = nil
	if o.attached() && !o.paused {
		b = o.appendDeliveries(b)
	}
	s.mu.Unlock()
	err := o.write(b)
	putWriteBuffer(b)

	s.mu.Lock()
	defer s.mu.Unlock()
	o.wakeReader()
	if err != nil || !o.attached() || !o.writable() {
		o.writing = false
		return false
	}
	return true
}

// stop ends the connection of a principal that may not be connected any more. Nothing is written,
// and what waits stays in the session: that may belong to a thing with another certificate. The
// caller holds the session's mutex.
func (o *outbound) stop() {
	o.writing = false
	o.wakeReader()
	if o.attached() {
		o.s.conn.closeAsync(errEnded)
	}
}

// write writes to the network. An error closes the connection. To set a deadline costs as much as a
// small write, so it is set for twice the timeout and only moved when less than one timeout is
// left.
func (o *outbound) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	if now := time.Now(); o.deadline.Sub(now) < o.timeout {
		o.deadline = now.Add(2 * o.timeout)
		o.nc.SetWriteDeadline(o.deadline)
	}
	o.c.traceSent(b)
	if _, err := o.nc.Write(b); err != nil {
		o.nc.Close()
		return err
	}
	return nil
}

// appendDeliveries encodes messages from the queue and moves those of QoS 1 into the window.
// Messages that have expired, that the client may not receive (R-BRK-17) or that are too large for
// it are dropped. The caller holds the session's mutex.
func (o *outbound) appendDeliveries(b []byte) []byte {
	if !o.deliverable() {
		return b
	}
	var ids [32]byte
	s, now := o.s, clock.Now()
	for len(b) < writeLimit && o.deliverable() && s.queue[0].m != nil {
		e := s.pop()
		if why := o.withholds(e.m, now); why != "" {
			o.traceWithheld(e.m, why)
			s.unstore(&e)
			continue
		}
		if e.qos > 0 && e.id == 0 {
			e.id = s.newPacketID()
		}
		p := e.packet(e.m.remainingExpiry(now))
		p.SubscriptionIDs = s.appendSubscriptionIDs(ids[:0], e.m.Topic, e.m.group)
		if !o.fits(&p) {
			o.traceWithheld(e.m, "it is larger than the client accepts")
			s.unstore(&e)
			continue
		}
		if e.qos > 0 {
			s.inFlight = append(s.inFlight, e)
		}
		if e.m.Latest {
			s.notify(&e, now)
		}
		o.useAlias(&p)
		b = mqtt.AppendPublish(b, o.version, &p)
	}
	return b
}

// withholds says why a message is not delivered; empty when it is.
func (o *outbound) withholds(m *message, now time.Time) string {
	switch {
	case m.expired(now):
		return "it has expired"
	case o.authorizer.Decide(Receive, m.Topic) != Allow:
		return "the client is not allowed to receive it"
	}
	return ""
}

// fits reports whether the client accepts a packet of this size.
func (o *outbound) fits(p *mqtt.Publish) bool {
	return o.maxPacket == 0 || p.Size(o.version) <= int(o.maxPacket)
}
