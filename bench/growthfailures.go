package main

import (
	"context"
	"fmt"
	"time"

	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// failuresBound is how long the failures of a job with 100,000 ended executions may take (R-FAIL-1).
const failuresBound = time.Second

// endedThings is a job for two groups that has ended on all of their things, on every 25th of them
// with a failure. Somebody asks which things fail, and what else would have become of the job.
var endedThings = growth{
	name:  "ended executions of a job",
	sizes: []int{1_000, 10_000, 100_000},
	setUp: func(ctx context.Context, g *grown) error {
		return g.fill(ctx, g.size, func(c *store.Changes, i int) {
			if i == 1 {
				c.Registry.CreatedGroups = []registry.Group{
					{ID: 1, Name: "even", UUID: "1"}, {ID: 2, Name: "odd", UUID: "2"},
				}
				j := job.Job{Key: 1, ID: "job", State: job.State{Status: job.Completed}}
				j.Targets = []job.Target{
					job.GroupTarget(registry.DefaultScope, "even"),
					job.GroupTarget(registry.DefaultScope, "odd"),
				}
				j.TargetGroups = []registry.GroupID{1, 2}
				c.Job.CreatedJobs = []store.CreatedJob{{Job: j, Document: "{}"}}
			}
			made := storedThing(i)
			made.Attributes = map[string]string{"site": fmt.Sprint(i % 20), "serial": fmt.Sprint(i)}
			c.Registry.CreatedThings = append(c.Registry.CreatedThings, made)
			c.Registry.AddedMemberships = append(c.Registry.AddedMemberships, registry.Membership{
				Group:  registry.GroupID(1 + i%2),
				Member: registry.Member{Thing: made.ID, Name: made.Name},
				Joined: int64(i),
			})
			c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, endedExecution(made.ID, i))
		})
	},
	operations: []operation{
		{
			name:   "DescribeFailures",
			times:  3,
			within: failuresBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				f, err := g.Answers.Failures(ctx, "job")
				if err == nil && f.Ended != int64(g.size) {
					return fmt.Errorf("%d have ended", f.Ended)
				}
				return err
			},
		},
		{
			name:   "DescribeJobProgress",
			times:  3,
			within: failuresBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				// Each time another service, which does not remember the reading before.
				fresh := &answers.Service{Store: g.Answers.Store, Clock: g.Answers.Clock}
				p, err := fresh.Progress(ctx, "job")
				if err == nil && p.Points[len(p.Points)-1].Released != int64(g.size) {
					return fmt.Errorf("%d were released", p.Points[len(p.Points)-1].Released)
				}
				return err
			},
		},
		{
			name:  "ReplayJob",
			times: 3,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, err := g.Answers.Replay(ctx, "job", answers.Tried{
					Rollout: &job.RolloutConfig{MaximumPerMinute: 500},
				})
				return err
			},
		},
	},
}

// endedExecution is the i-th execution of the job, released a millisecond after the one before it.
func endedExecution(thing registry.ThingID, i int) job.Execution {
	at := time.UnixMilli(1_800_000_000_000 + int64(i)).UTC()
	x := job.NewExecution(job.ExecutionKey{Job: 1, Thing: thing, Number: 1}, at)
	x.Sequence, x.StartedAt, x.UpdatedAt = int64(i), at.Add(time.Second), at.Add(time.Minute)
	x.Status = job.ExecutionSucceeded
	if i%25 == 0 {
		x.Status, x.Details = job.ExecutionFailed, map[string]string{"reason": "no room"}
	}
	return x
}
