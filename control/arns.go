package control

import (
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/engine/tags"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// ARNs are read here and nowhere further in: the engine is asked about kinds and names.

// template reads the ARN of the job template that a new job starts from; empty is none.
func (p *Plane) template(text string) (ref jobs.TemplateRef, err error) {
	if text == "" {
		return ref, nil
	}
	arn, kind, err := job.ParseTemplateARN(text)
	if err != nil {
		return ref, err
	}
	ref = jobs.TemplateRef{Kind: kind, Name: arn.Name}
	if kind == job.BuiltInTemplate {
		ref.Name, ref.Version, err = job.ManagedName(p.Scope, arn)
		return ref, err
	}
	_, err = p.Scope.Parse("jobTemplateArn", text, registry.KindTemplate)
	return ref, err
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
