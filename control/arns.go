package control

import (
	"strings"

	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/engine/tags"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// ARNs are read here and nowhere further in: the engine is asked about kinds and names.

// targets reads the target ARNs of a job. A well-formed ARN of another account names nothing on this server, and is
// refused as such when the job is made (R-CON-8, R-VAL-6).
func (p *Plane) targets(arns []string) ([]job.Target, error) {
	targets := make([]job.Target, len(arns))
	for i, text := range arns {
		arn, ok := registry.ParseARN(text)
		if !ok || arn.Kind != registry.KindThing && arn.Kind != registry.KindGroup {
			return nil, fault.New(fault.Invalid, "targets[%d]: %q is not an ARN of a thing or a thing group", i, text)
		}
		if !p.Scope.Contains(arn) {
			arn.Kind = ""
		}
		targets[i] = job.Target{Kind: arn.Kind, Name: arn.Name, ARN: text}
	}
	return targets, nil
}

// template reads the ARN of the job template that a new job starts from, nil without one. That of a managed template has
// no account, and names the version after a colon (R-CON-5).
func (p *Plane) template(text string) (*jobs.TemplateRef, error) {
	if text == "" {
		return nil, nil
	}
	arn, ok := registry.ParseARN(text)
	if !ok || arn.Kind != registry.KindTemplate {
		return nil, fault.New(fault.Invalid, "jobTemplateArn: %q is not an ARN of a job template", text)
	}
	if arn.Account != "" {
		arn, err := p.Scope.Parse("jobTemplateArn", text, registry.KindTemplate)
		return &jobs.TemplateRef{Name: arn.Name}, err
	}
	own := p.Scope
	own.Account = ""
	name, version, versioned := strings.Cut(arn.Name, ":")
	if !own.Contains(arn) || !versioned {
		return nil, fault.New(fault.Invalid, "jobTemplateArn: %s is not a managed template of this server, which are like %s",
			text, own.ARN(registry.KindTemplate, "AWS-Reboot:1.0"))
	}
	return &jobs.TemplateRef{Name: name, Managed: true, Version: version}, nil
}

// policyTarget reads the ARN of a certificate or a thing group that policies are attached to.
func (p *Plane) policyTarget(text string) (identity.Target, error) {
	arn, err := p.Scope.Parse("target", text, registry.KindCert, registry.KindGroup)
	return identity.Target{Kind: registry.TargetKind(arn.Kind), Key: arn.Name, ARN: text}, err
}

// taggable reads the ARN of a resource whose kind may have tags.
func (p *Plane) taggable(text string) (registry.ARN, error) {
	return p.Scope.Parse("resourceArn", text, tags.Kinds()...)
}
