//go:build settableclock

package clock

import (
	"testing"
	"time"
)

// A time that is set shows another hour, and is as long after an earlier one as before.
func TestSetWall(t *testing.T) {
	t.Parallel()
	before := time.Now()
	for _, by := range []time.Duration{365 * 24 * time.Hour, -time.Hour, 0} {
		set := before.Add(time.Minute)
		setWall(&set, by)
		if got := set.Round(0).Sub(before.Round(0)); got != time.Minute+by {
			t.Errorf("set by %v, the clock shows %v more", by, got)
		}
		if got := set.Sub(before); got != time.Minute {
			t.Errorf("set by %v, %v have passed", by, got)
		}
	}
}
