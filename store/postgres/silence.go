package postgres

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// A database that is cut off answers nothing, and each call needs all of its patience to find that
// out. Calls that have waited behind such a one, for their turn or for a connection, would wait as
// long once more, and a request that reads before it writes twice as long. So for a moment after a
// call has waited in vain others are refused at once, and whoever asks a node gets its answer
// within one patience (R-NODE-9). For example: a report that comes 2 s after the network was cut
// waits for its turn until another's 5 s are over, and is refused then, after 3 s.

// moment is how long calls are refused. The call after it asks the database again.
const moment = time.Second

// errSilent is why calls are refused meanwhile.
var errSilent = errors.New("it did not answer just now")

// Silence is whether the database has just left a call without an answer.
type silence struct{ until atomic.Int64 } // in Unix nanoseconds

// refuse returns the error of a call that need not ask; nil when it should.
func (s *silence) refuse() error {
	if time.Now().UnixNano() < s.until.Load() {
		return gone(errSilent)
	}
	return nil
}

// note notes how a call has ended, and returns its error.
func (s *silence) note(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || pgconn.Timeout(err) {
		s.until.Store(time.Now().Add(moment).UnixNano())
	}
	return err
}
