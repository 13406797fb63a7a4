package engine

import (
	"testing"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// What breaks a rule by itself is refused before the template or the job that it is combined with
// is looked for (R-ERR-9).
func TestTemplateChecksGivenFirst(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	w.thing("a", "")
	target := []job.Target{job.ThingTarget(registry.DefaultScope, "a")}
	steep := &job.RolloutConfig{MaximumPerMinute: 5, Exponential: &job.Exponential{BasePerMinute: 10, IncrementTenths: 20, NotifiedThings: 1}}
	reserved := []registry.Tag{{Key: "aws:x"}}
	custom, managed := jobs.TemplateRef{Kind: job.CustomTemplate, Name: "none"}, jobs.TemplateRef{Kind: job.BuiltInTemplate, Name: "none", Version: "1.0"}
	for _, row := range []struct {
		name string
		in   jobs.NewJob
		want fault.Code
	}{
		{"right but for the template", jobs.NewJob{Template: custom, Definition: job.Definition{}}, fault.NotFound},
		{"right but for the managed template", jobs.NewJob{Template: managed, Definition: job.Definition{}}, fault.NotFound},
		{"rollout", jobs.NewJob{Template: custom, Definition: job.Definition{Rollout: steep}}, fault.Invalid},
		{"rollout, managed", jobs.NewJob{Template: managed, Definition: job.Definition{Rollout: steep}}, fault.Invalid},
		{"schedule", jobs.NewJob{Template: custom, Definition: job.Definition{Schedule: &job.ScheduleConfig{StartTime: "soon"}}}, fault.Invalid},
		{"tags", jobs.NewJob{Template: custom, Definition: job.Definition{}, Tags: reserved}, fault.Invalid},
		{"document", jobs.NewJob{Template: custom, Definition: job.Definition{}, Document: "["}, fault.Invalid},
	} {
		row.in.ID = "j"
		if row.in.Definition.Targets == nil {
			row.in.Definition.Targets = target
		}
		if _, err := w.Jobs.CreateJob(ctx, row.in); !fault.Is(err, row.want) {
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
		if _, err := w.Jobs.CreateTemplate(ctx, jobs.NewTemplate{Template: row.template, FromJob: "none"}); !fault.Is(err, row.want) {
			t.Errorf("template: %s: got %v, want %s", row.name, err, row.want)
		}
	}
}
