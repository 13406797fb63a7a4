package engine

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// A stepped engine announces nothing by itself, requests made together are one commit, and an
// engine that is dropped before it announces leaves that to the next one on the store (R-CON-22,
// R-CON-23).
func TestStepped(t *testing.T) {
	t.Parallel()
	kept, told := memory.Open(), 0
	open := func() *Engine {
		return New(Config{
			Store: kept, Clock: clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)), IDs: &ids.Counting{},
			Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler), Stepped: true,
			Notify: func(_ context.Context, notices []store.Notice) error { told += len(notices); return nil },
		})
	}
	e := open()
	errs := make([]error, 4)
	create := func(i int, name string) func() {
		return func() { _, errs[i] = e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: name}) }
	}
	e.Together(create(0, "a"), create(1, "b"), func() {
		_, errs[2] = e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "c", Attributes: map[string]string{"1": "x", "2": "x", "3": "x", "4": "too many: refused before it is decided"}})
	}, func() {
		_, errs[3] = e.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
			TargetSelection: job.Snapshot, Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "a"), job.ThingTarget(registry.DefaultScope, "b")},
		}})
	})
	if errs[0] != nil || errs[1] != nil || errs[2] == nil || errs[3] != nil {
		t.Fatalf("answers: %v", errs)
	}
	if err := e.RunDue(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told != 0 {
		t.Errorf("%d things are told before Announce", told)
	}
	e = open()
	for range 2 {
		if err := e.Announce(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if told != 2 {
		t.Errorf("the next engine tells %d things, want 2", told)
	}
}
