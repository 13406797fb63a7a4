package engine

import (
	"context"
	"testing"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// However much belongs to a job that is deleted or purged, no step removes more rows than a step may,
// and nothing of it is left; what a purge removes is counted (R-JOB-34, R-LIM-49, R-CON-27, R-OBS-4).
func TestJobEndsInBoundedSteps(t *testing.T) {
	t.Parallel()
	const things = 1000
	now := time.Unix(1e9, 0).UTC()
	for name, state := range map[string]job.State{
		"deleted": {Status: job.DeletionInProgress, Sweep: job.SweepAll, Due: job.Immediately},
		"purged":  {Status: job.Completed, Sweep: job.SweepAll, Due: job.Immediately},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, _ := filled(t, now, things, func(c *store.Changes) {
				state.Counts[job.ExecutionSucceeded] = things
				addJob(c, 1, state)
				for i := registry.ThingID(1); i <= things; i++ {
					x := job.NewExecution(job.ExecutionKey{Job: 1, Thing: i, Number: 1}, now)
					x.Status = job.ExecutionSucceeded
					c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
					c.Job.LateJoinersAdded = append(c.Job.LateJoinersAdded, store.LateJoiner{Job: 1, Thing: i})
					c.Job.RetriesWaiting = append(c.Job.RetriesWaiting, store.WaitingRetry{Job: 1, Thing: i})
					c.Job.Confirmations = append(c.Job.Confirmations, job.Confirmation{
						ExecutionKey: x.ExecutionKey,
						Until:        now.Add(time.Hour),
					})
				}
			})
			dropNumbers(t, e, things/2)
			var purged commit.Purged
			e.commits.Observe = func(m commit.Made) {
				purged.Jobs += m.Purged.Jobs
				purged.Executions += m.Purged.Executions
			}
			steps := 0
			for next := (time.Time{}); steps == 0 || !next.IsZero(); steps++ {
				rows := 0
				err := e.commits.Do(t.Context(), func(tx *commit.Tx) error {
					if err := e.dueStep(tx); err != nil {
						return err
					}
					c := tx.Changes.Job
					rows = len(c.DeletedExecutions) + len(c.LateJoinersDone) +
						len(c.RetriesDone) + len(c.ConfirmationsDone) + len(c.ForgottenNumbers)
					return nil
				})
				if err != nil || rows > 250 {
					t.Fatalf("a step removes %d rows, %v", rows, err)
				}
				if next, err = e.NextDue(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := e.Jobs.DescribeJob(t.Context(), "j1"); !fault.Is(err, fault.NotFound) {
				t.Errorf("after %d steps the job is there: %v", steps, err)
			}
			var want commit.Purged
			if name == "purged" {
				want = commit.Purged{Jobs: 1, Executions: things / 2}
			}
			if purged != want {
				t.Errorf("as purged are counted %+v, want %+v", purged, want)
			}
		})
	}
}

// dropNumbers deletes the executions of the first things of job 1, whose numbers stay used.
func dropNumbers(t *testing.T, e *Engine, things int) {
	t.Helper()
	err := e.config.Store.Write(t.Context(), func(tx store.Tx) error {
		var c store.Changes
		for i := 1; i <= things; i++ {
			key := job.ExecutionKey{Job: 1, Thing: registry.ThingID(i), Number: 1}
			c.Job.DeletedExecutions = append(c.Job.DeletedExecutions, key)
		}
		return tx.Apply(c)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A job that is purged stores nothing new about the executions that it loses.
func TestPurgeKeepsNoNumbers(t *testing.T) {
	t.Parallel()
	now := time.Unix(1e9, 0).UTC()
	e, _ := filled(t, now, 600, func(c *store.Changes) {
		state := job.State{Status: job.Canceled, Sweep: job.SweepAll, Due: job.Immediately}
		addJob(c, 1, state)
		for i := registry.ThingID(1); i <= 600; i++ {
			x := job.NewExecution(job.ExecutionKey{Job: 1, Thing: i, Number: 1}, now)
			c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
		}
	})
	if err := e.commits.Do(t.Context(), e.dueStep); err != nil {
		t.Fatal(err)
	}
	err := e.config.Store.Read(context.Background(), func(r store.Reader) error {
		left, err := r.SomeOfJob(1, 1000)
		if err != nil {
			return err
		}
		used, err := r.UsedNumbers(1, 1000)
		if len(left) == 600 || len(used) > 0 {
			t.Errorf("%d executions are left, %d numbers are stored", len(left), len(used))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
