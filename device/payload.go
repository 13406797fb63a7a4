package device

import (
	"time"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// Executions as payloads show them. Times are whole seconds since the epoch (R-MQTT-10); what has
// no value is left out, which a nil pointer does.

// epoch is a time in seconds, nil for the zero time.
func epoch(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	s := t.Unix()
	return &s
}

// summary is an execution as lists show it.
func summary(x jobs.DeviceExecution) jobsdata.ExecutionSummary {
	return jobsdata.ExecutionSummary{
		JobID:           jobsdata.JobID(x.JobID),
		QueuedAt:        x.QueuedAt.Unix(),
		StartedAt:       epoch(x.StartedAt),
		LastUpdatedAt:   x.UpdatedAt.Unix(),
		ExecutionNumber: x.Number,
		VersionNumber:   x.Version,
	}
}

// list converts the executions of a list. The list is there even when it is empty, as answers have
// it.
func list[T any](executions []jobs.DeviceExecution, convert func(jobs.DeviceExecution) T) []T {
	shown := make([]T, len(executions))
	for i, x := range executions {
		shown[i] = convert(x)
	}
	return shown
}

// orAbsent is nil for an empty list, which notifications leave out.
func orAbsent[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}

// statusDetails are absent when empty (R-MQTT-15).
func statusDetails(d map[string]string) jobsdata.StatusDetails {
	if len(d) == 0 {
		return nil
	}
	return d
}

// full is an execution with all that payloads show of one, nil for none.
func full(x *jobs.DeviceExecution, now time.Time) *jobsdata.ExecutionData {
	if x == nil {
		return nil
	}
	d := &jobsdata.ExecutionData{
		JobID:           jobsdata.JobID(x.JobID),
		Status:          jobsdata.ExecutionStatus(x.Status.String()),
		StatusDetails:   statusDetails(x.Details),
		QueuedAt:        x.QueuedAt.Unix(),
		StartedAt:       epoch(x.StartedAt),
		LastUpdatedAt:   x.UpdatedAt.Unix(),
		VersionNumber:   x.Version,
		ExecutionNumber: x.Number,
		JobDocument:     rawDocument(x.Document),
	}
	if left, ok := x.SecondsBeforeTimedOut(now); ok {
		d.ApproximateSecondsBeforeTimedOut = &left
	}
	return d
}

// rawDocument is a job document as MQTT carries it: the JSON itself, verbatim; nil when it was not
// asked for (R-MQTT-9).
func rawDocument(text string) schema.RawJSON {
	if text == "" {
		return nil
	}
	return schema.RawJSON(text)
}

// executionState is what an update answers and what a refusal carries.
func executionState(x job.Execution) *jobsdata.ExecutionState {
	return &jobsdata.ExecutionState{
		Status:        jobsdata.ExecutionStatus(x.Status.String()),
		StatusDetails: statusDetails(x.Details),
		VersionNumber: x.Version,
	}
}

// State returns the execution that a fault carries for the device; nil when it carries none
// (R-HTTP-27, R-HTTP-28).
func State(err error) *jobsdata.ExecutionState {
	if f := fault.Of(err); f != nil {
		if x, ok := f.State.(job.Execution); ok {
			return executionState(x)
		}
	}
	return nil
}
