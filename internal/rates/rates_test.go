package rates

import (
	"testing"
	"testing/synctest"
	"time"
)

// A second's worth at once, then the rate; what is refused costs nothing (R-LIM-51).
func TestLimit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := PerSecond(10)
		admitted := func(tries int) (n int) {
			for range tries {
				if l.Admits() {
					n++
				}
			}
			return n
		}
		for i, step := range []struct {
			wait  time.Duration
			tries int
			want  int
		}{{0, 100, 10}, {50 * time.Millisecond, 9, 0}, {50 * time.Millisecond, 9, 1}, {time.Second, 100, 10}, {time.Hour, 100, 10}} {
			time.Sleep(step.wait)
			if got := admitted(step.tries); got != step.want {
				t.Errorf("step %d: %d of %d admitted, want %d", i, got, step.tries, step.want)
			}
		}
	})
	var none *Limit
	if PerSecond(0) != nil || !none.Admits() {
		t.Error("a rate of zero is no limit")
	}
	if slow := PerSecond(0.5); !slow.Admits() || slow.Admits() {
		t.Error("a rate below one lets one through and then waits")
	}
}
