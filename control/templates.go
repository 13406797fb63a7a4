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

func (p *Plane) bindTemplates(r *schema.Router) {
	schema.Handle(r, iot.CreateJobTemplate, p.CreateJobTemplate)
	schema.Handle(r, iot.DescribeJobTemplate, p.DescribeJobTemplate)
	schema.Handle(r, iot.ListJobTemplates, p.ListJobTemplates)
	schema.Handle(r, iot.DeleteJobTemplate, p.DeleteJobTemplate)
	schema.Handle(r, iot.DescribeManagedJobTemplate, p.DescribeManagedJobTemplate)
	schema.Handle(r, iot.ListManagedJobTemplates, p.ListManagedJobTemplates)
}

// CreateJobTemplate stores a template, from a job or from a document.
func (p *Plane) CreateJobTemplate(
	ctx context.Context, in *iot.CreateJobTemplateRequest,
) (*iot.CreateJobTemplateResponse, error) {
	if err := checkDocumentMembers(in.Document, in.DocumentSource); err != nil {
		return nil, err
	}
	switch { // R-VAL-35
	case in.DocumentSource != nil:
		return nil, errNoDocumentSource()
	case in.JobArn == nil && in.Document == nil:
		return nil, fault.New(fault.Invalid, "document: required, because neither jobArn nor documentSource is given")
	}
	var from registry.ARN
	if in.JobArn != nil {
		var err error
		if from, err = p.Scope.Parse("jobArn", *in.JobArn, registry.KindJob); err != nil {
			return nil, err
		}
	}
	created, err := p.Jobs.CreateTemplate(ctx, jobs.NewTemplate{
		FromJob: from.Name,
		Tags:    givenTags(in.Tags),
		Template: job.Template{
			ID:              string(in.JobTemplateID),
			Description:     string(in.Description),
			Document:        string(value(in.Document)),
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

func (p *Plane) templateArn(ctx context.Context, id string) iot.JobTemplateArn {
	return iot.JobTemplateArn(p.arn(ctx, registry.KindTemplate, id))
}

// DescribeJobTemplate describes a template: what was never given is left out (R-API-40).
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

// DeleteJobTemplate deletes a template.
func (p *Plane) DeleteJobTemplate(
	ctx context.Context, in *iot.DeleteJobTemplateRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Jobs.DeleteTemplate(ctx, string(in.JobTemplateID))
}

// managedArn has no account and names the version (R-CON-5).
func (p *Plane) managedArn(ctx context.Context, m job.ManagedTemplate) iot.JobTemplateArn {
	arn, _ := registry.ParseARN(p.arn(ctx, registry.KindTemplate, m.Name+":"+m.Version))
	arn.Account = ""
	return iot.JobTemplateArn(arn.String())
}

// DescribeManagedJobTemplate describes a template that comes with the server, in its newest version unless one is named.
func (p *Plane) DescribeManagedJobTemplate(
	ctx context.Context, in *iot.DescribeManagedJobTemplateRequest,
) (*iot.DescribeManagedJobTemplateResponse, error) {
	m, err := p.Managed.Find(string(in.TemplateName), string(value(in.TemplateVersion)))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeManagedJobTemplateResponse{
		TemplateName:    iot.ManagedTemplateName(m.Name),
		TemplateArn:     p.managedArn(ctx, m),
		Description:     optional(iot.Text(m.Description)),
		TemplateVersion: iot.ManagedTemplateVersion(m.Version),
		Environments:    m.Environments,
		Document:        new(iot.Document(m.Document)),
		DocumentParameters: convert(m.Parameters, func(d job.DocumentParameter) iot.DocumentParameter {
			return iot.DocumentParameter{
				Key:         new(iot.ParameterKey(d.Key)),
				Description: optional(iot.Text(d.Description)),
				Regex:       optional(d.Regex),
				Example:     optional(iot.PrintableText(d.Example)),
				Optional:    new(d.Optional),
			}
		}),
	}, nil
}

// managedCursor is the place of a managed template in its list.
type managedCursor struct{ Name, Version string }

// ListManagedJobTemplates lists the templates that come with the server by name, the newest version
// of each first (R-API-35); all versions of one, if its name is given.
func (p *Plane) ListManagedJobTemplates(
	ctx context.Context, in *iot.ListManagedJobTemplatesRequest,
) (*iot.ListManagedJobTemplatesResponse, error) {
	return list(p, iot.ListManagedJobTemplates, in,
		func(after *managedCursor, _ int) ([]job.ManagedTemplate, error) {
			return p.managedAfter(text(in.TemplateName), after)
		},
		cursorOfManaged,
		func(m job.ManagedTemplate) iot.ManagedJobTemplateSummary {
			return iot.ManagedJobTemplateSummary{
				TemplateArn:     p.managedArn(ctx, m),
				TemplateName:    iot.ManagedTemplateName(m.Name),
				Description:     optional(iot.Text(m.Description)),
				Environments:    m.Environments,
				TemplateVersion: iot.ManagedTemplateVersion(m.Version),
			}
		})
}

// cursorOfManaged is the cursor of a managed template.
func cursorOfManaged(m job.ManagedTemplate) managedCursor {
	return managedCursor{m.Name, m.Version}
}

// managedAfter returns the managed templates after a cursor: those of a name, or all. A cursor that
// is of no template any more, because the server was updated, is after all of them.
func (p *Plane) managedAfter(
	name *string, after *managedCursor,
) (found []job.ManagedTemplate, err error) {
	if name != nil {
		if _, err := p.Managed.Find(*name, ""); err != nil {
			return nil, err
		}
	}
	passed := after == nil
	for _, m := range p.Managed {
		if passed && (name == nil || m.Name == *name) {
			found = append(found, m)
		}
		passed = passed || cursorOfManaged(m) == *after
	}
	return found, nil
}
