package clock

import (
	"sync/atomic"
	"time"
)

// Follower is the clock of another machine, as it was last heard, and goes on from there by the time
// that passes here, however this machine's clock is set. Until it has heard of one it is this
// machine's own.
type Follower struct{ heard atomic.Pointer[heard] }

// heard is what the other clock showed at a moment here.
type heard struct{ shown, here time.Time }

// Now returns the time.
func (f *Follower) Now() time.Time {
	h := f.heard.Load()
	if h == nil {
		return exact(Now())
	}
	return exact(h.shown.Add(Now().Sub(h.here)))
}

// Set says what the other clock shows.
func (f *Follower) Set(at time.Time) { f.heard.Store(&heard{at, Now()}) }
