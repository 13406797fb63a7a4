package control

import (
	"context"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// The operations below /_drover/ that steer jobs (docs/spec/50). Settings are the drover: tags of a
// job, and go the way of tags; what is shown of the state stands in the job.

func (p *Plane) bindSteering(r *schema.Router) {
	schema.Handle(r, drover.DescribeSteering, p.DescribeSteering)
	schema.Handle(r, drover.UpdateSteering, p.UpdateSteering)
	schema.Handle(r, drover.ApproveWave, p.ApproveWave)
	schema.Handle(r, drover.RetryJobExecutions, p.RetryJobExecutions)
}

// DescribeSteering describes the settings of a job and what they have come to.
func (p *Plane) DescribeSteering(
	ctx context.Context, in *drover.DescribeSteeringRequest,
) (*drover.Steering, error) {
	j, err := p.Jobs.DescribeJob(ctx, string(in.JobID))
	if err != nil {
		return nil, err
	}
	return steering(j), nil
}

// UpdateSteering changes settings of a job by a merge patch, and answers what is in force then.
func (p *Plane) UpdateSteering(
	ctx context.Context, in *drover.UpdateSteeringRequest,
) (*drover.Steering, error) {
	patch := make(map[string]*string, len(in.Settings))
	for name, value := range in.Settings {
		patch[string(name)] = text(value)
	}
	j, err := p.Tags.PatchSettings(ctx, string(in.JobID), patch)
	if err != nil {
		return nil, err
	}
	return steering(j), nil
}

// ApproveWave opens the gate of a wave that waits for approval.
func (p *Plane) ApproveWave(
	ctx context.Context, in *drover.ApproveWaveRequest,
) (*schema.Nothing, error) {
	return &schema.Nothing{}, p.Jobs.ApproveWave(ctx, string(in.JobID), int(value(in.Wave)))
}

// RetryJobExecutions has a job try again on things that have failed, and answers at once.
func (p *Plane) RetryJobExecutions(
	ctx context.Context, in *drover.RetryJobExecutionsRequest,
) (*drover.RetryJobExecutionsResponse, error) {
	found, err := p.Jobs.RetryFailed(ctx, string(in.JobID), jobs.RetryRequest{
		Statuses: convert(in.Statuses, failedStatus),
		Things:   convert(in.Things, func(name iot.ThingName) string { return string(name) }),
	})
	return &drover.RetryJobExecutionsResponse{Found: found}, err
}

// failedStatus reads a status, which the API description has checked.
func failedStatus(s drover.FailedStatus) job.ExecutionStatus {
	status, _ := job.ParseExecutionStatus(string(s))
	return status
}
