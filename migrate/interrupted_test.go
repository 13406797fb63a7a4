package migrate

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// errKilled is how a copy ends that is interrupted.
var errKilled = errors.New("killed")

// interrupted lets so many requests through. The next one arrives and its answer does not; all that
// follow do not arrive either.
type interrupted struct {
	left   atomic.Int64
	cancel context.CancelCauseFunc
}

// Do implements iot.HTTPClient.
func (i *interrupted) Do(r *http.Request) (*http.Response, error) {
	left := i.left.Add(-1)
	if left < 0 {
		return nil, errKilled
	}
	answer, err := http.DefaultClient.Do(r.WithContext(context.WithoutCancel(r.Context())))
	if left > 0 || err != nil {
		return answer, err
	}
	answer.Body.Close()
	i.cancel(errKilled)
	return nil, errKilled
}

// A copy that is interrupted at any request to the target, with the answer to it lost, and is
// started again, ends as one that was not. R-MOV-4
func TestInterrupted(t *testing.T) {
	t.Parallel()
	source, whole := newWorld(t, sourceAccount), newWorld(t, targetAccount)
	source.fill()
	count := &interrupted{}
	const plenty = 1 << 30
	count.left.Store(plenty)
	copied(t, source.Client, whole.through(count), Options{})
	requests, want := plenty-count.left.Load(), whole.contents()

	// Each target is interrupted at several requests, far apart, one after the other. With
	// DROVER_MOVES it is every request in its turn.
	const perTarget = 6
	stride := requests / perTarget
	step := int64(7)
	if os.Getenv("DROVER_MOVES") != "" {
		step = 1
	}
	for first := int64(1); first <= stride; first += step {
		t.Run(fmt.Sprint(first), func(t *testing.T) {
			t.Parallel()
			target := newWorld(t, targetAccount)
			for at := first; at <= requests; at += stride {
				ctx, cancel := context.WithCancelCause(t.Context())
				broken := &interrupted{cancel: cancel}
				broken.left.Store(at)
				_, err := Copy(ctx, source.Client, target.through(broken), Options{})
				if err == nil && broken.left.Load() < 0 {
					t.Errorf("interrupted at request %d, the copy says that it is complete", at)
				}
			}
			copied(t, source.Client, target.Client, Options{})
			if diff := cmp.Diff(want, target.contents()); diff != "" {
				t.Errorf("interrupted copies and a whole one differ (-whole +interrupted):\n%s", diff)
			}
		})
	}
}
