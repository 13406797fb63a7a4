package gateway

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// pool is a number of bytes that callers have for a while, each of them no more than a quarter of
// the pool. What is not free is waited for, first come first served.
type pool struct {
	free  *semaphore.Weighted
	share int64 // what one caller can have

	mu      sync.Mutex // guards callers
	callers map[string]*share
}

// share is what one caller can have. It is forgotten when nobody uses it.
type share struct {
	free  *semaphore.Weighted
	users int // requests that have bytes of it or wait for some
}

// newPool returns a pool of this size, or a larger one where a caller could not have the largest
// body otherwise.
func newPool(size int64) *pool {
	quarter := max(size/4, maxBody)
	return &pool{
		free:    semaphore.NewWeighted(max(size, quarter)),
		share:   quarter,
		callers: map[string]*share{},
	}
}

// acquire waits for n bytes, as long as a request with its body may take. It reports false when
// there are none in that time, or ctx ends.
func (p *pool) acquire(ctx context.Context, caller string, n int64) bool {
	own := p.use(caller)
	if own.free.TryAcquire(n) {
		if p.free.TryAcquire(n) {
			return true
		}
		own.free.Release(n)
	}
	ctx, stop := context.WithTimeout(ctx, bodyTimeout)
	defer stop()
	if own.free.Acquire(ctx, n) != nil {
		p.leave(caller)
		return false
	}
	if p.free.Acquire(ctx, n) != nil {
		own.free.Release(n)
		p.leave(caller)
		return false
	}
	return true
}

// release gives n bytes back that acquire has got.
func (p *pool) release(caller string, n int64) {
	p.free.Release(n)
	p.leave(caller).free.Release(n)
}

// use returns the share of a caller for one more request.
func (p *pool) use(caller string) *share {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.callers[caller]
	if own == nil {
		own = &share{free: semaphore.NewWeighted(p.share)}
		p.callers[caller] = own
	}
	own.users++
	return own
}

// leave ends the use of a share by one request.
func (p *pool) leave(caller string) *share {
	p.mu.Lock()
	defer p.mu.Unlock()
	own := p.callers[caller]
	own.users--
	if own.users == 0 {
		delete(p.callers, caller)
	}
	return own
}
