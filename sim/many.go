package sim

import (
	"context"
	"math"
	"runtime"
	"sync"
)

// Many runs seeds first to last, as many at a time as there are processors, and calls done after each, one call at a
// time. After the first broken rule no further seed is begun; of those that broke one, the lowest is returned.
func Many(ctx context.Context, c Config, first, last uint64, done func(seed uint64, r Report)) error {
	var (
		next    = first
		mu      sync.Mutex
		found   error
		lowest  = uint64(math.MaxUint64)
		workers sync.WaitGroup
	)
	begin := func() (seed uint64, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		seed, next = next, next+1
		return seed, seed <= last && found == nil && ctx.Err() == nil
	}
	end := func(seed uint64, report Report, err error) {
		mu.Lock()
		defer mu.Unlock()
		if err != nil && seed < lowest {
			found, lowest = err, seed
		}
		if err == nil && done != nil {
			done(seed, report)
		}
	}
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for seed, ok := begin(); ok; seed, ok = begin() {
				own := c
				own.Seed = seed
				report, err := Run(ctx, own)
				end(seed, report, err)
			}
		})
	}
	workers.Wait()
	if found == nil {
		return ctx.Err()
	}
	return found
}
