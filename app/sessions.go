package app

import (
	"context"
	"errors"

	"github.com/drover-iot/drover/device/broker"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/store"
)

// sessions stores the broker's persistent sessions in the engine's store. So a device that
// subscribes only once, when it is set up, is still notified of jobs after the server has restarted
// (R-BRK-35). Broker and store have a struct of their own for a change, with the same fields.
type sessions struct{ engine *engine.Engine }

// Load implements broker.Sessions.
func (s sessions) Load(ctx context.Context, each func(broker.Change) error) error {
	return s.engine.Sessions(ctx, func(e store.SessionEntry) error {
		return each(broker.Change(e))
	})
}

// Messages implements broker.Sessions.
func (s sessions) Messages(
	ctx context.Context, client string, first, last uint64,
) ([]broker.Change, error) {
	entries, err := s.engine.SessionMessages(ctx, client, first, last)
	changes := make([]broker.Change, len(entries))
	for i, e := range entries {
		changes[i] = broker.Change(e)
	}
	return changes, err
}

// Apply implements broker.Sessions.
func (s sessions) Apply(ctx context.Context, changes []broker.Change) error {
	entries := make([]store.SessionEntry, len(changes))
	for i, c := range changes {
		entries[i] = store.SessionEntry(c)
	}
	err := s.engine.SaveSessions(ctx, entries)
	if errors.Is(err, commit.ErrGivenUp) {
		return broker.ErrLost
	}
	return err
}
