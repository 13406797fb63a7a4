package sim

import (
	"context"
	"math"
	"runtime"
	"sync"
)

// Many runs seeds first to last, as many at a time as there are processors, and calls done after
// each that kept every rule, one call at a time. After the first broken rule no further seed is
// begun; of those that broke one, the error of the lowest is returned.
//
// The runs share nothing, so that a seed does the same here as alone.
func Many(
	ctx context.Context, c Config, first, last uint64, done func(seed uint64, r Report),
) error {
	s := &seedRange{next: first, last: last, lowest: math.MaxUint64, done: done}
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed, ok := s.begin(ctx); ok; seed, ok = s.begin(ctx) {
				own := c
				own.Seed = seed
				report, err := Run(ctx, own)
				s.end(seed, report, err)
			}
		})
	}
	workers.Wait()
	if s.failure == nil {
		return ctx.Err()
	}
	return s.failure
}

// seedRange hands seeds to workers and collects how they ended.
type seedRange struct {
	mu         sync.Mutex
	next, last uint64
	lowest     uint64 // of the seeds that failed
	failure    error  // of that seed, nil while none has failed
	done       func(seed uint64, r Report)
}

// begin returns the next seed. ok is false when there is none, when one has failed, and when the
// caller gave up.
func (s *seedRange) begin(ctx context.Context) (seed uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	seed, s.next = s.next, s.next+1
	return seed, seed <= s.last && s.failure == nil && ctx.Err() == nil
}

// end notes how the run of a seed ended.
func (s *seedRange) end(seed uint64, report Report, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil && seed < s.lowest {
		s.failure, s.lowest = err, seed
	}
	if err == nil && s.done != nil {
		s.done(seed, report)
	}
}
