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
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
	"github.com/drover-iot/drover/store/memory"
)

// What a commit has read ahead is read again once a request of the same commit has changed it: each
// request sees what those before it did (R-CON-22).
func TestReadAheadAndChanged(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) (*Engine, *countedStore) {
		s := &countedStore{Store: memory.Open()}
		e := New(Config{
			Store:   s,
			Clock:   clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
			IDs:     &ids.Counting{},
			Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
			Log:     slog.New(slog.DiscardHandler),
			Stepped: true,
			Notify:  func(context.Context, []store.Notice) error { return nil },
		})
		var targets []job.Target
		for _, name := range []string{"a", "b", "c"} {
			_, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: name})
			if err != nil {
				t.Fatal(err)
			}
			targets = append(targets, job.ThingTarget(registry.DefaultScope, name))
		}
		for _, id := range []string{"first", "second"} {
			_, err := e.Jobs.CreateJob(t.Context(), jobs.NewJob{
				ID: id, Document: "{}", Definition: job.Definition{Targets: targets},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := e.RunDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.writes = 0
		return e, s
	}
	start := func(e *Engine, thing string, into *string, failed *error) func() {
		return func() {
			x, err := e.Jobs.StartNext(t.Context(), thing, nil, nil)
			if *failed = err; x != nil {
				*into = x.JobID + " " + x.Status.String()
			}
		}
	}
	report := func(e *Engine, thing, id string, event job.Event, failed *error) func() {
		return func() {
			_, *failed = e.Jobs.Report(t.Context(), thing, id, job.Report{Event: event}, false)
		}
	}

	t.Run("an execution ends between two starts", func(t *testing.T) {
		t.Parallel()
		e, s := open(t)
		var got [3]string
		var errs [4]error
		e.Together(
			start(e, "a", &got[0], &errs[0]),
			report(e, "a", "first", job.ReportSucceeded, &errs[1]),
			start(e, "a", &got[1], &errs[2]),
			start(e, "b", &got[2], &errs[3]),
		)
		once(t, s)
		want := [3]string{"first IN_PROGRESS", "second IN_PROGRESS", "first IN_PROGRESS"}
		if got != want || errs != [4]error{} {
			t.Errorf("got %q, %v, want %q", got, errs, want)
		}
	})
	t.Run("a thing is deleted between two starts", func(t *testing.T) {
		t.Parallel()
		e, s := open(t)
		var got [3]string
		var errs [4]error
		e.Together(
			start(e, "a", &got[0], &errs[0]),
			func() { errs[1] = e.Fleet.DeleteThing(t.Context(), "a", nil) },
			start(e, "a", &got[1], &errs[2]),
			start(e, "b", &got[2], &errs[3]),
		)
		if f := fault.Of(errs[2]); f == nil || f.Code != fault.NotFound {
			t.Errorf("the deleted thing starts %q, %v", got[1], errs[2])
		}
		errs[2] = nil
		once(t, s)
		want := [3]string{"first IN_PROGRESS", "", "first IN_PROGRESS"}
		if got != want || errs != [4]error{} {
			t.Errorf("got %q, %v, want %q", got, errs, want)
		}
	})
	t.Run("a thing is held between two starts", func(t *testing.T) { // R-STR-14
		t.Parallel()
		e, s := open(t)
		if _, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "idle"}); err != nil {
			t.Fatal(err)
		}
		s.writes = 0
		var got [3]string
		var errs [6]error
		hold := func(thing string, failed *error) func() {
			return func() { _, *failed = e.Jobs.Hold(t.Context(), thing, "r", nil) }
		}
		e.Together(
			start(e, "a", &got[0], &errs[0]),
			start(e, "idle", &got[2], &errs[1]),
			hold("b", &errs[2]),
			hold("idle", &errs[3]),
			start(e, "b", &got[1], &errs[4]),
			func() {
				_, errs[5] = e.Jobs.CreateJob(t.Context(), jobs.NewJob{
					ID: "third", Document: "{}", Definition: job.Definition{
						Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "idle")},
					},
				})
			},
		)
		once(t, s)
		want := [3]string{"first IN_PROGRESS", "", ""}
		if got != want || errs != [6]error{} {
			t.Errorf("got %q, %v, want %q", got, errs, want)
		}
		err := s.Read(t.Context(), func(r store.Reader) error {
			idle, err := r.ThingID("idle")
			if err != nil {
				return err
			}
			if _, err := r.Latest(3, idle); err != nil {
				return err
			}
			found, err := r.Announcements(0, 99)
			for _, a := range found {
				for _, n := range a.Notices {
					if n.Thing == idle {
						t.Errorf("the idle thing is notified of what it does not see: %+v", n)
					}
				}
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// countedStore counts writes. A commit in which a decision went by what is not so any more is
// refused by the store, and each of its requests is tried again alone.
type countedStore struct {
	store.Store
	writes int
}

func (s *countedStore) Write(ctx context.Context, f func(store.Tx) error) error {
	s.writes++
	return s.Store.Write(ctx, f)
}

// once checks that there was one write.
func once(t *testing.T, s *countedStore) {
	t.Helper()
	if s.writes != 1 {
		t.Errorf("%d writes, want 1", s.writes)
	}
}
