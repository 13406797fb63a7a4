package clock

import (
	"testing"
	"time"
)

// settable is a clock that anybody sets, also back.
type settable struct{ now time.Time }

func (s *settable) Now() time.Time { return s.now }

// A steady clock follows another one forward at once, stands still when that is a little behind,
// and follows it further back after ten minutes only (R-CON-28).
func TestSteady(t *testing.T) {
	t.Parallel()
	type step struct {
		passes time.Duration // how much time passes
		set    time.Duration // by how much the other clock is set beside that
		want   time.Duration // what the steady clock shows, from noon on
		back   int
	}
	for _, tt := range []struct {
		name  string
		newer time.Duration // how much later than noon the newest stored time is
		steps []step
	}{
		{"a clock that is right", 0, []step{
			{time.Hour, 0, time.Hour, 0},
			{0, 0, time.Hour, 0},
		}},
		{"forward at once", 0, []step{
			{time.Second, time.Hour, time.Hour + time.Second, 0},
		}},
		{"two minutes back: it waits", 0, []step{
			{time.Hour, 0, time.Hour, 0},
			{0, -2 * time.Minute, time.Hour, 0},
			{time.Minute, 0, time.Hour, 0},
			{2 * time.Minute, 0, time.Hour + time.Minute, 0},
		}},
		{"back and corrected: it goes on", 0, []step{
			{time.Hour, 0, time.Hour, 0},
			{0, -24 * time.Hour, time.Hour, 0},
			{5 * time.Minute, 0, time.Hour + 5*time.Minute, 0},
			{4 * time.Minute, 24 * time.Hour, time.Hour + 9*time.Minute, 0},
			{time.Hour, 0, 2*time.Hour + 9*time.Minute, 0},
		}},
		{"back for good", 0, []step{
			{time.Hour, 0, time.Hour, 0},
			{0, -time.Hour, time.Hour, 0},
			{Patience - time.Millisecond, 0, time.Hour + Patience - time.Millisecond, 0},
			{time.Millisecond, 0, Patience, 1},
			{time.Hour, 0, time.Hour + Patience, 1},
		}},
		{"back twice", 0, []step{
			{time.Hour, -2 * time.Hour, 0, 0},
			{Patience, 0, -time.Hour + Patience, 1},
			{time.Hour, -24 * time.Hour, -time.Hour + Patience, 1},
			{Patience, 0, -24*time.Hour + 2*Patience, 2},
		}},
		{"it begins behind what is stored", 24 * time.Hour, []step{
			{0, 0, 24 * time.Hour, 0},
			{time.Minute, 0, 24*time.Hour + time.Minute, 0},
			{Patience, 0, time.Minute + Patience, 1},
		}},
	} {
		noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		other, passed := &settable{noon}, time.Duration(0)
		s := NewSteady(other, noon.Add(tt.newer), func() time.Duration { return passed })
		if tt.newer == 0 {
			s.Now()
		}
		for i, step := range tt.steps {
			passed += step.passes
			other.now = other.now.Add(step.passes + step.set)
			got := s.Now().Sub(noon)
			if got != step.want || s.WentBack() != step.back {
				t.Errorf("%s, step %d: noon + %s, went back %d times, want noon + %s, %d times",
					tt.name, i, got, s.WentBack(), step.want, step.back)
			}
		}
	}
}

// How far a clock is behind can be asked, to log it.
func TestBehind(t *testing.T) {
	t.Parallel()
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	other := &settable{noon}
	s := NewSteady(other, time.Time{}, func() time.Duration { return 0 })
	for _, step := range []struct{ set, want time.Duration }{
		{0, 0}, {-standStill, 0}, {-time.Hour, time.Hour}, {0, 0},
	} {
		other.now = noon.Add(step.set)
		s.Now()
		if got := s.Behind(); got != step.want {
			t.Errorf("set to noon + %s: behind by %s, want %s", step.set, got, step.want)
		}
	}
}
