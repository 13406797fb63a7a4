package jobs

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
)

// AssociateTargets adds groups to a continuous job that is IN_PROGRESS (R-API-19 to R-API-22).
// Groups that the job has already are passed over. comment replaces that of the job when it is not
// nil.
func (s *Service) AssociateTargets(
	ctx context.Context, id string, namespace *string, targets []job.Target, comment *string,
) (after job.Job, err error) {
	if err := job.CheckAssociable(targets, s.Limits.Requests()); err != nil {
		return after, err
	}
	err = s.Commits.Do(ctx, func(tx *commit.Tx) error {
		j, err := jobInNamespace(tx, id, namespace)
		if err != nil {
			return err
		}
		added, err := newTargets(tx, j, targets)
		if err != nil {
			return err
		}
		if err := j.Associate(added, comment, s.Limits.Requests().Targets, tx.Now); err != nil {
			return err
		}
		after = j
		tx.Changes.Job.Definitions = []job.Job{j}
		tx.SetJob(j)
		return nil
	})
	return after, err
}

// newTargets resolves the targets that the job does not have yet. Their back-fill takes the members
// of now: those with a number below a fresh one, which also is never 0.
func newTargets(tx *commit.Tx, j job.Job, targets []job.Target) (added job.Association, err error) {
	newest := tx.Keys.Joined()
	for i, target := range j.NewTargets(targets) {
		source, err := sourceOf(tx, len(j.Targets)+i, target)
		if err != nil {
			return added, commit.OrNotFound(err, noTarget(i, target))
		}
		added.Add(target, source, newest)
	}
	return added, nil
}
