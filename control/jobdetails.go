package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// What answers show of a job: all of it, the few members that a change answers with, or the
// summary in a list.

// handle is what the operations that create or change a job answer with.
func (p *Plane) handle(ctx context.Context, j job.Job) *iot.JobHandle {
	return &iot.JobHandle{
		JobArn:      p.arn(ctx, registry.KindJob, j.ID),
		JobID:       iot.JobID(j.ID),
		Description: optional(iot.Text(j.Description)),
	}
}

// describe is a job as DescribeJob shows it. Three configurations are {} when they were never
// given, the others are left out (R-WIRE-14).
func (p *Plane) describe(ctx context.Context, j job.Job) iot.Job {
	return iot.Job{
		JobArn:                     p.arn(ctx, registry.KindJob, j.ID),
		JobID:                      iot.JobID(j.ID),
		TargetSelection:            iot.TargetSelection(j.TargetSelection),
		Status:                     iot.JobStatus(j.Status),
		ForceCanceled:              optional(j.ForceCanceled),
		ReasonCode:                 optional(iot.ReasonCode(j.ReasonCode)),
		Comment:                    optional(iot.Text(j.Comment)),
		Targets:                    job.ARNs(j.Targets),
		Description:                optional(iot.Text(j.Description)),
		PresignedUrlConfig:         showPresign(j.PresignedURL),
		JobExecutionsRolloutConfig: showRollout(j.Rollout),
		AbortConfig:                showAbort(j.Abort),
		CreatedAt:                  at(j.CreatedAt),
		LastUpdatedAt:              at(j.UpdatedAt),
		CompletedAt:                at(j.CompletedAt),
		JobProcessDetails:          processDetails(j),
		TimeoutConfig:              showTimeout(j.Timeout),
		NamespaceID:                optional(iot.NamespaceID(j.Namespace)),
		JobExecutionsRetryConfig:   showRetry(j.Retry),
		IsConcurrent:               new(j.Concurrent()),
		SchedulingConfig:           showSchedule(j.Schedule),
		DestinationPackageVersions: j.PackageVersions,
		JobTemplateArn:             optional(iot.JobTemplateArn(j.TemplateARN)),
		DocumentParameters:         j.Parameters,
	}
}

// processDetails are the counts of a job. All eight are always shown, also those that are 0
// (R-JOB-45).
func processDetails(j job.Job) *iot.JobProcessDetails {
	n := func(s job.ExecutionStatus) *int32 { return new(int32(j.Counts[s])) }
	return &iot.JobProcessDetails{
		ProcessingTargets:        job.ARNs(j.ProcessingTargets()),
		NumberOfCanceledThings:   n(job.ExecutionCanceled),
		NumberOfSucceededThings:  n(job.ExecutionSucceeded),
		NumberOfFailedThings:     n(job.ExecutionFailed),
		NumberOfRejectedThings:   n(job.ExecutionRejected),
		NumberOfQueuedThings:     n(job.ExecutionQueued),
		NumberOfInProgressThings: n(job.ExecutionInProgress),
		NumberOfRemovedThings:    n(job.ExecutionRemoved),
		NumberOfTimedOutThings:   n(job.ExecutionTimedOut),
	}
}

// jobSummary is a job as a list shows it. group is the one that the list is filtered by, nil
// without such a filter (R-API-13).
func (p *Plane) jobSummary(ctx context.Context, j job.Job, group *registry.Group) iot.JobSummary {
	s := iot.JobSummary{
		JobArn:          p.arn(ctx, registry.KindJob, j.ID),
		JobID:           iot.JobID(j.ID),
		TargetSelection: iot.TargetSelection(j.TargetSelection),
		Status:          iot.JobStatus(j.Status),
		CreatedAt:       at(j.CreatedAt),
		LastUpdatedAt:   at(j.UpdatedAt),
		CompletedAt:     at(j.CompletedAt),
		IsConcurrent:    new(j.Concurrent()),
	}
	if group != nil {
		s.ThingGroupID = new(iot.ThingGroupID(group.UUID))
	}
	return s
}
