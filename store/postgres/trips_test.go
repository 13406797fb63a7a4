package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/postgres"
	"github.com/drover-iot/drover/test/testpostgres"
)

// What a batch costs is its round trips, and they are as many for a hundred devices as for ten: for
// the tick that creates their executions, for the batch in which they begin them, for one in which
// they report progress, for the one in which all of them end, and for the names of those that are
// notified.
func TestTripsDoNotGrow(t *testing.T) {
	t.Parallel()
	few, many := tripsOfFleet(t, 10), tripsOfFleet(t, 100)
	if diff := cmp.Diff(few, many); diff != "" {
		t.Errorf("round trips of a batch of 10 and of 100 devices (-10 +100):\n%s", diff)
	}
	for batch, trips := range many {
		if trips > maxTrips {
			t.Errorf("%s: %d round trips, want at most %d", batch, trips, maxTrips)
		}
	}
}

// A list of what is pending on a thing takes as many round trips for twenty jobs as for two.
func TestTripsOfPendingList(t *testing.T) {
	t.Parallel()
	few, many := tripsOfList(t, 2), tripsOfList(t, 20)
	if few != many || many > 6 {
		t.Errorf("%d round trips with 2 jobs, %d with 20, want the same and at most 6", few, many)
	}
}

// tripsOfList lists the pending executions of a thing that has one of each of n jobs.
func tripsOfList(t *testing.T, n int) int64 {
	t.Helper()
	s, e := counted(t)
	if _, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "pump"}); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if _, err := e.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: fmt.Sprint("j", i), Document: "{}", Definition: job.Definition{
			TargetSelection: job.Snapshot,
			Targets:         []job.Target{job.ThingTarget(registry.DefaultScope, "pump")},
		}}); err != nil {
			t.Fatal(err)
		}
	}
	before := s.Trips()
	if found, err := e.Jobs.Pending(t.Context(), "pump", 100); err != nil || len(found) != n {
		t.Fatalf("%d are pending, want %d: %v", len(found), n, err)
	}
	return s.Trips() - before
}

// counted is a stepped engine on a store whose round trips are counted.
func counted(t *testing.T) (*postgres.Store, *engine.Engine) {
	t.Helper()
	s, err := postgres.Open(t.Context(), testpostgres.Schema(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s, engine.New(engine.Config{
		Store:   s,
		Clock:   clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
		Notify:  func(context.Context, []store.Notice) error { return nil },
	})
}

// maxTrips is more than a batch of reports needs.
const maxTrips = 16

// tripsOfFleet runs a job on n things, in batches of all of them, and counts the round trips.
func tripsOfFleet(t *testing.T, n int) map[string]int64 {
	t.Helper()
	s, e := counted(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must2 := func(_ any, err error) { t.Helper(); must(err) }
	must(e.Jobs.UpdateEventConfigurations(
		t.Context(), map[string]bool{"JOB": true, "JOB_EXECUTION": true}))
	must2(e.Fleet.CreateGroup(t.Context(), fleet.NewGroup{Name: "all"}))
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprint("t", i)
		must2(e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: names[i]}))
		must(e.Fleet.AddMember(t.Context(), "all", names[i]))
	}
	must2(e.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
		TargetSelection: job.Snapshot,
		Targets:         []job.Target{job.GroupTarget(registry.DefaultScope, "all")},
	}}))
	trips := map[string]int64{}
	before := s.Trips()
	must(e.RunDue(t.Context()))
	trips["release"] = s.Trips() - before
	batch := func(name string, request func(thing string) error) {
		t.Helper()
		errs, requests := make([]error, n), make([]func(), n)
		for i, thing := range names {
			requests[i] = func() { errs[i] = request(thing) }
		}
		before := s.Trips()
		e.Together(requests...)
		trips[name] = s.Trips() - before
		for _, err := range errs {
			must(err)
		}
	}
	report := func(event job.Event) func(string) error {
		return func(thing string) error {
			_, err := e.Jobs.Report(t.Context(), thing, "j", job.Report{Event: event}, false)
			return err
		}
	}
	batch("start", func(thing string) error {
		_, err := e.Jobs.StartNext(t.Context(), thing, nil, nil)
		return err
	})
	batch("progress", report(job.ReportInProgress))
	batch("end", report(job.ReportSucceeded))
	notices := make([]store.Notice, n)
	for i := range notices {
		notices[i] = store.Notice{Thing: registry.ThingID(i + 1), NotifyNext: true}
	}
	before = s.Trips()
	must2(e.Jobs.ThingNames(t.Context(), notices))
	trips["notify"] = s.Trips() - before
	j, err := e.Jobs.DescribeJob(t.Context(), "j")
	must(err)
	if j.Status != job.Completed {
		t.Errorf("the job is %s", j.Status)
	}
	return trips
}

// What is read ahead is what is read one by one.
func TestHeads(t *testing.T) {
	t.Parallel()
	s := open(t, testpostgres.Schema(t))
	defer s.Close()
	at := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := store.Changes{}
	j := job.Job{Key: 1, ID: "j"}
	j.Status, j.CreatedAt = job.InProgress, at
	k := job.Job{Key: 2, ID: "k"}
	k.Status, k.CreatedAt = job.InProgress, at
	c.Job.CreatedJobs = []store.CreatedJob{{Job: j, Document: "{}"}, {Job: k, Document: "{}"}}
	names := []string{"a", "b", `qu"ote`, "none", "a"}
	c.Job.Holds = []job.Hold{{Thing: 1, Reason: "r", Since: at}, {Thing: 2, Reason: "r", Since: at}}
	for i, name := range names[:3] {
		id := registry.ThingID(i + 1)
		c.Registry.CreatedThings = append(c.Registry.CreatedThings,
			registry.Thing{ID: id, Name: name, CreatedAt: at})
		for n := range 3 * i { // none on the first, three on the second, six on the third
			c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, job.Execution{
				ExecutionKey: job.ExecutionKey{Job: job.Key(n%2 + 1), Thing: id, Number: int64(n + 1)},
				Version:      1, QueuedAt: at, UpdatedAt: at, Sequence: int64(100*i - n),
				Status: job.ExecutionStatus(n % 2),
			})
		}
	}
	err := s.Write(t.Context(), func(tx store.Tx) error {
		if err := tx.Apply(c); err != nil {
			return err
		}
		heads, err := tx.Heads(names, 4)
		if err != nil {
			return err
		}
		var want []store.Head
		for i, name := range names[:3] {
			h := store.Head{Name: name, Thing: registry.ThingID(i + 1), Held: i < 2}
			if h.Pending, err = tx.Pending(h.Thing, 4); err != nil {
				return err
			}
			want = append(want, h)
		}
		if diff := cmp.Diff(want, heads, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("heads (-one by one +ahead):\n%s", diff)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
