package engine

import (
	"context"
	"time"

	"github.com/drover-iot/drover/store"
)

// Announced returns once everything committed so far was announced, or when ctx ends. A server
// calls it before it lets devices go.
func (e *Engine) Announced(ctx context.Context) { e.commits.Outbox.Wait(ctx) }

// WaitIdle returns once nothing is due any more and everything committed was announced: with a
// clock that stands still, nothing will change until somebody asks for it.
func (e *Engine) WaitIdle(ctx context.Context) error {
	if err := e.RunDue(ctx); err != nil {
		return err
	}
	e.commits.Outbox.Wait(ctx)
	return nil
}

// announceLoop announces what was committed, in the order of the commits, until ctx ends. What
// cannot be read or announced is tried again after a second.
func (e *Engine) announceLoop(ctx context.Context) {
	err := e.announce(ctx) // what a crash left over
	close(e.ready)
	for {
		var again <-chan time.Time
		if err != nil {
			e.config.Log.Error("announce", "err", err)
			again = time.After(checkEvery)
		}
		select {
		case <-e.commits.Outbox.More():
		case <-again:
		case <-ctx.Done():
			e.commits.Outbox.Close()
			return
		}
		err = e.announce(ctx)
	}
}

// announce makes the announcements after the position of this node.
func (e *Engine) announce(ctx context.Context) error {
	const page = 64
	for ctx.Err() == nil {
		var found []store.Announcement
		last, _ := e.commits.Outbox.Position()
		err := e.config.Store.Read(ctx, func(r store.Reader) (err error) {
			found, err = r.Announcements(last, page)
			return err
		})
		if err != nil {
			return err
		}
		made, err := e.deliver(ctx, found)
		if made > 0 && e.config.Persisted != nil {
			if err := e.config.Persisted(ctx); err != nil {
				return err
			}
		}
		if made > 0 {
			e.commits.Outbox.Confirm(found[made-1].ID)
		}
		if err != nil || len(found) == 0 { // a page of large ones is short
			return err
		}
	}
	return nil
}

// deliver makes announcements and returns how many of them were made whole.
func (e *Engine) deliver(ctx context.Context, found []store.Announcement) (made int, err error) {
	for _, a := range found {
		if e.config.Notify != nil && len(a.Notices) > 0 {
			if err := e.config.Notify(ctx, a.Notices); err != nil {
				return made, err
			}
		}
		if e.config.PublishEvents != nil && len(a.Events) > 0 {
			e.config.PublishEvents(a.Events)
		}
		made++
	}
	return made, nil
}
