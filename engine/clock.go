package engine

import (
	"context"
	"errors"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/store"
)

// clockSetting is the name of the setting that holds where a virtual clock stood last.
const clockSetting = "virtual-clock"

// LastVirtual returns where a virtual clock stood on this store, zero when there was none. A server that starts again goes
// on from there: what is stored would lie in the future of an earlier clock.
func LastVirtual(ctx context.Context, s store.Store) (last time.Time, err error) {
	err = s.Read(ctx, func(r store.Reader) error {
		text, err := r.Setting(clockSetting)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return last.UnmarshalText(text)
	})
	return last, err
}

// clockMoved is the setting that says where a virtual clock stands, none when it stood there at the last commit. It rides
// on every commit: what is stored must not lie in the future of a server that starts again, wherever it was killed.
func (e *Engine) clockMoved(now time.Time) ([]store.Setting, error) {
	if _, virtual := e.Clock.(*clock.Virtual); !virtual || now.Equal(e.clockKept) {
		return nil, nil
	}
	text, err := now.MarshalText()
	return []store.Setting{{Name: clockSetting, Value: text}}, err
}

// keepClock stores where a virtual clock stands, by a commit of nothing else.
func (e *Engine) keepClock(ctx context.Context) error {
	return e.update(ctx, func(*group) (outcome, error) { return outcome{}, nil })
}

// Advance moves a virtual clock to the given time, running everything due in between in order: each piece of work sees
// the time it was due at.
func (e *Engine) Advance(ctx context.Context, v *clock.Virtual, to time.Time) error {
	if to.Before(v.Now()) {
		return fault.New(fault.Invalid, "the clock stands at %s and never goes back", v.Now().Format(time.RFC3339Nano))
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
			if err := e.Settle(ctx); err != nil {
				return err
			}
			return e.keepClock(ctx)
		}
		v.Set(next)
	}
}

// AdvanceToNext moves a virtual clock to the next due time and runs what is due then. It reports false, and leaves the
// clock, when nothing waits for time to pass.
func (e *Engine) AdvanceToNext(ctx context.Context, v *clock.Virtual) (bool, error) {
	if err := e.RunDue(ctx); err != nil {
		return false, err
	}
	next, err := e.NextDue(ctx)
	if err != nil || next.IsZero() {
		return false, err
	}
	return true, e.Advance(ctx, v, next)
}
