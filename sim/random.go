package sim

import (
	"math/rand/v2"
	"time"
)

// random is the one source of chance of a run. What is drawn, and in which order, decides what the
// run does: a draw more or less in one place changes everything after it.
type random struct{ source *rand.Rand }

func newRandom(seed uint64) *random { return &random{rand.New(rand.NewPCG(seed, 0xd20e5))} }

// chance is true with a probability of p. It draws nothing when p is 0.
func (r *random) chance(p float64) bool { return p > 0 && r.source.Float64() < p }

// index draws a number from 0 up to n-1.
func (r *random) index(n int) int { return r.source.IntN(n) }

// between draws a number from low to high, both included.
func (r *random) between(low, high int) int { return low + r.source.IntN(high-low+1) }

// pick draws one of several numbers; one that is listed twice comes twice as often.
func (r *random) pick(from ...int) int { return oneOf(r, from...) }

// oneOf draws one of several values.
func oneOf[T any](r *random, from ...T) T { return from[r.index(len(from))] }

// upTo draws a duration of whole milliseconds from 0 to d.
func (r *random) upTo(d time.Duration) time.Duration {
	return time.Duration(r.source.Int64N(int64(d/time.Millisecond)+1)) * time.Millisecond
}

// span draws a duration between two bounds, short ones more often: half of them lie in the lowest
// quarter.
func (r *random) span(low, high time.Duration) time.Duration {
	f := r.source.Float64()
	return (low + time.Duration(f*f*float64(high-low))).Truncate(time.Millisecond)
}
