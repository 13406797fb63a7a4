package engine

import (
	"fmt"
	"testing"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// The back-fill of a group that holds nobody new is done with the page that reaches its end, also
// where a page may look no further: a place behind the last source is no place to go on from.
func TestBackfillEndsWithPage(t *testing.T) { // R-JOB-42
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	const things = 10 * jobs.InlineStep
	w.static("first", "")
	w.static("second", "")
	for i := range things {
		name := fmt.Sprintf("t%04d", i)
		w.thing(name, "")
		w.must(w.Fleet.AddMember(ctx, "first", name))
		w.must(w.Fleet.AddMember(ctx, "second", name))
	}
	arn := func(name string) []job.Target { return []job.Target{job.GroupTarget(registry.DefaultScope, name)} }
	_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{Targets: arn("first"), TargetSelection: job.Continuous}})
	w.must(err)
	w.must(w.RunDue(ctx))
	after, err := w.Jobs.AssociateTargets(ctx, "j", nil, arn("second"), nil)
	w.must(err)
	if after.Backfill == nil {
		t.Fatal("nothing was associated")
	}
	after, err = w.Jobs.DescribeJob(ctx, "j")
	w.must(err)
	if after.Backfill != nil || after.Counts.Total() != things {
		t.Errorf("of %d things that were targets already, the back-fill stands at %+v; %d executions",
			things, after.Backfill, after.Counts.Total())
	}
}
