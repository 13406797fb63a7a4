package job

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
)

// Association is what AssociateTargetsWithJob adds: groups that the job does not have yet.
type Association struct {
	Targets []Target
	Sources []Source // with NewestMembership set; the first of each target is its group, the others are below it
}

// Associate adds groups to a continuous job that is IN_PROGRESS. Their members are rolled out at once, outside the
// rollout's rate (R-API-19 to R-API-22, R-JOB-42).
func (j *Job) Associate(a Association, comment *string, now time.Time) error {
	j.Recompute(now)
	if j.TargetSelection != Continuous || j.Status != InProgress || j.RolloutEnded {
		return fault.New(fault.Invalid, "job %s is %s and %s: targets can be associated with CONTINUOUS jobs that are IN_PROGRESS and have not ended",
			j.ID, j.TargetSelection, j.Status)
	}
	if n := len(j.Targets) + len(a.Targets); n > MaxTargets {
		return fault.New(fault.Limit, "targets: job %s would have %d, at most %d are allowed", j.ID, n, MaxTargets)
	}
	if len(a.Targets) > 0 {
		if j.Backfill == nil {
			j.Backfill = &RolloutCursor{Source: len(j.Sources)}
		}
		j.Targets = append(slices.Clone(j.Targets), a.Targets...)
		j.Sources = append(slices.Clone(j.Sources), a.Sources...)
		for i, s := range a.Sources {
			if i == 0 || a.Sources[i-1].Target != s.Target {
				j.TargetGroups = append(slices.Clone(j.TargetGroups), s.Group)
			}
		}
	}
	if comment != nil {
		j.Comment = *comment
	}
	j.UpdatedAt = now
	j.Recompute(now)
	return nil
}
