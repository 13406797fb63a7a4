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
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// newStepped returns a stepped engine on an empty store, and its clock.
func newStepped(t *testing.T) (registryWorld, *clock.Virtual) {
	t.Helper()
	v := clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	return steppedOn(t, memory.Open(), v), v
}

// steppedOn returns a stepped engine on a store, as it is after a restart.
func steppedOn(t *testing.T, s store.Store, v *clock.Virtual) registryWorld {
	t.Helper()
	return registryWorld{t, New(Config{
		Store:   s,
		Clock:   v,
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	}), func() {}}
}

// emptyTree makes a group with so many groups below it, ten below each of its children.
func (w registryWorld) emptyTree(top string, groups int) {
	w.Helper()
	w.static(top, "")
	child := ""
	for i := range groups {
		name, parent := fmt.Sprintf("%s-%04d", top, i), child
		if i%11 == 0 {
			parent, child = top, name
		}
		w.static(name, parent)
	}
}

// Groups without members are passed over in bounded steps, and still the end of the rollout is
// known at the tick that releases the last thing: a job with at most one thing for each tick ends
// its rollout at tick 0 (R-ROLL-13, R-ROLL-21, R-JOB-63).
func TestEmptyGroupsAreBounded(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, group string // of the one thing
		steps       int    // of due work, after the step of the request
		inline      int64  // executions when CreateJob returns
	}{
		{"at the beginning", "tree", 2, 1},
		{"at the end", "tree-0499", 2, 0},
	} {
		w, _ := newStepped(t)
		ctx := t.Context()
		w.emptyTree("tree", 500)
		w.thing("single", "")
		w.must(w.Fleet.AddMember(ctx, row.group, "single"))
		_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
			Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "tree")},
			Rollout: &job.RolloutConfig{MaximumPerMinute: 1},
		}})
		w.must(err)
		created, err := w.Jobs.DescribeJob(ctx, "j")
		w.must(err)
		if n := created.Counts.Total(); n != row.inline || created.Progress.Finished {
			t.Errorf("%s: CreateJob returns with %d executions, finished %v", row.name, n, created.Progress.Finished)
		}
		steps, after := 0, created
		for ; !after.Progress.Finished && steps < 20; steps++ {
			w.must(w.commits.Do(ctx, w.dueStep))
			after, err = w.Jobs.DescribeJob(ctx, "j")
			w.must(err)
		}
		if steps < row.steps || steps > 2*row.steps || after.Counts.Total() != 1 {
			t.Errorf("%s: %d steps, %d executions", row.name, steps, after.Counts.Total())
		}
	}
}

// Things that joined after the rollout began are passed over in bounded steps, too: a step that
// looks for the next of the old ones does not read all the new ones (R-JOB-52).
func TestLaterMembersAreBounded(t *testing.T) {
	t.Parallel()
	w, v := newStepped(t)
	ctx := t.Context()
	w.static("group", "")
	for _, name := range []string{"a", "b", "z"} {
		w.thing(name, "")
		w.must(w.Fleet.AddMember(ctx, "group", name))
	}
	_, err := w.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
		Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "group")},
		Rollout: &job.RolloutConfig{MaximumPerMinute: 1},
	}})
	w.must(err)
	for i := range 4000 {
		w.thing(fmt.Sprint("m", i), "")
		w.must(w.Fleet.ChangeMemberships(ctx, fmt.Sprint("m", i), fleet.MembershipChange{Add: []string{"group"}}))
	}
	v.Set(v.Now().Add(time.Minute))
	w.must(w.commits.Do(ctx, w.dueStep))
	after, err := w.Jobs.DescribeJob(ctx, "j")
	w.must(err)
	if after.Counts.Total() != 2 || !after.Progress.Searching || after.Progress.Cursor.After < "m" {
		t.Errorf("one step leaves the rollout at %+v", after.Progress)
	}
	w.must(w.RunDue(ctx))
	after, err = w.Jobs.DescribeJob(ctx, "j")
	w.must(err)
	if after.Counts.Total() != 2 || after.Progress.Searching || after.Progress.Finished {
		t.Errorf("one thing is left, and the rollout is at %+v", after.Progress)
	}
	v.Set(v.Now().Add(time.Minute))
	w.must(w.RunDue(ctx))
	if after, err = w.Jobs.DescribeJob(ctx, "j"); err != nil || after.Counts.Total() != 3 || !after.Progress.Finished {
		t.Errorf("at the end the rollout is at %+v, %v", after.Progress, err)
	}
}
