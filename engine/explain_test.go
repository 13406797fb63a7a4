package engine

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
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

// A rollout comes to each thing in the tick that was expected when it was far away. Of one group with
// groups below it, and of single things, that is exact; of several targets that share things the
// expected tick is the latest (R-EXP-2, R-EXP-6).
func TestExpectedTurns(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		for _, row := range []struct {
			name    string
			targets []job.Target
			exact   bool
		}{
			{"a tree", []job.Target{job.GroupTarget(registry.DefaultScope, "g0")}, true},
			{"things", thingTargets(9), true},
			{"both", append(thingTargets(5), job.GroupTarget(registry.DefaultScope, "g0")), false},
		} {
			t.Run(fmt.Sprint(row.name, " ", seed), func(t *testing.T) {
				t.Parallel()
				f := newExpected(t, rand.New(rand.NewPCG(seed, 0)))
				f.create(row.targets)
				f.check(row.exact)
			})
		}
	}
}

// thingTargets are the first n things as targets, the last of them first.
func thingTargets(n int) (targets []job.Target) {
	for i := range n {
		targets = append(targets, job.ThingTarget(registry.DefaultScope, fmt.Sprintf("t%02d", n-1-i)))
	}
	return targets
}

// expected is a fleet of 40 things in a tree of groups, some of which join after the job was made.
type expected struct {
	*Engine
	t     *testing.T
	clock *clock.Virtual
	draw  *rand.Rand
	group []int // of each thing, -1 for none
}

// groupsInTree and thingsInTree are how many there are. Group 0 is the root, and each other one lies
// below one with a smaller number.
const groupsInTree, thingsInTree = 6, 40

func newExpected(t *testing.T, draw *rand.Rand) *expected {
	f := &expected{t: t, draw: draw, clock: clock.NewVirtual(noon)}
	f.Engine = New(Config{
		Store:   memory.Open(),
		Clock:   f.clock,
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	})
	for i := range groupsInTree {
		g := fleet.NewGroup{Name: fmt.Sprint("g", i)}
		if i > 0 {
			g.Parent = fmt.Sprint("g", draw.IntN(i))
		}
		_, err := f.Fleet.CreateGroup(t.Context(), g)
		f.must(err)
	}
	for i := range thingsInTree {
		_, err := f.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: name(i)})
		f.must(err)
		f.group = append(f.group, draw.IntN(groupsInTree+2)-2)
		if f.group[i] >= 0 {
			f.must(f.Fleet.AddMember(t.Context(), fmt.Sprint("g", f.group[i]), name(i)))
		}
	}
	return f
}

func name(i int) string { return fmt.Sprintf("t%02d", i) }

func (f *expected) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// create makes a job of three a minute, runs it for some minutes, and lets things join that are no
// targets of it.
func (f *expected) create(targets []job.Target) {
	f.t.Helper()
	_, err := f.Jobs.CreateJob(f.t.Context(), jobs.NewJob{
		ID:       "fw",
		Document: "{}",
		Definition: job.Definition{
			Targets: targets,
			Rollout: &job.RolloutConfig{MaximumPerMinute: 3},
		},
	})
	f.must(err)
	for i, group := range f.group {
		if group == -1 {
			f.must(f.Fleet.AddMember(f.t.Context(), fmt.Sprint("g", f.draw.IntN(groupsInTree)), name(i)))
		}
	}
	for range f.draw.IntN(4) {
		f.minute()
	}
}

func (f *expected) minute() {
	f.t.Helper()
	f.clock.Set(f.clock.Now().Add(time.Minute))
	f.must(f.RunDue(f.t.Context()))
}

// check asks when each thing has its turn, and looks when it had.
func (f *expected) check(exact bool) {
	f.t.Helper()
	turns := map[string]time.Time{}
	for i := range thingsInTree {
		a, err := f.Answers.ExplainThing(f.t.Context(), name(i), "fw")
		f.must(err)
		if r := a.Reasons[0]; r.Code == "ROLLOUT_TURN" {
			turns[name(i)] = r.Expected
		}
	}
	for range thingsInTree {
		f.minute()
	}
	for thing, turn := range turns {
		x, err := f.Jobs.DescribeExecution(f.t.Context(), thing, "fw", nil)
		f.must(err)
		if x.QueuedAt.After(turn) || exact && !x.QueuedAt.Equal(turn) {
			f.t.Errorf("%s had its turn at %s, expected was %s", thing, x.QueuedAt, turn)
		}
	}
}
