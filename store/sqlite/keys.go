package sqlite

import (
	"fmt"
	"sync/atomic"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// The kinds of key. The numbers are stored; never renumber them.
const (
	thingKey = iota
	groupKey
	jobKey
	joinedKey
	sequenceKey
	announcementKey
	billingGroupKey
	keyKinds
)

// keyBlock is how many keys are reserved at once. Keys are counted in memory; the file only knows a
// bound that they stay under, so that a crash skips some and never repeats one.
const keyBlock = 4096

// keys are the counters. The holder of the writer's turn changes them; anybody may look.
type keys struct {
	last  [keyKinds]atomic.Int64
	bound [keyKinds]int64 // what the file says
	next  [keyKinds]int64 // what the running transaction makes it say
}

// maxKey is more than any counter reaches.
const maxKey = 1 << 62

const loadCounters = `SELECT kind, reserved FROM counter`

// load continues after the bounds in the file and reserves the first block.
func (k *keys) load(c *conn) error {
	s := c.stmt(loadCounters)
	for s.Row() {
		kind, reserved := s.Int(), s.Int()
		if kind < 0 || kind >= keyKinds || reserved < 0 || reserved > maxKey {
			s.Fail(fmt.Errorf("the counter of keys %d is damaged: it stands at %d", kind, reserved))
			break
		}
		k.last[kind].Store(reserved)
	}
	if err := s.End(); err != nil {
		return err
	}
	return c.write(func() error {
		for kind := range k.last {
			k.next[kind] = k.last[kind].Load() + keyBlock
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
	for kind := range k.last {
		k.next[kind] = k.bound[kind]
		if last := k.last[kind].Load(); last > k.bound[kind] {
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
		for kind := range k.last {
			k.next[kind] = k.last[kind].Load()
		}
		return k.save(c)
	}, k.reserved)
}

func (k *keys) Thing() registry.ThingID { return registry.ThingID(k.last[thingKey].Add(1)) }
func (k *keys) Group() registry.GroupID { return registry.GroupID(k.last[groupKey].Add(1)) }
func (k *keys) BillingGroup() registry.BillingGroupID {
	return registry.BillingGroupID(k.last[billingGroupKey].Add(1))
}
func (k *keys) Job() job.Key        { return job.Key(k.last[jobKey].Add(1)) }
func (k *keys) Joined() int64       { return k.last[joinedKey].Add(1) }
func (k *keys) Sequence() int64     { return k.last[sequenceKey].Add(1) }
func (k *keys) Announcement() int64 { return k.last[announcementKey].Add(1) }
