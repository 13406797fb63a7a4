package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/drover-iot/drover/api"
)

// A request is made again when its failure may pass by itself: the server is busy (throttling, any
// status of 500 and above), or no answer arrived. The first attempt may have reached the server all
// the same. Most operations do nothing new then; a repeated CreateKeysAndCertificate makes another
// certificate. Whoever minds sets Attempts(1).

// repeat makes a request until it succeeds, fails for good, or has been made often enough. It
// returns the body of the answer.
func (c *Client) repeat(ctx context.Context, r Request) ([]byte, error) {
	for n := 1; ; n++ {
		body, err := c.attempt(ctx, r, n)
		if err == nil || n >= c.attempts || ctx.Err() != nil || !MayPass(err) {
			return body, err
		}
		if stopped := c.wait(ctx, Backoff(n)); stopped != nil {
			return nil, fmt.Errorf("%w, waiting after: %w", stopped, err)
		}
	}
}

// attempt makes a request once. The error is an *Error when the server answered.
func (c *Client) attempt(ctx context.Context, r Request, n int) ([]byte, error) {
	signed, err := c.transport.Sign(ctx, r, n)
	if err != nil {
		return nil, &unsentError{err}
	}
	answer, err := c.transport.Send(signed)
	if err != nil {
		return nil, err
	}
	if !answer.OK() {
		return nil, ReadError(answer)
	}
	return answer.Body, nil
}

// An unsentError is a request that cannot be written, such as one with a bad endpoint. Making it
// again does not help.
type unsentError struct{ error }

// Unwrap returns what is wrong with the request.
func (e *unsentError) Unwrap() error { return e.error }

// MayPass reports whether a failure may be gone when the request is made again: the server was busy,
// or no answer arrived. Who waits for something goes on after such a failure.
func MayPass(err error) bool {
	if refused, ok := errors.AsType[*Error](err); ok {
		return refused.Status >= http.StatusInternalServerError ||
			refused.Status == http.StatusTooManyRequests || refused.Exception == api.Throttling
	}
	_, unsent := errors.AsType[*unsentError](err)
	return !unsent && !Untrusted(err) && !errors.Is(err, ErrAnswerTooLarge)
}

// backoffs are the longest pauses after the first attempts; later ones have the last.
var backoffs = []time.Duration{
	1 * time.Second, 2 * time.Second, 4 * time.Second,
	8 * time.Second, 16 * time.Second, 20 * time.Second,
}

// Backoff is how long to wait after the nth failed attempt, the first being 1: at random between
// nothing and 1 s after the first, 2 s after the second, 4, 8, 16 and at most 20 s. It is random so
// that many clients that failed at one time do not all come back at one time.
func Backoff(n int) time.Duration {
	longest := backoffs[min(max(n, 1), len(backoffs))-1]
	return rand.N(longest)
}

// Sleep waits for d to pass or ctx to end, and returns ctx.Err() when it ended.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
