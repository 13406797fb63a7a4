package commit

import (
	"context"
	"math"
	"slices"
	"sync"
)

// Outbox remembers which announcements were made but not removed from the store yet. Removing them
// is part of the next commit, so that it costs no sync of its own; after a crash the rest is
// announced again (R-CON-23).
type Outbox struct {
	more chan struct{} // announcements wait: at most one token

	mu        sync.Mutex
	advanced  sync.Cond // announced has grown
	made      []int64   // announced, and not removed from the store yet
	committed int64     // newest announcement that was committed
	announced int64     // newest announcement that was made
}

func newOutbox() *Outbox {
	o := &Outbox{more: make(chan struct{}, 1)}
	o.advanced.L = &o.mu
	return o
}

// More delivers a token when announcements were committed since the last token was taken.
func (o *Outbox) More() <-chan struct{} { return o.more }

// add says that an announcement was committed.
func (o *Outbox) add(id int64) {
	o.mu.Lock()
	o.committed = max(o.committed, id)
	o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
}

// Confirm says that an announcement was made. The next commit removes it.
func (o *Outbox) Confirm(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.made = append(o.made, id)
	o.announced = max(o.announced, id)
	o.advanced.Broadcast()
}

// Confirmed returns the announcements that were made and not removed yet, oldest first.
func (o *Outbox) Confirmed() []int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.made)
}

// forget drops announcements that Confirmed has returned and that are removed from the store now.
func (o *Outbox) forget(ids []int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.made = slices.Clone(o.made[min(len(ids), len(o.made)):])
}

// clear forgets everything: the store was emptied.
func (o *Outbox) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.made = nil
	o.announced = max(o.announced, o.committed)
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
	for upTo := o.committed; o.announced < upTo && ctx.Err() == nil; {
		o.advanced.Wait()
	}
}

// Close ends every Wait: nothing is announced any more.
func (o *Outbox) Close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.announced = math.MaxInt64
	o.advanced.Broadcast()
}
