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
		if err == nil && e.config.Node.Shared {
			again = time.After(checkEvery) // a wake-up may be lost
		}
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
	for ctx.Err() == nil {
		found, err := e.announcements(ctx, e.commits.Outbox.Announced())
		if err != nil || len(found) == 0 { // a page of large ones is short
			return err
		}
		if err := e.deliver(ctx, found); err != nil {
			return err
		}
	}
	return nil
}

// announcements are a page of those after a position.
func (e *Engine) announcements(
	ctx context.Context, after int64,
) (found []store.Announcement, err error) {
	const page = 64
	err = e.config.Store.Read(ctx, func(r store.Reader) (err error) {
		if err := e.commits.FollowVirtual(r); err != nil {
			return err
		}
		found, err = r.Announcements(after, page)
		return err
	})
	return found, err
}

// deliver makes announcements, and confirms those that were made whole.
func (e *Engine) deliver(ctx context.Context, found []store.Announcement) error {
	e.announcing.Lock()
	defer e.announcing.Unlock()
	made := int64(0)
	var failed error
	for _, a := range found {
		began := e.beganAnnouncing()
		if failed = e.passNodes(ctx, a, e.commits.NodeID()); failed == nil {
			failed = e.publish(ctx, a)
		}
		if failed != nil {
			break
		}
		e.announced(a, began)
		made = a.ID
	}
	if made == 0 {
		return failed
	}
	if err := e.persisted(ctx); err != nil {
		return err
	}
	e.commits.Outbox.Confirm(made)
	return failed
}

// beganAnnouncing is the time now, when announcements are observed.
func (e *Engine) beganAnnouncing() time.Time {
	if e.config.ObserveAnnouncement == nil {
		return time.Time{}
	}
	return time.Now()
}

// announced reports an announcement that was made to who observes them.
func (e *Engine) announced(a store.Announcement, began time.Time) {
	if e.config.ObserveAnnouncement == nil {
		return
	}
	e.config.ObserveAnnouncement(Announced{
		ID:      a.ID,
		Notices: len(a.Notices),
		Events:  len(a.Events),
		Began:   began,
		Ended:   time.Now(),
	})
}

// publish notifies things, and publishes events.
func (e *Engine) publish(ctx context.Context, a store.Announcement) error {
	if e.config.Notify != nil && len(a.Notices) > 0 {
		if err := e.config.Notify(ctx, a.Notices); err != nil {
			return err
		}
	}
	if len(a.Events) == 0 {
		return nil
	}
	e.Sinks.Wake()
	if e.config.PublishEvents != nil {
		e.config.PublishEvents(a.Events)
	}
	return nil
}

// persisted returns when nothing that was published would be lost by a crash.
func (e *Engine) persisted(ctx context.Context) error {
	if e.config.Persisted == nil {
		return nil
	}
	return e.config.Persisted(ctx)
}
