package device

import (
	"context"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// The operations of the device plane over HTTPS (file 30). An update made here is announced like any other (R-HTTP-34).

// Bind binds the handlers to a router of jobsdata.Service.
func (p *Plane) Bind(r *schema.Router) {
	schema.Handle(r, jobsdata.GetPendingJobExecutions, limited(p.Reads, p.GetPendingJobExecutions))
	schema.Handle(r, jobsdata.StartNextPendingJobExecution, limited(p.Writes, p.StartNextPendingJobExecution))
	schema.Handle(r, jobsdata.DescribeJobExecution, limited(p.Reads, p.DescribeJobExecution))
	schema.Handle(r, jobsdata.UpdateJobExecution, limited(p.Writes, p.UpdateJobExecution))
}

// limited is a handler behind a limit.
func limited[In, Out any](limit *rates.Limit, handle func(context.Context, *In) (*Out, error)) func(context.Context, *In) (*Out, error) {
	return func(ctx context.Context, in *In) (*Out, error) {
		if err := admit(limit); err != nil {
			return nil, err
		}
		return handle(ctx, in)
	}
}

// GetPendingJobExecutions lists what is pending for a thing.
func (p *Plane) GetPendingJobExecutions(ctx context.Context, in *jobsdata.GetPendingJobExecutionsRequest) (*jobsdata.GetPendingJobExecutionsResponse, error) {
	tasks, err := p.Engine.Jobs.Pending(ctx, string(in.ThingName), MaxPending)
	if err != nil {
		return nil, err
	}
	inProgress, queued := split(tasks, func(t jobs.DeviceExecution) jobsdata.JobExecutionSummary {
		s := summary(t)
		return jobsdata.JobExecutionSummary{
			JobID: s.JobID, QueuedAt: s.QueuedAt, StartedAt: s.StartedAt, LastUpdatedAt: s.LastUpdatedAt,
			VersionNumber: s.VersionNumber, ExecutionNumber: s.ExecutionNumber,
		}
	})
	return &jobsdata.GetPendingJobExecutionsResponse{InProgressJobs: shown(inProgress), QueuedJobs: shown(queued)}, nil
}

// StartNextPendingJobExecution starts the next execution of a thing.
func (p *Plane) StartNextPendingJobExecution(ctx context.Context, in *jobsdata.StartNextPendingJobExecutionRequest) (*jobsdata.ExecutionResponse, error) {
	task, err := p.Engine.Jobs.StartNext(ctx, string(in.ThingName), in.StatusDetails, number(in.StepTimeoutInMinutes))
	if err != nil {
		return nil, err
	}
	return &jobsdata.ExecutionResponse{Execution: p.execution(task, in.ThingName)}, nil
}

// DescribeJobExecution returns an execution of a thing that has not ended.
func (p *Plane) DescribeJobExecution(ctx context.Context, in *jobsdata.DescribeJobExecutionRequest) (*jobsdata.ExecutionResponse, error) {
	withDocument := in.IncludeJobDocument == nil || *in.IncludeJobDocument
	task, err := p.find(ctx, string(in.ThingName), string(in.JobID), number(in.ExecutionNumber), withDocument)
	if err != nil {
		return nil, err
	}
	return &jobsdata.ExecutionResponse{Execution: p.execution(task, in.ThingName)}, nil
}

// UpdateJobExecution reports on an execution. Over HTTP there is no token, so a repeat is not recognised (R-HTTP-24).
func (p *Plane) UpdateJobExecution(ctx context.Context, in *jobsdata.UpdateJobExecutionRequest) (*jobsdata.UpdateJobExecutionResponse, error) {
	event, err := job.ParseReportedStatus(string(in.Status))
	if err != nil {
		return nil, err
	}
	task, err := p.Engine.Jobs.Report(ctx, string(in.ThingName), string(in.JobID), job.Report{
		Event: event, Details: in.StatusDetails, Number: number(in.ExecutionNumber),
		ExpectedVersion: number(in.ExpectedVersion), StepMinutes: number(in.StepTimeoutInMinutes),
	}, is(in.IncludeJobDocument))
	if err != nil {
		return nil, err
	}
	out := &jobsdata.UpdateJobExecutionResponse{}
	if is(in.IncludeJobExecutionState) {
		out.ExecutionState = state(task.Execution)
	}
	if is(in.IncludeJobDocument) {
		out.JobDocument = &task.Document
	}
	return out, nil
}

// execution is an execution as HTTP shows it: with its thing's name, and the document as text (R-HTTP-9).
func (p *Plane) execution(t *jobs.DeviceExecution, thing jobsdata.ThingName) *jobsdata.JobExecution {
	d := data(t, p.Engine.Now())
	if d == nil {
		return nil
	}
	x := &jobsdata.JobExecution{
		JobID: d.JobID, ThingName: thing, Status: d.Status, StatusDetails: d.StatusDetails, QueuedAt: d.QueuedAt,
		StartedAt: d.StartedAt, LastUpdatedAt: d.LastUpdatedAt, ApproximateSecondsBeforeTimedOut: d.ApproximateSecondsBeforeTimedOut,
		VersionNumber: d.VersionNumber, ExecutionNumber: d.ExecutionNumber,
	}
	if t.Document != "" {
		x.JobDocument = &t.Document
	}
	return x
}
