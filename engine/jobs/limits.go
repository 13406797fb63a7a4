package jobs

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
)

// checkNewJob refuses a new job where too many are active or concurrent already (R-LIM-40 to
// R-LIM-42, R-LIM-48). What has no limit is not counted.
func checkNewJob(r facts, limits job.Limits, j job.Job) (err error) {
	active := 0
	if limits.Active(j.TargetSelection) > 0 {
		if active, err = r.ActiveJobs(j.TargetSelection); err != nil {
			return err
		}
	}
	concurrent, err := concurrentJobs(r, limits)
	if err != nil {
		return err
	}
	return limits.CheckNewJob(j, active, concurrent)
}

// checkConcurrency refuses what would make one more job concurrent when too many are (R-API-17,
// R-LIM-47).
func checkConcurrency(tx *commit.Tx, limits job.Limits, before, after job.Job) error {
	concurrent, err := concurrentJobs(tx, limits)
	if err != nil {
		return err
	}
	return limits.CheckConcurrency(before, after, concurrent, InlineStep)
}

// concurrentJobs is how many jobs are concurrent; 0 without a limit on them.
func concurrentJobs(r facts, limits job.Limits) (int, error) {
	if limits.Concurrent == 0 {
		return 0, nil
	}
	return r.ConcurrentJobs()
}
