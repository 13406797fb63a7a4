package control

import (
	"context"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// The operations of holds: single things that get no work (R-STR-14).

func (p *Plane) bindHolds(r *schema.Router) {
	schema.Handle(r, drover.HoldThing, p.HoldThing)
	schema.Handle(r, drover.DescribeHold, p.DescribeHold)
	schema.Handle(r, drover.ReleaseThing, p.ReleaseThing)
	schema.Handle(r, drover.ListHolds, p.ListHolds)
}

// HoldThing holds a thing, or changes its hold.
func (p *Plane) HoldThing(ctx context.Context, in *drover.HoldThingRequest) (*drover.Hold, error) {
	var until *time.Time
	if in.Until != nil {
		until = new(in.Until.Time())
	}
	held, err := p.Jobs.Hold(ctx, string(in.ThingName), string(in.Reason), until)
	if err != nil {
		return nil, err
	}
	return new(hold(string(in.ThingName), held)), nil
}

// DescribeHold describes the hold of a thing.
func (p *Plane) DescribeHold(
	ctx context.Context, in *drover.DescribeHoldRequest,
) (*drover.Hold, error) {
	held, err := p.Jobs.HoldOf(ctx, string(in.ThingName))
	if err != nil {
		return nil, err
	}
	return new(hold(string(in.ThingName), held)), nil
}

// ReleaseThing ends the hold of a thing.
func (p *Plane) ReleaseThing(
	ctx context.Context, in *drover.ReleaseThingRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Jobs.Release(ctx, string(in.ThingName))
}

// ListHolds lists the things that are held, by key.
func (p *Plane) ListHolds(
	ctx context.Context, in *drover.ListHoldsRequest,
) (*drover.ListHoldsResponse, error) {
	return list(p, drover.ListHolds, in,
		func(after *registry.ThingID, limit int) ([]jobs.NamedHold, error) {
			return p.Jobs.Holds(ctx, value(after), limit)
		},
		func(h jobs.NamedHold) registry.ThingID { return h.Thing },
		func(h jobs.NamedHold) drover.Hold { return hold(h.ThingName, h.Hold) })
}

// hold shows the hold of a thing.
func hold(thing string, h job.Hold) drover.Hold {
	return drover.Hold{
		ThingName: iot.ThingName(thing),
		Reason:    drover.HoldReason(h.Reason),
		Since:     schema.At(h.Since),
		Until:     at(h.Until),
	}
}
