package engine

import (
	"context"
	"time"
)

// Reset removes everything that was ever stored. It is for test benches. Requests are decided wholly before it or wholly
// after it; a due step that is under way is finished first.
func (e *Engine) Reset(ctx context.Context) error {
	e.due.Lock()
	defer e.due.Unlock()
	e.committing.Lock()
	defer e.committing.Unlock()
	if err := e.Store.Reset(ctx); err != nil {
		return err
	}
	e.outbox.clear()
	e.clockKept, e.purged = time.Time{}, time.Time{}
	e.accessVersion.Add(1) // only now: who asks before must ask again
	return nil
}
