package commit

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Requests that wait together share a commit until it is full; the others go on in the next ones,
// in their order (R-CON-27).
func TestCommitsAreBounded(t *testing.T) {
	t.Parallel()
	makeJob := func(tx *Tx) error {
		key := tx.Keys.Job()
		create(tx, newJob(key, fmt.Sprint("j", key)))
		return nil
	}
	makeThing := func(tx *Tx) error {
		thing := tx.Keys.Thing()
		tx.Changes.Registry.CreatedThings = append(tx.Changes.Registry.CreatedThings,
			registry.Thing{ID: thing, Name: fmt.Sprint("t", thing)})
		return nil
	}
	refused := fault.New(fault.Invalid, "refused")
	for _, row := range []struct {
		name     string
		requests int
		decide   Decision
		answer   error
		commits  []int // how many requests each has
	}{
		{"one job", 1, makeJob, nil, []int{1}},
		{"as many as fit", 43, makeJob, nil, []int{43}},
		{"one more", 44, makeJob, nil, []int{43, 1}},
		{"things are one row", 1000, makeThing, nil, []int{1000}},
		{"work that writes nothing", 5, func(tx *Tx) error { tx.AddWork(400); return nil }, nil, []int{3, 2}},
		{"refused requests write nothing", 600, func(tx *Tx) error {
			create(tx, newJob(1, "j"))
			return refused
		}, refused, []int{600}},
	} {
		c, _ := newStepped(t)
		var commits []int
		decided := 0
		c.Hooks.Committed = []func(*Tx){func(*Tx) {
			commits = append(commits, decided)
			decided = 0
		}}
		var order []int
		requests := make([]func(), row.requests)
		for i := range requests {
			requests[i] = func() {
				err := c.Do(t.Context(), func(tx *Tx) error {
					decided++
					order = append(order, i)
					return row.decide(tx)
				})
				if !errors.Is(err, row.answer) {
					t.Errorf("%s: request %d: %v", row.name, i, err)
				}
			}
		}
		c.Together(requests...)
		if diff := cmp.Diff(row.commits, commits); diff != "" {
			t.Errorf("%s: requests of each commit (-want +got):\n%s", row.name, diff)
		}
		for i, n := range order {
			if i != n {
				t.Errorf("%s: request %d was decided in place %d", row.name, n, i)
				break
			}
		}
	}
}

// A commit that fails has each of its requests tried alone, and those behind it are answered too.
func TestRequestsBehindAFailure(t *testing.T) {
	t.Parallel()
	c, _ := newStepped(t)
	errs := make([]error, 300)
	requests := make([]func(), len(errs))
	for i := range requests {
		requests[i] = func() {
			errs[i] = c.Do(t.Context(), func(tx *Tx) error {
				create(tx, newJob(job.Key(1+i), fmt.Sprint("j", i)))
				if i == 100 {
					tx.Changes.Job.DeletedTemplates = []string{"none"} // the store refuses
				}
				return nil
			})
		}
	}
	c.Together(requests...)
	for i, err := range errs {
		if (err != nil) != (i == 100) {
			t.Errorf("request %d: %v", i, err)
		}
	}
}

// What counts as how many rows: a new job is worth twenty-four, and details as many as they fill.
func TestRows(t *testing.T) {
	t.Parallel()
	details := func(bytes int) job.Execution {
		return job.Execution{Details: map[string]string{"k": strings.Repeat("x", bytes-1)}}
	}
	for _, row := range []struct {
		name    string
		changes store.JobChanges
		want    int
	}{
		{"nothing", store.JobChanges{}, 0},
		{"a job", store.JobChanges{CreatedJobs: []store.CreatedJob{{}}}, 24},
		{"a report", store.JobChanges{UpdatedExecutions: []job.Execution{details(100)}}, 1},
		{"one with less than a row of details",
			store.JobChanges{UpdatedExecutions: []job.Execution{details(4095)}}, 1},
		{"one with a row of details",
			store.JobChanges{UpdatedExecutions: []job.Execution{details(4096)}}, 2},
		{"one with ten", store.JobChanges{UpdatedExecutions: []job.Execution{details(40960)}}, 11},
		{"several with a row together", store.JobChanges{
			UpdatedExecutions: []job.Execution{details(2048), details(2048)},
		}, 3},
	} {
		if got := rows(&store.Changes{Job: row.changes}); got != row.want {
			t.Errorf("%s: %d rows, want %d", row.name, got, row.want)
		}
	}
}
