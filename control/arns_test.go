package control

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/identity"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// own is the beginning of the ARNs of the default scope, elsewhere of another account and region.
const (
	own       = "arn:aws:iot:us-east-1:000000000000:"
	elsewhere = "arn:aws:iot:eu-west-1:123456789012:"
)

// planes are a plane of the default scope, and one that accepts ARNs of any account and region.
func planes() (strict, relaxed *Plane) {
	scope := registry.DefaultScope
	scope.Relaxed = true
	return &Plane{Scope: registry.DefaultScope}, &Plane{Scope: scope}
}

// refusedBy checks that an error is Invalid and names the member.
func refusedBy(t *testing.T, what string, err error, member string) {
	t.Helper()
	if !fault.Is(err, fault.Invalid) || !strings.HasPrefix(fault.Of(err).Message, member+": ") {
		t.Errorf("%s: %v, want Invalid, %s", what, err, member)
	}
}

// Each member takes its own kinds of ARN and no other. ARNs of another account or region are
// refused, unless the scope is relaxed, and those of another partition always (R-CON-8, R-ID-2).
func TestKinds(t *testing.T) {
	t.Parallel()
	all := []string{
		registry.KindThing, registry.KindGroup, registry.KindType, registry.KindCert,
		registry.KindPolicy, registry.KindJob, registry.KindTemplate, registry.KindBillingGroup,
		registry.KindCACert, registry.KindAuthorizer, registry.KindProvisioningTemplate, "package",
	}
	// Each reader returns the name that it found.
	for _, tt := range []struct {
		member string
		kinds  []string
		read   func(p *Plane, arn string) (string, error)
	}{
		{"jobArn", []string{registry.KindJob}, func(p *Plane, arn string) (string, error) {
			return p.jobName(&arn)
		}},
		{
			"jobTemplateArn", []string{registry.KindTemplate},
			func(p *Plane, arn string) (string, error) {
				ref, err := p.template(arn)
				return ref.Name, err
			},
		},
		{"principal", []string{registry.KindCert}, func(p *Plane, arn string) (string, error) {
			return p.certificateOf(iot.Principal(arn))
		}},
		{
			"target", []string{registry.KindCert, registry.KindGroup},
			func(p *Plane, arn string) (string, error) {
				target, err := p.policyTarget("target", arn)
				return target.Key, err
			},
		},
		{
			"resourceArn", []string{
				registry.KindJob, registry.KindTemplate, registry.KindGroup, registry.KindType,
				registry.KindPolicy, registry.KindBillingGroup, registry.KindCACert,
				registry.KindAuthorizer, registry.KindProvisioningTemplate,
			},
			func(p *Plane, arn string) (string, error) {
				resource, err := p.taggable(arn)
				return resource.Name, err
			},
		},
		{"thingArn", []string{registry.KindThing}, func(p *Plane, arn string) (string, error) {
			return named[iot.ThingName](p.Scope, registry.KindThing, "thing", nil, &arn)
		}},
		{"thingGroupArn", []string{registry.KindGroup}, func(p *Plane, arn string) (string, error) {
			return named[iot.ThingGroupName](p.Scope, registry.KindGroup, "thingGroup", nil, &arn)
		}},
	} {
		strict, relaxed := planes()
		taken := map[string]bool{}
		for _, kind := range tt.kinds {
			taken[kind] = true
		}
		for _, kind := range all {
			what := tt.member + " of a " + kind
			name, err := tt.read(strict, own+kind+"/a:b/c")
			switch {
			case !taken[kind]:
				refusedBy(t, what, err, tt.member)
				_, err = tt.read(relaxed, elsewhere+kind+"/a:b/c")
				refusedBy(t, what+" elsewhere, relaxed", err, tt.member)
				continue
			case err != nil || name != "a:b/c":
				t.Errorf("%s: %q, %v", what, name, err)
			}
			for _, other := range []string{
				elsewhere, "arn:aws:iot:eu-west-1:000000000000:", "arn:aws:iot:us-east-1:123456789012:",
				"arn:aws-cn:iot:us-east-1:000000000000:",
			} {
				_, err = tt.read(strict, other+kind+"/a")
				refusedBy(t, what+" of "+other, err, tt.member)
			}
			_, err = tt.read(relaxed, "arn:aws-cn:iot:eu-west-1:123456789012:"+kind+"/a")
			refusedBy(t, what+" of another partition", err, tt.member)
			if name, err = tt.read(relaxed, elsewhere+kind+"/a"); err != nil || name != "a" {
				t.Errorf("%s elsewhere, relaxed: %q, %v", what, name, err)
			}
		}
		for _, text := range []string{
			"a", "arn:", "arn:aws:s3:::b/k", own + "thing", own + "/a", own + "job/", own,
		} {
			_, err := tt.read(strict, text)
			refusedBy(t, tt.member+" "+text, err, tt.member)
		}
	}
}

// A job starts from a custom template, or from a managed one, whose ARN has no account and a
// version (R-CON-4, R-CON-5).
func TestTemplateReferences(t *testing.T) {
	t.Parallel()
	strict, relaxed := planes()
	for _, tt := range []struct {
		name  string
		plane *Plane
		text  string
		want  jobs.TemplateRef // the zero one with ok: none; without: refused
		ok    bool
	}{
		{"none", strict, "", jobs.TemplateRef{}, true},
		{
			"custom", strict, own + "jobtemplate/t",
			jobs.TemplateRef{Kind: job.CustomTemplate, Name: "t"}, true,
		},
		{"custom, elsewhere", strict, elsewhere + "jobtemplate/t", jobs.TemplateRef{}, false},
		{
			"custom, elsewhere, relaxed", relaxed, elsewhere + "jobtemplate/t",
			jobs.TemplateRef{Kind: job.CustomTemplate, Name: "t"}, true,
		},
		{
			"managed", strict, "arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0",
			jobs.TemplateRef{Kind: job.BuiltInTemplate, Name: "AWS-Reboot", Version: "1.0"}, true,
		},
		{
			"managed without version", strict, "arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot",
			jobs.TemplateRef{}, false,
		},
		{
			"managed, elsewhere", strict, "arn:aws:iot:eu-west-1::jobtemplate/AWS-Reboot:1.0",
			jobs.TemplateRef{}, false,
		},
		{
			"managed, elsewhere, relaxed", relaxed,
			"arn:aws:iot:eu-west-1::jobtemplate/AWS-Reboot:1.0",
			jobs.TemplateRef{Kind: job.BuiltInTemplate, Name: "AWS-Reboot", Version: "1.0"}, true,
		},
		{"a job", strict, own + "job/j", jobs.TemplateRef{}, false},
	} {
		got, err := tt.plane.template(tt.text)
		if !tt.ok {
			refusedBy(t, tt.name, err, "jobTemplateArn")
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if name, err := strict.jobName(nil); name != "" || err != nil {
		t.Errorf("no job: %q, %v", name, err)
	}
}

// The target of a policy has its text, which messages show.
func TestPolicyTargets(t *testing.T) {
	t.Parallel()
	strict, _ := planes()
	for _, tt := range []struct {
		text string
		want identity.Target
	}{
		{own + "cert/ab", identity.Target{Kind: "cert", Key: "ab", ARN: own + "cert/ab"}},
		{
			own + "thinggroup/g",
			identity.Target{Kind: "thinggroup", Key: "g", ARN: own + "thinggroup/g"},
		},
	} {
		got, err := strict.policyTarget("target", tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.text, diff)
		}
	}
}

// A thing is given by name, by ARN, or by both, which must agree (R-ID-11).
func TestNamed(t *testing.T) {
	t.Parallel()
	name := func(s string) *iot.ThingName { return new(iot.ThingName(s)) }
	for _, tt := range []struct {
		what    string
		name    *iot.ThingName
		arn     *string
		want    string
		message string
	}{
		{"name", name("a"), nil, "a", ""},
		{"ARN", nil, new(own + "thing/a"), "a", ""},
		{"both", name("a"), new(own + "thing/a"), "a", ""},
		{"neither", nil, nil, "", "thingName: required, when thingArn is not given"},
		{
			"two things", name("b"), new(own + "thing/a"), "",
			"thingName b and thingArn " + own + "thing/a do not agree",
		},
		{
			"another kind", name("a"), new(own + "thinggroup/a"), "",
			`thingArn: "` + own + `thinggroup/a" is not an ARN of a thing`,
		},
	} {
		got, err := named(registry.DefaultScope, registry.KindThing, "thing", tt.name, tt.arn)
		message := ""
		if f := fault.Of(err); f != nil {
			message = f.Message
		}
		if got != tt.want || message != tt.message {
			t.Errorf("%s: %q, %q, want %q, %q", tt.what, got, message, tt.want, tt.message)
		}
	}
}

// The ARNs of answers lie in the scope of the server, or in the one that the request came with.
func TestMadeARNs(t *testing.T) {
	t.Parallel()
	strict, _ := planes()
	other := registry.Scope{Partition: "aws", Region: "eu-west-1", Account: "123456789012"}
	plain, scoped := t.Context(), WithScope(t.Context(), other)
	reboot := job.ManagedTemplate{Name: "AWS-Reboot", Version: "1.0"}
	for _, tt := range []struct {
		what string
		ctx  context.Context
		got  func(context.Context) string
		want string
	}{
		{"a thing", plain, func(ctx context.Context) string {
			return strict.arn(ctx, registry.KindThing, "a")
		}, own + "thing/a"},
		{"a thing, with a scope", scoped, func(ctx context.Context) string {
			return strict.arn(ctx, registry.KindThing, "a")
		}, elsewhere + "thing/a"},
		{"a template", plain, func(ctx context.Context) string {
			return string(strict.templateArn(ctx, "t"))
		}, own + "jobtemplate/t"},
		{"a managed template", plain, func(ctx context.Context) string {
			return string(strict.managedArn(ctx, reboot))
		}, "arn:aws:iot:us-east-1::jobtemplate/AWS-Reboot:1.0"},
		{"a managed template, with a scope", scoped, func(ctx context.Context) string {
			return string(strict.managedArn(ctx, reboot))
		}, "arn:aws:iot:eu-west-1::jobtemplate/AWS-Reboot:1.0"},
	} {
		if got := tt.got(tt.ctx); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.what, got, tt.want)
		}
	}
}
