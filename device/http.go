package device

import (
	"context"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/rates"
	"github.com/drover-iot/drover/schema"
)

// The operations over HTTPS (docs/spec/30). An update made here is announced like any other
// (R-HTTP-34).

// Bind binds the operations to a router of jobsdata.Service.
func (p *Plane) Bind(r *schema.Router) {
	schema.Handle(r, jobsdata.GetPendingJobExecutions, limited(p.Reads, p.GetPendingJobExecutions))
	schema.Handle(
		r, jobsdata.StartNextPendingJobExecution, limited(p.Writes, p.StartNextPendingJobExecution))
	schema.Handle(r, jobsdata.DescribeJobExecution, limited(p.Reads, p.DescribeJobExecution))
	schema.Handle(r, jobsdata.UpdateJobExecution, limited(p.Writes, p.UpdateJobExecution))
}

type operation[In, Out any] func(context.Context, *In) (*Out, error)

// limited is an operation behind a limit.
func limited[In, Out any](
	limit *rates.Limit, do operation[In, Out],
) func(context.Context, *In) (*Out, error) {
	return func(ctx context.Context, in *In) (*Out, error) {
		if err := checkRate(limit); err != nil {
			return nil, err
		}
		return do(ctx, in)
	}
}

// GetPendingJobExecutions lists what is pending for a thing.
func (p *Plane) GetPendingJobExecutions(
	ctx context.Context, in *jobsdata.GetPendingJobExecutionsRequest,
) (*jobsdata.GetPendingJobExecutionsResponse, error) {
	lists, err := p.pending(ctx, string(in.ThingName))
	if err != nil {
		return nil, err
	}
	return &jobsdata.GetPendingJobExecutionsResponse{
		InProgressJobs: list(lists.inProgress, httpSummary),
		QueuedJobs:     list(lists.queued, httpSummary),
	}, nil
}

// StartNextPendingJobExecution starts the next execution of a thing.
func (p *Plane) StartNextPendingJobExecution(
	ctx context.Context, in *jobsdata.StartNextPendingJobExecutionRequest,
) (*jobsdata.ExecutionResponse, error) {
	x, err := p.startNext(ctx, string(in.ThingName), in.StatusDetails, in.StepTimeoutInMinutes)
	if err != nil {
		return nil, err
	}
	return &jobsdata.ExecutionResponse{Execution: p.httpExecution(x, in.ThingName)}, nil
}

// DescribeJobExecution returns an execution of a thing that has not ended.
func (p *Plane) DescribeJobExecution(
	ctx context.Context, in *jobsdata.DescribeJobExecutionRequest,
) (*jobsdata.ExecutionResponse, error) {
	x, err := p.describe(
		ctx, string(in.ThingName), string(in.JobID), in.ExecutionNumber, in.IncludeJobDocument)
	if err != nil {
		return nil, err
	}
	return &jobsdata.ExecutionResponse{Execution: p.httpExecution(x, in.ThingName)}, nil
}

// UpdateJobExecution reports on an execution.
func (p *Plane) UpdateJobExecution(
	ctx context.Context, in *jobsdata.UpdateJobExecutionRequest,
) (*jobsdata.UpdateJobExecutionResponse, error) {
	done, err := p.update(ctx, update{
		thing:           string(in.ThingName),
		jobID:           string(in.JobID),
		status:          in.Status,
		details:         in.StatusDetails,
		expectedVersion: in.ExpectedVersion,
		number:          in.ExecutionNumber,
		stepMinutes:     in.StepTimeoutInMinutes,
		includeState:    in.IncludeJobExecutionState,
		includeDocument: in.IncludeJobDocument,
	})
	if err != nil {
		return nil, err
	}
	out := &jobsdata.UpdateJobExecutionResponse{ExecutionState: done.state}
	if isTrue(in.IncludeJobDocument) {
		out.JobDocument = &done.document
	}
	return out, nil
}

// httpSummary is an execution as lists show it over HTTPS: the members of MQTT in another order.
func httpSummary(x jobs.DeviceExecution) jobsdata.JobExecutionSummary {
	s := summary(x)
	return jobsdata.JobExecutionSummary{
		JobID:           s.JobID,
		QueuedAt:        s.QueuedAt,
		StartedAt:       s.StartedAt,
		LastUpdatedAt:   s.LastUpdatedAt,
		VersionNumber:   s.VersionNumber,
		ExecutionNumber: s.ExecutionNumber,
	}
}

// httpExecution is an execution as HTTPS shows it: with the name of its thing, and the document as
// text (R-HTTP-9).
func (p *Plane) httpExecution(
	x *jobs.DeviceExecution, thing jobsdata.ThingName,
) *jobsdata.JobExecution {
	d := full(x, p.Now())
	if d == nil {
		return nil
	}
	shown := &jobsdata.JobExecution{
		JobID:                            d.JobID,
		ThingName:                        thing,
		Status:                           d.Status,
		StatusDetails:                    d.StatusDetails,
		QueuedAt:                         d.QueuedAt,
		StartedAt:                        d.StartedAt,
		LastUpdatedAt:                    d.LastUpdatedAt,
		ApproximateSecondsBeforeTimedOut: d.ApproximateSecondsBeforeTimedOut,
		VersionNumber:                    d.VersionNumber,
		ExecutionNumber:                  d.ExecutionNumber,
	}
	if x.Document != "" {
		shown.JobDocument = &x.Document
	}
	return shown
}
