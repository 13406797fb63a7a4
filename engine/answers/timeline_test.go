package answers_test

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/timeline"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/registry/fleetquery"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// A timeline has what is stored of a thing: its executions, its hold and its connection (R-WEB-35).
func TestTimeline(t *testing.T) {
	t.Parallel()
	w := newWorld(t, job.Limits{})
	w.group("site", "", 1)
	w.create(newJob("fw", []string{"site"}, nil))
	w.run("fw", 0, 1, time.Second, time.Second, job.ReportSucceeded)
	w.clock.Set(w.clock.Now().Add(time.Second))
	_, err := w.Jobs.Hold(t.Context(), "site-00", "lab", nil)
	w.must(err)
	w.Fleet.SetPresence(fleet.Presence{
		Client:       "site-00",
		Session:      "1",
		Connectivity: fleetquery.Connectivity{Connected: true, At: w.clock.Now().Add(time.Second)},
	})
	got, err := w.Answers.Timeline(t.Context(), "site-00")
	w.must(err)
	var kinds []timeline.Kind
	for _, e := range got.Events {
		kinds = append(kinds, e.Kind)
	}
	want := []timeline.Kind{
		timeline.Connected, timeline.Held, timeline.Ended, timeline.Started, timeline.Queued, timeline.Created,
	}
	if fmt.Sprint(kinds) != fmt.Sprint(want) || !got.CompleteSince.IsZero() {
		t.Errorf("%v since %s, want %v", kinds, got.CompleteSince, want)
	}
	if _, err := w.Answers.Timeline(t.Context(), "nobody"); !fault.Is(err, fault.NotFound) {
		t.Errorf("no thing: %v", err)
	}
}

// The 2,000 executions that were queued last are part of it (R-WEB-36).
func TestTimelineIsBounded(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	for n, want := range map[int]time.Time{2000: {}, 2001: start.Add(time.Second)} {
		var c store.Changes
		c.Registry.CreatedThings = []registry.Thing{{ID: 1, Name: "pump", CreatedAt: start}}
		for i := 1; i <= n; i++ {
			j := job.Job{Key: job.Key(i), ID: fmt.Sprint("job-", i)}
			c.Job.CreatedJobs = append(c.Job.CreatedJobs, store.CreatedJob{Job: j, Document: "{}"})
			x := job.NewExecution(job.ExecutionKey{Job: j.Key, Thing: 1, Number: 1},
				start.Add(time.Duration(i)*time.Second))
			x.Sequence = int64(i)
			c.Job.CreatedExecutions = append(c.Job.CreatedExecutions, x)
		}
		s := memory.Open()
		if err := s.Write(t.Context(), func(tx store.Tx) error { return tx.Apply(c) }); err != nil {
			t.Fatal(err)
		}
		e := engine.New(engine.Config{
			Store:  s,
			Clock:  clock.NewVirtual(start),
			IDs:    &ids.Counting{},
			Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
			Log:    slog.New(slog.DiscardHandler),
		})
		got, err := e.Answers.Timeline(t.Context(), "pump")
		if err != nil || len(got.Events) != 2001 || !got.CompleteSince.Equal(want) {
			t.Errorf("%d executions: %d events since %s, %v", n, len(got.Events), got.CompleteSince, err)
		}
	}
}
