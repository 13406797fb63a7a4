package connlimit

import (
	"container/list"
	"net"
	"net/netip"
	"sync"
	"time"
)

// patience is how long a connection may be unidentified before it can be closed to make room for a
// new one. It is longer than a client needs: where many clients come at once, those that are in the
// middle of their handshakes must not be thrown out by the next ones. When nobody has waited for
// that long the new one is refused.
const patience = 2 * time.Second

// cause is the limit that a new connection would exceed.
type cause byte

const (
	fits cause = iota
	tooMany
	tooManyUnidentified
	tooManyOfAddress
	causes // how many there are
)

var causeTexts = [causes]string{
	tooMany:             "too many connections",
	tooManyUnidentified: "too many connections whose callers are not known",
	tooManyOfAddress:    "too many connections from one address whose callers are not known",
}

// table counts connections.
type table struct {
	mu        sync.Mutex // guards what follows
	limits    Limits
	open      int
	waiting   *list.List                  // of *unidentified, oldest first
	idle      *list.List                  // of *Conn whose callers are known, the longest idle first
	byAddress map[netip.Prefix]*list.List // the same, by address; none is empty
	refusals  [causes]struct {
		count  int
		logged time.Time
	}
}

// unidentified is what is known of a connection as long as its caller is not.
type unidentified struct {
	conn     *Conn
	since    time.Time
	address  netip.Prefix
	all, own *list.Element // in table.waiting and in the list of its address
}

func newTable(limits Limits) *table {
	return &table{
		limits:    limits,
		waiting:   list.New(),
		idle:      list.New(),
		byAddress: map[netip.Prefix]*list.List{},
	}
}

// add counts a new connection. why is the limit that there was no room under; then either added is
// nil, or victim is an older connection, which the caller must close.
func (t *table) add(nc net.Conn, now time.Time) (added, victim *Conn, why cause) {
	from := prefixOf(nc.RemoteAddr())
	t.mu.Lock()
	defer t.mu.Unlock()
	why, oldest := t.full(from)
	if why != fits {
		if victim = t.makeRoom(why, oldest, now); victim == nil {
			return nil, nil, why
		}
	}
	own := t.byAddress[from]
	if own == nil {
		own = list.New()
		t.byAddress[from] = own
	}
	added = &Conn{Conn: nc, table: t}
	u := &unidentified{conn: added, since: now, address: from}
	u.all, u.own = t.waiting.PushBack(u), own.PushBack(u)
	added.unidentified.Store(u)
	t.open++
	return added, victim, why
}

// full says which limit one more connection from an address would exceed, and which unidentified
// connection is the oldest of those that count against it; nil for none.
func (t *table) full(from netip.Prefix) (cause, *unidentified) {
	own := t.byAddress[from]
	switch {
	case own != nil && own.Len() >= t.limits.PerAddress:
		return tooManyOfAddress, oldest(own)
	case t.waiting.Len() >= t.limits.Unidentified:
		return tooManyUnidentified, oldest(t.waiting)
	case t.open >= t.limits.Total:
		return tooMany, oldest(t.waiting)
	}
	return fits, nil
}

// makeRoom returns the connection that is closed for a new one: the oldest of those that count
// against the limit, when it has waited for long enough. Against the limit on all connections it
// may also be one that is known and idle; its caller opens another when it needs one.
func (t *table) makeRoom(why cause, oldest *unidentified, now time.Time) *Conn {
	switch {
	case oldest != nil && now.Sub(oldest.since) >= patience:
		t.unlink(oldest)
		return oldest.conn
	case why == tooMany && t.idle.Len() > 0:
		c := t.idle.Front().Value.(*Conn)
		t.setIdle(c, false)
		return c
	}
	return nil
}

func oldest(l *list.List) *unidentified {
	if l.Len() == 0 {
		return nil
	}
	return l.Front().Value.(*unidentified)
}

// identified takes a connection out of those whose callers are not known.
func (t *table) identified(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if u := c.unidentified.Load(); u != nil {
		t.unlink(u)
	}
}

// remove counts a connection no longer. It is called once for each.
func (t *table) remove(c *Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open--
	if u := c.unidentified.Load(); u != nil {
		t.unlink(u)
	}
	t.setIdle(c, false)
}

// markIdle says whether a connection is idle. One whose caller is not known counts as waiting, and
// never as idle.
func (t *table) markIdle(c *Conn, idle bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.setIdle(c, idle && c.unidentified.Load() == nil && !c.closed.Load())
}

// setIdle is markIdle with the mutex held.
func (t *table) setIdle(c *Conn, idle bool) {
	switch {
	case idle && c.idle == nil:
		c.idle = t.idle.PushBack(c)
	case !idle && c.idle != nil:
		t.idle.Remove(c.idle)
		c.idle = nil
	}
}

// unlink takes an entry out of the lists. The caller holds the mutex.
func (t *table) unlink(u *unidentified) {
	u.conn.unidentified.Store(nil)
	t.waiting.Remove(u.all)
	own := t.byAddress[u.address]
	own.Remove(u.own)
	if own.Len() == 0 {
		delete(t.byAddress, u.address)
	}
}

// logEvery is how often a limit is logged, however many connections exceed it.
const logEvery = time.Second

// report counts a connection that a limit has closed. It returns how many there were since the last
// line, or 0 when it is too early for another one.
func (t *table) report(why cause, now time.Time) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := &t.refusals[why]
	r.count++
	if now.Sub(r.logged) < logEvery {
		return 0
	}
	count := r.count
	r.count, r.logged = 0, now
	return count
}

// prefixOf is the address that a connection counts for. In IPv6 it is the network of 64 bits,
// because a host can have all addresses of one.
func prefixOf(remote net.Addr) netip.Prefix {
	tcp, ok := remote.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{} // all connections that have no address are one
	}
	address := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := address.BitLen()
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
