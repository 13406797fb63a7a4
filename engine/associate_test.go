package engine

import (
	"fmt"
	"testing"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// The back-fill of a group that holds nobody new is done with the page that reaches its end, also where a page may look
// no further: a place behind the last source is no place to go on from.
func TestBackfillEndsWithPage(t *testing.T) { // R-JOB-42
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	const things = 10 * inlineStep
	w.static("first", "")
	w.static("second", "")
	for i := range things {
		name := fmt.Sprintf("t%04d", i)
		w.thing(name, "")
		w.must(w.AddMember(ctx, "first", name))
		w.must(w.AddMember(ctx, "second", name))
	}
	arn := func(name string) []string { return []string{w.Scope.ARN(registry.KindGroup, name)} }
	_, err := w.CreateJob(ctx, NewJob{ID: "j", Document: "{}", Definition: job.Definition{Targets: arn("first"), TargetSelection: job.Continuous}})
	w.must(err)
	w.must(w.RunDue(ctx))
	w.must(w.update(ctx, func(g *group) (out outcome, err error) {
		j, err := g.JobByID("j")
		if err != nil {
			return out, err
		}
		added, err := g.newTargets(j, arn("second"), []registry.ARN{{Kind: registry.KindGroup, Name: "second"}})
		if err != nil {
			return out, err
		}
		if err := j.Associate(added, nil, g.now); err != nil {
			return out, err
		}
		page, err := g.nextTargets(j, *j.Backfill, len(j.Sources), inlineStep, g.enters)
		if err == nil && (!page.exhausted || len(page.things) > 0) {
			t.Errorf("%d of %d things, exhausted %t, at %+v of %d sources", len(page.things), things, page.exhausted, page.at, len(j.Sources))
		}
		return out, err
	}))
}
