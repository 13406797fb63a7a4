package commit

import (
	"context"
	"errors"
	"time"

	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/store"
)

// virtualTimeSetting is the setting that holds the time of a virtual clock at the last commit.
const virtualTimeSetting = "virtual-clock"

// LastVirtualTime returns the time of a virtual clock at the last commit on this store, zero when
// there was none. A server that starts again continues from there: otherwise what is stored would
// lie in its future.
func LastVirtualTime(ctx context.Context, s store.Store) (last time.Time, err error) {
	err = s.Read(ctx, func(r store.Reader) error {
		text, err := r.Setting(virtualTimeSetting)
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

// virtualTime is the setting that records the time of a virtual clock. It is written with the
// commit itself, so that nothing stored lies in the future of a server that starts again, wherever
// it was killed. None for a real clock, or when the time is that of the last commit, which saved
// is.
func virtualTime(c clock.Clock, saved, now time.Time) ([]store.Setting, error) {
	if _, virtual := c.(*clock.Virtual); !virtual || now.Equal(saved) {
		return nil, nil
	}
	text, err := now.MarshalText()
	return []store.Setting{{Name: virtualTimeSetting, Value: text}}, err
}
