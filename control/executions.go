package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// The operations of job executions. A job that is retried on a thing has several executions
// there, one an attempt; the execution number tells them apart.

func (p *Plane) bindExecutions(r *schema.Router) {
	schema.Handle(r, iot.DescribeJobExecution, p.DescribeJobExecution)
	schema.Handle(r, iot.ListJobExecutionsForJob, p.ListJobExecutionsForJob)
	schema.Handle(r, iot.ListJobExecutionsForThing, p.ListJobExecutionsForThing)
	schema.Handle(r, iot.CancelJobExecution, p.CancelJobExecution)
	schema.Handle(r, iot.DeleteJobExecution, p.DeleteJobExecution)
}

// DescribeJobExecution describes one execution, ended or not: that of the given number, or the
// latest one of the job on the thing. The time that is left before it times out is shown while it
// is IN_PROGRESS under a timeout.
func (p *Plane) DescribeJobExecution(
	ctx context.Context, in *iot.DescribeJobExecutionRequest,
) (*iot.DescribeJobExecutionResponse, error) {
	thing, id := string(in.ThingName), string(in.JobID)
	x, err := p.Jobs.DescribeExecution(ctx, thing, id, in.ExecutionNumber)
	if err != nil {
		return nil, err
	}
	out := &iot.JobExecution{
		JobID:           in.JobID,
		Status:          iot.ExecutionStatus(x.Status.String()),
		ForceCanceled:   optional(x.ForceCanceled),
		StatusDetails:   &iot.ExecutionDetails{DetailsMap: details(x.Details)},
		ThingArn:        p.arn(ctx, registry.KindThing, string(in.ThingName)),
		QueuedAt:        at(x.QueuedAt),
		StartedAt:       at(x.StartedAt),
		LastUpdatedAt:   at(x.UpdatedAt),
		ExecutionNumber: x.Number,
		VersionNumber:   x.Version,
	}
	if left, ok := x.SecondsBeforeTimedOut(p.Now()); ok {
		out.ApproximateSecondsBeforeTimedOut = &left
	}
	return &iot.DescribeJobExecutionResponse{Execution: out}, nil
}

// details are the status details of an execution. They are left out when empty, so that the
// structure around them shows as {} (R-WIRE-14).
func details(d map[string]string) iot.StatusDetails {
	if len(d) == 0 {
		return nil
	}
	return d
}

// ListJobExecutionsForJob lists every execution of a job, by thing (R-API-26). A filter by status
// looks at a bounded number of things for each page, so a page may be short, or empty, and have a
// token.
func (p *Plane) ListJobExecutionsForJob(
	ctx context.Context, in *iot.ListJobExecutionsForJobRequest,
) (*iot.ListJobExecutionsForJobResponse, error) {
	return scan(p, iot.ListJobExecutionsForJob, in,
		func(after *store.JobExecutionCursor, limit int) (
			[]store.NamedExecution, *store.JobExecutionCursor, error,
		) {
			return p.Jobs.ExecutionsOfJob(ctx, string(in.JobID), store.JobExecutionQuery{
				Status: status(in.Status),
				After:  after,
				Limit:  limit,
			})
		},
		func(x store.NamedExecution) store.JobExecutionCursor {
			return store.JobExecutionCursor{
				ThingName: x.ThingName,
				Thing:     x.Thing,
				Number:    x.Number,
			}
		},
		func(x store.NamedExecution) iot.JobExecutionSummaryForJob {
			return iot.JobExecutionSummaryForJob{
				ThingArn:            p.arn(ctx, registry.KindThing, x.ThingName),
				JobExecutionSummary: summary(x),
			}
		})
}

// ListJobExecutionsForThing lists every attempt on a thing, newest first (R-API-27). A filter looks
// at a bounded number of attempts for each page, so a page may be short, or empty, and have a token.
func (p *Plane) ListJobExecutionsForThing(
	ctx context.Context, in *iot.ListJobExecutionsForThingRequest,
) (*iot.ListJobExecutionsForThingResponse, error) {
	return scan(p, iot.ListJobExecutionsForThing, in,
		func(after *store.ThingExecutionCursor, limit int) (
			[]store.NamedExecution, *store.ThingExecutionCursor, error,
		) {
			return p.Jobs.ExecutionsOfThing(ctx, string(in.ThingName), jobs.ExecutionFilter{
				Status:    status(in.Status),
				Namespace: string(value(in.NamespaceID)),
				JobID:     string(value(in.JobID)),
				After:     after,
				Limit:     limit,
			})
		},
		jobs.PlaceOfAttempt,
		func(x store.NamedExecution) iot.JobExecutionSummaryForThing {
			return iot.JobExecutionSummaryForThing{
				JobID:               iot.JobID(x.JobID),
				JobExecutionSummary: summary(x),
			}
		})
}

// summary is what the lists of executions show of each, whether they are those of a job or of a
// thing.
func summary(x store.NamedExecution) iot.JobExecutionSummary {
	return iot.JobExecutionSummary{
		Status:          iot.ExecutionStatus(x.Status.String()),
		QueuedAt:        at(x.QueuedAt),
		StartedAt:       at(x.StartedAt),
		LastUpdatedAt:   at(x.UpdatedAt),
		ExecutionNumber: x.Number,
		RetryAttempt:    new(int32(x.Attempt)),
	}
}

// status reads a filter by status; nil is any status.
func status(s *iot.ExecutionStatus) *job.ExecutionStatus {
	if s == nil {
		return nil
	}
	parsed, _ := job.ParseExecutionStatus(string(*s)) // the API description has checked it
	return &parsed
}

// CancelJobExecution cancels the latest execution of a job on a thing. One that is IN_PROGRESS
// needs force; one that has ended cannot be canceled (R-EXE-30 to R-EXE-32). Status details that
// are not empty replace the stored ones (R-EXE-36).
func (p *Plane) CancelJobExecution(
	ctx context.Context, in *iot.CancelJobExecutionRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Jobs.CancelExecution(ctx, string(in.ThingName), string(in.JobID),
		value(in.Force), in.ExpectedVersion, in.StatusDetails)
}

// DeleteJobExecution deletes one execution, which is given by its number. One that is IN_PROGRESS
// needs force (R-EXE-40 to R-EXE-42).
func (p *Plane) DeleteJobExecution(
	ctx context.Context, in *iot.DeleteJobExecutionRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Jobs.DeleteExecution(ctx, string(in.ThingName), string(in.JobID),
		in.ExecutionNumber, value(in.Force), text(in.NamespaceID))
}
