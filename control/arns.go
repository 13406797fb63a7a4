package control

import (
	"context"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/engine/tags"
	"github.com/drover-iot/drover/internal/fault"
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

// jobName reads the ARN of the job that a new template is made from; nil is none.
func (p *Plane) jobName(text *string) (string, error) {
	if text == nil {
		return "", nil
	}
	arn, err := p.Scope.Parse("jobArn", *text, registry.KindJob)
	return arn.Name, err
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

// named returns the name of a resource given by name, by ARN, or by both, which must agree (R-ID-11).
func named[T ~string](s registry.Scope, kind, member string, name *T, arn *string) (string, error) {
	if name == nil && arn == nil {
		return "", fault.New(fault.Invalid, "%sName: required, when %sArn is not given", member, member)
	}
	if arn == nil {
		return string(*name), nil
	}
	parsed, err := s.Parse(member+"Arn", *arn, kind)
	if err != nil {
		return "", err
	}
	if name != nil && string(*name) != parsed.Name {
		return "", fault.New(fault.Invalid, "%sName %s and %sArn %s do not agree", member, *name, member, *arn)
	}
	return parsed.Name, nil
}

// certificateOf is the certificate id in a principal's ARN (R-ID-20).
func (p *Plane) certificateOf(principal iot.Principal) (string, error) {
	arn, err := p.Scope.Parse("principal", string(principal), registry.KindCert)
	return arn.Name, err
}

type scopeKey struct{}

// WithScope sets the scope whose region ARNs in the answer carry: that of the request's signature, where the server
// accepts any.
func WithScope(ctx context.Context, s registry.Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// arn makes an ARN for an answer.
func (p *Plane) arn(ctx context.Context, kind, name string) string {
	if s, ok := ctx.Value(scopeKey{}).(registry.Scope); ok {
		return s.ARN(kind, name)
	}
	return p.Scope.ARN(kind, name)
}

func (p *Plane) templateArn(ctx context.Context, id string) iot.JobTemplateArn {
	return iot.JobTemplateArn(p.arn(ctx, registry.KindTemplate, id))
}

// managedArn has no account and names the version (R-CON-5).
func (p *Plane) managedArn(ctx context.Context, m job.ManagedTemplate) iot.JobTemplateArn {
	arn, _ := registry.ParseARN(p.arn(ctx, registry.KindTemplate, m.Name+":"+m.Version))
	arn.Account = ""
	return iot.JobTemplateArn(arn.String())
}
