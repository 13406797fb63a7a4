package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

func (p *Plane) bindJobs(r *schema.Router) {
	schema.Handle(r, iot.CreateJob, p.CreateJob)
	schema.Handle(r, iot.DescribeJob, p.DescribeJob)
	schema.Handle(r, iot.UpdateJob, p.UpdateJob)
	schema.Handle(r, iot.ListJobs, p.ListJobs)
	schema.Handle(r, iot.CancelJob, p.CancelJob)
	schema.Handle(r, iot.DeleteJob, p.DeleteJob)
	schema.Handle(r, iot.GetJobDocument, p.GetJobDocument)
	schema.Handle(r, iot.AssociateTargetsWithJob, p.AssociateTargetsWithJob)
}

// CreateJob creates a job and starts its rollout.
func (p *Plane) CreateJob(ctx context.Context, in *iot.CreateJobRequest) (*iot.JobHandle, error) {
	if err := checkDocumentMembers(in.Document, in.DocumentSource); err != nil {
		return nil, err
	}
	if in.DocumentSource != nil {
		return nil, errNoDocumentSource()
	}
	targets, err := job.ParseTargets(p.Scope, in.Targets)
	if err != nil {
		return nil, err
	}
	template, err := p.template(string(value(in.JobTemplateArn)))
	if err != nil {
		return nil, err
	}
	created, err := p.Jobs.CreateJob(ctx, jobs.NewJob{
		ID:       string(in.JobID),
		Template: template,
		Document: string(value(in.Document)),
		Tags:     givenTags(in.Tags),
		Definition: job.Definition{
			Targets:         targets,
			TargetSelection: job.TargetSelection(value(in.TargetSelection)),
			Description:     string(value(in.Description)),
			Namespace:       string(value(in.NamespaceID)),
			PresignedURL:    presign(in.PresignedUrlConfig),
			Rollout:         rollout(in.JobExecutionsRolloutConfig),
			Abort:           abort(in.AbortConfig),
			Timeout:         timeout(in.TimeoutConfig),
			Retry:           retry(in.JobExecutionsRetryConfig),
			Schedule:        schedule(in.SchedulingConfig),
			PackageVersions: in.DestinationPackageVersions,
			TemplateARN:     string(value(in.JobTemplateArn)),
			Parameters:      in.DocumentParameters,
		},
	})
	if err != nil {
		return nil, err
	}
	return p.handle(ctx, created), nil
}

// checkDocumentMembers refuses a document that is given twice (R-VAL-2), or that is empty.
func checkDocumentMembers(document *iot.Document, source *iot.DocumentSource) error {
	switch {
	case document != nil && source != nil:
		return fault.New(fault.Invalid, "document: not allowed together with documentSource")
	case document != nil && *document == "":
		return fault.New(fault.Invalid, "InvalidJobDocument: document: must be a JSON object")
	}
	return nil
}

// errNoDocumentSource refuses a document that lies in S3, instead of ignoring the member.
func errNoDocumentSource() error {
	return fault.New(fault.Invalid, "documentSource: not available yet in this version of Drover")
}

// DescribeJob describes a job with its live counts.
func (p *Plane) DescribeJob(
	ctx context.Context, in *iot.DescribeJobRequest,
) (*iot.DescribeJobResponse, error) {
	j, err := p.Jobs.DescribeJob(ctx, string(in.JobID))
	if err != nil {
		return nil, err
	}
	described := p.describe(ctx, j)
	for _, start := range j.ScheduledRollouts(p.Now()) {
		described.ScheduledJobRollouts = append(described.ScheduledJobRollouts, iot.ScheduledJobRollout{
			StartTime: new(iot.ScheduleTime(start)),
		})
	}
	return &iot.DescribeJobResponse{Job: described}, nil
}

// UpdateJob changes a running job.
func (p *Plane) UpdateJob(ctx context.Context, in *iot.UpdateJobRequest) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Jobs.UpdateJob(ctx, string(in.JobID), text(in.NamespaceID), job.Update{
		Description:  text(in.Description),
		PresignedURL: presign(in.PresignedUrlConfig),
		Rollout:      rollout(in.JobExecutionsRolloutConfig),
		Abort:        abort(in.AbortConfig),
		Timeout:      timeout(in.TimeoutConfig),
		Retry:        retry(in.JobExecutionsRetryConfig),
	})
}

// CancelJob cancels a job.
func (p *Plane) CancelJob(ctx context.Context, in *iot.CancelJobRequest) (*iot.JobHandle, error) {
	canceled, err := p.Jobs.CancelJob(ctx, string(in.JobID), job.Cancellation{
		Force:      value(in.Force),
		ReasonCode: string(value(in.ReasonCode)),
		Comment:    string(value(in.Comment)),
	})
	if err != nil {
		return nil, err
	}
	return p.handle(ctx, canceled), nil
}

// DeleteJob deletes a job.
func (p *Plane) DeleteJob(ctx context.Context, in *iot.DeleteJobRequest) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Jobs.DeleteJob(ctx, string(in.JobID), value(in.Force), text(in.NamespaceID))
}

// AssociateTargetsWithJob adds groups to a continuous job.
func (p *Plane) AssociateTargetsWithJob(
	ctx context.Context, in *iot.AssociateTargetsWithJobRequest,
) (*iot.JobHandle, error) {
	targets, err := job.ParseTargets(p.Scope, in.Targets)
	if err != nil {
		return nil, err
	}
	j, err := p.Jobs.AssociateTargets(ctx, string(in.JobID), text(in.NamespaceID), targets, text(in.Comment))
	if err != nil {
		return nil, err
	}
	return p.handle(ctx, j), nil
}

// GetJobDocument returns the document as it was stored.
func (p *Plane) GetJobDocument(
	ctx context.Context, in *iot.GetJobDocumentRequest,
) (*iot.GetJobDocumentResponse, error) {
	document, err := p.Jobs.JobDocument(ctx, string(in.JobID), value(in.BeforeSubstitution))
	if err != nil {
		return nil, err
	}
	return &iot.GetJobDocumentResponse{Document: new(iot.Document(document))}, nil
}

// ListJobs lists jobs, newest first (R-API-10).
func (p *Plane) ListJobs(
	ctx context.Context, in *iot.ListJobsRequest,
) (*iot.ListJobsResponse, error) {
	var group *registry.Group // by which the list is filtered, if it is
	return list(p, iot.ListJobs, in,
		func(after *store.JobCursor, limit int) (found []job.Job, err error) {
			found, group, err = p.Jobs.ListJobs(ctx, jobs.Filter{
				JobQuery: store.JobQuery{
					Status:    job.Status(value(in.Status)),
					Selection: job.TargetSelection(value(in.TargetSelection)),
					Namespace: string(value(in.NamespaceID)),
					After:     after,
					Limit:     limit,
				},
				GroupName: string(value(in.ThingGroupName)),
				GroupUUID: string(value(in.ThingGroupID)),
			})
			return found, err
		},
		func(j job.Job) store.JobCursor {
			return store.JobCursor{CreatedAt: j.CreatedAt, ID: j.ID}
		},
		func(j job.Job) iot.JobSummary { return p.jobSummary(ctx, j, group) })
}
