package broker

import (
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A conn is one connection of a client, from accept to close. Its life is: handshake
// (handshake.go), run with one call of handle for each packet, end. The reading goroutine owns all
// fields that do not say otherwise.
type conn struct {
	b    *Broker
	nc   net.Conn
	in   mqtt.Reader
	peer Peer
	// packet counts the buffer of a large packet that arrives.
	packet arrivingPacket
	// life is that of the broker in which the connection got its session or claimed its client.
	life *life
	// claimed is the number of the claim of its client; 0: none.
	claimed int64
	// unsure says that the turn of its client may have sessions that are not here yet.
	unsure bool
	// before is another connection of the session that is not detached yet; see session.lastConn.
	before   *conn
	detached chan struct{} // closed when the session is detached

	// s is the session. It is set at the end of the handshake, with Broker.mu and session.mu held,
	// and stays set. The session may have been taken over since by another connection: then s.conn
	// is not this one.
	s   *session
	out outbound // shared with the writer, see there

	keepAlive keepAlive
	aliases   topicAliases
	rate      inboundRate

	// asks is the method hears as requests have it. It is made with the first request: to make it for
	// each would cost an allocation.
	asks func(topic string) bool

	held []heldPuback // answers that wait for the store, see puback.go

	bridge          bool   // the client is another broker: see grantFor
	will            *will  // nil: none, or a DISCONNECT has deleted it (R-BRK-24)
	requestedExpiry uint32 // the session expiry that CONNECT asked for, in seconds (MQTT 5)
	presence        presenceID

	// closing is set once, by whoever ends the connection first: another goroutine in closeAsync,
	// or end.
	closing atomic.Pointer[closeError]
}

// lastWrite is how long a client whose connection ends may take to accept what was answered, and as
// long again for the DISCONNECT.
const lastWrite = time.Second

// run reads and handles packets until the connection ends.
func (c *conn) run() {
	defer c.b.conns.Done()
	defer c.b.online.Add(-1)
	c.keepAlive.lastPacket = time.Now()
	c.b.arriving.meter(c)
	err := c.readPackets()
	e := c.closing.Load()
	if e == nil {
		e = asCloseError(err)
	}
	c.end(e)
}

// readPackets handles packets as they come. Answers are gathered as long as whole packets are there
// to be read, so that a client that sends many at once gets its answers in one write.
func (c *conn) readPackets() error {
	for {
		if !c.in.Buffered() || len(c.held) >= maxHeld {
			if err := c.releasePubacks(); err != nil {
				return err
			}
			c.out.flush()
			c.keepAlive.extendDeadline(c.nc)
		}
		packet, err := c.in.Next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if c.keepAlive.passed() {
				return closeWith(mqtt.KeepAliveTimeout, "the client was silent for too long")
			}
			continue
		}
		if err != nil {
			return err
		}
		c.keepAlive.lastPacket = time.Now()
		if c.presence.asThing {
			c.b.cfg.Seen(c.peer.ClientID)
		}
		c.traceReceived(packet)
		if err := c.handle(packet); err != nil {
			return err
		}
	}
}

// handle handles one packet. An error ends the connection.
func (c *conn) handle(packet mqtt.Packet) error {
	switch packet.Type {
	case mqtt.TypePublish:
		return c.onPublish(packet)
	case mqtt.TypePuback:
		return c.onPuback(packet)
	case mqtt.TypeSubscribe:
		return c.onSubscribe(packet)
	case mqtt.TypeUnsubscribe:
		return c.onUnsubscribe(packet)
	case mqtt.TypePingreq:
		if err := mqtt.DecodePingreq(packet); err != nil {
			return err
		}
		c.out.reply(mqtt.AppendPingresp)
		return nil
	case mqtt.TypeDisconnect:
		return c.onDisconnect(packet)
	case mqtt.TypeConnect:
		return closeWith(mqtt.ProtocolError, "a second CONNECT")
	case 0:
		return closeWith(mqtt.MalformedPacket, "packet type 0")
	}
	return closeWith(mqtt.ProtocolError, "the packet type is not supported")
}

// onPuback handles a PUBACK: the message leaves the in-flight window, which makes room for the
// next.
func (c *conn) onPuback(packet mqtt.Packet) error {
	id, err := mqtt.DecodePuback(packet, c.peer.Version)
	if err != nil {
		return err
	}
	c.s.mu.Lock()
	defer c.s.mu.Unlock()
	if c.s.conn == c {
		c.s.acknowledge(id)
	}
	return nil
}

// onDisconnect handles a DISCONNECT. MQTT 5 may change the session expiry with it, but not from 0
// (R-BRK-12).
func (c *conn) onDisconnect(packet mqtt.Packet) error {
	p, err := mqtt.DecodeDisconnect(packet, c.peer.Version)
	if err != nil {
		return err
	}
	if p.HasSessionExpiry {
		if p.SessionExpiry > 0 && c.requestedExpiry == 0 {
			return closeWith(mqtt.ProtocolError, "DISCONNECT raises the session expiry from 0")
		}
		c.s.mu.Lock()
		if c.s.conn == c { // else the session belongs to the connection that took it over
			c.s.expiry = c.b.sessionExpiry(p.SessionExpiry)
		}
		c.s.mu.Unlock()
	}
	if p.Reason == mqtt.Success {
		c.dropWill() // whoever else ends the connection at the same time
	}
	if err := c.releasePubacks(); err != nil {
		return err
	}
	return &closeError{cause: ClientInitiated}
}

// end closes the connection and detaches the session. It is the last thing that the reading
// goroutine does.
func (c *conn) end(e *closeError) {
	if e.reason.Failed() {
		c.b.logRefusal(c, e)
	}
	c.b.log.Debug("disconnected", "connection", c.peer.Connection,
		"client", logText(c.peer.ClientID), "reason", string(e.cause))
	c.closing.CompareAndSwap(nil, e)
	if c.closing.Load() == e { // else closeAsync closes it
		if e.cause != ConnectionLost && e.cause != KeepAliveExceeded {
			c.out.flushLast(lastWrite)
		}
		c.closeWithReason(e.reason)
	}
	c.trace(TraceClosed, func(t *Trace) { t.Detail, t.Reason = string(e.cause), e.reason })
	c.in.Release()
	c.b.untrackPrincipal(c)
	c.b.detachSession(c, e)
}

// closeAsync ends the connection from another goroutine, without waiting. The reading goroutine
// notices that the connection is closed and does the rest.
func (c *conn) closeAsync(e *closeError) {
	if c.closing.CompareAndSwap(nil, e) {
		go c.closeWithReason(e.reason)
	}
}

// closeWithReason closes the network connection, for MQTT 5 after a DISCONNECT. Each packet is
// written in one call, so that a DISCONNECT of another goroutine cannot end up inside one.
func (c *conn) closeWithReason(reason mqtt.Reason) {
	if reason.Failed() && c.peer.Version == mqtt.V5 {
		c.nc.SetWriteDeadline(time.Now().Add(lastWrite))
		// A failure makes no difference: the connection is closed next.
		last := mqtt.AppendDisconnect(nil, reason)
		c.traceSent(last)
		_, _ = c.nc.Write(last)
	}
	c.nc.Close()
}
