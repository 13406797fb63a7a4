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

// The operations of jobs. What a request says about a job becomes a job.Definition, which the
// rules check and complete; what answers show of a job is in jobdetails.go.

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

// CreateJob creates a job and starts its rollout, or schedules it. The members are checked one by
// one by their description; here what they say together: one document, and ARNs of this server.
func (p *Plane) CreateJob(ctx context.Context, in *iot.CreateJobRequest) (*iot.JobHandle, error) {
	new, err := p.newJob(in)
	if err != nil {
		return nil, err
	}
	created, err := p.Jobs.CreateJob(ctx, new)
	if err != nil {
		return nil, err
	}
	if created.NeedsRole && p.NeedsURLs != nil {
		p.NeedsURLs(created.ID, created.Role())
	}
	return p.handle(ctx, created), nil
}

// newJob reads what a request says of a new job.
func (p *Plane) newJob(in *iot.CreateJobRequest) (j jobs.NewJob, err error) {
	if err := checkDocumentMembers(in.Document, in.DocumentSource); err != nil {
		return j, err
	}
	targets, err := job.ParseTargets(p.Scope, in.Targets)
	if err != nil {
		return j, err
	}
	template, err := p.template(string(value(in.JobTemplateArn)))
	if err != nil {
		return j, err
	}
	return jobs.NewJob{
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
			DocumentSource:  string(value(in.DocumentSource)),
			TemplateARN:     string(value(in.JobTemplateArn)),
			Parameters:      in.DocumentParameters,
		},
	}, nil
}

// checkDocumentMembers refuses a document that is given twice (R-VAL-2), or that is empty. Both
// is for jobs and templates.
func checkDocumentMembers(document *iot.Document, source *iot.DocumentSource) error {
	switch {
	case document != nil && source != nil:
		return fault.New(fault.Invalid, "document: not allowed together with documentSource")
	case document != nil && *document == "":
		_, err := job.CheckDocument("", "", job.DefaultRequestLimits)
		return err
	}
	return nil
}

// DescribeJob describes a job with its present counts and the next openings of its maintenance
// windows.
func (p *Plane) DescribeJob(
	ctx context.Context, in *iot.DescribeJobRequest,
) (*iot.DescribeJobResponse, error) {
	j, err := p.Jobs.DescribeJob(ctx, string(in.JobID))
	if err != nil {
		return nil, err
	}
	described := p.describe(ctx, j)
	for _, start := range j.ScheduledRollouts(p.Now()) {
		next := iot.ScheduledJobRollout{StartTime: new(iot.ScheduleTime(start))}
		described.ScheduledJobRollouts = append(described.ScheduledJobRollouts, next)
	}
	return &iot.DescribeJobResponse{
		DocumentSource: optional(iot.DocumentSource(j.DocumentSource)),
		Job:            described,
	}, nil
}

// UpdateJob changes a job that has not ended. What the request does not have stays as it is.
func (p *Plane) UpdateJob(ctx context.Context, in *iot.UpdateJobRequest) (*schema.Nothing, error) {
	id, namespace := string(in.JobID), text(in.NamespaceID)
	return &schema.Nothing{}, p.Jobs.UpdateJob(ctx, id, namespace, update(in))
}

// update reads what a request changes.
func update(in *iot.UpdateJobRequest) job.Update {
	return job.Update{
		Description:  text(in.Description),
		PresignedURL: presign(in.PresignedUrlConfig),
		Rollout:      rollout(in.JobExecutionsRolloutConfig),
		Abort:        abort(in.AbortConfig),
		Timeout:      timeout(in.TimeoutConfig),
		Retry:        retry(in.JobExecutionsRetryConfig),
	}
}

// CancelJob cancels a job: executions that are QUEUED end; with force, also those that are
// IN_PROGRESS (R-JOB-21, R-JOB-22). The answer does not wait until all of them are canceled.
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

// DeleteJob deletes a job with its executions: one that has ended, or any with force (R-JOB-30,
// R-JOB-31). Of a large job the answer comes before the work is done (R-JOB-34).
func (p *Plane) DeleteJob(ctx context.Context, in *iot.DeleteJobRequest) (*schema.Nothing, error) {
	id, namespace := string(in.JobID), text(in.NamespaceID)
	return &schema.Nothing{}, p.Jobs.DeleteJob(ctx, id, value(in.Force), namespace)
}

// AssociateTargetsWithJob adds groups to the targets of a continuous job.
func (p *Plane) AssociateTargetsWithJob(
	ctx context.Context, in *iot.AssociateTargetsWithJobRequest,
) (*iot.JobHandle, error) {
	targets, err := job.ParseTargets(p.Scope, in.Targets)
	if err != nil {
		return nil, err
	}
	id, namespace := string(in.JobID), text(in.NamespaceID)
	j, err := p.Jobs.AssociateTargets(ctx, id, namespace, targets, text(in.Comment))
	if err != nil {
		return nil, err
	}
	return p.handle(ctx, j), nil
}

// GetJobDocument returns the document as it was stored, byte for byte; before substitution, with
// the placeholders that it had.
func (p *Plane) GetJobDocument(
	ctx context.Context, in *iot.GetJobDocumentRequest,
) (*iot.GetJobDocumentResponse, error) {
	document, err := p.Jobs.JobDocument(ctx, string(in.JobID), value(in.BeforeSubstitution))
	if err != nil {
		return nil, err
	}
	return &iot.GetJobDocumentResponse{Document: new(iot.Document(document))}, nil
}

// ListJobs lists jobs, newest first (R-API-10). A filter by a group shows the jobs whose targets
// name the group; every item then has the id of the group (R-API-13). A filter that no index
// answers looks at a bounded number of jobs for each page, so a page may be short, or empty, and
// have a token.
func (p *Plane) ListJobs(
	ctx context.Context, in *iot.ListJobsRequest,
) (*iot.ListJobsResponse, error) {
	var group *registry.Group // by which the list is filtered, if it is
	return scan(p, iot.ListJobs, in,
		func(after *store.JobCursor, limit int) ([]job.Job, *store.JobCursor, error) {
			page, err := p.Jobs.ListJobs(ctx, jobs.Filter{
				Status:    job.Status(value(in.Status)),
				Selection: job.TargetSelection(value(in.TargetSelection)),
				Namespace: string(value(in.NamespaceID)),
				GroupName: string(value(in.ThingGroupName)),
				GroupUUID: string(value(in.ThingGroupID)),
				After:     after,
				Limit:     limit,
			})
			group = page.Group
			return page.Jobs, page.More, err
		},
		jobs.PlaceOfJob,
		func(j job.Job) iot.JobSummary { return p.jobSummary(ctx, j, group) })
}
