package sim

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
)

// Many runs seeds first to last, as many at a time as there are processors, and calls done after each, one call at a
// time. It stops at the first broken rule and returns it: the one of the lowest seed that was run.
func Many(ctx context.Context, c Config, first, last uint64, done func(seed uint64, r Report)) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var (
		next    atomic.Uint64
		mu      sync.Mutex
		found   error
		worst   uint64
		workers sync.WaitGroup
	)
	work := func() {
		for ctx.Err() == nil {
			seed := first + next.Add(1) - 1
			if seed > last {
				return
			}
			own := c
			own.Seed = seed
			report, err := Run(ctx, own)
			if errors.Is(err, context.Canceled) {
				return
			}
			mu.Lock()
			if err != nil && (found == nil || seed < worst) {
				found, worst = err, seed
				stop()
			}
			if err == nil && done != nil {
				done(seed, report)
			}
			mu.Unlock()
		}
	}
	for range runtime.GOMAXPROCS(0) {
		workers.Go(work)
	}
	workers.Wait()
	if found == nil {
		return ctx.Err()
	}
	return found
}
