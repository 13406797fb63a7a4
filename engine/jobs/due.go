package jobs

import (
	"cmp"
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
)

// dueJobsInTurn is how many due jobs take turns.
const dueJobsInTurn = 64

// DueStep does one bounded step of the work of jobs that is due: a page of overdue timers or, when there are none, a step
// of the job whose turn it is.
func (s *Service) DueStep(tx *commit.Tx) error {
	overdue, err := tx.DueExecutions(tx.Now, BackgroundStep)
	if err != nil {
		return err
	}
	if len(overdue) > 0 {
		return timeOut(tx, overdue)
	}
	due, err := tx.DueJobs(dueJobsInTurn)
	if err != nil || len(due) == 0 {
		return err
	}
	key := s.nextTurn(due)
	tx.AfterCommit(func() { s.setTurn(key) })
	j, err := tx.Job(key)
	if err != nil {
		return err
	}
	return s.step(tx, j, BackgroundStep)
}

// nextTurn returns the due job whose turn it is: the one after the job that had its step last, by key. So the sweep of a
// million executions does not hold up the ticks of other jobs.
func (s *Service) nextTurn(due []job.Job) job.Key {
	s.mu.Lock()
	defer s.mu.Unlock()
	first, after := due[0].Key, job.Key(0)
	for _, j := range due {
		first = min(first, j.Key)
		if j.Key > s.turn && (after == 0 || j.Key < after) {
			after = j.Key
		}
	}
	return cmp.Or(after, first)
}

func (s *Service) setTurn(key job.Key) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn = key
}

// timeOut ends executions whose deadline has passed (R-TMO-8). Each is applied by itself, so that an abort that one of
// them brings about is announced in its place (R-EVT-28).
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

// Purge begins the removal of jobs that ended longer ago than they are kept, and reports whether there were any. It looks
// once a minute: nothing waits for it, so that it is not among what NextDue names.
func (s *Service) Purge(ctx context.Context) (found bool, err error) {
	const page = 100
	now := s.Clock.Now()
	if s.Limits.Retention <= 0 || now.Sub(s.lastPurge()) < time.Minute {
		return false, nil
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		ended, err := tx.EndedJobs(now.Add(-s.Limits.Retention), page)
		for _, row := range ended {
			j, err := tx.Job(row.Key) // through the cache: that it has ended is no change, and no event
			if err != nil {
				return err
			}
			j.Purge(tx.Now)
			tx.SetJob(j)
		}
		found = len(ended) > 0
		return err
	})
	if err == nil && !found {
		s.setLastPurge(now)
	}
	return found, err
}

func (s *Service) lastPurge() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.purged
}

func (s *Service) setLastPurge(at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.purged = at
}

// Forget is for a store that was emptied: nothing that was remembered about its jobs holds any more.
func (s *Service) Forget() {
	s.setTurn(0)
	s.setLastPurge(time.Time{})
}
