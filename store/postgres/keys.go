package postgres

import (
	"time"

	"github.com/drover-iot/drover/store/relational"
)

// keys are the counters of all nodes as the running write sees them: it reads them when it has the
// lock, and stores those that it used. What this node has handed out in a write that was lost it
// does not hand out again.
type keys struct {
	relational.Keys
	stored [relational.KeyKinds]int64 // what the database says
}

// loadCounters reads the counters and, as a further kind, the clock of the database in ms.
const (
	loadCounters = `SELECT kind, reserved FROM counter UNION ALL
		SELECT -1, (extract(epoch FROM clock_timestamp()) * 1000)::bigint`
	clockKind = -1
)

// load reads the counters and the time. Only the holder of the lock calls it.
func (k *keys) load(c *conn) error {
	s := c.Prepare(loadCounters)
	for s.Row() {
		kind, last := s.Int(), s.Int()
		if kind == clockKind {
			c.time = time.UnixMilli(last).UTC()
		}
		if kind < 0 || kind >= relational.KeyKinds {
			continue // of a newer node
		}
		k.stored[kind] = last
		if last > k.Last[kind].Load() {
			k.Last[kind].Store(last)
		}
	}
	return s.End()
}

const saveCounter = `INSERT INTO counter (kind, reserved) VALUES (?, ?)
	ON CONFLICT (kind) DO UPDATE SET reserved = excluded.reserved`

// save has the counters that were used written with the next round trip.
func (k *keys) save(c *conn) {
	for kind := range k.Last {
		last := k.Last[kind].Load()
		if last == k.stored[kind] {
			continue
		}
		s := c.Prepare(saveCounter)
		s.BindInt(int64(kind))
		s.BindInt(last)
		_ = s.Run() // waits, and fails with what it is sent with
	}
}

// lastJoined is store.Reader.LastJoined inside a write.
func (k *keys) lastJoined() (int64, error) { return k.Last[relational.JoinedKey].Load(), nil }

const selectLastJoined = `SELECT reserved FROM counter WHERE kind = ?`

// readLastJoined is store.Reader.LastJoined inside a read: the counter in its snapshot.
func (c *conn) readLastJoined() (last int64, err error) {
	s := c.Prepare(selectLastJoined)
	s.BindInt(relational.JoinedKey)
	if s.Row() {
		last = s.Int()
	}
	return last, s.End()
}
