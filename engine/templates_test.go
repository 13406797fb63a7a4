package engine

import (
	"testing"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// What breaks a rule by itself is refused before the template or the job that it is combined with is looked for (R-ERR-9).
func TestTemplateChecksGivenFirst(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	w.thing("a", "")
	target := []string{w.Scope.ARN(registry.KindThing, "a")}
	steep := &job.RolloutConfig{MaximumPerMinute: 5, Exponential: &job.Exponential{BasePerMinute: 10, IncrementTenths: 20, NotifiedThings: 1}}
	reserved := []registry.Tag{{Key: "aws:x"}}
	custom, managed := w.Scope.ARN(registry.KindTemplate, "none"), "arn:aws:iot:us-east-1::jobtemplate/none:1.0"
	for _, row := range []struct {
		name string
		in   NewJob
		want fault.Code
	}{
		{"right but for the template", NewJob{Definition: job.Definition{TemplateARN: custom}}, fault.NotFound},
		{"right but for the managed template", NewJob{Definition: job.Definition{TemplateARN: managed}}, fault.NotFound},
		{"rollout", NewJob{Definition: job.Definition{TemplateARN: custom, Rollout: steep}}, fault.Invalid},
		{"rollout, managed", NewJob{Definition: job.Definition{TemplateARN: managed, Rollout: steep}}, fault.Invalid},
		{"schedule", NewJob{Definition: job.Definition{TemplateARN: custom, Schedule: &job.ScheduleConfig{StartTime: "soon"}}}, fault.Invalid},
		{"targets", NewJob{Definition: job.Definition{TemplateARN: custom, Targets: []string{"a"}}}, fault.Invalid},
		{"tags", NewJob{Definition: job.Definition{TemplateARN: custom}, Tags: reserved}, fault.Invalid},
		{"document", NewJob{Definition: job.Definition{TemplateARN: custom}, Document: "["}, fault.Invalid},
	} {
		row.in.ID = "j"
		if row.in.Definition.Targets == nil {
			row.in.Definition.Targets = target
		}
		if _, err := w.CreateJob(ctx, row.in); !fault.Is(err, row.want) {
			t.Errorf("%s: got %v, want %s", row.name, err, row.want)
		}
	}
	for _, row := range []struct {
		name     string
		template job.Template
		want     fault.Code
	}{
		{"right but for the job", job.Template{}, fault.NotFound},
		{"rollout", job.Template{Rollout: steep}, fault.Invalid},
		{"windows", job.Template{Windows: []job.Window{{StartTime: "daily", Minutes: 1}}}, fault.Invalid},
		{"document", job.Template{Document: "["}, fault.Invalid},
	} {
		row.template.ID = "t"
		if _, err := w.CreateTemplate(ctx, NewTemplate{Template: row.template, JobARN: w.Scope.ARN(registry.KindJob, "none")}); !fault.Is(err, row.want) {
			t.Errorf("template: %s: got %v, want %s", row.name, err, row.want)
		}
	}
}
