package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// The operations of managed job templates: those that come with the server. They are files, read
// at the start, so nothing is loaded here and no use case is called.

func (p *Plane) bindManagedTemplates(r *schema.Router) {
	schema.Handle(r, iot.DescribeManagedJobTemplate, p.DescribeManagedJobTemplate)
	schema.Handle(r, iot.ListManagedJobTemplates, p.ListManagedJobTemplates)
}

// DescribeManagedJobTemplate describes a managed template, in its newest version unless one is
// given (R-MT-2).
func (p *Plane) DescribeManagedJobTemplate(
	ctx context.Context, in *iot.DescribeManagedJobTemplateRequest,
) (*iot.DescribeManagedJobTemplateResponse, error) {
	m, err := p.Managed.Find(string(in.TemplateName), string(value(in.TemplateVersion)))
	if err != nil {
		return nil, err
	}
	return &iot.DescribeManagedJobTemplateResponse{
		TemplateName:       iot.ManagedTemplateName(m.Name),
		TemplateArn:        p.managedArn(ctx, m),
		Description:        optional(iot.Text(m.Description)),
		TemplateVersion:    iot.ManagedTemplateVersion(m.Version),
		Environments:       m.Environments,
		Document:           new(iot.Document(m.Document)),
		DocumentParameters: convert(m.Parameters, showParameter),
	}, nil
}

// showParameter is a parameter of a managed template as answers show it. Whether it is optional is
// always shown.
func showParameter(d job.DocumentParameter) iot.DocumentParameter {
	return iot.DocumentParameter{
		Key:         new(iot.ParameterKey(d.Key)),
		Description: optional(iot.Text(d.Description)),
		Regex:       optional(d.Regex),
		Example:     optional(iot.PrintableText(d.Example)),
		Optional:    new(d.Optional),
	}
}

// managedCursor is the cursor of a managed template: a list has each version as its own item.
type managedCursor struct{ Name, Version string }

// cursorOfManaged returns the cursor of a managed template.
func cursorOfManaged(m job.ManagedTemplate) managedCursor {
	return managedCursor{m.Name, m.Version}
}

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
