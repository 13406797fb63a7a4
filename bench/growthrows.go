package main

import (
	"context"
	"fmt"
	"time"

	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// The rows of the table of growth.

// commitBound is how long one commit may keep all devices waiting.
const commitBound = 100 * time.Millisecond

// groupsBelowTarget is a job whose target has many groups below it (R-JOB-63). The things are in
// the target itself but for one, which is in the last group, so that the rollout comes by all of
// them.
var groupsBelowTarget = growth{
	name:  "groups below the target of a job",
	sizes: []int{2, 100, 1010, 10100},
	setUp: func(ctx context.Context, g *grown) error {
		last, err := g.tree(ctx, "root", g.size)
		if err != nil {
			return err
		}
		if err := g.things(ctx, "root", treeThings); err != nil {
			return err
		}
		if _, err := g.Fleet.CreateThing(ctx, fleet.NewThing{Name: "last"}); err != nil {
			return err
		}
		if err := g.Fleet.AddMember(ctx, last, "last"); err != nil {
			return err
		}
		return g.createAndRun(ctx, "job", "root")
	},
	operations: []operation{
		{
			name:  "DescribeJobExecution $next",
			times: 300,
			ratio: 1.3,
			do:    readThing((*jobs.Service).Next, true),
		},
		{
			name:  "GetPendingJobExecutions",
			times: 300,
			ratio: 1.3,
			do:    readThing((*jobs.Service).Pending, 10),
		},
		{
			name:  "DescribeJob",
			times: 300,
			ratio: 1.3,
			do: func(ctx context.Context, g *grown, _ int) error {
				_, err := g.Jobs.DescribeJob(ctx, "job")
				return err
			},
		},
		{
			name:  "UpdateJobExecution",
			times: 150,
			ratio: 1.3,
			do: func(ctx context.Context, g *grown, i int) error {
				details := map[string]string{"n": fmt.Sprint(i)}
				report := job.Report{Event: job.ReportInProgress, Details: details}
				_, err := g.Jobs.Report(ctx, thing(i%treeThings), "job", report, false)
				return err
			},
		},
		{
			name:  "UpdateJobExecution, FAILED and retried",
			times: 150,
			ratio: 1.3,
			do: func(ctx context.Context, g *grown, i int) error {
				report := job.Report{Event: job.ReportFailed}
				_, err := g.Jobs.Report(ctx, thing(i%treeThings), "job", report, false)
				return err
			},
		},
		{
			name:  "UpdateJob",
			times: 150,
			ratio: 1.3,
			do: func(ctx context.Context, g *grown, i int) error {
				rollout := &job.RolloutConfig{MaximumPerMinute: 1000 - i%2}
				return g.Jobs.UpdateJob(ctx, "job", nil, job.Update{Rollout: rollout})
			},
		},
		{
			name:  "AddThingToThingGroup, and out of it",
			times: 50,
			ratio: 1.3,
			do: func(ctx context.Context, g *grown, i int) error {
				if err := g.Fleet.RemoveMember(ctx, "root", thing(treeThings-1)); err != nil {
					return err
				}
				return g.Fleet.AddMember(ctx, "root", thing(treeThings-1))
			},
		},
		{
			name:   "CreateJob",
			times:  20,
			ratio:  1.3,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, i int) error {
				return g.create(ctx, fmt.Sprint("created-", i), "root")
			},
		},
		{
			name:   "… and a rollout through all groups",
			times:  3,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, i int) error {
				return g.createAndRun(ctx, fmt.Sprint("walked-", i), "root")
			},
		},
	},
}

// treeThings is how many things are in the group at the top of a tree.
const treeThings = 200

// jobsTogether is requests that make a job each and wait for one commit.
var jobsTogether = growth{
	name:  "CreateJobs that are sent together",
	sizes: []int{1, 100, 1000},
	setUp: func(ctx context.Context, g *grown) error { return g.things(ctx, "group", 1) },
	operations: []operation{
		{
			name:   "on one thing",
			times:  3,
			within: 1200 * time.Millisecond,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, i int) error {
				return g.createTogether(ctx, fmt.Sprint("a", i), g.size, "group")
			},
		},
	},
}

// releasesTogether is jobs of which each creates a hundred executions at once.
var releasesTogether = growth{
	name:  "CreateJobs on 2000 things that are sent together",
	sizes: []int{1, 20, 100},
	setUp: func(ctx context.Context, g *grown) error { return g.things(ctx, "group", 2000) },
	operations: []operation{
		{
			name:   "until they are answered",
			times:  3,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, i int) error {
				return g.createTogether(ctx, fmt.Sprint("a", i), g.size, "group")
			},
		},
	},
}

// jobsOfGroup is a group that many continuous jobs have as their target.
var jobsOfGroup = growth{
	name:  "continuous jobs of a group",
	sizes: []int{1, 100, 1000},
	setUp: func(ctx context.Context, g *grown) error {
		if err := g.things(ctx, "group", 1); err != nil {
			return err
		}
		if err := g.things(ctx, "elsewhere", 10); err != nil {
			return err
		}
		for i := range g.size {
			if err := g.create(ctx, fmt.Sprint("job-", i), "group"); err != nil {
				return err
			}
		}
		return g.RunDue(ctx)
	},
	operations: []operation{
		{
			name:   "AddThingToThingGroup",
			times:  5,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, i int) error {
				return g.Fleet.AddMember(ctx, "group", elsewhere(i))
			},
		},
		{
			name:   "… and all its executions",
			times:  1,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				return g.RunDue(ctx)
			},
		},
		{
			name:   "RemoveThingFromThingGroup",
			times:  3,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, i int) error {
				return g.Fleet.RemoveMember(ctx, "group", elsewhere(i))
			},
		},
		{
			name:   "DeleteThing",
			times:  2,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, i int) error {
				return g.Fleet.DeleteThing(ctx, elsewhere(3+i), nil)
			},
		},
		{
			name:   "… until all is REMOVED",
			times:  1,
			commit: commitBound,
			do: func(ctx context.Context, g *grown, _ int) error {
				return g.RunDue(ctx)
			},
		},
	},
}

func elsewhere(i int) string { return fmt.Sprintf("elsewhere-%07d", i) }

// readThing is an operation that reads something of one thing.
func readThing[T, A any](
	read func(*jobs.Service, context.Context, string, A) (T, error), argument A,
) func(context.Context, *grown, int) error {
	return func(ctx context.Context, g *grown, i int) error {
		_, err := read(g.Jobs, ctx, thing(i%treeThings), argument)
		return err
	}
}

// tree makes a group with so many groups below it, a hundred below each, and returns the last one.
func (g *grown) tree(ctx context.Context, top string, groups int) (last string, err error) {
	names := []string{top}
	if _, err := g.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: top}); err != nil {
		return "", err
	}
	for i := range groups {
		name := fmt.Sprintf("%s-%06d", top, i)
		new := fleet.NewGroup{Name: name, Parent: names[i/100]}
		if _, err := g.Fleet.CreateGroup(ctx, new); err != nil {
			return "", err
		}
		names = append(names, name)
	}
	return names[groups], nil
}

// things makes things in a group of their own. Those of a group "elsewhere" have its name.
func (g *grown) things(ctx context.Context, group string, n int) error {
	if _, err := g.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: group}); err != nil {
		return err
	}
	for i := range n {
		name := thing(i)
		if group == "elsewhere" {
			name = elsewhere(i)
		}
		if _, err := g.Fleet.CreateThing(ctx, fleet.NewThing{Name: name}); err != nil {
			return err
		}
		if err := g.Fleet.AddMember(ctx, group, name); err != nil {
			return err
		}
	}
	return nil
}

// create makes a continuous job on a group, whose executions are retried when they fail.
func (g *grown) create(ctx context.Context, id, group string) error {
	return g.createOn(ctx, id, job.GroupTarget(registry.DefaultScope, group))
}

// createOn makes a job on a target: a continuous one, unless it is a thing.
func (g *grown) createOn(ctx context.Context, id string, target job.Target) error {
	selection := job.Continuous
	if target.Kind == registry.KindThing {
		selection = job.Snapshot
	}
	retried := job.RetryCriterion{FailureType: job.FailureAll, Retries: job.MaxRetries}
	_, err := g.Jobs.CreateJob(ctx, jobs.NewJob{
		ID:       id,
		Document: `{"operation":"upgrade"}`,
		Definition: job.Definition{
			Targets:         []job.Target{target},
			TargetSelection: selection,
			Retry:           &job.RetryConfig{Criteria: []job.RetryCriterion{retried}},
		},
	})
	return err
}

func (g *grown) createAndRun(ctx context.Context, id, group string) error {
	if err := g.create(ctx, id, group); err != nil {
		return err
	}
	return g.RunDue(ctx)
}

// createTogether makes n jobs by requests that wait at the same time.
func (g *grown) createTogether(ctx context.Context, prefix string, n int, group string) error {
	errs := make([]error, n)
	requests := make([]func(), n)
	for i := range n {
		requests[i] = func() { errs[i] = g.create(ctx, fmt.Sprint(prefix, "-", i), group) }
	}
	g.Together(requests...)
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
