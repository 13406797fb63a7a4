package commit

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/store"
)

// The newest time that was used is stored. A server that starts again goes on from there: with a
// virtual clock always, otherwise what is stored would lie in its future; with the real one when
// that is behind (clock.Steady).

// virtualTimeSetting is the setting that holds the time of a virtual clock at the last commit,
// newestTimeSetting that of the real one, up to timeEvery ago.
const (
	virtualTimeSetting = "virtual-clock"
	newestTimeSetting  = "newest-time"
)

// timeEvery is how often the time of the real clock is stored, with a commit that is made anyway.
const timeEvery = time.Minute

// NewestTime returns the newest time that commits on this store have used, up to a minute less;
// zero when there was none.
func NewestTime(ctx context.Context, s store.Store) (newest time.Time, err error) {
	err = s.Read(ctx, func(r store.Reader) error {
		for _, setting := range []string{virtualTimeSetting, newestTimeSetting} {
			at, err := storedTime(r, setting)
			if err != nil {
				return err
			}
			if at.After(newest) {
				newest = at
			}
		}
		return nil
	})
	return newest, err
}

// storedTime reads a time from a setting, zero when it was never stored.
func storedTime(r store.Reader, setting string) (at time.Time, err error) {
	text, err := r.Setting(setting)
	if errors.Is(err, store.ErrNotFound) {
		return at, nil
	}
	if err != nil {
		return at, err
	}
	if err := at.UnmarshalText(text); err != nil {
		return at, fmt.Errorf("the time %q in the data folder is damaged: %w", setting, err)
	}
	return at, nil
}

// now is the time of a commit. On a store with several nodes it is the store's (R-NODE-5): what its
// clock says or, for a virtual clock, where another node has set it.
func (c *Committer) now(inner store.Tx) (time.Time, error) {
	if at := inner.Time(); !at.IsZero() && c.Follow != nil {
		c.Follow(at)
	}
	err := c.FollowVirtual(inner)
	return c.Clock.Now(), err
}

// FollowVirtual sets a virtual clock to where another node has set it.
func (c *Committer) FollowVirtual(r store.Reader) error {
	v, virtual := c.Clock.(*clock.Virtual)
	if !virtual || !c.Node.Shared {
		return nil
	}
	at, err := storedTime(r, virtualTimeSetting)
	if err == nil {
		v.Set(at)
	}
	return err
}

// timeSetting is the setting that records the time of a commit; saved is the one that was recorded
// last. A virtual clock is recorded with every commit at which it has moved, so that nothing stored
// lies in the future of a server that starts again, wherever it was killed. The real one is
// recorded every minute, and when it goes back only if the commit says so.
func timeSetting(c clock.Clock, saved, now time.Time, back bool) ([]store.Setting, error) {
	name := newestTimeSetting
	if _, virtual := c.(*clock.Virtual); virtual {
		name = virtualTimeSetting
		if now.Equal(saved) {
			return nil, nil
		}
	} else if now.Sub(saved) < timeEvery && !back {
		return nil, nil
	}
	text, err := now.MarshalText()
	settings := []store.Setting{{Name: name, Value: text}}
	if back { // the folder may have been used with a virtual clock, which was ahead
		settings = append(settings, store.Setting{Name: virtualTimeSetting})
	}
	return settings, err
}
