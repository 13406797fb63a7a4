package sink

import "time"

// Bounds of the time between two attempts (R-SNK-8).
const (
	firstWait     = time.Second
	maxWait       = 5 * time.Minute
	maxRetryAfter = time.Hour
	minAttempts   = 3
	// SuspendAfter is how many failures without a success between them make the whole sink wait.
	SuspendAfter = 8
)

// Backoff is how long to wait after the n-th failure in a row, from 1 on. draw is a number in [0, 1):
// it takes up to half of the time away, so that events that failed together do not come again
// together.
func Backoff(n int, draw float64) time.Duration {
	wait := maxWait
	if n < 20 { // beyond that it would overflow
		wait = min(maxWait, firstWait<<max(n-1, 0))
	}
	return wait - time.Duration(draw*float64(wait)/2)
}

// RetryAfter bounds what the other side asks for.
func RetryAfter(asked time.Duration) time.Duration { return max(0, min(asked, maxRetryAfter)) }

// GivesUp reports whether an event becomes a dead letter: it has failed so often, and was published
// so long ago.
func (d Definition) GivesUp(attempts int, age time.Duration) bool {
	return attempts >= minAttempts && age > d.RetryFor
}
