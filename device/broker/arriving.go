package broker

import (
	linked "container/list"
	"sync"
	"time"

	"github.com/drover-iot/drover/device/broker/mqtt"
)

// Packets that arrive. A client may send half of a large packet and nothing more until its keep-alive
// has passed, on as many connections as it likes. So the buffers that are larger than those every
// connection may have are counted, in all and for each principal (R-BRK-55). When there is no room
// for one more, the connection that has had one longest is closed for it.

// arrivingPatience is how long a packet may take to arrive before another may need its room.
const arrivingPatience = 2 * time.Second

// arriving are the buffers of all connections.
type arriving struct {
	cfg *Config

	mu    sync.Mutex
	bytes int            // of all of them
	each  map[string]int // of the principals that have an id
	// oldest are the connections that have one, as *arrivingPacket, in the order in which they got
	// it.
	oldest linked.List
}

// An arrivingPacket is the mqtt.Meter of a connection.
type arrivingPacket struct {
	all   *arriving
	c     *conn
	id    string // of the principal
	bytes int
	since time.Time       // when it got its buffer
	place *linked.Element // in oldest; nil: it has none, or was closed for another
}

// meter makes the reader of a connection count its buffers.
func (a *arriving) meter(c *conn) {
	c.packet = arrivingPacket{all: a, c: c, id: c.peer.Principal.ID()}
	c.in.Meter = &c.packet
}

// Grow makes room for a larger buffer, or refuses it.
func (p *arrivingPacket) Grow(bytes int) error {
	a, now := p.all, time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	// One that is alone may be as large as a packet may be.
	share := a.cfg.share(a.cfg.MaxArrivingBytes)
	if p.id != "" && a.each[p.id] > p.bytes && a.each[p.id]+bytes > share {
		return closeWith(mqtt.QuotaExceeded, "the unfinished packets of the principal are too large")
	}
	for a.bytes > p.bytes && a.bytes+bytes > a.cfg.MaxArrivingBytes {
		other := a.oldest.Front().Value.(*arrivingPacket)
		if other == p || now.Sub(other.since) < arrivingPatience {
			return closeWith(mqtt.QuotaExceeded, "the unfinished packets of all clients are too large")
		}
		a.remove(other)
		other.c.closeAsync(closeWith(mqtt.QuotaExceeded, "the packet does not arrive, and others need its room"))
	}
	if p.place == nil {
		p.since, p.place = now, a.oldest.PushBack(p)
	}
	p.bytes += bytes
	a.add(p, bytes)
	return nil
}

// Shrink gives the room back.
func (p *arrivingPacket) Shrink(int) {
	p.all.mu.Lock()
	defer p.all.mu.Unlock()
	if p.place != nil { // else it was closed for another
		p.all.remove(p)
	}
}

// remove forgets the buffer of a connection. The caller holds mu, like that of add.
func (a *arriving) remove(p *arrivingPacket) {
	a.oldest.Remove(p.place)
	a.add(p, -p.bytes)
	p.place, p.bytes = nil, 0
}

func (a *arriving) add(p *arrivingPacket, bytes int) {
	a.bytes += bytes
	if p.id == "" {
		return
	}
	if a.each == nil {
		a.each = map[string]int{}
	}
	if a.each[p.id] += bytes; a.each[p.id] == 0 {
		delete(a.each, p.id)
	}
}
