package clock

import (
	"sync"
	"time"
)

// Clock tells the time in UTC, in whole milliseconds: what a store can hold. So a time that was
// stored and read again equals the one before.
type Clock interface {
	Now() time.Time
}

// Real is the machine's clock, as an engine reads it.
type Real struct{}

// Now returns the present time.
func (Real) Now() time.Time { return exact(Now()) }

// Virtual stands still until it is set. It may be used by many goroutines.
type Virtual struct {
	mu  sync.Mutex
	now time.Time
}

// NewVirtual returns a clock that stands at now.
func NewVirtual(now time.Time) *Virtual { return &Virtual{now: exact(now)} }

// Now returns the time that was set last.
func (v *Virtual) Now() time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.now
}

// Set moves the clock forward to now. An earlier time is ignored: a clock never goes back.
func (v *Virtual) Set(now time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now = exact(now); now.After(v.now) {
		v.now = now
	}
}

// exact is a time as a clock shows it.
func exact(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
