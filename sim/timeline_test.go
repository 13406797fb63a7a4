package sim

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Events happen by their time, those of one time in the order in which they were planned, and the
// clock stands at the time of each.
func TestTimeline(t *testing.T) {
	t.Parallel()
	line, got := newTimeline(), []string(nil)
	note := func(name string) func() {
		return func() { got = append(got, name+" "+line.now().Sub(startTime).String()) }
	}
	line.after(time.Minute, note("c"))
	line.after(time.Second, func() {
		note("a")()
		line.after(time.Second, note("b"))
		line.after(time.Minute-time.Second, note("e"))
	})
	line.after(time.Minute, note("d"))
	for !line.empty() {
		line.happen()
	}
	want := []string{"a 1s", "b 2s", "c 1m0s", "d 1m0s", "e 1m0s"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// Whatever the order in which seeds fail, the lowest of them is reported, and none begins after the
// first.
func TestLowestSeed(t *testing.T) {
	t.Parallel()
	seven, five := errors.New("seven"), errors.New("five")
	var done []uint64
	s := &seedRange{next: 5, last: 9, lowest: 99, done: func(seed uint64, _ Report) {
		done = append(done, seed)
	}}
	for range 3 {
		s.begin(t.Context())
	}
	s.end(6, Report{}, nil)
	s.end(7, Report{}, seven)
	s.end(5, Report{}, five)
	if seed, ok := s.begin(t.Context()); ok {
		t.Errorf("seed %d begins after one has failed", seed)
	}
	if !errors.Is(s.failure, five) {
		t.Errorf("the failure is %v", s.failure)
	}
	if diff := cmp.Diff([]uint64{6}, done); diff != "" {
		t.Error(diff)
	}
}
