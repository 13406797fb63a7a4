package jobs

import (
	"context"
	"sync"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Due work of jobs. Overdue timers come before everything else, because a device may be waiting for
// the answer that depends on them; then due jobs take turns, a step each.

// Background does the work of jobs that waits for time to pass or for processor time. A server has
// one.
type Background struct {
	Config

	clockWentBack int // how often the clock had gone back when FollowClockBack was done last

	mu     sync.Mutex
	turn   job.Key   // the job that had a step of due work last
	purged time.Time // when Purge last found nothing to do
}

// NewBackground returns the background work over a configuration.
func NewBackground(c Config) *Background { return &Background{Config: c} }

// dueJobsInTurn is how many due jobs take turns.
const dueJobsInTurn = 64

// DueStep does one bounded step of the work of jobs that is due: a page of overdue timers or, when
// there are none, a step of the job whose turn it is.
func (b *Background) DueStep(tx *commit.Tx) error {
	overdue, err := tx.DueExecutions(tx.Now, BackgroundStep)
	if err != nil {
		return err
	}
	if len(overdue) > 0 {
		return timeOut(tx, overdue)
	}
	due, err := tx.DueJobs(tx.Now, dueJobsInTurn)
	if err != nil || len(due) == 0 {
		return err
	}
	key := b.nextTurn(due)
	tx.AfterCommit(func() { b.setTurn(key) })
	j, err := tx.Job(key)
	if err != nil {
		return err
	}
	return b.step(tx, j, BackgroundStep)
}

// nextTurn returns the due job whose turn it is.
func (b *Background) nextTurn(due []job.Job) job.Key {
	keys := make([]job.Key, len(due))
	for i, j := range due {
		keys[i] = j.Key
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return job.NextTurn(keys, b.turn)
}

func (b *Background) setTurn(key job.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn = key
}

// timeOut ends executions whose deadline has passed (R-TMO-8). Each is applied by itself, so that
// an abort that one of them brings about is announced in its place (R-EVT-28).
func timeOut(tx *commit.Tx, overdue []job.Execution) error {
	for _, x := range overdue {
		if _, err := jobOnSchedule(tx, x.Job); err != nil { // after its end nothing is retried
			return err
		}
		if err := applyEvent(tx, x, job.TimeOut); err != nil {
			return err
		}
		if err := tx.Apply(); err != nil {
			return err
		}
	}
	return nil
}

// Purge begins the removal of jobs that ended longer ago than they are kept, forgets memberships
// that no rollout counts any more, and reports whether there was anything to do. It looks once a
// minute: nothing waits for it, so that it is not among what NextDue names.
func (b *Background) Purge(ctx context.Context) (found bool, err error) {
	now := b.Clock.Now()
	if now.Sub(b.lastPurge()).Abs() < time.Minute { // also when the clock went back
		return false, nil
	}
	err = b.Store.Read(ctx, func(r store.Reader) error {
		left, err := forgettable(r, 1)
		if err != nil || len(left) > 0 {
			found = len(left) > 0
			return err
		}
		ended, err := b.purgeable(r, now, 1)
		found = len(ended) > 0
		return err
	})
	if err == nil && found {
		return true, b.Commits.Do(ctx, b.purge)
	}
	if err == nil {
		b.setLastPurge(now)
	}
	return false, err
}

// purge does a page of what Purge is for.
func (b *Background) purge(tx *commit.Tx) (err error) {
	const page = 100
	tx.Changes.Registry.ForgottenMemberships, err = forgettable(tx, BackgroundStep)
	if err != nil {
		return err
	}
	ended, err := b.purgeable(tx, tx.Now, page)
	for _, row := range ended {
		// Through the cache: that it has ended is no change, and no event.
		j, err := tx.Job(row.Key)
		if err != nil {
			return err
		}
		j.Purge(tx.Now)
		tx.SetJob(j)
	}
	return err
}

// purgeReader is what is read to find out what to purge: a read of the store or a commit.
type purgeReader interface {
	EndedJobs(before time.Time, limit int) ([]job.Job, error)
	RolloutMemberships() (oldest, newest int64, ok bool, err error)
	LastJoined() (int64, error)
	LeftBefore(number int64, limit int) ([]registry.LeftMembership, error)
}

// purgeable returns up to limit jobs that ended longer ago than they are kept.
func (b *Background) purgeable(r purgeReader, now time.Time, limit int) ([]job.Job, error) {
	before, purges := b.Limits.PurgeBefore(now)
	if !purges {
		return nil, nil
	}
	return r.EndedJobs(before, limit)
}

// forgettable returns up to limit memberships that ended before the oldest rollout that goes on has
// begun.
func forgettable(r purgeReader, limit int) ([]registry.LeftMembership, error) {
	oldest, _, ok, err := r.RolloutMemberships()
	if err == nil && !ok {
		oldest, err = r.LastJoined()
	}
	if err != nil {
		return nil, err
	}
	return r.LeftBefore(oldest, limit)
}

func (b *Background) lastPurge() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.purged
}

func (b *Background) setLastPurge(at time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.purged = at
}

// Forget is for a store that was emptied: nothing that was remembered about its jobs holds any
// more.
func (b *Background) Forget() {
	b.setTurn(0)
	b.setLastPurge(time.Time{})
}
