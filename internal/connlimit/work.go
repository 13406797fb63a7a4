package connlimit

import (
	"context"
	"net"
	"runtime"

	"golang.org/x/sync/semaphore"
)

// What a connection costs before its caller is known, such as a handshake of TLS, is done on half of
// the processors, so that those who come leave the other half to those who are there (R-LIM-60).
// Connections take turns at it, first come first served. While one waits for its client, or for
// anything else, another has its turn.

// turns are as many as may be had at a time.
type turns struct{ free *semaphore.Weighted }

func newTurns() turns {
	return turns{semaphore.NewWeighted(int64(max(1, runtime.GOMAXPROCS(0)/2)))}
}

func (t turns) take() { _ = t.free.Acquire(context.Background(), 1) } // which never ends
func (t turns) give() { t.free.Release(1) }

// Work is the turn of a connection whose caller is not known yet. The goroutine that has begun it ends
// it.
type Work struct{ on *Conn }

// Begin waits for a turn of a connection, which may be below TLS. One that is not counted, or whose
// caller is known, needs none.
func Begin(c net.Conn) Work {
	at := counted(c)
	if at == nil || at.unidentified.Load() == nil {
		return Work{}
	}
	at.begin()
	return Work{at}
}

// Wait calls what waits for something else than the client, without a turn. Meanwhile others may read,
// until f returns.
func (w Work) Wait(f func()) {
	if w.on == nil {
		f()
		return
	}
	w.on.end()
	f()
	w.on.begin()
}

// End gives the turn back.
func (w Work) End() {
	if w.on != nil {
		w.on.end()
	}
}

func (c *Conn) begin() {
	c.turns.take()
	c.working = true
}

func (c *Conn) end() {
	c.working = false
	c.turns.give()
}

// Read reads what the client has sent. It gives the turn back meanwhile, if the connection has one.
func (c *Conn) Read(p []byte) (n int, err error) {
	if c.working {
		c.end()
		defer c.begin()
	}
	return c.Conn.Read(p)
}
