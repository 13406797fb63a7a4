package control

import (
	"context"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/curve"
	"github.com/drover-iot/drover/schema"
)

// What the pages of the console ask for beside the operations that there were before it
// (docs/spec/54 section 2).

func (p *Plane) bindConsole(r *schema.Router) {
	schema.Handle(r, drover.DescribeJobProgress, p.DescribeJobProgress)
	schema.Handle(r, drover.CountThings, p.CountThings)
	schema.Handle(r, drover.ListThingEvents, p.ListThingEvents)
}

// DescribeJobProgress says how a job went so far.
func (p *Plane) DescribeJobProgress(
	ctx context.Context, in *drover.DescribeJobProgressRequest,
) (*drover.JobProgress, error) {
	found, err := p.Answers.Progress(ctx, string(in.JobID))
	if err != nil {
		return nil, err
	}
	return &drover.JobProgress{
		JobID:         in.JobID,
		StartedAt:     at(found.Start),
		Until:         at(found.Until),
		StepInSeconds: int64(found.Step / time.Second),
		Points:        append([]drover.ProgressPoint{}, convert(found.Points, progressPoint)...),
	}, nil
}

func progressPoint(p curve.Point) drover.ProgressPoint {
	return drover.ProgressPoint{
		At:        schema.At(p.At),
		Released:  p.Released,
		Succeeded: p.Ended[job.ExecutionSucceeded],
		Failed:    p.Ended[job.ExecutionFailed],
		Rejected:  p.Ended[job.ExecutionRejected],
		TimedOut:  p.Ended[job.ExecutionTimedOut],
		Removed:   p.Ended[job.ExecutionRemoved],
		Canceled:  p.Ended[job.ExecutionCanceled],
	}
}

// CountThings says how many things a query matches.
func (p *Plane) CountThings(
	ctx context.Context, in *drover.CountThingsRequest,
) (*drover.ThingCount, error) {
	if err := checkIndex(nil, nil, &in.QueryString); err != nil {
		return nil, err
	}
	counted, err := p.Fleet.Count(ctx, string(in.QueryString))
	if err != nil {
		return nil, err
	}
	return &drover.ThingCount{
		Count:   int64(counted.Matched),
		AtLeast: counted.More,
		Looked:  int64(counted.Looked),
	}, nil
}
