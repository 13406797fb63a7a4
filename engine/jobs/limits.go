package jobs

import (
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// Limits bounds what one server holds. Zero is unlimited (docs/spec/24, section 5).
type Limits struct {
	ActiveContinuous int // R-LIM-40
	ActiveSnapshot   int // R-LIM-41
	Concurrent       int // R-LIM-42
	Templates        int // R-LIM-45
	// Retention is how long COMPLETED and CANCELED jobs are kept after their last change (R-LIM-44, R-LIM-49).
	Retention time.Duration
}

// DefaultLimits are high enough not to be in the way of a self-hosted server.
var DefaultLimits = Limits{
	ActiveContinuous: 1000,
	ActiveSnapshot:   100_000,
	Concurrent:       1000,
	Templates:        1000,
	Retention:        730 * 24 * time.Hour,
}

// checkNewJob refuses a new job where too many are active or concurrent already (R-LIM-40 to R-LIM-42, R-LIM-48).
func (s *Service) checkNewJob(tx *commit.Tx, j job.Job) error {
	limit := s.Limits.ActiveSnapshot
	if j.TargetSelection == job.Continuous {
		limit = s.Limits.ActiveContinuous
	}
	if limit > 0 {
		active, err := tx.ActiveJobs(j.TargetSelection)
		if err != nil {
			return err
		}
		if active >= limit {
			return fault.New(fault.Limit, "%d %s jobs are active, the most that are allowed", active, j.TargetSelection)
		}
	}
	return s.checkConcurrency(tx, job.Job{}, j)
}

// checkConcurrency refuses what would make one more job concurrent when too many are (R-API-17, R-LIM-47). A job that is
// done with the answer never is: stopping a small one is always possible.
func (s *Service) checkConcurrency(tx *commit.Tx, before, after job.Job) error {
	small := after.Status == job.Canceled && after.Counts.Pending() <= InlineStep
	if before.Concurrent() || !after.Concurrent() || small {
		return nil
	}
	full, err := concurrencyReached(tx, s.Limits)
	if err == nil && full {
		err = fault.New(fault.Limit, "%d jobs are rolling out or being canceled, the most that are allowed", s.Limits.Concurrent)
	}
	return err
}

// concurrencyReached reports whether no further job may be concurrent.
func concurrencyReached(tx *commit.Tx, limits Limits) (bool, error) {
	if limits.Concurrent == 0 {
		return false, nil
	}
	concurrent, err := tx.ConcurrentJobs()
	return concurrent >= limits.Concurrent, err
}
