package gateway

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A caller has a quarter of a pool at the most, and all callers together have all of it. What is
// not free is waited for, for 15 seconds.
func TestPool(t *testing.T) { // R-WIRE-30
	t.Parallel()
	const quarter = 2 << 20
	for _, row := range []struct {
		name   string
		taken  map[string]int64 // before
		caller string
		n      int64
		free   string // gives all it has back after a second; empty: nobody does
		want   bool
		after  time.Duration
	}{
		{name: "all that one can have", caller: "a", n: quarter, want: true},
		{
			name: "more than one can have", taken: map[string]int64{"a": quarter}, caller: "a", n: 1,
			after: 15 * time.Second,
		},
		{
			name: "as soon as the first is answered", taken: map[string]int64{"a": quarter},
			caller: "a", n: 1, free: "a", want: true, after: time.Second,
		},
		{
			name: "another one, meanwhile", taken: map[string]int64{"a": quarter}, caller: "b",
			n: quarter, want: true,
		},
		{
			name:   "the pool is used up",
			taken:  map[string]int64{"a": quarter, "b": quarter, "c": quarter, "d": quarter},
			caller: "e", n: 1, after: 15 * time.Second,
		},
		{
			name:   "as soon as somebody is answered",
			taken:  map[string]int64{"a": quarter, "b": quarter, "c": quarter, "d": quarter},
			caller: "e", n: quarter, free: "c", want: true, after: time.Second,
		},
	} {
		t.Run(row.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := newPool(4 * quarter)
				for caller, n := range row.taken {
					if !p.acquire(t.Context(), caller, n) {
						t.Fatalf("%s does not get %d", caller, n)
					}
				}
				if row.free != "" {
					n := row.taken[row.free]
					delete(row.taken, row.free)
					time.AfterFunc(time.Second, func() { p.release(row.free, n) })
				}
				start := time.Now()
				got := p.acquire(t.Context(), row.caller, row.n)
				if after := time.Since(start); got != row.want || after != row.after {
					t.Errorf("got %v after %s, want %v after %s", got, after, row.want, row.after)
				}
				if got {
					p.release(row.caller, row.n)
				}
				for caller, n := range row.taken {
					p.release(caller, n)
				}
				if len(p.callers) > 0 || !p.free.TryAcquire(4*quarter) {
					t.Errorf("%d callers are left, or bytes are not given back", len(p.callers))
				}
			})
		})
	}
}

// Whoever is gone waits no longer. A small pool still has room for the largest body.
func TestPoolEnds(t *testing.T) {
	t.Parallel()
	p := newPool(1)
	if !p.acquire(t.Context(), "a", maxBody) {
		t.Error("there is no room for one body")
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if p.acquire(gone, "b", 1) {
		t.Error("a caller who is gone gets bytes")
	}
	p.release("a", maxBody)
	if len(p.callers) > 0 {
		t.Errorf("%d callers are left", len(p.callers))
	}
}
