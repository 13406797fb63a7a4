package device

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/store"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 900e6, time.UTC)

// fleet is a fake of the use cases: one thing, "pump", with the executions that a test gives it. It
// notes what it was asked.
type fleet struct {
	executions []jobs.DeviceExecution
	refusal    error // of Report and StartNext

	number   *int64
	document bool
	details  map[string]string
	minutes  *int64
	report   job.Report
}

func (f *fleet) known(thing string) error {
	if thing != "pump" {
		return fault.New(fault.NotFound, "thing %s does not exist", thing)
	}
	return nil
}

func (f *fleet) Pending(_ context.Context, thing string, limit int) ([]jobs.DeviceExecution, error) {
	return f.executions[:min(limit, len(f.executions))], f.known(thing)
}

func (f *fleet) Next(_ context.Context, thing string, withDocument bool) (*jobs.DeviceExecution, error) {
	f.document = withDocument
	if len(f.executions) == 0 {
		return nil, f.known(thing)
	}
	return f.shown(f.executions[0], withDocument), f.known(thing)
}

func (f *fleet) shown(x jobs.DeviceExecution, withDocument bool) *jobs.DeviceExecution {
	if !withDocument {
		x.Document = ""
	}
	return &x
}

func (f *fleet) Describe(
	_ context.Context, thing, jobID string, number *int64, withDocument bool,
) (*jobs.DeviceExecution, error) {
	f.number, f.document = number, withDocument
	for _, x := range f.executions {
		if x.JobID == jobID {
			return f.shown(x, withDocument), f.known(thing)
		}
	}
	return nil, fault.New(fault.NotFound, "job %s has no execution on thing %s", jobID, thing)
}

func (f *fleet) StartNext(
	ctx context.Context, thing string, details map[string]string, minutes *int64,
) (*jobs.DeviceExecution, error) {
	f.details, f.minutes = details, minutes
	if f.refusal != nil {
		return nil, f.refusal
	}
	return f.Next(ctx, thing, true)
}

func (f *fleet) Report(
	ctx context.Context, thing, jobID string, r job.Report, withDocument bool,
) (*jobs.DeviceExecution, error) {
	f.report = r
	if f.refusal != nil {
		return nil, f.refusal
	}
	return f.Describe(ctx, thing, jobID, r.Number, withDocument)
}

func (f *fleet) ThingNames(_ context.Context, notices []store.Notice) ([]string, error) {
	names := make([]string, len(notices))
	for i, n := range notices {
		if n.Thing == 1 {
			names[i] = "pump"
		}
	}
	return names, nil
}

func execution(jobID string, status job.ExecutionStatus) jobs.DeviceExecution {
	x := job.NewExecution(job.ExecutionKey{Job: 1, Thing: 1, Number: 2}, now.Add(-time.Hour))
	x.Status, x.Version = status, 3
	if status == job.ExecutionInProgress {
		x.StartedAt, x.Deadline = now.Add(-time.Minute), now.Add(90*time.Second)
		x.Details = map[string]string{"step": "1"}
	}
	return jobs.DeviceExecution{Execution: x, JobID: jobID, Document: `{"do": "it"}`}
}

func newPlane(t *testing.T, f *fleet) *Plane {
	t.Helper()
	return &Plane{
		Jobs:       f,
		Now:        func() time.Time { return now },
		Log:        slog.New(slog.DiscardHandler),
		Publish:    func(topic string, _ []byte) { t.Errorf("%s was published", topic) },
		Subscribed: func(string) bool { return true },
	}
}
