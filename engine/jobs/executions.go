package jobs

import (
	"context"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// What operators ask about single job executions: every attempt, ended or not, by job or by thing.

// DescribeExecution returns one execution for the operator, ended or not: the latest, or the one
// with the number (R-CON-11).
func (s *Service) DescribeExecution(
	ctx context.Context, thing, jobID string, number *int64,
) (x job.Execution, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		_, x, err = findExecution(r, thing, jobID, number)
		return err
	})
	return x, err
}

// thingsPerList is how many things a list of one status looks at, however few of them it shows.
const thingsPerList = 10_000

// ExecutionsOfJob lists every attempt of a job by thing name, newest attempt first (R-API-26).
// q.Job is filled in. A list of one status may be short of the limit; it goes on after more then,
// which is nil at the end.
func (s *Service) ExecutionsOfJob(
	ctx context.Context, jobID string, q store.JobExecutionQuery,
) (found []store.NamedExecution, more *store.JobExecutionCursor, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		j, err := r.JobByID(jobID)
		if err != nil {
			return commit.OrNotFound(err, commit.NoJob(jobID))
		}
		q.Job = j.Key
		if q.Status != nil {
			q.Things = thingsPerList
		}
		if found, err = r.ExecutionsOfJob(
			q,
		); err != nil || q.Status == nil || len(found) == q.Limit {
			return err
		}
		at, err := r.NthThing(q.Job, q.After, q.Things)
		if commit.Missing(err) {
			return nil
		}
		more = &at
		return err
	})
	return found, more, err
}

// ExecutionsOfThing lists every attempt on a thing, newest first (R-API-27). q.Thing is filled in.
func (s *Service) ExecutionsOfThing(
	ctx context.Context, thing string, q store.ThingExecutionQuery,
) (found []store.NamedExecution, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if q.Thing, err = thingID(r, thing); err != nil {
			return err
		}
		found, err = r.ExecutionsOfThing(q)
		return err
	})
	return found, err
}

// CancelExecution cancels the latest execution of a job on a thing (docs/spec/21, section 7).
func (s *Service) CancelExecution(
	ctx context.Context, thing, jobID string, force bool, expectedVersion *int64,
	details map[string]string,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		x, err := currentExecution(tx, thing, jobID)
		if err != nil {
			return err
		}
		j, err := tx.Job(x.Job)
		if err != nil {
			return err
		}
		outcome, err := job.CancelExecution(j, x, force, expectedVersion, details, tx.Now)
		if err != nil {
			return err
		}
		return recordOutcome(tx, x, outcome)
	})
}

// DeleteExecution deletes one attempt of a job on a thing (docs/spec/21, section 8). A namespace
// that is given and is not the job's names no job (R-EXE-48).
func (s *Service) DeleteExecution(
	ctx context.Context, thing, jobID string, number int64, force bool, namespace *string,
) error {
	return s.Commits.Do(ctx, func(tx *commit.Tx) error {
		if _, err := jobInNamespace(tx, jobID, namespace); err != nil {
			return err
		}
		for {
			_, x, err := findExecution(tx, thing, jobID, &number)
			if err != nil {
				return err
			}
			if stale, err := recordOverdue(tx, x); err != nil {
				return err
			} else if stale {
				continue
			}
			if err := x.CheckDelete(force); err != nil {
				return err
			}
			return deleteExecution(tx, x)
		}
	})
}
