package engine

import (
	"context"
	"sync/atomic"
	"time"
)

// What an operator who watches the server is shown of the engine (docs/spec/55, "Watching"). All of
// it is in memory: asking costs nothing that grows with the fleet.

// Announced is an announcement that was made.
type Announced struct {
	ID              int64 // commit.Made has it too
	Notices, Events int
	Began, Ended    time.Time
}

// Pulse is how the engine does at one moment.
type Pulse struct {
	// Waiting is how many requests wait for a commit, Busy for how long the present commit has been
	// worked on.
	Waiting int
	Busy    time.Duration
	// Written is when rows were committed last, zero before the first time.
	Written time.Time
	// Outbox is how many announcements were committed by this node and not made, OutboxAge how long
	// the oldest of them has waited.
	Outbox    int
	OutboxAge time.Duration
	// DueLag is for how long work has been due that is not done.
	DueLag time.Duration
}

// Pulse says how the engine does.
func (e *Engine) Pulse() Pulse {
	p := Pulse{
		Waiting: e.commits.Waiting(),
		Busy:    e.commits.Busy(),
		Written: e.commits.LastWritten(),
		DueLag:  e.overdue.lag(e.Now()),
	}
	p.Outbox, p.OutboxAge = e.commits.Outbox.Backlog()
	return p
}

// Probe makes a commit that writes one small value, and returns when it is on stable storage.
func (e *Engine) Probe(ctx context.Context) error { return e.commits.Probe(ctx) }

// overdue is since when work is due, in milliseconds of the Unix epoch by the engine's clock; 0 when
// none is. The due loop says it before each step, so it grows when a step hangs or fails.
type overdue struct{ since atomic.Int64 }

// found says which due time is the next one; zero when there is none. Work that waits for processor
// time only has a due time before all others: it is due since it was found.
func (o *overdue) found(next, now time.Time) {
	switch {
	case next.IsZero() || next.After(now):
		o.since.Store(0)
	case next.Before(now.Add(-maxLag)):
		o.since.CompareAndSwap(0, now.UnixMilli())
	default:
		o.since.Store(next.UnixMilli())
	}
}

// maxLag is how far a due time may lie back that is taken for one: what is older waits for processor
// time only.
const maxLag = 365 * 24 * time.Hour

func (o *overdue) lag(now time.Time) time.Duration {
	since := o.since.Load()
	if since == 0 {
		return 0
	}
	return max(0, now.Sub(time.UnixMilli(since)))
}
