package control

import (
	"context"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/timeline"
	"github.com/drover-iot/drover/schema"
)

// ListThingEvents lists what has happened to a thing, the newest first.
func (p *Plane) ListThingEvents(
	ctx context.Context, in *drover.ListThingEventsRequest,
) (*drover.ListThingEventsResponse, error) {
	var since time.Time
	out, err := list(p, drover.ListThingEvents, in,
		func(after *timeline.Place, limit int) ([]timeline.Event, error) {
			all, err := p.Answers.Timeline(ctx, string(in.ThingName))
			since = all.CompleteSince
			return timeline.Page(all.Events, after, limit), err
		},
		timeline.Event.Place,
		thingEvent)
	if err == nil {
		out.CompleteSince = at(since)
	}
	return out, err
}

func thingEvent(e timeline.Event) drover.ThingEvent {
	shown := drover.ThingEvent{
		At:     schema.At(e.At),
		Kind:   drover.ThingEventKind(e.Kind),
		Text:   e.Text(),
		Reason: optional(e.Reason),
	}
	if e.Record != nil {
		shown.Record = new(auditRecord(*e.Record))
	}
	x := e.Execution
	if x == nil {
		return shown
	}
	shown.JobID = new(iot.JobID(e.JobID))
	shown.ExecutionNumber, shown.RetryAttempt = &x.Number, new(int32(x.Attempt))
	status := x.Status
	switch e.Kind {
	case timeline.Queued:
		status = job.ExecutionQueued
	case timeline.Started:
		status = job.ExecutionInProgress
	default:
		shown.StatusDetails = x.Details
	}
	shown.Status = new(iot.ExecutionStatus(status.String()))
	return shown
}
