package control

import (
	"context"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// What the live topics of the console show (console/live): the same members as the operations, so
// that a page draws what it has asked for and what it is told in one way.

// watchedExecutions is how many executions of a thing are shown, the newest.
const watchedExecutions = 20

// watchedJob is a job. All but its id is absent when there is none.
type watchedJob struct {
	JobID    iot.JobID        `json:"jobId"`
	Status   *iot.JobStatus   `json:"status"`
	Paused   *string          `json:"paused"` // why; absent for a job that is not
	Job      *iot.Job         `json:"job"`
	Steering *drover.Steering `json:"steering"`
}

// WatchedJob is a job with its settings, in JSON.
func (p *Plane) WatchedJob(ctx context.Context, id string) ([]byte, error) {
	shown := watchedJob{JobID: iot.JobID(id)}
	j, err := p.Jobs.DescribeJob(ctx, id)
	switch {
	case err == nil:
		shown.Status, shown.Paused = new(iot.JobStatus(j.Status)), optional(j.Paused)
		shown.Job, shown.Steering = new(p.describe(ctx, j)), steering(j)
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	return schema.Append(nil, shown), nil
}

// watchedRow is a job in the list of jobs.
type watchedRow struct {
	JobID             iot.JobID              `json:"jobId"`
	Status            iot.JobStatus          `json:"status"`
	TargetSelection   iot.TargetSelection    `json:"targetSelection"`
	Paused            *string                `json:"paused"` // why; absent for a job that is not
	CreatedAt         *schema.Timestamp      `json:"createdAt"`
	LastUpdatedAt     *schema.Timestamp      `json:"lastUpdatedAt"`
	CompletedAt       *schema.Timestamp      `json:"completedAt"`
	JobProcessDetails *iot.JobProcessDetails `json:"jobProcessDetails"`
}

// WatchedRow is a job as a list of jobs shows it, with its counts, in JSON.
func WatchedRow(j job.Job) []byte {
	details := processDetails(j)
	details.ProcessingTargets = nil
	return schema.Append(nil, watchedRow{
		JobID:             iot.JobID(j.ID),
		Status:            iot.JobStatus(j.Status),
		TargetSelection:   iot.TargetSelection(j.TargetSelection),
		Paused:            optional(j.Paused),
		CreatedAt:         at(j.CreatedAt),
		LastUpdatedAt:     at(j.UpdatedAt),
		CompletedAt:       at(j.CompletedAt),
		JobProcessDetails: details,
	})
}

// watchedThing is a thing. All but its name is absent when there is none.
type watchedThing struct {
	ThingName          iot.ThingName          `json:"thingName"`
	ExecutionSummaries []watchedExecution     `json:"executionSummaries"`
	Connectivity       *iot.ThingConnectivity `json:"connectivity"`
	Hold               *drover.Hold           `json:"hold"`
}

type watchedExecution struct {
	JobID               iot.JobID               `json:"jobId"`
	VersionNumber       int64                   `json:"versionNumber"`
	JobExecutionSummary iot.JobExecutionSummary `json:"jobExecutionSummary"`
}

// WatchedThing is a thing with its newest executions, its connection and its hold, in JSON.
func (p *Plane) WatchedThing(ctx context.Context, name string) ([]byte, error) {
	shown := watchedThing{ThingName: iot.ThingName(name)}
	found, _, err := p.Jobs.ExecutionsOfThing(ctx, name,
		jobs.ExecutionFilter{Limit: watchedExecutions})
	if fault.Is(err, fault.NotFound) {
		return schema.Append(nil, shown), nil
	}
	if err != nil {
		return nil, err
	}
	shown.ExecutionSummaries = []watchedExecution{}
	for _, x := range found {
		shown.ExecutionSummaries = append(shown.ExecutionSummaries, watchedExecution{
			JobID:               iot.JobID(x.JobID),
			VersionNumber:       x.Version,
			JobExecutionSummary: summary(x),
		})
	}
	held, err := p.Jobs.HoldOf(ctx, name)
	switch {
	case err == nil:
		shown.Hold = new(hold(name, held))
	case !fault.Is(err, fault.NotFound):
		return nil, err
	}
	known, err := p.Fleet.Connection(ctx, name)
	if err != nil {
		return nil, err
	}
	shown.Connectivity = connectivity(known)
	return schema.Append(nil, shown), nil
}
