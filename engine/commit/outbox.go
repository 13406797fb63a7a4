package commit

import (
	"context"
	"math"
	"sync"
	"time"
)

// Outbox remembers up to which announcement this node has made them all: its position. The position
// is stored with the next commit, so that it costs no sync of its own, and what every node has
// passed is removed with it; after a crash the rest is announced again (R-CON-23).
type Outbox struct {
	more chan struct{} // announcements wait: at most one token

	mu        sync.Mutex
	advanced  sync.Cond // announced has grown
	committed int64     // newest announcement that was committed here
	announced int64     // newest announcement that was made
	saved     int64     // the position that is stored
	floor     int64     // what follows it is not done with, though it was announced
	closed    bool      // nothing is announced any more
	waiting   backlog   // what was committed here and not announced
}

func newOutbox() *Outbox {
	o := &Outbox{more: make(chan struct{}, 1), floor: math.MaxInt64}
	o.advanced.L = &o.mu
	return o
}

// More delivers a token when announcements were committed since the last token was taken.
func (o *Outbox) More() <-chan struct{} { return o.more }

// Wake says that another node may have committed announcements.
func (o *Outbox) Wake() {
	select {
	case o.more <- struct{}{}:
	default:
	}
}

// add says that an announcement was committed.
func (o *Outbox) add(id int64) {
	o.mu.Lock()
	o.committed = max(o.committed, id)
	o.waiting.add(id, machineTime())
	o.mu.Unlock()
	o.Wake()
}

// Confirm says that an announcement, and all before it, were made. The next commit stores that.
func (o *Outbox) Confirm(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.announced = id
	o.waiting.remove(id)
	o.advanced.Broadcast()
}

// Hold keeps what follows an announcement in the store, though it was announced, until Free.
func (o *Outbox) Hold(position int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.floor = position
}

// Free ends Hold.
func (o *Outbox) Free() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.floor = math.MaxInt64
}

// Announced returns the newest announcement that was made with all before it.
func (o *Outbox) Announced() int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.announced
}

// Position returns the announcement up to which everything is done with, and whether the store has
// another one.
func (o *Outbox) Position() (position int64, unsaved bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	position = min(o.announced, o.floor)
	return position, position != o.saved
}

// Backlog is how many announcements were committed here and not made, and for how long the oldest of
// them has waited.
func (o *Outbox) Backlog() (depth int, age time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.waiting.size(machineTime())
}

// stored says that a position was stored.
func (o *Outbox) stored(position int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.saved = position
}

// clear forgets everything: the store was emptied.
func (o *Outbox) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.announced = max(o.announced, o.committed)
	o.waiting.remove(o.committed)
	o.advanced.Broadcast()
}

// Wait returns once everything committed so far was announced, or when ctx ends.
func (o *Outbox) Wait(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.advanced.Broadcast()
	})()
	o.mu.Lock()
	defer o.mu.Unlock()
	for upTo := o.committed; o.announced < upTo && !o.closed && ctx.Err() == nil; {
		o.advanced.Wait()
	}
}

// Close ends every Wait: nothing is announced any more.
func (o *Outbox) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.advanced.Broadcast()
}
