package clock

import (
	"testing"
	"testing/synctest"
	"time"
)

// Both clocks show UTC in whole milliseconds, cut and not rounded.
func TestPrecision(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("", 3600)
	at := time.Date(2026, 3, 1, 12, 0, 0, 1_999_999, zone)
	want := time.Date(2026, 3, 1, 11, 0, 0, 1_000_000, time.UTC)
	v := NewVirtual(at)
	if got := v.Now(); got != want {
		t.Errorf("a new clock shows %v, want %v", got, want)
	}
	v.Set(at.Add(time.Hour))
	if got := v.Now(); got != want.Add(time.Hour) {
		t.Errorf("a clock that was set shows %v", got)
	}
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(1_999_999)
		now := time.Now()
		if got := (Real{}).Now(); got != now.UTC().Truncate(time.Millisecond) || got.After(now) {
			t.Errorf("the real clock shows %v at %v", got, now)
		}
	})
}

// A virtual clock stands until it is set, and never goes back.
func TestVirtual(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	v := NewVirtual(noon)
	for _, step := range []struct{ set, want time.Duration }{
		{0, 0},
		{time.Hour, time.Hour},
		{time.Hour - time.Millisecond, time.Hour},
		{-time.Hour, time.Hour},
		{time.Hour + time.Millisecond - 1, time.Hour},
		{time.Hour + time.Millisecond, time.Hour + time.Millisecond},
	} {
		v.Set(noon.Add(step.set))
		if got := v.Now().Sub(noon); got != step.want {
			t.Errorf("set to noon + %s: shows noon + %s, want + %s", step.set, got, step.want)
		}
	}
}
