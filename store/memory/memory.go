// Package memory is the reference implementation of store.Store: the plainest code that keeps the
// contract. The engine's tests and the simulator run on it, and storetest compares every other
// store with it.
//
// A state is a value made of immutable trees (tree.go). A write works on a copy and, when it
// succeeds, swaps it in; a read holds on to the state it began with. So isolation and rollback need
// no further code. Start with state.go.
package memory

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Store keeps the state in memory. It is lost with the process.
type Store struct {
	state   atomic.Pointer[state]
	writing sync.Mutex
	keys    keys // guarded by writing
	running sync.WaitGroup
}

// Open returns an empty store.
func Open() *Store {
	s := &Store{}
	s.state.Store(&state{})
	return s
}

// Read calls f with the state of the last commit.
func (s *Store) Read(ctx context.Context, f func(store.Reader) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.running.Add(1)
	defer s.running.Done()
	return f(reader{s.state.Load(), &s.keys})
}

// Write calls f alone and swaps in what it made.
func (s *Store) Write(ctx context.Context, f func(store.Tx) error) error {
	s.running.Add(1)
	defer s.running.Done()
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	after := *s.state.Load()
	t := &tx{reader: reader{&after, &s.keys}}
	if err := f(t); err != nil {
		return err
	}
	if t.failed != nil {
		return t.failed
	}
	s.state.Store(&after)
	return nil
}

// Reset removes everything but secrets.
func (s *Store) Reset(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	after := &state{}
	for name, value := range s.state.Load().settings.from(store.SecretPrefix) {
		if !strings.HasPrefix(string(name), store.SecretPrefix) {
			break
		}
		after.settings = after.settings.put(name, value)
	}
	s.state.Store(after)
	return ctx.Err()
}

// Close waits for running functions.
func (s *Store) Close() error {
	s.running.Wait()
	return nil
}

type tx struct {
	reader
	failed error
}

// Apply changes the copy of the state that this write works on.
func (t *tx) Apply(c store.Changes) error {
	if t.failed == nil {
		t.failed = t.apply(c)
	}
	return t.failed
}

// Heads reads ahead though everything is near: so a simulation has commits that know their facts
// before they decide.
func (t *tx) Heads(names []string, pending int) (heads []store.Head, err error) {
	for _, name := range names {
		thing, err := t.ThingID(name)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		h := store.Head{Name: name, Thing: thing, Held: t.holds.has(id(thing))}
		if h.Pending, err = t.Pending(thing, pending); err != nil {
			return nil, err
		}
		heads = append(heads, h)
	}
	return heads, nil
}

// LastNumbers reads ahead too.
func (t *tx) LastNumbers(
	key job.Key, things []registry.ThingID,
) (map[registry.ThingID]int64, error) {
	last := make(map[registry.ThingID]int64, len(things))
	for _, thing := range things {
		number, err := t.LastNumber(key, thing)
		if err != nil {
			return nil, err
		}
		last[thing] = number
	}
	return last, nil
}

// Time is none: a store in memory has no clock.
func (t *tx) Time() time.Time { return time.Time{} }

// NextKeys returns the store's counters: they only ever grow.
func (t *tx) NextKeys() store.Keys { return t.keys }

type keys struct {
	thing, group, billingGroup, job, sequence, announcement, node int64

	joined atomic.Int64 // readers look at it
}

func next(counter *int64) int64 {
	*counter++
	return *counter
}

func (k *keys) Thing() registry.ThingID { return registry.ThingID(next(&k.thing)) }
func (k *keys) Group() registry.GroupID { return registry.GroupID(next(&k.group)) }
func (k *keys) BillingGroup() registry.BillingGroupID {
	return registry.BillingGroupID(next(&k.billingGroup))
}
func (k *keys) Job() job.Key        { return job.Key(next(&k.job)) }
func (k *keys) Joined() int64       { return k.joined.Add(1) }
func (k *keys) Sequence() int64     { return next(&k.sequence) }
func (k *keys) Announcement() int64 { return next(&k.announcement) }
func (k *keys) Node() store.NodeID  { return store.NodeID(next(&k.node)) }
