package main

import (
	"context"
	"fmt"
	"time"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The rows of the table of growth about lists, about things with very much to do, and about jobs that
// end. What they start from is written into the store directly, because the requests that would make
// it are measured elsewhere.

// listBound is how long one page of a filtered list may take.
const listBound = 100 * time.Millisecond

// countBound is how long counting what a query matches may take (R-WEB-34).
const countBound = time.Second

// thingsOfFleet is lists of things and groups that match nothing.
var thingsOfFleet = growth{
	name:  "things and groups of the fleet",
	sizes: []int{100, 10_000, 100_000},
	setUp: func(ctx context.Context, g *grown) error {
		return g.fill(ctx, g.size, func(c *store.Changes, i int) {
			c.Registry.CreatedThings = append(c.Registry.CreatedThings, storedThing(i))
			group := registry.Group{ID: registry.GroupID(i), Name: fmt.Sprintf("g%06d", i), UUID: fmt.Sprint(i)}
			if i > 1 {
				group.Parent = registry.GroupID(1 + (i-2)/100)
			}
			c.Registry.CreatedGroups = append(c.Registry.CreatedGroups, group)
		})
	},
	operations: []operation{
		{
			name:   "ListThings by an attribute, one page",
			times:  5,
			within: listBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				by := registry.AttributeFilter{Name: "site", Value: "nowhere"}
				_, _, err := g.Fleet.ListThings(ctx, store.ThingQuery{Limit: 25}, by)
				return err
			},
		},
		{
			name:   "SearchIndex, one page",
			times:  5,
			within: listBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, _, err := g.Fleet.Search(ctx, "attributes.site:nowhere", "", 25)
				return err
			},
		},
		{
			name:   "CountThings, in an attribute and a group",
			times:  3,
			within: countBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, err := g.Fleet.Count(ctx, "attributes.site:nowhere OR thingGroupNames:nowhere")
				return err
			},
		},
		{
			name:   "ListThingsInThingGroup recursive, one page",
			times:  5,
			within: listBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, _, err := g.Fleet.ListMembers(ctx, "g000001", true, fleet.GroupMember{}, 25)
				return err
			},
		},
	},
}

// executionsOfThing is a thing with very many pending executions, of a job each.
var executionsOfThing = growth{
	name:  "pending executions of a thing, and active jobs",
	sizes: []int{20, 100, 1000, 20_000},
	setUp: func(ctx context.Context, g *grown) error {
		return g.fill(ctx, g.size, func(c *store.Changes, i int) {
			if i == 1 {
				c.Registry.CreatedThings = []registry.Thing{storedThing(1), storedThing(2)}
			}
			c.Job.CreatedJobs = append(c.Job.CreatedJobs, storedJob(i, job.State{Status: job.InProgress}))
			x := job.NewExecution(job.ExecutionKey{Job: job.Key(i), Thing: 1, Number: 1}, g.Now())
			x.Sequence = int64(i)
			c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
		})
	},
	operations: []operation{
		{
			name:  "GetPendingJobExecutions",
			times: 100,
			ratio: 1.5,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, err := g.Jobs.Pending(ctx, thing(1), 10)
				return err
			},
		},
		{
			name:  "ListJobExecutionsForThing with jobId",
			times: 100,
			ratio: 1.5,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, _, err := g.Jobs.ExecutionsOfThing(ctx, thing(1), jobs.ExecutionFilter{JobID: "stored-1", Limit: 25})
				return err
			},
		},
		{
			name:  "CreateJob on another thing",
			times: 20,
			ratio: 1.5,
			do: func(ctx context.Context, g *grown, i int) error {
				return g.createOn(ctx, fmt.Sprint("new-", i), job.ThingTarget(registry.DefaultScope, thing(2)))
			},
		},
	},
}

// thingsOfEndedJob is jobs that are purged after the retention, one after the other.
var thingsOfEndedJob = growth{
	name:  "things of a job that is purged",
	sizes: []int{100, 10_000, 100_000},
	setUp: func(ctx context.Context, g *grown) error {
		state := job.State{Status: job.Completed, Sweep: job.SweepAll}
		return g.fill(ctx, g.size, func(c *store.Changes, i int) {
			c.Registry.CreatedThings = append(c.Registry.CreatedThings, storedThing(i))
			for n := range purges {
				if i == 1 {
					c.Job.CreatedJobs = append(c.Job.CreatedJobs, storedJob(1+n, state))
				}
				key := job.ExecutionKey{Job: job.Key(1 + n), Thing: registry.ThingID(i), Number: 1}
				x := job.NewExecution(key, g.Now())
				x.Status = job.ExecutionSucceeded
				c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
			}
		})
	},
	operations: []operation{{
		name:   "until it is gone",
		times:  purges,
		commit: commitBound,
		do: func(ctx context.Context, g *grown, i int) error {
			purged := storedJob(1+i, job.State{Status: job.Completed, Sweep: job.SweepAll, Due: job.Immediately})
			err := g.store.Write(ctx, func(tx store.Tx) error {
				return tx.Apply(store.Changes{Job: store.JobChanges{States: []job.Job{purged.Job}}})
			})
			if err != nil {
				return err
			}
			return g.RunDue(ctx)
		},
	}},
}

// purges is how many jobs are purged, one after the other: the disk may hang in one of them.
const purges = 3

// timersTogether is executions whose deadline passes at one time, and a job whose tick was due before.
var timersTogether = growth{
	name:  "executions that time out together",
	sizes: []int{100, 1000, 5000},
	setUp: func(ctx context.Context, g *grown) error {
		state := job.State{Status: job.InProgress, RolloutEnded: true}
		state.Progress.Finished = true
		state.Counts[job.ExecutionInProgress] = int64(g.size)
		return g.fill(ctx, g.size, func(c *store.Changes, i int) {
			if i == 1 {
				c.Job.CreatedJobs = []store.CreatedJob{storedJob(1, state)}
			}
			c.Registry.CreatedThings = append(c.Registry.CreatedThings, storedThing(i))
			key := job.ExecutionKey{Job: 1, Thing: registry.ThingID(i), Number: 1}
			x := job.NewExecution(key, g.Now())
			x.Status, x.StartedAt, x.Deadline = job.ExecutionInProgress, g.Now(), g.Now()
			x.Sequence = int64(i)
			c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
		})
	},
	operations: []operation{{
		name:   "until all have",
		times:  1,
		commit: commitBound,
		do:     func(ctx context.Context, g *grown, _ int) error { return g.RunDue(ctx) },
	}},
}

func storedThing(i int) registry.Thing {
	return registry.Thing{ID: registry.ThingID(i), Name: thing(i), UUID: fmt.Sprint(i), Version: 1}
}

// storedJob is a job on the first thing.
func storedJob(i int, state job.State) store.CreatedJob {
	j := job.Job{Key: job.Key(i), ID: fmt.Sprint("stored-", i), State: state}
	j.Targets = []job.Target{job.ThingTarget(registry.DefaultScope, thing(1))}
	j.TargetSelection = job.Snapshot
	return store.CreatedJob{Job: j, Document: "{}"}
}

// fill writes what add adds for 1 to n into the store, a page at a time. No key that it uses is
// handed out later.
func (g *grown) fill(ctx context.Context, n int, add func(c *store.Changes, i int)) error {
	const page = 1000
	for from := 1; from <= n; from += page {
		var c store.Changes
		for i := from; i < from+page && i <= n; i++ {
			add(&c, i)
		}
		err := g.store.Write(ctx, func(tx store.Tx) error {
			keys := tx.NextKeys()
			for range page {
				keys.Thing()
				keys.Group()
				keys.Job()
				keys.Sequence()
			}
			return tx.Apply(c)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
