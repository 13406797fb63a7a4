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
)

// A conn is one connection of a client. Its reading goroutine owns everything that is not said to be shared.
type conn struct {
	b    *Broker
	nc   net.Conn
	in   packetReader
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
	b.connected(c)
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
	c.in.src, c.in.max = c.nc, b.cfg.MaxPacket
	c.in.release()
	b.enlist(c)
	if err := c.connect(); err != nil {
		c.refuse(err)
		b.delist(c)
		c.in.release()
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
	if e == nil && !errors.As(err, &e) {
		e = lost(err)
	}
	c.end(e)
}

func (c *conn) loop() error {
	for {
		if !c.in.ready() {
			c.flush()
			c.watch()
		}
		header, body, err := c.in.next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			if time.Since(c.heard) >= c.patience() {
				return refusal(KeepAliveTimeout, "keep-alive exceeded")
			}
			c.deadline = time.Time{}
			continue
		}
		if err != nil {
			return err
		}
		c.heard = time.Now()
		if err := c.handle(header, body); err != nil {
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

func (c *conn) handle(header byte, body []byte) error {
	switch header >> 4 {
	case typePublish:
		return c.onPublish(header, body)
	case typePuback:
		return c.onPuback(header, body)
	case typeSubscribe:
		return c.onSubscribe(header, body)
	case typeUnsubscribe:
		return c.onUnsubscribe(header, body)
	case typePingreq:
		if header&0x0F != 0 || len(body) != 0 {
			return malformed("PINGREQ")
		}
		c.answer(appendPingresp)
		return nil
	case typeDisconnect:
		return c.onDisconnect(header, body)
	case typeConnect:
		return violation("second CONNECT")
	case 0:
		return malformed("packet type 0")
	}
	return violation("packet not supported")
}

func (c *conn) onPuback(header byte, body []byte) error {
	id, err := decodePuback(header, body, c.peer.Version)
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

func (c *conn) onDisconnect(header byte, body []byte) error {
	p, err := decodeDisconnect(header, body, c.peer.Version)
	if err != nil {
		return err
	}
	if p.hasExpiry {
		if p.expiry > 0 && c.expiry == 0 {
			return violation("session expiry raised from 0")
		}
		c.s.mu.Lock()
		if c.s.conn == c { // not when the session was taken over: it is another connection's then
			c.s.expiry = c.b.sessionExpiry(p.expiry)
		}
		c.s.mu.Unlock()
	}
	return &ending{cause: ClientInitiated, noWill: p.reason == Success}
}

// end says goodbye, leaves the session and publishes what is due.
func (c *conn) end(e *ending) {
	if e.reason >= Unspecified {
		c.b.refused(c, e)
	}
	c.kicked.CompareAndSwap(nil, e)
	if c.kicked.Load() == e {
		if e.cause != ConnectionLost && e.cause != KeepAliveExceeded {
			c.flush()
		}
		c.sayGoodbye(e.reason)
	}
	c.in.release()
	c.b.delist(c)
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
func (c *conn) sayGoodbye(reason Reason) {
	if reason >= Unspecified && c.peer.Version == version5 {
		c.nc.SetWriteDeadline(time.Now().Add(time.Second))
		_, _ = c.nc.Write(appendDisconnect(nil, reason)) // a courtesy: the connection is closed next
	}
	c.nc.Close()
}

// newClientID makes an id for a client that sent none (R-BRK-16).
func newClientID() string { return "auto-" + rand.Text() }
