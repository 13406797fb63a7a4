package cli

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

// attempts is how often a request is made at most (R-CMD-112).
func (c *call) attempts() (int, error) {
	get, p := c.env.Getenv, c.settings.profile
	most := 3
	mode := first(get("AWS_RETRY_MODE"), p.get("retry_mode"), "standard")
	if mode == "legacy" {
		most = 5
	} else if !slices.Contains([]string{"standard", "adaptive"}, mode) {
		return 0, environmentError(`Invalid value provided to "mode": "%s" must be one of: "standard" or "adaptive" (AWS_RETRY_MODE or retry_mode)`, mode)
	}
	if text := first(get("AWS_MAX_ATTEMPTS"), p.get("max_attempts")); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return 0, environmentError("AWS_MAX_ATTEMPTS or max_attempts: %q is not a number of attempts", text)
		}
		most = n
	}
	return most, nil
}

// send makes a request, again after a failure that may pass, and returns the body of the answer (R-CMD-113, R-CMD-114).
func (c *call) send(in *object) ([]byte, error) {
	r, err := c.build(in)
	if err != nil {
		return nil, err
	}
	most := c.settings.attempts
	for n := 1; ; n++ {
		body, again, err := c.attempt(r, n)
		if err == nil || !again {
			return body, err
		}
		if n == most {
			var failed *serviceError
			if errors.As(err, &failed) {
				failed.retries = most - 1
			}
			return nil, err
		}
		longest := float64(min(1<<min(n-1, 5), 20)) * float64(time.Second)
		if err := c.env.Wait(c.ctx, time.Duration(rand.Float64()*longest)); err != nil {
			return nil, err
		}
	}
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
