package engine

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/drover-iot/drover/store"
)

// outbox is what was announced but is not struck out in the store yet. Striking out rides on the next commit, so it
// costs no sync of its own; after a crash the rest is announced again (R-CON-23).
type outbox struct {
	more chan struct{} // announcements wait: at most one token

	mu        sync.Mutex
	moved     sync.Cond // announced grew
	done      []int64
	committed int64 // newest announcement that was committed
	announced int64 // newest that was made
}

func newOutbox() *outbox {
	o := &outbox{more: make(chan struct{}, 1)}
	o.moved.L = &o.mu
	return o
}

// add tells the announce loop about a committed announcement.
func (o *outbox) add(id int64) {
	o.mu.Lock()
	o.committed = max(o.committed, id)
	o.mu.Unlock()
	select {
	case o.more <- struct{}{}:
	default:
	}
}

// confirmed returns the announcements that were made and may be struck out.
func (o *outbox) confirmed() []int64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]int64(nil), o.done...)
}

// forget drops the first announcements of confirmed, which are struck out now.
func (o *outbox) forget(ids []int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done = append([]int64(nil), o.done[min(len(ids), len(o.done)):]...)
}

// clear forgets what waits to be announced and to be struck out: the store was emptied.
func (o *outbox) clear() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done = nil
	o.announced = max(o.announced, o.committed)
	o.moved.Broadcast()
}

func (o *outbox) confirm(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done = append(o.done, id)
	o.announced = max(o.announced, id)
	o.moved.Broadcast()
}

// wait returns once everything committed so far was announced, or when ctx ends.
func (o *outbox) wait(ctx context.Context) {
	defer context.AfterFunc(ctx, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.moved.Broadcast()
	})()
	o.mu.Lock()
	defer o.mu.Unlock()
	for upTo := o.committed; o.announced < upTo && ctx.Err() == nil; {
		o.moved.Wait()
	}
}

// Announced returns once everything committed so far was announced, or when ctx ends. A server calls it before it lets
// devices go.
func (e *Engine) Announced(ctx context.Context) { e.outbox.wait(ctx) }

// release lets everybody go who waits: nothing is announced any more.
func (o *outbox) release() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.announced = math.MaxInt64
	o.moved.Broadcast()
}

// Settle returns once nothing is due any more and everything committed was announced: with a clock that stands still,
// nothing will change until somebody asks for it.
func (e *Engine) Settle(ctx context.Context) error {
	if err := e.RunDue(ctx); err != nil {
		return err
	}
	e.outbox.wait(ctx)
	return nil
}

// announceLoop tells devices what was committed, in commit order, until ctx ends. What cannot be read or told is tried
// again after a second.
func (e *Engine) announceLoop(ctx context.Context) {
	last, err := e.announce(ctx, 0) // what a crash left over
	close(e.ready)
	for {
		var again <-chan time.Time
		if err != nil {
			e.Log.Error("announce", "err", err)
			again = time.After(checkEvery)
		}
		select {
		case <-e.outbox.more:
		case <-again:
		case <-ctx.Done():
			e.outbox.release()
			return
		}
		last, err = e.announce(ctx, last)
	}
}

// announce makes the announcements after the last one and returns the newest it made.
func (e *Engine) announce(ctx context.Context, last int64) (int64, error) {
	const page = 64
	for ctx.Err() == nil {
		var found []store.Announcement
		err := e.Store.Read(ctx, func(r store.Reader) (err error) {
			found, err = r.Announcements(last, page)
			return err
		})
		if err != nil {
			return last, err
		}
		told, err := e.tell(ctx, found)
		if told > 0 && e.Kept != nil {
			if err := e.Kept(ctx); err != nil {
				return last, err
			}
		}
		for _, a := range found[:told] {
			e.outbox.confirm(a.ID)
			last = a.ID
		}
		if err != nil || len(found) < page {
			return last, err
		}
	}
	return last, nil
}

// tell makes announcements and returns how many of them were made whole.
func (e *Engine) tell(ctx context.Context, found []store.Announcement) (told int, err error) {
	for _, a := range found {
		if e.Tell != nil && len(a.Notices) > 0 {
			if err := e.Tell(ctx, a.Notices); err != nil {
				return told, err
			}
		}
		if e.Publish != nil && len(a.Events) > 0 {
			e.Publish(a.Events)
		}
		told++
	}
	return told, nil
}
