package answers

import (
	"cmp"
	"context"
	"slices"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/replay"
	"github.com/drover-iot/drover/store"
)

// Tried are the settings that a replay tries; nil for what stays as it is.
type Tried struct {
	Rollout *job.RolloutConfig
	Abort   *job.AbortConfig
	Guard   *job.Guard
}

// Replays is what became of a job, and what would have become of it.
type Replays struct{ Recorded, Replayed Replay }

// Replay is what came of settings, and the settings.
type Replay struct {
	replay.Result
	replay.Settings
}

// Replay plays the recorded releases and outcomes of a job with other settings (R-WHAT-1). It
// remembers some 80 bytes for each thing.
func (s *Service) Replay(ctx context.Context, id string, t Tried) (r Replays, err error) {
	j, err := s.job(ctx, id)
	if err != nil {
		return r, err
	}
	if err := (job.Update{Rollout: t.Rollout, Abort: t.Abort}).Check(job.MostRequestLimits); err != nil {
		return r, err
	}
	attempts, err := s.attempts(ctx, j.Key)
	if err != nil {
		return r, err
	}
	own := replay.Settings{Abort: j.Abort, Schedule: j.Schedule}
	if j.Steering != nil {
		own.Guard = j.Steering.Guard
	}
	r.Recorded = Replay{replay.Run(attempts, own), own}
	own.Rollout = t.Rollout
	if t.Abort != nil {
		own.Abort = t.Abort
	}
	if t.Guard != nil {
		own.Guard = t.Guard
	}
	r.Replayed = Replay{replay.Run(attempts, own), own}
	return r, nil
}

// attempts reads the first attempts of a job, in the order of their release.
func (s *Service) attempts(ctx context.Context, key job.Key) (all []replay.Attempt, err error) {
	after := job.ExecutionCursor{}
	for more := true; more && err == nil; {
		err = s.Store.Read(ctx, func(r store.Reader) error {
			page, err := r.FirstAttempts(key, after, attemptsPage)
			more = len(page) == attemptsPage
			for _, a := range page {
				after = a.ExecutionCursor
				all = append(all, attempt(a))
			}
			return err
		})
	}
	slices.SortStableFunc(all, func(a, b replay.Attempt) int {
		return cmp.Or(a.Released.Compare(b.Released), a.Started.Compare(b.Started))
	})
	return all, err
}

// attempt is a first attempt as a replay sees it.
func attempt(a store.FirstAttempt) replay.Attempt {
	r := replay.Attempt{Released: a.QueuedAt, Started: a.StartedAt}
	if a.Ended() {
		r.Status, r.Ended = a.Status, a.UpdatedAt
	}
	return r
}
