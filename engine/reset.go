package engine

import "context"

// Reset removes everything that was ever stored. It is for test benches; what is in flight sees an empty server.
func (e *Engine) Reset(ctx context.Context) error {
	e.due.Lock()
	defer e.due.Unlock()
	e.accessVersion.Add(1)
	e.outbox.clear()
	return e.Store.Reset(ctx)
}
