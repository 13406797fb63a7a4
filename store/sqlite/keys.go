package sqlite

import (
	"fmt"

	"github.com/drover-iot/drover/store/relational"
)

// keyBlock is how many keys are reserved at once. Keys are counted in memory; the file only knows a
// bound that they stay under, so that a crash skips some and never repeats one.
const keyBlock = 4096

// keys are the counters. The holder of the writer's turn changes them; anybody may look.
type keys struct {
	relational.Keys
	bound [relational.KeyKinds]int64 // what the file says
	next  [relational.KeyKinds]int64 // what the running transaction makes it say
}

// maxKey is more than any counter reaches.
const maxKey = 1 << 62

const loadCounters = `SELECT kind, reserved FROM counter`

// load continues after the bounds in the file and reserves the first block.
func (k *keys) load(c *conn) error {
	s := c.stmt(loadCounters)
	for s.Row() {
		kind, reserved := s.Int(), s.Int()
		if kind < 0 || kind >= relational.KeyKinds || reserved < 0 || reserved > maxKey {
			s.Fail(fmt.Errorf("the counter of keys %d is damaged: it stands at %d", kind, reserved))
			break
		}
		k.Last[kind].Store(reserved)
	}
	if err := s.End(); err != nil {
		return err
	}
	return c.write(func() error {
		for kind := range k.Last {
			k.next[kind] = k.Last[kind].Load() + keyBlock
		}
		return k.save(c)
	}, k.reserved)
}

const saveCounter = `INSERT INTO counter (kind, reserved) VALUES (?, ?)
	ON CONFLICT (kind) DO UPDATE SET reserved = excluded.reserved`

// save writes the bounds that differ from the file's.
func (k *keys) save(c *conn) error {
	for kind, next := range k.next {
		if next == k.bound[kind] {
			continue
		}
		s := c.stmt(saveCounter)
		s.BindInt(int64(kind))
		s.BindInt(next)
		if err := s.Run(); err != nil {
			return err
		}
	}
	return nil
}

// reserve raises the bounds that were reached, within the transaction that reached them.
func (k *keys) reserve(c *conn) error {
	for kind := range k.Last {
		k.next[kind] = k.bound[kind]
		if last := k.Last[kind].Load(); last > k.bound[kind] {
			k.next[kind] = last + keyBlock
		}
	}
	return k.save(c)
}

// reserved notes that the transaction was committed.
func (k *keys) reserved() { k.bound = k.next }

// giveBack lowers the bounds to what was used, for an orderly end.
func (k *keys) giveBack(c *conn) error {
	return c.write(func() error {
		for kind := range k.Last {
			k.next[kind] = k.Last[kind].Load()
		}
		return k.save(c)
	}, k.reserved)
}
