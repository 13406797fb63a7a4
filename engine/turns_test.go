package engine

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// A tick waits for one step of the other work that is due, however much of it there is (R-CON-29):
// for a page of overdue timers, and for one of many sweeps.
func TestTickIsNotHeldUp(t *testing.T) {
	t.Parallel()
	const things, sweeps = 600, 100
	now := time.Unix(1e9, 0).UTC()
	for name, fill := range map[string]func(c *store.Changes){
		"very many timers": func(c *store.Changes) {
			for i := registry.ThingID(1); i <= things; i++ {
				for n := int64(1); n <= 5; n++ {
					j := job.Key(100 + n)
					x := job.NewExecution(job.ExecutionKey{Job: j, Thing: i, Number: 1}, now)
					x.Status, x.StartedAt, x.Deadline = job.ExecutionInProgress, now, now.Add(30*time.Second)
					c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
				}
			}
			for n := range 5 {
				state := job.State{Status: job.InProgress, RolloutEnded: true}
				state.Counts[job.ExecutionInProgress] = things
				state.Progress.Finished = true
				addJob(c, job.Key(101+n), state)
			}
		},
		"very many sweeps": func(c *store.Changes) {
			for n := range sweeps {
				state := job.State{Status: job.Canceled, Sweep: job.SweepQueued, Due: job.Immediately}
				state.Counts[job.ExecutionQueued] = things
				addJob(c, job.Key(101+n), state)
				for i := registry.ThingID(1); i <= things; i++ {
					key := job.ExecutionKey{Job: job.Key(101 + n), Thing: i, Number: 1}
					c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, job.NewExecution(key, now))
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, v := filled(t, now, things, fill)
			_, err := e.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: "ticks", Document: "{}", Definition: job.Definition{
				Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "t1"), job.ThingTarget(registry.DefaultScope, "t2")},
				Rollout: &job.RolloutConfig{MaximumPerMinute: 1},
			}})
			if err != nil {
				t.Fatal(err)
			}
			v.Set(now.Add(2 * time.Minute))
			for range 2 {
				if err := e.commits.Do(t.Context(), e.dueStep); err != nil {
					t.Fatal(err)
				}
			}
			ticks, err := e.Jobs.DescribeJob(t.Context(), "ticks")
			if err != nil || ticks.Counts[job.ExecutionQueued] != 2 {
				t.Errorf("after two steps the tick has made %v of 2 executions, %v", ticks.Counts, err)
			}
			if next, err := e.NextDue(t.Context()); err != nil || next.After(v.Now()) {
				t.Errorf("nothing else is due: %v, %v", next, err)
			}
		})
	}
}

// addJob adds a job with no targets of its own.
func addJob(c *store.Changes, key job.Key, state job.State) {
	j := job.Job{Key: key, ID: fmt.Sprint("j", key), State: state}
	c.Job.CreatedJobs = append(c.Job.CreatedJobs, store.CreatedJob{Job: j, Document: "{}"})
}

// filled is a stepped engine on a memory store with things t1, t2, … and what fill adds.
func filled(t *testing.T, now time.Time, things int, fill func(*store.Changes)) (*Engine, *clock.Virtual) {
	t.Helper()
	s := memory.Open()
	var c store.Changes
	for i := 1; i <= things; i++ {
		c.Registry.CreatedThings = append(c.Registry.CreatedThings, registry.Thing{ID: registry.ThingID(i), Name: fmt.Sprint("t", i)})
	}
	fill(&c)
	if err := s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(c) }); err != nil {
		t.Fatal(err)
	}
	v := clock.NewVirtual(now)
	return New(Config{
		Store: s, Clock: v, IDs: &ids.Counting{}, Log: slog.New(slog.DiscardHandler), Stepped: true,
		Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
	}), v
}
