package engine

import (
	"testing"
	"time"
)

// Work is late from its due time until it is done; work that waits for processor time only, from
// when it was found.
func TestOverdue(t *testing.T) { // R-OBS-4
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var o overdue
	for _, step := range []struct {
		name string
		next time.Time
		at   time.Duration // when it is found
		asks time.Duration // when the lag is asked for
		want time.Duration
	}{
		{"nothing is due", time.Time{}, 0, time.Minute, 0},
		{"it is due later", now.Add(time.Hour), 0, time.Minute, 0},
		{"it was due before", now.Add(-time.Second), 0, time.Minute, time.Minute + time.Second},
		{"it is done", time.Time{}, time.Minute, 2 * time.Minute, 0},
		{"it waits for processor time", time.UnixMilli(1), time.Minute, 2 * time.Minute, time.Minute},
		{"it still does", time.UnixMilli(1), 2 * time.Minute, 3 * time.Minute, 2 * time.Minute},
	} {
		o.found(step.next, now.Add(step.at))
		if got := o.lag(now.Add(step.asks)); got != step.want {
			t.Errorf("%s: %v, want %v", step.name, got, step.want)
		}
	}
}
