package engine

import (
	"context"
	"strings"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// NewTemplate is what CreateJobTemplate asks for. With JobARN, the template is copied from that job and what Template says
// replaces whole members (R-TPL-1).
type NewTemplate struct {
	job.Template
	JobARN string
	Tags   []registry.Tag
}

// CreateTemplate stores a job template.
func (e *Engine) CreateTemplate(ctx context.Context, in NewTemplate) (created job.Template, err error) {
	tags, err := registry.CheckTags(in.Tags)
	if err != nil {
		return created, err
	}
	var from registry.ARN
	if in.JobARN != "" {
		if from, err = e.Scope.Parse("jobArn", in.JobARN, registry.KindJob); err != nil {
			return created, err
		}
	}
	check := in.Check // before anything is looked up (R-ERR-9)
	if in.JobARN != "" && in.Document == "" {
		check = in.CheckConfigs
	}
	if err := check(); err != nil {
		return created, err
	}
	err = e.update(ctx, func(g *group) (out outcome, err error) {
		created = in.Template
		if from.Name != "" {
			if created, err = g.templateOf(from.Name, in.Template); err != nil {
				return out, err
			}
		}
		if _, err := g.Template(in.ID); err == nil {
			f := fault.New(fault.Conflict, "job template %s exists already", in.ID) // R-API-31
			f.ResourceID = in.ID                                                    // and no ARN (R-ERR-4)
			return out, f
		} else if !missing(err) {
			return out, err
		}
		if err := g.templateLimit(); err != nil {
			return out, err
		}
		created.CreatedAt = g.now
		out.Job.CreatedTemplates = []job.Template{created}
		out.label(registry.KindTemplate, in.ID, tags)
		return out, nil
	})
	return created, err
}

// templateOf copies a job into a template, with what the request says in place of what the job has.
func (g *group) templateOf(jobID string, given job.Template) (t job.Template, err error) {
	j, err := g.jobByID(jobID)
	if err != nil {
		return t, err
	}
	if j.Status == job.DeletionInProgress { // R-TPL-9
		return t, fault.New(fault.Invalid, "jobArn: job %s is being deleted", jobID)
	}
	document, err := g.Document(j.Key)
	if err != nil {
		return t, err
	}
	t = j.ToTemplate(document).Override(given)
	return t, t.Check()
}

// templateLimit refuses one more template where there are as many as allowed (R-LIM-45).
func (g *group) templateLimit() error {
	limit := g.config.Limits.Templates
	if limit == 0 {
		return nil
	}
	n, err := g.TemplateCount()
	if err == nil && n >= limit {
		err = fault.New(fault.Limit, "%d job templates exist, the most that are allowed", n)
	}
	return err
}

func noTemplate(id string) *fault.Error {
	return fault.New(fault.NotFound, "job template %s does not exist", id)
}

// DescribeTemplate returns a job template.
func (e *Engine) DescribeTemplate(ctx context.Context, id string) (t job.Template, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		t, err = r.Template(id)
		return err
	})
	return t, either(err, noTemplate(id))
}

// ListTemplates lists job templates, newest first.
func (e *Engine) ListTemplates(ctx context.Context, after *store.JobCursor, limit int) (found []job.Template, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		found, err = r.Templates(after, limit)
		return err
	})
	return found, err
}

// DeleteTemplate deletes a job template. Jobs that were made from it stay as they are (R-API-34).
func (e *Engine) DeleteTemplate(ctx context.Context, id string) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		if _, err := g.Template(id); err != nil {
			return out, either(err, noTemplate(id))
		}
		out.Job.DeletedTemplates = []string{id}
		out.tag(registry.KindTemplate, id, nil)
		return out, nil
	})
}

// complete takes from the template that a new job names what the job does not say itself, and fills in parameters
// (R-TPL-4, R-VAL-1 to R-VAL-4).
func (e *Engine) complete(ctx context.Context, in *NewJob) error {
	arn := in.Definition.TemplateARN
	if arn == "" {
		if in.Definition.Parameters != nil {
			return fault.New(fault.Invalid, "documentParameters: allowed only with the jobTemplateArn of a managed template")
		}
		if in.Document == "" {
			return fault.New(fault.Invalid, "document: required, because neither documentSource nor jobTemplateArn is given")
		}
		return nil
	}
	if err := in.checkGiven(e.Scope, e.Now()); err != nil {
		return err
	}
	parsed, ok := registry.ParseARN(arn)
	if !ok || parsed.Kind != registry.KindTemplate {
		return fault.New(fault.Invalid, "jobTemplateArn: %q is not an ARN of a job template", arn)
	}
	if parsed.Account == "" {
		return e.fromManaged(in, parsed)
	}
	return e.fromCustom(ctx, in)
}

// checkGiven checks what a job says beside its template, before the template is looked up (R-ERR-9).
func (in *NewJob) checkGiven(scope registry.Scope, now time.Time) error {
	if in.Document != "" {
		if _, err := job.CheckDocument(in.Document); err != nil {
			return err
		}
	}
	if _, err := registry.CheckTags(in.Tags); err != nil {
		return err
	}
	if _, err := parseTargets(scope, unique(in.Definition.Targets)); err != nil {
		return err
	}
	return in.Definition.Check(now)
}

// fromManaged takes document and description from a managed template, whose ARN names its version after a colon (R-CON-5).
func (e *Engine) fromManaged(in *NewJob, arn registry.ARN) error {
	own := e.Scope
	own.Account = ""
	name, version, versioned := strings.Cut(arn.Name, ":")
	if !own.Contains(arn) || !versioned {
		return fault.New(fault.Invalid, "jobTemplateArn: %s is not a managed template of this server, which are like %s",
			in.Definition.TemplateARN, own.ARN(registry.KindTemplate, "AWS-Reboot:1.0"))
	}
	if in.Document != "" {
		return fault.New(fault.Invalid, "document: not allowed with the jobTemplateArn of a managed template")
	}
	m, err := e.Managed.Find(name, version)
	if err != nil {
		return err
	}
	document, err := m.Resolve(in.Definition.Parameters)
	if err != nil {
		return err
	}
	if in.Definition.Description == "" {
		in.Definition.Description = m.Description // R-MT-7
	}
	in.Document, in.original = document, string(m.Document)
	return nil
}

// fromCustom takes what the job does not say from a custom template.
func (e *Engine) fromCustom(ctx context.Context, in *NewJob) error {
	if in.Definition.Parameters != nil {
		return fault.New(fault.Invalid, "documentParameters: allowed only with the jobTemplateArn of a managed template") // R-VAL-4
	}
	arn, err := e.Scope.Parse("jobTemplateArn", in.Definition.TemplateARN, registry.KindTemplate)
	if err != nil {
		return err
	}
	t, err := e.DescribeTemplate(ctx, arn.Name)
	if err != nil {
		return err
	}
	in.Definition = t.Fill(in.Definition)
	if in.Document == "" {
		in.Document = t.Document
	}
	return nil
}
