package engine

import (
	"context"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The use cases of the device plane. They are the same over MQTT and HTTPS; a thing that is not in the registry is
// NotFound in all of them (R-HTTP-25).

// DeviceExecution is an execution as a device sees it.
type DeviceExecution struct {
	job.Execution
	JobID string
	// Document is the job document; empty when it was not asked for (R-DOC-10).
	Document string
}

// Pending returns the pending executions of a thing in order: IN_PROGRESS, then QUEUED (R-HTTP-13). It returns at most
// limit of jobs without maintenance windows, and half as many of jobs whose window is open (R-ORD-5, R-MQTT-19).
func (e *Engine) Pending(ctx context.Context, thing string, limit int) (tasks []DeviceExecution, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		id, err := thingID(r, thing)
		if err != nil {
			return err
		}
		tasks, err = pendingExecutions(r, id, limit, limit/2)
		return err
	})
	return tasks, err
}

// deepest is how far into the pending executions of a thing a list is looked through for more of windowed jobs.
const deepest = 256

// pendingExecutions reads the visible pending executions of a thing, so many of jobs without windows and so many of jobs with
// them.
func pendingExecutions(r store.Reader, thing registry.ThingID, plain, windowed int) (tasks []DeviceExecution, err error) {
	seen := 0
	err = visible(r, thing, plain, func(t DeviceExecution, windows bool) bool {
		switch seen++; {
		case windows && windowed > 0:
			windowed--
			tasks = append(tasks, t)
		case !windows && plain > 0:
			plain--
			tasks = append(tasks, t)
		}
		return plain > 0 || windowed > 0 && seen < deepest
	})
	return tasks, err
}

// visible calls f for the pending executions that a thing sees, in order, until f returns false: what a maintenance window
// hides and what a sweep is about to end is left out. windows says that the execution's job has maintenance windows. page
// is how many are read at first.
func visible(r store.Reader, thing registry.ThingID, page int, f func(t DeviceExecution, windows bool) bool) error {
	for done, asked := 0, page; ; asked *= 2 {
		found, err := r.Pending(thing, asked)
		if err != nil {
			return err
		}
		for _, x := range found[min(done, len(found)):] {
			j, err := r.Job(x.Job)
			if err != nil {
				return err
			}
			if !j.HiddenFromDevice(x.Status) && !f(DeviceExecution{Execution: x, JobID: j.ID}, j.Schedule.Windowed()) {
				return nil
			}
		}
		if done = len(found); done < asked {
			return nil
		}
	}
}

// Next returns the first pending execution of a thing with its document, nil when nothing is pending (R-HTTP-15).
func (e *Engine) Next(ctx context.Context, thing string, withDocument bool) (task *DeviceExecution, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		id, err := thingID(r, thing)
		if err != nil {
			return err
		}
		err = visible(r, id, 1, func(t DeviceExecution, _ bool) bool {
			task = &t
			return false
		})
		if err == nil && task != nil && withDocument {
			task.Document, err = r.Document(task.Job)
		}
		return err
	})
	return task, err
}

// Describe returns one execution that has not ended: the latest, or the one with the number (R-HTTP-15).
func (e *Engine) Describe(ctx context.Context, thing, jobID string, number *int64, withDocument bool) (task *DeviceExecution, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		found, err := findExecution(r, thing, jobID, number)
		if err != nil {
			return err
		}
		if found.Status.Terminal() {
			return fault.New(fault.Terminal, "execution %d of job %s is %s", found.Number, jobID, found.Status)
		}
		task = &DeviceExecution{Execution: found, JobID: jobID}
		if withDocument {
			task.Document, err = r.Document(found.Job)
		}
		return err
	})
	return task, err
}

// DescribeFor is Describe for a job id, and Next for "$next", whose number is ignored (R-HTTP-15). The result is nil only
// for "$next" with nothing pending.
func (e *Engine) DescribeFor(ctx context.Context, thing, jobID string, number *int64, withDocument bool) (*DeviceExecution, error) {
	if jobID == "$next" {
		return e.Next(ctx, thing, withDocument)
	}
	return e.Describe(ctx, thing, jobID, number, withDocument)
}

// ThingNames returns the names that the things of notices have or had, in their order; "" for one that is not known.
func (e *Engine) ThingNames(ctx context.Context, notices []store.Notice) ([]string, error) {
	names := make([]string, len(notices))
	err := e.Store.Read(ctx, func(r store.Reader) (err error) {
		for i, n := range notices {
			if names[i], err = r.ThingName(n.Thing); err != nil && !missing(err) {
				return err
			}
		}
		return nil
	})
	return names, err
}

// StartNext starts the first pending execution of a thing, or returns it unchanged when it runs already (R-HTTP-14).
// It returns nil when nothing is pending (R-HTTP-11).
func (e *Engine) StartNext(ctx context.Context, thing string, details map[string]string, stepMinutes *int64) (task *DeviceExecution, err error) {
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		task = nil
		id, err := thingID(g, thing)
		if err != nil {
			return out, err
		}
		head, ok, err := g.freshHead(id)
		if err != nil || !ok {
			return out, err
		}
		j, err := g.Job(head.Job)
		if err != nil {
			return out, err
		}
		started, rearmed, err := job.Start(j, head, details, stepMinutes, g.now)
		if err != nil {
			return out, err
		}
		document, err := g.Document(j.Key)
		if err != nil {
			return out, err
		}
		task = &DeviceExecution{Execution: started.Execution, JobID: j.ID, Document: document}
		if rearmed {
			out.Job.RearmedStepTimers = append(out.Job.RearmedStepTimers, started.Execution)
		} else if started.Execution.Version != head.Version {
			err = g.settle(&out, head, started)
		}
		return out, err
	})
	return task, err
}

// Report applies what a device says about its latest execution of a job (R-HTTP-16 to R-HTTP-24) and returns the
// execution after it.
func (e *Engine) Report(ctx context.Context, thing, jobID string, r job.Report, withDocument bool) (task *DeviceExecution, err error) {
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		x, err := g.freshExecution(thing, jobID)
		if err != nil {
			return out, err
		}
		j, err := g.Job(x.Job)
		if err != nil {
			return out, err
		}
		if repeated, err := g.repeated(x, r); err != nil {
			return out, err
		} else if repeated != nil {
			task = &DeviceExecution{Execution: *repeated, JobID: jobID}
			return out, nil
		}
		moved, err := job.ApplyReport(j, x, r, g.now)
		if err != nil {
			return out, err
		}
		task = &DeviceExecution{Execution: moved.Execution, JobID: jobID}
		if withDocument {
			if task.Document, err = g.Document(j.Key); err != nil {
				return out, err
			}
		}
		if moved.Execution.Version != x.Version {
			err = g.settle(&out, x, moved)
		}
		return out, err
	})
	return task, err
}

// repeated returns the attempt before x when the report is the one that ended it, sent once more: by then a retry waits,
// which a redelivered failure must not end (R-HTTP-24). nil when it is not.
func (g *group) repeated(x job.Execution, r job.Report) (*job.Execution, error) {
	key := x.ExecutionKey
	key.Number--
	if x.Status != job.ExecutionQueued || x.Attempt == 0 || r.Token == "" || r.Number != nil && *r.Number != key.Number {
		return nil, nil
	}
	before, err := g.Execution(key)
	if missing(err) || err == nil && !before.Repeats(r) {
		return nil, nil
	}
	return &before, err
}

// freshHead returns the first pending execution of a thing, after what time or a sweep ended already is recorded.
func (g *group) freshHead(thing registry.ThingID) (job.Execution, bool, error) {
	for {
		head, ok, err := g.head(thing)
		if err != nil || !ok {
			return head, ok, err
		}
		stale, err := g.retire(head)
		if err != nil || !stale {
			return head, true, err
		}
	}
}

// freshExecution is findExecution for the latest one, after what time or a sweep ended already is recorded: a report
// that arrives after the deadline is too late, whenever the timer is swept (R-TMO-10).
func (g *group) freshExecution(thing, jobID string) (job.Execution, error) {
	for {
		x, err := findExecution(g, thing, jobID, nil)
		if err != nil {
			return x, err
		}
		stale, err := g.retire(x)
		if err != nil || !stale {
			return x, err
		}
	}
}

// retire records at once what is due for one execution: what the schedule of its job asks for, its timeout, or the sweep
// of its job. It reports whether there was anything; that stays recorded even if the request that asked is refused.
func (g *group) retire(x job.Execution) (bool, error) {
	j, err := g.Job(x.Job)
	if err != nil || x.Status.Terminal() {
		return false, err
	}
	if now, changed := g.current(j); changed {
		return true, g.take(kept(now))
	}
	var out outcome
	switch at := x.TimesOutAt(); {
	case j.EndingBySweep(x.Status):
		err = g.sweep(&out, j.Sweep, x)
	case !at.IsZero() && !at.After(g.now):
		err = g.move(&out, x, job.TimeOut)
	default:
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, g.take(out)
}

// findExecution finds an execution by names; the latest one without a number. A job that is being deleted has none
// (R-EXE-39).
func findExecution(r jobFinder, thing, jobID string, number *int64) (x job.Execution, err error) {
	id, err := thingID(r, thing)
	if err != nil {
		return x, err
	}
	j, err := r.JobByID(jobID)
	if err == nil && j.Status == job.DeletionInProgress {
		err = store.ErrNotFound
	}
	if err != nil {
		return x, either(err, noJob(jobID))
	}
	if number == nil {
		x, err = r.Latest(j.Key, id)
		return x, either(err, fault.New(fault.NotFound, "job %s has no execution on thing %s", jobID, thing))
	}
	x, err = r.Execution(job.ExecutionKey{Job: j.Key, Thing: id, Number: *number})
	return x, either(err, fault.New(fault.NotFound, "job %s has no execution %d on thing %s", jobID, *number, thing))
}

type jobFinder interface {
	thingFinder
	JobByID(id string) (job.Job, error)
	Latest(job.Key, registry.ThingID) (job.Execution, error)
	Execution(job.ExecutionKey) (job.Execution, error)
}

type thingFinder interface {
	ThingID(name string) (registry.ThingID, error)
}

func thingID(r thingFinder, name string) (registry.ThingID, error) {
	id, err := r.ThingID(name)
	return id, either(err, fault.New(fault.NotFound, "thing %s does not exist", name))
}
