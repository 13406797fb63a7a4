package jobs

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The use cases of the device plane. They are the same over MQTT and HTTPS. In all of them a thing
// that is not in the registry is fault.NotFound (R-HTTP-25).

// DeviceExecution is a job execution as a device sees it.
type DeviceExecution struct {
	job.Execution
	JobID string
	// Document is the job document as it is stored; empty when it was not asked for (R-DOC-10).
	Document string
	// URLLifetime is for how long the presigned URLs are valid that come in place of placeholders
	// when the document is delivered. Zero for a document without placeholders.
	URLLifetime time.Duration
	// Role is the roleArn of the job, whose credential signs the URLs.
	Role string
}

// Delivery is what the URLs in the document of an execution depend on, for the thing that gets it.
func (x DeviceExecution) Delivery(thing string) job.Delivery {
	return job.Delivery{
		Thing:    thing,
		JobID:    x.JobID,
		Number:   x.Number,
		Role:     x.Role,
		Lifetime: x.URLLifetime,
	}
}

// deviceExecution is an execution as its device sees it, without the document.
func deviceExecution(j job.Job, x job.Execution) *DeviceExecution {
	return &DeviceExecution{Execution: x, JobID: j.ID, URLLifetime: j.URLLifetime(), Role: j.Role()}
}

// Pending returns the pending executions of a thing in order: IN_PROGRESS, then QUEUED (R-HTTP-13).
// It returns at most limit of jobs without maintenance windows, and half as many of jobs whose
// window is open (R-ORD-5, R-MQTT-19).
func (s *Service) Pending(
	ctx context.Context, thing string, limit int,
) (pending []DeviceExecution, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		id, err := thingID(r, thing)
		if err != nil {
			return err
		}
		pending, err = visiblePending(r, id, limit, limit/2)
		return err
	})
	return pending, err
}

// maxLookThrough is how many pending executions of jobs with windows a list looks at.
const maxLookThrough = 256

// visiblePending reads the visible pending executions of a thing: so many of jobs without
// maintenance windows, and so many of jobs with them. Those are in an index of their own: a thing
// with 5,000 pending executions and none of a job with windows costs as much as one with ten.
func visiblePending(
	r store.Reader, thing registry.ThingID, plain, windowed int,
) (pending []DeviceExecution, err error) {
	var last job.Execution
	err = eachVisible(r, thing, plain, r.Pending, func(x DeviceExecution, windows bool) bool {
		last = x.Execution
		switch {
		case windows && windowed > 0:
			windowed--
			pending = append(pending, x)
		case !windows:
			plain--
			pending = append(pending, x)
		}
		return plain > 0
	})
	if err != nil || plain > 0 || windowed == 0 {
		return pending, err
	}
	few := func(thing registry.ThingID, limit int) ([]job.Execution, error) {
		return r.PendingWindowed(thing, min(limit, maxLookThrough))
	}
	err = eachVisible(r, thing, windowed, few, func(x DeviceExecution, _ bool) bool {
		if last.Before(x.Execution) {
			windowed--
			pending = append(pending, x)
		}
		return windowed > 0
	})
	return pending, err
}

// eachVisible calls f for the pending executions that a thing sees, in order, until f returns
// false. Left out are those that a maintenance window hides and those that a sweep is about to end.
// windows says that the execution's job has maintenance windows. page is how many are read at
// first, by read.
func eachVisible(
	r store.Reader, thing registry.ThingID, page int,
	read func(registry.ThingID, int) ([]job.Execution, error),
	f func(x DeviceExecution, windows bool) bool,
) error {
	for done, asked := 0, page; ; asked *= 2 {
		found, err := read(thing, asked)
		if err != nil {
			return err
		}
		found, seen := found[min(done, len(found)):], len(found)
		keys := make([]job.Key, len(found))
		for i, x := range found {
			keys[i] = x.Job
		}
		if err := r.JobsAhead(keys); err != nil {
			return err
		}
		for _, x := range found {
			j, err := r.Job(x.Job)
			if err != nil {
				return err
			}
			visible := !j.HiddenFromDevice(x)
			if visible && !f(*deviceExecution(j, x), j.Schedule.Windowed()) {
				return nil
			}
		}
		if done = seen; done < asked {
			return nil
		}
	}
}

// Next returns the first pending execution of a thing, with its document if that is asked for; nil
// when nothing is pending (R-HTTP-15).
func (s *Service) Next(
	ctx context.Context, thing string, withDocument bool,
) (next *DeviceExecution, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		id, err := thingID(r, thing)
		if err != nil {
			return err
		}
		err = eachVisible(r, id, 1, r.Pending, func(x DeviceExecution, _ bool) bool {
			next = &x
			return false
		})
		if err == nil && next != nil && withDocument {
			next.Document, err = r.Document(next.Job)
		}
		return err
	})
	return next, err
}

// Describe returns one execution that has not ended: the latest, or the one with the number
// (R-HTTP-15).
func (s *Service) Describe(
	ctx context.Context, thing, jobID string, number *int64, withDocument bool,
) (described *DeviceExecution, err error) {
	err = s.Store.Read(ctx, func(r store.Reader) error {
		j, x, err := findExecution(r, thing, jobID, number)
		if err != nil {
			return err
		}
		if x.Status.Terminal() {
			return fault.New(
				fault.Terminal, "execution %d of job %s is %s", x.Number, jobID, x.Status)
		}
		described = deviceExecution(j, x)
		if withDocument {
			described.Document, err = r.Document(x.Job)
		}
		return err
	})
	return described, err
}

// ThingNames returns the names that the things of notices have or had, in their order; "" for one
// that is not known.
func (s *Service) ThingNames(ctx context.Context, notices []store.Notice) ([]string, error) {
	things, names := make([]registry.ThingID, len(notices)), make([]string, len(notices))
	for i, n := range notices {
		things[i] = n.Thing
	}
	err := s.Store.Read(ctx, func(r store.Reader) error {
		found, err := r.ThingNames(things)
		for i, thing := range things {
			names[i] = found[thing]
		}
		return err
	})
	return names, err
}

// StartNext starts the first pending execution of a thing, or returns it unchanged when it is
// IN_PROGRESS already (R-HTTP-14). It returns nil when nothing is pending (R-HTTP-11).
func (s *Service) StartNext(
	ctx context.Context, thing string, details map[string]string, stepMinutes *int64,
) (started *DeviceExecution, err error) {
	err = s.Commits.DoFor(ctx, thing, func(tx *commit.Tx) error {
		started = nil
		id, err := thingID(tx, thing)
		if err != nil {
			return err
		}
		head, err := currentHead(tx, id)
		if err != nil || head == nil {
			return err
		}
		j, err := tx.Job(head.Job)
		if err != nil {
			return err
		}
		outcome, rearmed, err := job.Start(j, *head, details, stepMinutes, tx.Now)
		if err != nil {
			return err
		}
		started = deviceExecution(j, outcome.Execution)
		if err := s.addDocument(tx, started); err != nil {
			return err
		}
		if rearmed {
			tx.AmendExecution(outcome.Execution)
			return nil
		}
		return recordOutcome(tx, *head, outcome)
	})
	return started, err
}

// Report applies what a device says about its latest execution of a job (R-HTTP-16 to R-HTTP-24)
// and returns the execution after it. A report that is a repeat changes nothing, and is answered as
// it was the first time.
func (s *Service) Report(
	ctx context.Context, thing, jobID string, r job.Report, withDocument bool,
) (after *DeviceExecution, err error) {
	err = s.Commits.DoFor(ctx, thing, func(tx *commit.Tx) error {
		x, err := currentExecution(tx, thing, jobID)
		if err != nil {
			return err
		}
		repeated, err := repeatedBy(tx, x, r)
		if err != nil {
			return err
		}
		j, err := tx.Job(x.Job)
		if err != nil {
			return err
		}
		if repeated != nil {
			after = deviceExecution(j, *repeated)
		} else if after, err = report(tx, j, x, r); err != nil {
			return err
		}
		if withDocument {
			err = s.addDocument(tx, after)
		}
		return err
	})
	return after, err
}

// addDocument adds the document to an execution that a request starts or changes. It refuses the
// request, which then changes nothing, when the document cannot be delivered (R-PRE-12): it names a
// store that the server has lost, or the role of the job has no credential.
func (s *Service) addDocument(tx *commit.Tx, x *DeviceExecution) (err error) {
	x.Document, err = tx.Document(x.Job)
	if err != nil || x.URLLifetime == 0 {
		return err
	}
	noURL := func(o job.Object) (string, error) {
		if o.Artifact {
			return "", nil // needs no role
		}
		return "", s.Objects.Ready(x.Role)
	}
	if _, err := job.Deliver(x.Document, s.stores(), x.Delivery(""), noURL); err != nil {
		return job.Undeliverable(x.JobID, err)
	}
	return nil
}

// report stages a report that is no repeat.
func report(
	tx *commit.Tx, j job.Job, x job.Execution, r job.Report,
) (*DeviceExecution, error) {
	outcome, err := job.ApplyReport(j, x, r, tx.Now)
	if err != nil {
		return nil, err
	}
	return deviceExecution(j, outcome.Execution), recordOutcome(tx, x, outcome)
}

// repeatedBy returns the execution that the report has changed already, when it is delivered once
// more: x, or the attempt before it, of which x is the retry. It returns nil when the report is new
// (R-HTTP-24).
func repeatedBy(tx *commit.Tx, x job.Execution, r job.Report) (*job.Execution, error) {
	if x.Repeats(r) {
		return &x, nil
	}
	number, ok := x.EarlierAttempt(r)
	if !ok {
		return nil, nil
	}
	before, err := tx.Execution(job.ExecutionKey{Job: x.Job, Thing: x.Thing, Number: number})
	if commit.Missing(err) || err == nil && !before.Repeats(r) {
		return nil, nil
	}
	return &before, err
}
