package broker

import (
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// What waits for a connection is written by whoever comes first: the reading goroutine after it has answered all that
// it has read, or a goroutine that a delivery starts and that ends when nothing is left. Answers go before deliveries.

const (
	writeBuffer = 4 << 10  // first size of a write buffer
	writeChunk  = 64 << 10 // about the most written at once; larger buffers are not kept
)

var writeBuffers = sync.Pool{New: func() any { b := make([]byte, 0, writeBuffer); return &b }}

func putWriteBuffer(b []byte) {
	if cap(b) >= writeBuffer && cap(b) <= 2*writeChunk {
		b = b[:0]
		writeBuffers.Put(&b)
	}
}

// outbound is the writing side of a connection. The session's mutex guards it.
type outbound struct {
	replies []byte     // encoded answers
	writing bool       // somebody is writing
	held    bool       // a request or SUBSCRIBE is being answered: deliveries wait for its answer (R-MQTT-43)
	drained *sync.Cond // a write has ended; made when the reader has to wait

	deadline time.Time // the write deadline in force
}

// buffer returns the buffer for answers. The caller holds the session's mutex.
func (o *outbound) buffer() []byte {
	if o.replies == nil {
		o.replies = *writeBuffers.Get().(*[]byte)
	}
	return o.replies
}

// sendable reports whether there is something to write now. The caller holds the session's mutex.
func (c *conn) sendable() bool {
	return len(c.out.replies) > 0 || !c.out.held && c.deliverable()
}

// deliverable reports whether the next waiting message may go: QoS 1 needs room in the client's window.
func (c *conn) deliverable() bool {
	q := c.s.queue
	return len(q) > 0 && (q[0].qos == 0 || len(c.s.inFlight) < c.window)
}

// wake gets a delivery written. The caller holds the session's mutex.
func (c *conn) wake() {
	if !c.out.writing && !c.out.held && c.deliverable() {
		c.out.writing = true
		go c.drain()
	}
}

// drain writes until nothing is left.
func (c *conn) drain() {
	for c.writeSome() {
	}
}

// flush writes the answers of the reading goroutine and a first part of what waits; the rest is left to drain, so that
// reading goes on. A client that does not read its answers is not read from.
func (c *conn) flush() {
	s := c.s
	s.mu.Lock()
	for c.out.writing && len(c.out.replies) > writeChunk && s.conn == c {
		if c.out.drained == nil {
			c.out.drained = sync.NewCond(&s.mu)
		}
		c.out.drained.Wait()
	}
	if c.out.writing || s.conn != c || !c.sendable() {
		s.mu.Unlock()
		return
	}
	c.out.writing = true
	s.mu.Unlock()
	if c.writeSome() {
		go c.drain()
	}
}

// writeSome writes one chunk. It reports whether there is more; if not, nobody is writing any longer.
func (c *conn) writeSome() (more bool) {
	c.peer.Authorizer.Refresh()
	s := c.s
	s.mu.Lock()
	b := c.out.buffer()
	c.out.replies = nil
	if s.conn == c && !c.out.held {
		b = c.appendDeliveries(b)
	}
	s.mu.Unlock()
	err := c.write(b)
	putWriteBuffer(b)

	s.mu.Lock()
	defer s.mu.Unlock()
	if c.out.drained != nil {
		c.out.drained.Broadcast()
	}
	if err != nil || s.conn != c || !c.sendable() {
		c.out.writing = false
		return false
	}
	return true
}

// write is one write to the network; an error closes the connection. The deadline moves in steps, because moving it
// costs as much as a small write.
func (c *conn) write(b []byte) error {
	if len(b) == 0 {
		return nil
	}
	now, timeout := time.Now(), c.b.cfg.WriteTimeout
	if c.out.deadline.Sub(now) < timeout {
		c.out.deadline = now.Add(2 * timeout)
		c.nc.SetWriteDeadline(c.out.deadline)
	}
	if _, err := c.nc.Write(b); err != nil {
		c.nc.Close()
		return err
	}
	return nil
}

// appendDeliveries encodes waiting messages. The caller holds the session's mutex.
func (c *conn) appendDeliveries(b []byte) []byte {
	if !c.deliverable() {
		return b
	}
	now := time.Now()
	for len(b) < writeChunk && c.deliverable() {
		e := c.s.pop()
		if e.m.expired(now) || c.peer.Authorizer.Decide(Receive, e.m.Topic) != Allow {
			c.s.unstore(&e) // not allowed is silence (R-BRK-17)
			continue
		}
		if e.qos > 0 && e.id == 0 {
			e.id = c.s.newPacketID()
		}
		p := e.packet(e.m.remainingExpiry(now))
		if !c.fits(&p) {
			c.s.unstore(&e)
			continue
		}
		if e.qos > 0 {
			c.s.inFlight = append(c.s.inFlight, e)
		}
		b = mqtt.AppendPublish(b, c.peer.Version, &p)
	}
	return b
}

// fits reports whether the client takes a packet of this size.
func (c *conn) fits(p *mqtt.Publish) bool {
	return c.maxPacket == 0 || p.Size(c.peer.Version) <= int(c.maxPacket)
}

// answer appends an encoded packet to the answers.
func (c *conn) answer(encode func(b []byte) []byte) {
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	c.out.replies = encode(c.out.buffer())
}
