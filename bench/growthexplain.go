package main

import (
	"context"
	"fmt"
	"time"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// explainBound is how long an explanation may take in a fleet of any size (R-EXP-6).
const explainBound = 5 * time.Millisecond

// thingsOfSlowJob is a job that is rolled out slowly to a large group, of which somebody asks why its
// things do not have it: the first has, one in the middle and the last wait for their turn.
var thingsOfSlowJob = growth{
	name:  "things that wait for a job",
	sizes: []int{100, 10_000, 1_000_000},
	setUp: func(ctx context.Context, g *grown) error {
		err := g.fill(ctx, g.size, func(c *store.Changes, i int) {
			if i == 1 {
				c.Registry.CreatedGroups = []registry.Group{{ID: 1, Name: "group", UUID: "1"}}
			}
			made := storedThing(i)
			c.Registry.CreatedThings = append(c.Registry.CreatedThings, made)
			c.Registry.AddedMemberships = append(c.Registry.AddedMemberships, registry.Membership{
				Group:  1,
				Member: registry.Member{Thing: made.ID, Name: made.Name},
			})
		})
		if err != nil {
			return err
		}
		_, err = g.Jobs.CreateJob(ctx, jobs.NewJob{
			ID:       "job",
			Document: "{}",
			Definition: job.Definition{
				Targets: []job.Target{job.GroupTarget(registry.DefaultScope, "group")},
				Rollout: &job.RolloutConfig{MaximumPerMinute: 10},
			},
		})
		if err != nil {
			return err
		}
		return g.RunDue(ctx)
	},
	operations: []operation{
		{
			name:   "ExplainThing, QUEUED",
			times:  100,
			ratio:  1.3,
			within: explainBound,
			do:     explainThing(func(int) int { return 1 }, "job"),
		},
		{
			name:   "ExplainThing, half of the fleet before it",
			times:  50,
			within: explainBound,
			do:     explainThing(func(size int) int { return size / 2 }, "job"),
		},
		{
			name:   "ExplainThing, the last of the fleet, the job not named",
			times:  50,
			within: explainBound,
			do:     explainThing(func(size int) int { return size }, ""),
		},
		{
			name:   "ExplainJob",
			times:  100,
			ratio:  1.3,
			within: explainBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, _, err := g.Answers.ExplainJob(ctx, "job")
				return err
			},
		},
	},
}

// explainThing explains a thing, by its place in the fleet, and wants to hear of a job.
func explainThing(place func(size int) int, jobID string) func(context.Context, *grown, int) error {
	return func(ctx context.Context, g *grown, _ int) error {
		a, err := g.Answers.ExplainThing(ctx, thing(place(g.size)), jobID)
		if err == nil && a.JobID != "job" {
			return fmt.Errorf("%s is explained by %+v", thing(place(g.size)), a)
		}
		return err
	}
}
