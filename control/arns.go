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

// ARNs are read and made here, and nowhere further in: the engine is asked about kinds and names.
// An ARN that a request names must lie in the scope of the server and be of a kind that the
// member can have; both are Invalid otherwise, with a message that names the member. Of a job's
// targets the same is done by job.ParseTargets.

// template reads the ARN of the job template that a new job starts from. The zero reference is
// none, for the empty text. Custom templates lie in the scope of the server; managed ones have no
// account, and their name ends with a version (R-CON-4, R-CON-5).
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

// jobName reads the ARN of the job that a new template is made from. Nil is no job, and the empty
// name.
func (p *Plane) jobName(text *string) (string, error) {
	if text == nil {
		return "", nil
	}
	arn, err := p.Scope.Parse("jobArn", *text, registry.KindJob)
	return arn.Name, err
}

// policyTarget reads the ARN of what policies are attached to: a certificate or a thing group
// (R-ID-22). member names it in the fault: target, or principal in the older operations.
func (p *Plane) policyTarget(member, text string) (identity.Target, error) {
	arn, err := p.Scope.Parse(member, text, registry.KindCert, registry.KindGroup)
	return identity.Target{Kind: registry.TargetKind(arn.Kind), Key: arn.Name, ARN: text}, err
}

// taggable reads the ARN of a resource that may have tags (R-API-36, R-ID-43).
func (p *Plane) taggable(text string) (registry.ARN, error) {
	return p.Scope.Parse("resourceArn", text, tags.Kinds()...)
}

// named returns the name of a resource that a request gives by name, by ARN, or by both, which
// must agree (R-ID-11). member is the name of the members without their ending: "thing" for
// thingName and thingArn.
func named[T ~string](s registry.Scope, kind, member string, name *T, arn *string) (string, error) {
	if name == nil && arn == nil {
		return "", fault.New(fault.Invalid,
			"%sName: required, when %sArn is not given", member, member)
	}
	if arn == nil {
		return string(*name), nil
	}
	parsed, err := s.Parse(member+"Arn", *arn, kind)
	if err != nil {
		return "", err
	}
	if name != nil && string(*name) != parsed.Name {
		return "", fault.New(fault.Invalid,
			"%sName %s and %sArn %s do not agree", member, *name, member, *arn)
	}
	return parsed.Name, nil
}

// certificateOf reads the ARN of a principal and returns the id of the certificate. Other kinds
// of principal do not exist here (R-ID-20).
func (p *Plane) certificateOf(principal iot.Principal) (string, error) {
	arn, err := p.Scope.Parse("principal", string(principal), registry.KindCert)
	return arn.Name, err
}

// scopeKey is the key of a scope in the context of a request.
type scopeKey struct{}

// WithScope sets the scope that the ARNs of an answer lie in. A server that accepts any region
// answers in the region that the request was signed for.
func WithScope(ctx context.Context, s registry.Scope) context.Context {
	return context.WithValue(ctx, scopeKey{}, s)
}

// arn is the ARN of a resource, for an answer.
func (p *Plane) arn(ctx context.Context, kind, name string) string {
	if s, ok := ctx.Value(scopeKey{}).(registry.Scope); ok {
		return s.ARN(kind, name)
	}
	return p.Scope.ARN(kind, name)
}

// templateArn is the ARN of a custom job template.
func (p *Plane) templateArn(ctx context.Context, id string) iot.JobTemplateArn {
	return iot.JobTemplateArn(p.arn(ctx, registry.KindTemplate, id))
}

// managedArn is the ARN of a managed job template. It has no account, and the name in it ends
// with the version: arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0 (R-CON-5).
func (p *Plane) managedArn(ctx context.Context, m job.ManagedTemplate) iot.JobTemplateArn {
	arn, _ := registry.ParseARN(p.arn(ctx, registry.KindTemplate, m.Name+":"+m.Version))
	arn.Account = ""
	return iot.JobTemplateArn(arn.String())
}
