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
			q.Things = store.MaxLooked
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

// ExecutionFilter is what ListJobExecutionsForThing filters by. Zero fields do not filter.
type ExecutionFilter struct {
	Status    *job.ExecutionStatus
	Namespace string // of the job
	JobID     string
	After     *store.ThingExecutionCursor
	Limit     int
}

// ExecutionsOfThing lists the attempts on a thing, newest first (R-API-27). Where it stopped before
// the page was full, after so many attempts, more is where to go on (R-WIRE-27).
func (s *Service) ExecutionsOfThing(
	ctx context.Context, thing string, f ExecutionFilter,
) (found []store.NamedExecution, more *store.ThingExecutionCursor, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		q := store.ThingExecutionQuery{After: f.After}
		if q.Thing, err = thingID(r, thing); err != nil {
			return err
		}
		if f.JobID != "" {
			j, err := r.JobByID(f.JobID)
			if commit.Missing(err) {
				return nil
			}
			if err != nil {
				return err
			}
			q.Job = j.Key
		}
		var stopped *store.NamedExecution
		found, stopped, err = store.Filter(ctx, f.Limit,
			func(after *store.NamedExecution, limit int) ([]store.NamedExecution, error) {
				if q.Limit = limit; after != nil {
					q.After = new(PlaceOfAttempt(*after))
				}
				return r.ExecutionsOfThing(q)
			}, f.keep())
		if stopped != nil {
			more = new(PlaceOfAttempt(*stopped))
		}
		return err
	})
	return found, more, err
}

// PlaceOfAttempt is the place of an execution in the list of those of its thing.
func PlaceOfAttempt(x store.NamedExecution) store.ThingExecutionCursor {
	return store.ThingExecutionCursor{QueuedAt: x.QueuedAt, JobID: x.JobID, Number: x.Number}
}

// keep says which executions of a thing a filter keeps; nil when it keeps all that are read.
func (f ExecutionFilter) keep() func(store.NamedExecution) (bool, error) {
	if f.Status == nil && f.Namespace == "" {
		return nil
	}
	return func(x store.NamedExecution) (bool, error) {
		return (f.Status == nil || *f.Status == x.Status) &&
			(f.Namespace == "" || f.Namespace == x.Namespace), nil
	}
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
