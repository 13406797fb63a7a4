package s3api

import (
	"context"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rates bound the bytes that downloads send in a second: of all together, and of those of one
// device, which is one client address (R-ART-16). The limiters serve their callers in turn, a chunk
// each, so downloads under way share a rate equally.
type Rates struct {
	mu        sync.Mutex             // guards what follows
	total     *rate.Limiter          // nil: no limit
	perDevice float64                // 0: no limit
	devices   map[string]*deviceRate // those that download now
}

// deviceRate is the rate of one address.
type deviceRate struct {
	*rate.Limiter
	downloads int
}

// NewRates returns rates in bytes per second; 0 is any number.
func NewRates(total, perDevice float64) *Rates {
	r := &Rates{}
	r.Set(total, perDevice)
	return r
}

// Set changes the rates. Downloads that have begun keep theirs.
func (r *Rates) Set(total, perDevice float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total, r.perDevice, r.devices = nil, perDevice, map[string]*deviceRate{}
	if total > 0 {
		r.total = newLimiter(total)
	}
}

// newLimiter lets at most a quarter of a second's bytes go at once, and a chunk.
func newLimiter(perSecond float64) *rate.Limiter {
	return rate.NewLimiter(rate.Limit(perSecond), int(min(max(perSecond/4, 1024), leastChunk)))
}

// share is the part of one download in the rates.
type share struct {
	rates    *Rates
	address  string
	device   *deviceRate // nil: no limit for each device
	limiters []*rate.Limiter
}

// begin enters a download from an address. end must be called.
func (r *Rates) begin(address string) *share {
	s := &share{rates: r, address: address}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.perDevice > 0 {
		device := r.devices[address]
		if device == nil {
			device = &deviceRate{Limiter: newLimiter(r.perDevice)}
			r.devices[address] = device
		}
		device.downloads++
		s.device = device
		s.limiters = append(s.limiters, device.Limiter)
	}
	if r.total != nil {
		s.limiters = append(s.limiters, r.total)
	}
	return s
}

// end removes a download. The limiter of an address stays until it would be as a new one is:
// otherwise a device that asks for many short ranges had no limit.
func (s *share) end() {
	r, device := s.rates, s.device
	if device == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if device.downloads--; device.downloads > 0 {
		return
	}
	full := time.Duration(float64(device.Burst()) / float64(device.Limit()) * float64(time.Second))
	time.AfterFunc(full, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		if device.downloads == 0 && r.devices[s.address] == device {
			delete(r.devices, s.address)
		}
	})
}

// most is how many bytes can be waited for at once.
func (s *share) most() int64 {
	most := int64(math.MaxInt64)
	for _, limiter := range s.limiters {
		most = min(most, int64(limiter.Burst()))
	}
	return most
}

// wait waits for the turn of n bytes.
func (s *share) wait(ctx context.Context, n int) error {
	for _, limiter := range s.limiters {
		if err := limiter.WaitN(ctx, n); err != nil {
			return err
		}
	}
	return nil
}
