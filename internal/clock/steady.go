package clock

import (
	"sync"
	"time"
)

// A machine's clock is set back now and then: by a moment when it is corrected, or by years when it
// had jumped ahead, was never right, or comes back without its battery. What was stored under the
// later time would then lie in the future, and whoever reads the clock alone cannot tell which of
// the two times was the wrong one. Steady waits for a while before it believes an earlier time.

const (
	// standStill is how far a clock may be behind for Steady to wait until it has caught up.
	standStill = 2 * time.Minute
	// Patience is how long Steady goes on by itself when its clock is further behind. A machine
	// that starts with a clock that is years late has the right time from the network by then.
	Patience = 10 * time.Minute
)

// Steady is a clock that follows another one forward at once and back only after some time.
//
// While the other clock is up to two minutes behind what was shown last, Steady stands still. When
// it is further behind, Steady goes on by the time that passes, for ten minutes; if the other clock
// is still behind then, Steady follows it back and counts that.
//
// For example, Steady shows 12:00 when the clock jumps to 09:00. At 09:05 it shows 12:05. If the
// clock is corrected to 12:06 now, nothing has happened. If not, Steady shows 09:10 at 09:10, and
// WentBack is one more.
type Steady struct {
	clock   Clock
	elapsed func() time.Duration // since the start, by a time that no one sets

	mu       sync.Mutex
	shown    time.Time // the latest time that was shown
	behind   bool      // the clock is further behind than standStill
	since    time.Duration
	from     time.Time // what was shown when that began
	wentBack int
}

// NewSteady returns a steady clock over another one. newest is the newest time that anything was
// stored with, zero when nothing was. elapsed is the time since some fixed moment, by a source that
// cannot be set, such as time.Since.
func NewSteady(c Clock, newest time.Time, elapsed func() time.Duration) *Steady {
	return &Steady{clock: c, elapsed: elapsed, shown: exact(newest)}
}

// Now returns the time.
func (s *Steady) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	late := s.shown.Sub(now)
	switch {
	case late <= 0:
		s.shown, s.behind = now, false
	case late <= standStill && !s.behind:
	case !s.behind:
		s.behind, s.since, s.from = true, s.elapsed(), s.shown
	case s.elapsed()-s.since >= Patience:
		s.shown, s.behind = now, false
		s.wentBack++
	default:
		s.shown = exact(s.from.Add(s.elapsed() - s.since))
	}
	return s.shown
}

// WentBack returns how often the clock has followed back.
func (s *Steady) WentBack() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wentBack
}

// Behind returns how far the other clock is behind, when Steady goes on without it; else 0.
func (s *Steady) Behind() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.behind {
		return 0
	}
	return s.shown.Sub(s.clock.Now())
}
