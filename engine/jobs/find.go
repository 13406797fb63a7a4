package jobs

import (
	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Executions by the names that requests use. A request that changes one must not see it as it was
// before its deadline passed or its job was canceled, only because the due loop has not come to it
// yet: what is overdue is recorded first.

// thingFinder finds things by name, jobFinder executions by the names of their thing and job. Both
// a read of the store and a commit in progress are such.
type thingFinder interface {
	ThingID(name string) (registry.ThingID, error)
}

type jobFinder interface {
	thingFinder
	JobByID(id string) (job.Job, error)
	Latest(job.Key, registry.ThingID) (job.Execution, error)
	Execution(job.ExecutionKey) (job.Execution, error)
}

func thingID(r thingFinder, name string) (registry.ThingID, error) {
	id, err := r.ThingID(name)
	return id, commit.OrNotFound(err, fault.New(fault.NotFound, "thing %s does not exist", name))
}

// findExecution finds an execution by names, with its job: the one with the number, or the latest
// without one. A job that is being deleted has none (R-EXE-39).
func findExecution(
	r jobFinder, thing, jobID string, number *int64,
) (j job.Job, x job.Execution, err error) {
	id, err := thingID(r, thing)
	if err != nil {
		return j, x, err
	}
	j, err = r.JobByID(jobID)
	if err == nil && !j.ShowsExecutions() {
		err = store.ErrNotFound
	}
	if err != nil {
		return j, x, commit.OrNotFound(err, commit.NoJob(jobID))
	}
	if number == nil {
		x, err = r.Latest(j.Key, id)
		return j, x, commit.OrNotFound(err, fault.New(fault.NotFound,
			"job %s has no execution on thing %s", jobID, thing))
	}
	x, err = r.Execution(job.ExecutionKey{Job: j.Key, Thing: id, Number: *number})
	return j, x, commit.OrNotFound(err,
		fault.New(fault.NotFound, "job %s has no execution %d on thing %s", jobID, *number, thing))
}

// currentExecution finds the latest execution of a job on a thing, after recording what time or a
// sweep has ended already. A report that arrives after the deadline is too late, whether or not the
// timer was looked at (R-TMO-10).
func currentExecution(tx *commit.Tx, thing, jobID string) (job.Execution, error) {
	for {
		_, x, err := findExecution(tx, thing, jobID, nil)
		if err != nil {
			return x, err
		}
		stale, err := recordOverdue(tx, x)
		if err != nil || !stale {
			return x, err
		}
	}
}

// currentHead finds the first pending execution of a thing, after recording what time or a sweep
// has ended already. It returns nil when nothing is pending.
func currentHead(tx *commit.Tx, thing registry.ThingID) (*job.Execution, error) {
	for {
		x, err := visibleHead(tx, thing)
		if err != nil || x == nil {
			return nil, err
		}
		stale, err := recordOverdue(tx, *x)
		if err != nil || !stale {
			return x, err
		}
	}
}

// recordOverdue records at once what is due for one execution: what the schedule of its job asks
// for, its timeout, that it has waited long enough, or the sweep of its job. It reports whether
// there was anything. What it records stays recorded even if the request that asked is refused.
func recordOverdue(tx *commit.Tx, x job.Execution) (bool, error) {
	j, err := tx.Job(x.Job)
	if err != nil || x.Status.Terminal() {
		return false, err
	}
	if now, changed := j.ApplySchedule(tx.Now); changed {
		tx.SetJob(now)
		return true, tx.Apply()
	}
	if found, err := doExecutionWork(tx, j, x); err != nil || !found {
		return false, err
	}
	return true, tx.Apply()
}

// doExecutionWork stages what is due for one execution, and reports whether anything is.
func doExecutionWork(tx *commit.Tx, j job.Job, x job.Execution) (found bool, err error) {
	switch j.NextFor(x, tx.Now) {
	case job.ExecutionWorkSweep:
		return true, sweep(tx, j.Sweep, x)
	case job.ExecutionWorkTimeOut:
		return true, applyEvent(tx, x, job.TimeOut)
	case job.ExecutionWorkShow:
		return true, show(tx, j, x)
	}
	return false, nil
}
