package answers

import (
	"context"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// Totals are the jobs in numbers, for whoever watches the server (docs/spec/55). All but Jobs are of
// jobs that are IN_PROGRESS.
type Totals struct {
	Jobs       map[job.Status]int
	Executions job.Counts
	// Rollouts is how many jobs have targets that wait for their execution and are not paused, and
	// RolloutRate how many executions a minute they may create together.
	Rollouts, RolloutRate int
	// Guarded is how many have a guard, GuardFired of how many of those it has fired.
	Guarded, GuardFired int
	Paused              int
	// Expired is how many jobs ended longer ago than they are kept and are not being removed yet,
	// counted up to maxExpired; ExpiredFor is for how long the oldest should be gone.
	Expired    int
	ExpiredFor time.Duration
	// Took is how long it took to count.
	Took time.Duration
}

// jobStatuses are those that are counted.
var jobStatuses = []job.Status{
	job.Scheduled, job.InProgress, job.Canceled, job.Completed, job.DeletionInProgress,
}

// totalsPage is how many jobs are read at once: readers must not hold a state of the store for long.
const totalsPage = 200

// maxExpired bounds what is read to count what retention should have removed: there are few, unless
// it does not keep up.
const maxExpired = 250

// Totals counts the jobs. It reads each that is IN_PROGRESS, and no execution.
func (s *Service) Totals(ctx context.Context) (t Totals, err error) {
	t.Jobs = map[job.Status]int{}
	err = s.Store.Read(ctx, func(r store.Reader) error {
		for _, status := range jobStatuses {
			n, err := r.JobCount(status)
			if err != nil {
				return err
			}
			t.Jobs[status] = n
		}
		return s.addExpired(r, &t)
	})
	query := store.JobQuery{Status: job.InProgress, Limit: totalsPage}
	for err == nil {
		var page []job.Job
		err = s.Store.Read(ctx, func(r store.Reader) (err error) {
			page, err = r.Jobs(query)
			return err
		})
		for _, j := range page {
			t.add(j)
		}
		if len(page) < totalsPage {
			break
		}
		last := page[len(page)-1]
		query.After = &store.JobCursor{CreatedAt: last.CreatedAt, ID: last.ID}
	}
	return t, err
}

// addExpired counts the jobs that retention should have removed (R-LIM-44).
func (s *Service) addExpired(r store.Reader, t *Totals) error {
	now := s.Clock.Now()
	before, purges := s.Jobs.Limits.Get().PurgeBefore(now)
	if !purges {
		return nil
	}
	expired, err := r.EndedJobs(before, maxExpired)
	t.Expired = len(expired)
	if len(expired) > 0 {
		t.ExpiredFor = before.Sub(expired[0].UpdatedAt)
	}
	return err
}

// add counts a job that is IN_PROGRESS.
func (t *Totals) add(j job.Job) {
	for status, n := range j.Counts {
		t.Executions[status] += n
	}
	switch {
	case j.Paused != "":
		t.Paused++
	case !j.Progress.Finished && !j.RolloutEnded:
		t.Rollouts++
		t.RolloutRate += j.Rollout.Rate(j.Progress.Step)
	}
	if j.Steering != nil && j.Steering.Guard != nil {
		t.Guarded++
		if j.Steered != nil && j.Steered.Guard != nil && j.Steered.Guard.Fired != nil {
			t.GuardFired++
		}
	}
}
