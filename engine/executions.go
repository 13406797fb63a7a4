package engine

import (
	"context"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

// DescribeExecution returns one execution for the operator, ended or not: the latest, or the one with the number
// (R-CON-11).
func (e *Engine) DescribeExecution(ctx context.Context, thing, jobID string, number *int64) (x job.Execution, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		x, err = findExecution(r, thing, jobID, number)
		return err
	})
	return x, err
}

// ExecutionsOfJob lists every attempt of a job by thing name, newest attempt first (R-API-26). q.Job is filled in.
func (e *Engine) ExecutionsOfJob(ctx context.Context, jobID string, q store.JobExecutionQuery) (found []store.NamedExecution, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		j, err := r.JobByID(jobID)
		if err != nil {
			return either(err, noJob(jobID))
		}
		q.Job = j.Key
		found, err = r.ExecutionsOfJob(q)
		return err
	})
	return found, err
}

// ExecutionsOfThing lists every attempt on a thing, newest first (R-API-27). q.Thing is filled in.
func (e *Engine) ExecutionsOfThing(ctx context.Context, thing string, q store.ThingExecutionQuery) (found []store.NamedExecution, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		if q.Thing, err = thingID(r, thing); err != nil {
			return err
		}
		found, err = r.ExecutionsOfThing(q)
		return err
	})
	return found, err
}
