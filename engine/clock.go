package engine

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
)

// virtual returns the clock if it is a virtual one; the real one is moved by nobody.
func (e *Engine) virtual() (*clock.Virtual, error) {
	v, ok := e.config.Clock.(*clock.Virtual)
	if !ok {
		return nil, fault.New(fault.Invalid, "the clock is the real one and cannot be moved")
	}
	return v, nil
}

// Advance moves a virtual clock to the given time, running everything due in between in order: each
// piece of work sees the time it was due at.
func (e *Engine) Advance(ctx context.Context, to time.Time) error {
	v, err := e.virtual()
	if err != nil {
		return err
	}
	if to.Before(v.Now()) {
		return fault.New(
			fault.Invalid, "the clock stands at %s and never goes back",
			v.Now().Format(time.RFC3339Nano))
	}
	for {
		if err := e.RunDue(ctx); err != nil {
			return err
		}
		next, err := e.NextDue(ctx)
		if err != nil {
			return err
		}
		if next.IsZero() || next.After(to) {
			v.Set(to)
			if err := e.WaitIdle(ctx); err != nil {
				return err
			}
			return e.saveClock(ctx)
		}
		v.Set(next)
	}
}

// AdvanceToNext moves a virtual clock to the next due time and runs what is due then. It reports
// false, and leaves the clock, when nothing waits for time to pass.
func (e *Engine) AdvanceToNext(ctx context.Context) (bool, error) {
	if err := e.RunDue(ctx); err != nil {
		return false, err
	}
	next, err := e.NextDue(ctx)
	if err != nil || next.IsZero() {
		return false, err
	}
	return true, e.Advance(ctx, next)
}

// saveClock stores where a virtual clock stands, by a commit of nothing else.
func (e *Engine) saveClock(ctx context.Context) error {
	return e.commits.Do(ctx, func(*commit.Tx) error { return nil })
}
