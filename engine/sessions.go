package engine

import (
	"context"

	"github.com/drover-iot/drover/store"
)

// Sessions calls f for every saved entry of the MQTT sessions.
func (e *Engine) Sessions(ctx context.Context, f func(store.SessionEntry) error) error {
	return e.Store.Read(ctx, func(r store.Reader) error { return r.Sessions(f) })
}

// SaveSessions makes changes of MQTT sessions durable, in their order.
func (e *Engine) SaveSessions(ctx context.Context, changes []store.SessionEntry) error {
	return e.update(ctx, func(*group) (out outcome, err error) {
		out.Sessions = changes
		return out, nil
	})
}
