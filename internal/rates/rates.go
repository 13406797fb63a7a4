// Package rates limits how often something is done. What is beyond the rate is refused, never
// delayed.
package rates

import (
	"math"
	"time"

	"golang.org/x/time/rate"
)

// Limit is a token bucket that holds one second's worth (R-LIM-51). A nil Limit lets everything
// through.
type Limit struct{ bucket *rate.Limiter }

// PerSecond returns a limit of n a second, nil (no limit) for n of zero or less.
func PerSecond(n float64) *Limit {
	if n <= 0 {
		return nil
	}
	return &Limit{rate.NewLimiter(rate.Limit(n), max(1, int(math.Ceil(n))))}
}

// Admits takes a token and reports whether there was one; where there was none, nothing is taken.
// It keeps to the real clock: rates protect the machine.
func (l *Limit) Admits() bool { return l == nil || l.bucket.AllowN(time.Now(), 1) }
