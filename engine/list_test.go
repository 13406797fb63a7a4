package engine

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// A list of the executions of one status looks at no more than so many things, whatever the size of
// the job: a page may be empty, and says where to go on (R-API-26, R-WIRE-27).
func TestListOfOneStatusIsBounded(t *testing.T) {
	t.Parallel()
	const things = 2*store.MaxLooked + 10
	s := memory.Open()
	var c store.Changes
	now := time.Unix(1e9, 0).UTC()
	c.Job.CreatedJobs = []store.CreatedJob{{Job: job.Job{Key: 1, ID: "j", State: job.State{Status: job.InProgress}}, Document: "{}"}}
	for i := registry.ThingID(1); i <= things; i++ {
		c.Registry.CreatedThings = append(c.Registry.CreatedThings, registry.Thing{ID: i, Name: fmt.Sprintf("t%06d", i), UUID: fmt.Sprint(i)})
		x := job.NewExecution(job.ExecutionKey{Job: 1, Thing: i, Number: 1}, now)
		if i == things || i == store.MaxLooked {
			x.Status = job.ExecutionFailed
		}
		c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
	}
	if err := s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(c) }); err != nil {
		t.Fatal(err)
	}
	e := New(Config{Store: s, Clock: clock.NewVirtual(now), IDs: &ids.Counting{}, Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler)})
	failed := job.ExecutionFailed
	q := store.JobExecutionQuery{Status: &failed, Limit: 100}
	var pages []int
	var last string
	for {
		found, more, err := e.Jobs.ExecutionsOfJob(t.Context(), "j", q)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range found {
			last = x.ThingName
		}
		pages = append(pages, len(found))
		if q.After = more; more == nil || len(pages) > 10 {
			break
		}
	}
	if fmt.Sprint(pages) != "[1 0 1]" || last != fmt.Sprintf("t%06d", things) {
		t.Errorf("pages of %v, the last of them %s", pages, last)
	}
	if _, more, err := e.Jobs.ExecutionsOfJob(t.Context(), "j", store.JobExecutionQuery{Limit: 100}); more != nil || err != nil {
		t.Errorf("a list of all says that it goes on at %v, %v", more, err)
	}
}
