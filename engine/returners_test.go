package engine

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// A device that flickers in a dynamic group before its turn gets its execution all the same
// (R-JOB-54). What was remembered for that is forgotten once no rollout counts it.
func TestFlickerInDynamicGroup(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	v := w.config.Clock.(*clock.Virtual)
	left := func() (n int) {
		t.Helper()
		w.must(w.config.Store.Read(ctx, func(r store.Reader) error {
			found, err := r.LeftBefore(1<<40, 100)
			n = len(found)
			return err
		}))
		return n
	}
	firmware := func(name, version string) {
		t.Helper()
		attributes := map[string]string{"fw": version}
		w.must(w.Fleet.UpdateThing(ctx, name, registry.ThingUpdate{Attributes: attributes}))
	}
	for _, name := range []string{"a", "b", "c"} {
		w.thing(name, "", "fw", "1")
	}
	w.dynamic("old", "attributes.fw:1")
	firmware("c", "0")
	firmware("c", "1")
	if n := left(); n != 0 {
		t.Errorf("%d memberships are remembered, and nothing rolls out", n)
	}
	_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
		Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "old")},
		Rollout: &job.RolloutConfig{MaximumPerMinute: 1},
	}})
	w.must(err)
	firmware("c", "0")
	firmware("c", "1")
	if n := left(); n != 1 {
		t.Errorf("%d memberships are remembered, want that of c", n)
	}
	w.must(w.Advance(ctx, v.Now().Add(2*time.Minute)))
	described, err := w.Jobs.DescribeJob(ctx, "j")
	if w.must(err); described.Counts[job.ExecutionQueued] != 3 || !described.Progress.Finished {
		t.Errorf("after three ticks: %v, finished %v", described.Counts, described.Progress.Finished)
	}
	w.must(w.Advance(ctx, v.Now().Add(2*time.Minute)))
	if n := left(); n != 0 {
		t.Errorf("%d memberships are remembered after the rollout", n)
	}
}
