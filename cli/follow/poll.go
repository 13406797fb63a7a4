package follow

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/client"
)

// Errors that end the waiting. What was waited for goes on in the server all the same.
var (
	// ErrLeft is that nobody waits any more, because the context has ended.
	ErrLeft = errors.New("not waited for any more; it goes on")
	// ErrTimeout is that the time for waiting is over.
	ErrTimeout = errors.New("the time for waiting is over; it goes on")
	// errEndless is a job that never ends by itself.
	errEndless = errors.New("a continuous job without an end time never ends by itself, and is not " +
		"waited for")
)

// An UnsuccessfulError says that what was waited for has ended, and not as it was meant to.
type UnsuccessfulError struct{ text string }

// Error says how it ended.
func (e *UnsuccessfulError) Error() string { return e.text }

func unsuccessful(format string, args ...any) error {
	return &UnsuccessfulError{fmt.Sprintf(format, args...)}
}

// A Follower looks at a server again and again.
type Follower struct {
	// Client calls the server. It makes one attempt, because what may pass is looked at again.
	Client *client.Client
	// Progress shows how it goes.
	Progress *terminal.Progress
	// Timeout is how long to wait at most; 0 for as long as it takes.
	Timeout time.Duration
	// Endless follows also a job that never ends by itself.
	Endless bool
	// Now and Sleep are the clock; a test has its own.
	Now   func() time.Time
	Sleep func(context.Context, time.Duration) error
}

const (
	soonest = time.Second      // between two looks at first
	latest  = 15 * time.Second // between two looks after some minutes
	// outage is how long a server may not answer, as while it is started again.
	outage = 2 * time.Minute
)

// interval is how long to wait for the next look, when the waiting has taken so long: a tenth of
// it, so that an end is seen late by a tenth at most, and 15 s at most.
func interval(waited time.Duration) time.Duration {
	return min(max(waited/10, soonest), latest)
}

// until looks until that says that it is done, or fails for good. what names it in errors.
func (f *Follower) until(
	ctx context.Context, what string, look func(ctx context.Context) (done bool, err error),
) error {
	defer f.Progress.End()
	began := f.Now()
	answered := began // when the server answered last
	for failed := 0; ; {
		done, err := look(ctx)
		now := f.Now()
		pause := interval(now.Sub(began))
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("%s: %w", what, ErrLeft)
		case err == nil && done:
			return nil
		case err == nil:
			answered, failed = now, 0
		case errors.Is(err, errEndless) || !client.MayPass(err) || now.Sub(answered) >= outage:
			return fmt.Errorf("%s: %w", what, err)
		default: // throttled, or the server is away for a moment
			failed++
			pause = max(pause, client.Backoff(failed))
			text := fmt.Sprintf("%s: no answer for %s, looking again", what, Span(now.Sub(answered)))
			f.Progress.Show(text, what+": no answer", failed == 1, now)
		}
		if f.Timeout > 0 {
			left := f.Timeout - now.Sub(began)
			if left <= 0 {
				return fmt.Errorf("%s: %w", what, ErrTimeout)
			}
			pause = min(pause, left)
		}
		if err := f.Sleep(ctx, pause); err != nil {
			return fmt.Errorf("%s: %w", what, ErrLeft)
		}
	}
}

// show shows a line of facts alone.
func (f *Follower) show(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	f.Progress.Show(text, text, true, f.Now())
}
