package engine

import (
	"context"
	"sync"

	"github.com/drover-iot/drover/store"
)

// outbox is what was announced but is not struck out in the store yet. Striking out rides on the next commit, so it
// costs no sync of its own; after a crash the rest is announced again (R-CON-23).
type outbox struct {
	more chan struct{} // announcements wait: at most one token
	mu   sync.Mutex
	done []int64
}

func newOutbox() *outbox { return &outbox{more: make(chan struct{}, 1)} }

func (o *outbox) wakeUp() {
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
	o.done = append([]int64(nil), o.done[len(ids):]...)
}

func (o *outbox) confirm(id int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.done = append(o.done, id)
}

// announceLoop tells devices what was committed, in commit order, until ctx ends.
func (e *Engine) announceLoop(ctx context.Context) {
	var last int64
	for {
		last = e.announce(ctx, last)
		select {
		case <-e.outbox.more:
		case <-ctx.Done():
			return
		}
	}
}

// announce makes the announcements after the last one and returns the newest it made.
func (e *Engine) announce(ctx context.Context, last int64) int64 {
	const page = 64
	for ctx.Err() == nil {
		var found []store.Announcement
		err := e.Store.Read(ctx, func(r store.Reader) (err error) {
			found, err = r.Announcements(last, page)
			return err
		})
		if err != nil {
			e.Log.Error("read announcements", "err", err)
			return last
		}
		for _, a := range found {
			if e.Tell != nil {
				e.Tell(ctx, a.Notices)
			}
			e.outbox.confirm(a.ID)
			last = a.ID
		}
		if len(found) < page {
			return last
		}
	}
	return last
}
