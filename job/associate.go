package job

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// Association is what AssociateTargetsWithJob adds: groups that the job does not have yet.
type Association struct {
	Targets []Target
	// Sources are these groups. The Target of the first is the number of targets that the job has,
	// and so on.
	Sources []Source
}

// Add adds one target with the source that it was resolved to. joined is a membership number that
// no membership so far exceeds and every later one does, and is not zero, which would say that the
// source belongs to the rollout. The back-fill takes what had joined by then, later members enter by
// themselves.
func (a *Association) Add(target Target, source Source, joined int64) {
	source.NewestMembership = joined
	a.Targets = append(a.Targets, target)
	a.Sources = append(a.Sources, source)
}

// Associate adds groups to a continuous job that is IN_PROGRESS. Their members get executions at
// once, outside the rollout's rate (R-API-19 to R-API-22, R-JOB-42). comment replaces the job's
// when it is not nil. most is how many targets a job may have.
func (j *Job) Associate(a Association, comment *string, most int, now time.Time) error {
	j.Recompute(now)
	if j.TargetSelection != Continuous || j.Status != InProgress || j.RolloutEnded {
		return fault.New(fault.Invalid,
			"job %s is %s and %s: targets can be associated with CONTINUOUS "+
				"jobs that are IN_PROGRESS and have not ended", j.ID, j.TargetSelection, j.Status)
	}
	if n := len(j.Targets) + len(a.Targets); n > most {
		return fault.New(fault.Limit,
			"targets: job %s would have %d, at most %d are allowed", j.ID, n, most)
	}
	if len(a.Targets) > 0 {
		if j.Backfill == nil {
			j.Backfill = &RolloutCursor{Source: len(j.Sources)}
		}
		j.Targets = append(slices.Clone(j.Targets), a.Targets...)
		j.Sources = append(slices.Clone(j.Sources), a.Sources...)
		j.TargetGroups = append(slices.Clone(j.TargetGroups), TargetGroups(a.Sources)...)
	}
	if comment != nil {
		j.Comment = *comment
	}
	j.UpdatedAt = now
	j.Recompute(now)
	return nil
}
