package answers

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/commit"
	"github.com/drover-iot/drover/engine/records"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job/timeline"
	"github.com/drover-iot/drover/store"
)

// timelineExecutions is how many executions of a thing its timeline has, those that were queued last.
const timelineExecutions = 2000

// Timeline is what has happened to a thing.
type Timeline struct {
	Events []timeline.Event // the newest first
	// CompleteSince is set when not everything was looked at: executions that were queued up to this
	// time, and records from up to then, may be missing. Zero when none is.
	CompleteSince time.Time
}

// Timeline says what has happened to a thing, as far as that is stored (R-WEB-35).
func (s *Service) Timeline(ctx context.Context, thing string) (t Timeline, err error) {
	var facts timeline.Facts
	err = s.Store.Read(ctx, func(r store.Reader) error {
		if facts, err = s.timelineFacts(r, thing); err != nil {
			return err
		}
		facts.Records, t.CompleteSince, err = records.OfThing(r, thing)
		return err
	})
	if len(facts.Executions) > timelineExecutions {
		left := facts.Executions[timelineExecutions]
		facts.Executions = facts.Executions[:timelineExecutions]
		if left.QueuedAt.After(t.CompleteSince) {
			t.CompleteSince = left.QueuedAt
		}
	}
	if err == nil {
		t.Events = facts.Events()
	}
	return t, err
}

// timelineFacts reads what is stored of a thing, but for the records.
func (s *Service) timelineFacts(r store.Reader, name string) (f timeline.Facts, err error) {
	if f.Thing, err = r.ThingByName(name); err != nil {
		return f, commit.OrNotFound(err,
			fault.New(fault.NotFound, "thing %s does not exist", name))
	}
	found, err := r.ExecutionsOfThing(store.ThingExecutionQuery{
		Thing: f.Thing.ID,
		Limit: timelineExecutions + 1, // whether there is one more
	})
	if err != nil {
		return f, err
	}
	for _, x := range found {
		f.Executions = append(f.Executions, timeline.Execution{Execution: x.Execution, JobID: x.JobID})
	}
	hold, err := r.HoldOf(f.Thing.ID)
	switch {
	case err == nil:
		f.Hold = &hold
	case !commit.Missing(err):
		return f, err
	}
	known, err := s.Devices.Fleet.ConnectivityOf(r, name)
	if known != nil {
		f.Connection = &timeline.Connection{
			Connected: known.Connected,
			At:        known.At,
			Reason:    known.DisconnectReason,
		}
	}
	return f, err
}
