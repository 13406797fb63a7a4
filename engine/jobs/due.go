package jobs

import (
	"context"
	"maps"
	"math"
	"sync"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Due work of jobs takes turns (R-CON-29): overdue timers, jobs whose time has come, and jobs that
// wait for processor time only, a step each. package job says whose turn it is.

// Background does the work of jobs that waits for time to pass or for processor time. A server has
// one.
type Background struct {
	Config

	waiting waitingThings

	clockWentBack int // how often the clock had gone back when FollowClockBack was done last

	mu     sync.Mutex
	turns  job.Turns
	last   map[job.DueKind]job.Key // the job that had a step of this kind last
	purged time.Time               // when Purge last found nothing to do
}

// NewBackground returns the background work over a configuration.
func NewBackground(c Config) *Background {
	b := &Background{Config: c, last: map[job.DueKind]job.Key{}}
	b.waiting.forget()
	return b
}

// dueJobsInTurn is how many jobs whose time has come take turns: those that wait longest.
const dueJobsInTurn = 64

// DueStep does one bounded step of the work of jobs that is due.
func (b *Background) DueStep(tx *commit.Tx) error {
	turns, last := b.nextTurns()
	for _, kind := range turns.Order() {
		if kind == job.DueTimers {
			done, err := b.timersStep(tx, BackgroundStep)
			if err != nil {
				return err
			}
			if done == 0 {
				continue
			}
			turns.TimersLeft = done == BackgroundStep
			tx.AfterCommit(func() { b.setTurns(turns, kind, 0) })
			return nil
		}
		key, err := dueJob(tx, kind, last[kind])
		if err != nil {
			return err
		}
		if key == 0 {
			continue
		}
		turns = job.Turns{Timed: kind == job.DueTimed}
		tx.AfterCommit(func() { b.setTurns(turns, kind, key) })
		j, err := tx.Job(key)
		if err != nil {
			return err
		}
		return b.step(tx, j, BackgroundStep)
	}
	return nil
}

// dueJob returns the job that has its step next, of those whose time has come or of those that wait
// for processor time only; 0 when none is due. last is the one of this kind that had a step last.
func dueJob(tx *commit.Tx, kind job.DueKind, last job.Key) (job.Key, error) {
	if kind == job.DueTimed {
		afterAll := store.DueCursor{Due: job.Immediately, Job: math.MaxInt64}
		due, err := tx.DueJobs(afterAll, tx.Now, dueJobsInTurn)
		if err != nil || len(due) == 0 {
			return 0, err
		}
		keys := make([]job.Key, len(due))
		for i, j := range due {
			keys[i] = j.Key
		}
		return job.NextTurn(keys, last), nil
	}
	// These all have one time, so that they stand in the order of their keys.
	for _, after := range []job.Key{last, 0} {
		at := store.DueCursor{Due: job.Immediately, Job: after}
		due, err := tx.DueJobs(at, job.Immediately, 1)
		if err != nil || len(due) > 0 {
			return firstKey(due), err
		}
	}
	return 0, nil
}

// firstKey is the key of the first job, 0 without one.
func firstKey(jobs []job.Job) job.Key {
	if len(jobs) == 0 {
		return 0
	}
	return jobs[0].Key
}

// nextTurns returns what the next turn depends on.
func (b *Background) nextTurns() (job.Turns, map[job.DueKind]job.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.turns, maps.Clone(b.last)
}

// setTurns records a step; key is the job that had it.
func (b *Background) setTurns(turns job.Turns, kind job.DueKind, key job.Key) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turns, b.last[kind] = turns, key
}

// timersStep does up to limit pieces of what a time was set for, those of executions first, and
// returns how many it has done.
func (b *Background) timersStep(tx *commit.Tx, limit int) (done int, err error) {
	for _, kind := range []func(*commit.Tx, int) (int, error){
		executionTimersStep, endHolds, b.silenceStep,
	} {
		n, err := kind(tx, limit-done)
		if done += n; err != nil || done == limit {
			return done, err
		}
	}
	return done, nil
}

// executionTimersStep ends up to limit executions whose deadline has passed (R-TMO-8) and shows
// retries that have waited long enough (R-STR-45); it returns how many there were. Each is applied
// by itself, so that an abort that one of them brings about is announced in its place (R-EVT-28).
func executionTimersStep(tx *commit.Tx, limit int) (done int, err error) {
	overdue, err := tx.DueExecutions(tx.Now, limit)
	if err != nil {
		return 0, err
	}
	for _, x := range overdue {
		if err := endTimer(tx, x); err != nil {
			return 0, err
		}
		if err := tx.Apply(); err != nil {
			return 0, err
		}
	}
	return len(overdue), nil
}

// endTimer stages what follows when the time of an execution has come.
func endTimer(tx *commit.Tx, x job.Execution) error {
	if x.Status == job.ExecutionQueued {
		// A job whose end time has come as well is what is recorded first; that its execution is
		// canceled by that is found again.
		_, err := recordOverdue(tx, x)
		return err
	}
	if _, err := jobOnSchedule(tx, x.Job); err != nil { // after its end nothing is retried
		return err
	}
	return applyEvent(tx, x, job.TimeOut)
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
	before, purges := b.Limits.Get().PurgeBefore(now)
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
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turns, b.purged = job.Turns{}, time.Time{}
	clear(b.last)
	b.waiting.forget()
}
