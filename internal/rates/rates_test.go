package rates

import (
	"testing"
	"testing/synctest"
	"time"
)

// A second's worth at once, then the rate; what is refused uses nothing (R-LIM-51).
func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := PerSecond(10)
		for i, step := range []struct {
			wait  time.Duration
			tries int
			want  int
		}{
			{0, 100, 10},
			{50 * time.Millisecond, 9, 0},
			{50 * time.Millisecond, 9, 1},
			{time.Second, 100, 10},
			{time.Hour, 100, 10},
		} {
			time.Sleep(step.wait)
			if got := allowed(l, step.tries); got != step.want {
				t.Errorf("step %d: %d of %d allowed, want %d", i, got, step.tries, step.want)
			}
		}
	})
}

// A fraction allows at least one call at once.
func TestFraction(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for rate, atOnce := range map[float64]int{0.5: 1, 1: 1, 1.5: 2, 2: 2} {
			if got := allowed(PerSecond(rate), 9); got != atOnce {
				t.Errorf("%v a second: %d allowed at once, want %d", rate, got, atOnce)
			}
		}
		slow := PerSecond(0.5)
		for _, want := range []int{1, 0, 1, 0} { // one every two seconds
			if got := allowed(slow, 9); got != want {
				t.Errorf("half a call a second: %d allowed, want %d", got, want)
			}
			time.Sleep(time.Second)
		}
	})
}

// A rate of zero, or one below it, is no limit.
func TestNoLimit(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0, -1} {
		if got := allowed(PerSecond(rate), 1000); got != 1000 {
			t.Errorf("%v a second: %d of 1000 allowed", rate, got)
		}
	}
}

// allowed is how many of some calls a limit allows.
func allowed(l *Limit, calls int) (n int) {
	for range calls {
		if l.Allow() {
			n++
		}
	}
	return n
}

// A limit can change while it is in use, also to none and back.
func TestSet(t *testing.T) { // R-CFG-11
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := PerSecond(0)
		for _, step := range []struct {
			rate float64
			want int
		}{{2, 2}, {5, 5}, {0, 99}, {1, 1}} {
			l.Set(step.rate)
			if got := allowed(l, 99); got != step.want {
				t.Errorf("%v a second: %d allowed, want %d", step.rate, got, step.want)
			}
		}
	})
}
