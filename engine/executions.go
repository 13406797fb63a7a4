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

// lookedAt is how many things a list of one status looks at, however few of them it shows.
const lookedAt = 10_000

// ExecutionsOfJob lists every attempt of a job by thing name, newest attempt first (R-API-26). q.Job is filled in. A list of
// one status may be short of the limit; it goes on after more then, which is nil at the end.
func (e *Engine) ExecutionsOfJob(ctx context.Context, jobID string, q store.JobExecutionQuery) (found []store.NamedExecution, more *store.JobExecutionCursor, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		j, err := r.JobByID(jobID)
		if err != nil {
			return either(err, noJob(jobID))
		}
		q.Job = j.Key
		if q.Status != nil {
			q.Things = lookedAt
		}
		if found, err = r.ExecutionsOfJob(q); err != nil || q.Status == nil || len(found) == q.Limit {
			return err
		}
		at, err := r.NthThing(q.Job, q.After, q.Things)
		if missing(err) {
			return nil
		}
		more = &at
		return err
	})
	return found, more, err
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

// CancelExecution cancels the latest execution of a job on a thing (21, section 7).
func (e *Engine) CancelExecution(ctx context.Context, thing, jobID string, force bool, expectedVersion *int64, details map[string]string) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		x, err := g.freshExecution(thing, jobID)
		if err != nil {
			return out, err
		}
		j, err := g.Job(x.Job)
		if err != nil {
			return out, err
		}
		moved, err := job.CancelExecution(j, x, force, expectedVersion, details, g.now)
		if err != nil {
			return out, err
		}
		return out, g.settle(&out, x, moved)
	})
}

// DeleteExecution deletes one attempt of a job on a thing (21, section 8). A namespace that is given and is not the job's
// names no job (R-EXE-48).
func (e *Engine) DeleteExecution(ctx context.Context, thing, jobID string, number int64, force bool, namespace *string) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		if _, err := g.jobIn(jobID, namespace); err != nil {
			return out, err
		}
		for {
			x, err := findExecution(g, thing, jobID, &number)
			if err != nil {
				return out, err
			}
			if stale, err := g.retire(x); err != nil {
				return out, err
			} else if stale {
				continue
			}
			if err := x.CheckDelete(force); err != nil {
				return out, err
			}
			return out, g.drop(&out, x)
		}
	})
}
