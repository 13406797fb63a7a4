// Package clock is the one place that reads the time of the engine. Everything that the engine
// decides uses the time it is handed; what secures a connection or paces a socket stays on the real
// clock.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time in UTC, cut to milliseconds: the precision that stores keep.
type Clock interface {
	Now() time.Time
}

// Real is the machine's clock.
type Real struct{}

// Now returns the present time.
func (Real) Now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// Virtual stands still until it is set. It is safe for concurrent use.
type Virtual struct {
	mu  sync.Mutex
	now time.Time
}

// NewVirtual returns a clock that stands at now.
func NewVirtual(now time.Time) *Virtual { return &Virtual{now: now.UTC().Truncate(time.Millisecond)} }

// Now returns the time that was set last.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// Set moves the clock forward to now. It never goes back: an earlier time is ignored.
func (v *Virtual) Set(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now = now.UTC().Truncate(time.Millisecond); now.After(v.now) {
		v.now = now
	}
}
