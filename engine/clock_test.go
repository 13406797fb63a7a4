package engine

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// Wherever a server is killed, also while its clock is being moved or after a reset, nothing that
// is stored lies in the future of the clock that it starts with again.
func TestVirtualClockIsKept(t *testing.T) {
	t.Parallel()
	w := newRegistryWorld(t)
	ctx := t.Context()
	v := w.config.Clock.(*clock.Virtual)
	kept := func() {
		t.Helper()
		if last, err := commit.NewestTime(ctx, w.config.Store); err != nil || !last.Equal(v.Now()) {
			t.Errorf("the store has the clock at %v, %v; it stands at %v", last, err, v.Now())
		}
	}
	w.thing("a", "")
	kept()
	w.thing("b", "")
	targets := []job.Target{job.ThingTarget(registry.DefaultScope, "a"), job.ThingTarget(registry.DefaultScope, "b")}
	_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{Targets: targets, Rollout: &job.RolloutConfig{MaximumPerMinute: 1}}})
	w.must(err)
	v.Set(v.Now().Add(time.Hour)) // as Advance does, step by step
	w.must(w.RunDue(ctx))
	kept()
	w.must(w.Reset(ctx))
	w.thing("a", "")
	kept()
}
