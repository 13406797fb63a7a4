package rates

import (
	"math"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// Limit is a token bucket with one second's worth of tokens: a limit of 10 a second allows 10 calls
// at once, then one every 100 ms (R-LIM-51). Nil and the zero value allow everything.
type Limit struct{ bucket atomic.Pointer[rate.Limiter] }

// PerSecond returns a limit of n a second; one of zero or less allows everything.
func PerSecond(n float64) *Limit {
	l := &Limit{}
	l.Set(n)
	return l
}

// Set makes it a limit of n a second, with a full bucket.
func (l *Limit) Set(n float64) {
	if n <= 0 {
		l.bucket.Store(nil)
		return
	}
	burst := max(1, int(math.Ceil(n)))
	l.bucket.Store(rate.NewLimiter(rate.Limit(n), burst))
}

// Allow reports whether a call is within the rate; one that is refused uses no token. It looks at
// the real clock, because rates protect the machine.
func (l *Limit) Allow() bool {
	if l == nil {
		return true
	}
	bucket := l.bucket.Load()
	return bucket == nil || bucket.AllowN(time.Now(), 1)
}
