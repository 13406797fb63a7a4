package broker

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// A conn is one connection of a client. Its reading goroutine owns everything that is not said to be shared.
type conn struct {
	b    *Broker
	nc   net.Conn
	in   mqtt.Reader
	peer Peer
	s    *session
	out  outbound // shared, guarded by s.mu

	keepAlive time.Duration
	window    int    // unacknowledged QoS 1 messages that the client takes
	maxPacket uint32 // bytes that the client takes; 0: any
	aliases   []string
	will      *message
	willDelay time.Duration
	expiry    uint32 // what CONNECT asked for, in seconds (v5)
	rate      rate

	heard    time.Time // when the last packet came
	deadline time.Time // the read deadline in force
	presence presenceID
	kicked   atomic.Pointer[ending] // set by others who end the connection
}

// serve runs a connection up to its CONNECT, and leaves the rest to a fresh goroutine: its stack has not grown by a TLS
// handshake, and there may be a hundred thousand of them.
func (b *Broker) serve(nc net.Conn) {
	stop := context.AfterFunc(b.greeting, func() { nc.Close() })
	defer stop()
	c := &conn{b: b, nc: nc}
	nc.SetDeadline(time.Now().Add(b.cfg.ConnectTimeout))
	if !b.greet(c) {
		nc.Close()
		b.conns.Done()
		return
	}
	b.publishConnected(c)
	stop() // with the CONNACK on its way, Shutdown says goodbye
	go c.run()
}

// greet finds out who is there and reads the CONNECT. It reports false if the connection is refused.
func (b *Broker) greet(c *conn) bool {
	principal, err := b.identify(c.nc)
	if err != nil {
		b.refused(c, &ending{detail: err.Error(), cause: AuthError})
		return false
	}
	c.peer.Principal, c.peer.Remote = principal, c.nc.RemoteAddr()
	c.in.Reset(c.nc, b.cfg.MaxPacket)
	b.trackPrincipal(c)
	if err := c.connect(); err != nil {
		c.refuse(err)
		b.untrackPrincipal(c)
		c.in.Release()
		return false
	}
	return true
}

func (b *Broker) identify(nc net.Conn) (Principal, error) {
	link := Link{Remote: nc.RemoteAddr()}
	if t, ok := nc.(*tls.Conn); ok {
		if err := t.Handshake(); err != nil {
			return nil, err
		}
		state := t.ConnectionState()
		link.TLS = &state
	}
	return b.cfg.Authenticate(b.greeting, link)
}

// run is the life of a connection after its CONNACK.
func (c *conn) run() {
	defer c.b.conns.Done()
	c.heard = time.Now()
	err := c.loop()
	e := c.kicked.Load()
	if e == nil {
		e = endingOf(err)
	}
	c.end(e)
}

func (c *conn) loop() error {
	for {
		if !c.in.Buffered() {
			c.flush()
			c.watch()
		}
		packet, err := c.in.Next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if time.Since(c.heard) >= c.patience() {
				return refusal(mqtt.KeepAliveTimeout, "keep-alive exceeded")
			}
			c.deadline = time.Time{}
			continue
		}
		if err != nil {
			return err
		}
		c.heard = time.Now()
		if err := c.handle(packet); err != nil {
			return err
		}
	}
}

// patience is how long the client may be silent (R-BRK-14).
func (c *conn) patience() time.Duration { return c.keepAlive + c.keepAlive/2 }

// watch sets the read deadline for the silence that may follow. It moves in steps of half the patience, because moving
// it costs as much as a small read: one that comes early only makes the loop look again.
func (c *conn) watch() {
	due := c.heard.Add(c.patience())
	if due.Sub(c.deadline) > c.patience()/2 {
		c.deadline = due
		c.nc.SetReadDeadline(due)
	}
}

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
		c.answer(mqtt.AppendPingresp)
		return nil
	case mqtt.TypeDisconnect:
		return c.onDisconnect(packet)
	case mqtt.TypeConnect:
		return violation("second CONNECT")
	case 0:
		return refusal(mqtt.MalformedPacket, "packet type 0")
	}
	return violation("packet not supported")
}

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

func (c *conn) onDisconnect(packet mqtt.Packet) error {
	p, err := mqtt.DecodeDisconnect(packet, c.peer.Version)
	if err != nil {
		return err
	}
	if p.HasSessionExpiry {
		if p.SessionExpiry > 0 && c.expiry == 0 {
			return violation("session expiry raised from 0")
		}
		c.s.mu.Lock()
		if c.s.conn == c { // not when the session was taken over: it is another connection's then
			c.s.expiry = c.b.sessionExpiry(p.SessionExpiry)
		}
		c.s.mu.Unlock()
	}
	return &ending{cause: ClientInitiated, noWill: p.Reason == mqtt.Success}
}

// end says goodbye, leaves the session and publishes what is due.
func (c *conn) end(e *ending) {
	if e.reason >= mqtt.Unspecified {
		c.b.refused(c, e)
	}
	c.kicked.CompareAndSwap(nil, e)
	if c.kicked.Load() == e {
		if e.cause != ConnectionLost && e.cause != KeepAliveExceeded {
			c.flush()
		}
		c.sayGoodbye(e.reason)
	}
	c.in.Release()
	c.b.untrackPrincipal(c)
	c.b.leave(c, e)
}

// kick ends the connection from another goroutine. The reading goroutine sees the closed connection and does the rest.
func (c *conn) kick(e *ending) {
	if c.kicked.CompareAndSwap(nil, e) {
		go c.sayGoodbye(e.reason)
	}
}

// sayGoodbye closes the connection, after a DISCONNECT for MQTT 5. Whole packets are written at once, so one in between
// others does no harm.
func (c *conn) sayGoodbye(reason mqtt.Reason) {
	if reason >= mqtt.Unspecified && c.peer.Version == mqtt.V5 {
		c.nc.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = c.nc.Write(mqtt.AppendDisconnect(nil, reason)) // a courtesy: the connection is closed next
	}
	c.nc.Close()
}

// newClientID makes an id for a client that sent none (R-BRK-16).
func newClientID() string { return "auto-" + rand.Text() }
