package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
	"github.com/drover-iot/drover/store"
)

// The operations of custom job templates: those that operators create. A template has the
// document and the configurations of jobs that are made from it; it never changes.

func (p *Plane) bindTemplates(r *schema.Router) {
	schema.Handle(r, iot.CreateJobTemplate, p.CreateJobTemplate)
	schema.Handle(r, iot.DescribeJobTemplate, p.DescribeJobTemplate)
	schema.Handle(r, iot.ListJobTemplates, p.ListJobTemplates)
	schema.Handle(r, iot.DeleteJobTemplate, p.DeleteJobTemplate)
}

// CreateJobTemplate stores a template: from a document, or from a job, whose document and
// configurations are taken where the request has none of its own (R-VAL-35).
func (p *Plane) CreateJobTemplate(
	ctx context.Context, in *iot.CreateJobTemplateRequest,
) (*iot.CreateJobTemplateResponse, error) {
	if err := checkDocumentMembers(in.Document, in.DocumentSource); err != nil {
		return nil, err
	}
	if in.JobArn == nil && in.Document == nil && in.DocumentSource == nil { // R-VAL-35
		return nil, fault.New(fault.Invalid,
			"document: required, because neither jobArn nor documentSource is given")
	}
	from, err := p.jobName(in.JobArn)
	if err != nil {
		return nil, err
	}
	created, err := p.Jobs.CreateTemplate(ctx, jobs.NewTemplate{
		FromJob: from,
		Tags:    givenTags(in.Tags),
		Template: job.Template{
			ID:              string(in.JobTemplateID),
			Description:     string(in.Description),
			Document:        string(value(in.Document)),
			DocumentSource:  string(value(in.DocumentSource)),
			PresignedURL:    presign(in.PresignedUrlConfig),
			Rollout:         rollout(in.JobExecutionsRolloutConfig),
			Abort:           abort(in.AbortConfig),
			Timeout:         timeout(in.TimeoutConfig),
			Retry:           retry(in.JobExecutionsRetryConfig),
			Windows:         windows(in.MaintenanceWindows),
			PackageVersions: in.DestinationPackageVersions,
		},
	})
	if err != nil {
		return nil, err
	}
	return &iot.CreateJobTemplateResponse{
		JobTemplateArn: p.templateArn(ctx, created.ID),
		JobTemplateID:  in.JobTemplateID,
	}, nil
}

// DescribeJobTemplate describes a template. What was never given is left out, and defaults are
// not filled in (R-API-40).
func (p *Plane) DescribeJobTemplate(
	ctx context.Context, in *iot.DescribeJobTemplateRequest,
) (*iot.DescribeJobTemplateResponse, error) {
	t, err := p.Jobs.DescribeTemplate(ctx, string(in.JobTemplateID))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeJobTemplateResponse{
		JobTemplateArn:             p.templateArn(ctx, t.ID),
		JobTemplateID:              in.JobTemplateID,
		Description:                optional(iot.Text(t.Description)),
		DocumentSource:             optional(iot.DocumentSource(t.DocumentSource)),
		Document:                   new(iot.Document(t.Document)),
		CreatedAt:                  at(t.CreatedAt),
		PresignedUrlConfig:         showPresign(t.PresignedURL),
		JobExecutionsRolloutConfig: showRollout(t.Rollout),
		AbortConfig:                showAbort(t.Abort),
		TimeoutConfig:              showTimeout(t.Timeout),
		JobExecutionsRetryConfig:   showRetry(t.Retry),
		MaintenanceWindows:         showWindows(t.Windows),
		DestinationPackageVersions: t.PackageVersions,
	}, nil
}

// ListJobTemplates lists templates, newest first (R-API-35).
func (p *Plane) ListJobTemplates(
	ctx context.Context, in *iot.ListJobTemplatesRequest,
) (*iot.ListJobTemplatesResponse, error) {
	return list(p, iot.ListJobTemplates, in,
		func(after *store.JobCursor, limit int) ([]job.Template, error) {
			return p.Jobs.ListTemplates(ctx, after, limit)
		},
		func(t job.Template) store.JobCursor {
			return store.JobCursor{CreatedAt: t.CreatedAt, ID: t.ID}
		},
		func(t job.Template) iot.JobTemplateSummary {
			return iot.JobTemplateSummary{
				JobTemplateArn: p.templateArn(ctx, t.ID),
				JobTemplateID:  iot.JobTemplateID(t.ID),
				Description:    optional(iot.Text(t.Description)),
				CreatedAt:      at(t.CreatedAt),
			}
		})
}

// DeleteJobTemplate deletes a template. Jobs that were made from it stay as they are.
func (p *Plane) DeleteJobTemplate(
	ctx context.Context, in *iot.DeleteJobTemplateRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Jobs.DeleteTemplate(ctx, string(in.JobTemplateID))
}
