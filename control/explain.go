package control

import (
	"context"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/job/explain"
	"github.com/drover-iot/drover/schema"
)

// The operations that say why (docs/spec/51, section 2).

func (p *Plane) bindExplain(r *schema.Router) {
	schema.Handle(r, drover.ExplainThing, p.ExplainThing)
	schema.Handle(r, drover.ExplainJob, p.ExplainJob)
}

// ExplainThing explains how far a thing is with a job.
func (p *Plane) ExplainThing(
	ctx context.Context, in *drover.ExplainThingRequest,
) (*drover.ThingExplanation, error) {
	a, err := p.Answers.ExplainThing(ctx, string(in.ThingName), string(value(in.JobID)))
	if err != nil {
		return nil, err
	}
	shown := &drover.ThingExplanation{
		ThingName: in.ThingName,
		JobID:     optional(iot.JobID(a.JobID)),
		Target:    optional(a.Target),
		Verdict:   drover.Verdict(a.Verdict),
		Reasons:   convert(a.Reasons, reason),
	}
	if x := a.Execution; x != nil {
		shown.ExecutionNumber = new(x.Number)
		shown.Status = new(iot.ExecutionStatus(x.Status.String()))
	}
	return shown, nil
}

// ExplainJob explains what a job waits for.
func (p *Plane) ExplainJob(
	ctx context.Context, in *drover.ExplainJobRequest,
) (*drover.JobExplanation, error) {
	j, e, err := p.Answers.ExplainJob(ctx, string(in.JobID))
	if err != nil {
		return nil, err
	}
	return &drover.JobExplanation{
		JobID:   in.JobID,
		Status:  iot.JobStatus(j.Status),
		Verdict: drover.Verdict(e.Verdict),
		Reasons: convert(e.Reasons, reason),
	}, nil
}

// reason shows one reason.
func reason(r explain.Reason) drover.Reason {
	return drover.Reason{
		Code:     string(r.Code),
		Text:     r.Text,
		Since:    at(r.Since),
		Until:    at(r.Until),
		Expected: at(r.Expected),
	}
}
