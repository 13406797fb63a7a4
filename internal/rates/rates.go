package rates

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// Limit is a token bucket with one second's worth of tokens: a limit of 10 a second allows 10 calls
// at once, then one every 100 ms (R-LIM-51). Nil allows everything.
type Limit struct{ bucket *rate.Limiter }

// PerSecond returns a limit of n a second. It is nil for n of zero or less.
func PerSecond(n float64) *Limit {
	if n <= 0 {
		return nil
	}
	burst := max(1, int(math.Ceil(n)))
	return &Limit{rate.NewLimiter(rate.Limit(n), burst)}
}

// Allow reports whether a call is within the rate; one that is refused uses no token. It looks at
// the real clock, because rates protect the machine.
func (l *Limit) Allow() bool {
	if l == nil {
		return true
	}
	return l.bucket.AllowN(time.Now(), 1)
}
