package connlimit

import (
	"container/list"
	"io"
	"log/slog"
	"net"
	"sync/atomic"
	"time"
)

// A Limiter bounds the connections of all listeners that it wraps together.
type Limiter struct {
	table *table
	turns turns
	log   *slog.Logger
}

// New returns a limiter. What it refuses is logged, a line a second and limit at the most.
func New(limits Limits, log *slog.Logger) *Limiter {
	return &Limiter{table: newTable(limits), turns: newTurns(), log: log}
}

// SetLimits changes the limits. Connections that are there stay, also when they are more.
func (m *Limiter) SetLimits(limits Limits) {
	m.table.mu.Lock()
	defer m.table.mu.Unlock()
	m.table.limits = limits
}

// Count is how many connections there are, and how many of them have callers who are known.
func (m *Limiter) Count() (open, identified int) {
	m.table.mu.Lock()
	defer m.table.mu.Unlock()
	return m.table.open, m.table.open - m.table.waiting.Len()
}

// Listen returns a listener that accepts from l what there is room for, and closes the rest. TLS
// comes on top of it.
func (m *Limiter) Listen(l net.Listener) net.Listener { return &listener{l, m} }

type listener struct {
	net.Listener
	limiter *Limiter
}

// Accept returns the next connection that there is room for.
func (l *listener) Accept() (net.Conn, error) {
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.limiter.count(nc); c != nil {
			return c, nil
		}
	}
}

// count counts a connection, or closes it and returns nil.
func (m *Limiter) count(nc net.Conn) *Conn {
	now := time.Now()
	added, victim, why := m.table.add(nc, now)
	if added != nil {
		added.turns = m.turns
	}
	if why == fits {
		return added
	}
	if n := m.table.report(why, now); n > 0 {
		m.log.Warn("connections closed", "reason", causeTexts[why], "count", n,
			"remote", nc.RemoteAddr().String())
	}
	if added == nil {
		nc.Close()
		return nil
	}
	_ = victim.Close() // the peer that has waited for too long, whatever it says
	return added
}

// Conn is a connection that is counted until it is closed.
type Conn struct {
	net.Conn
	table *table
	turns turns
	// working says that the goroutine that reads has a turn. Only whoever reads looks at it.
	working bool
	// unidentified is nil once the caller is known, and once the connection is closed. It changes
	// with the mutex of the table held.
	unidentified atomic.Pointer[unidentified]
	closed       atomic.Bool
	idle         *list.Element // in table.idle, nil when it is not idle; guarded by its mutex
}

// Identified says that the caller of a connection has shown who it is. The connection may be below
// TLS. One that is not counted is left alone.
func Identified(c net.Conn) {
	if at := counted(c); at != nil && at.unidentified.Load() != nil {
		at.table.identified(at)
	}
}

// IsIdentified reports whether Identified was called for a connection.
func IsIdentified(c net.Conn) bool {
	at := counted(c)
	return at != nil && at.unidentified.Load() == nil
}

// SetIdle says whether a connection waits for nothing but a new request, so that it can be closed
// when others need room.
func SetIdle(c net.Conn, idle bool) {
	if at := counted(c); at != nil {
		at.table.markIdle(at, idle)
	}
}

// counted is the connection below TLS, if there is TLS; nil when it is not counted.
func counted(c net.Conn) *Conn {
	for {
		switch at := c.(type) {
		case *Conn:
			return at
		case interface{ NetConn() net.Conn }: // a *tls.Conn
			c = at.NetConn()
		default:
			return nil
		}
	}
}

// Close closes the connection, which is counted no longer.
func (c *Conn) Close() error {
	err := c.Conn.Close()
	if c.closed.CompareAndSwap(false, true) {
		c.table.remove(c)
	}
	return err
}

// ReadFrom sends what is read of r. From a file the system can do that without copying.
func (c *Conn) ReadFrom(r io.Reader) (int64, error) {
	if to, ok := c.Conn.(io.ReaderFrom); ok {
		return to.ReadFrom(r)
	}
	return io.Copy(struct{ io.Writer }{c.Conn}, r)
}

// CloseWrite tells the client that nothing more will be sent, where the connection can do that.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
