package engine

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store/memory"
)

// The sweep of a large job and the tick of a small one take turns: the tick waits for one step, not
// for the sweep (R-ROLL-3, R-CON-24).
func TestDueJobsTakeTurns(t *testing.T) {
	t.Parallel()
	v := clock.NewVirtual(time.Unix(1e9, 0))
	e := New(Config{Store: memory.Open(), Clock: v, IDs: &ids.Counting{}, Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler), Stepped: true})
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, group := range []string{"large", "small"} {
		_, err := e.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: group})
		must(err)
		for i := range map[string]int{"large": 2000, "small": 3}[group] {
			name := fmt.Sprintf("%s-%d", group, i)
			_, err := e.Fleet.CreateThing(ctx, fleet.NewThing{Name: name})
			must(err)
			must(e.Fleet.AddMember(ctx, group, name))
		}
		_, err = e.Jobs.CreateJob(ctx, jobs.NewJob{ID: group, Document: "{}", Definition: job.Definition{
			Targets: []job.Target{job.GroupTarget(registry.DefaultScope, group)}, Rollout: &job.RolloutConfig{MaximumPerMinute: map[string]int{"large": 1000, "small": 1}[group]},
		}})
		must(err)
	}
	v.Set(v.Now().Add(time.Minute))
	must(e.RunDue(ctx)) // all of the large one, two of the small one
	v.Set(v.Now().Add(time.Minute))
	_, err := e.Jobs.CancelJob(ctx, "large", job.Cancellation{})
	must(err)
	for range 2 {
		must(e.commits.Do(ctx, e.dueStep))
	}
	small, err := e.Jobs.DescribeJob(ctx, "small")
	must(err)
	large, err := e.Jobs.DescribeJob(ctx, "large")
	must(err)
	if small.Counts[job.ExecutionQueued] != 3 || large.Sweep == job.NoSweep {
		t.Errorf("after two steps the small job has %d of 3, and the sweep of the large one is %q", small.Counts[job.ExecutionQueued], large.Sweep)
	}
}
