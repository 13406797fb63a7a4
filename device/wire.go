package device

import (
	"time"

	"github.com/drover-iot/drover/api/jobsdata"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/schema"
)

// seconds is a time that may be absent, in whole epoch seconds (R-MQTT-10).
func seconds(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	s := t.Unix()
	return &s
}

func summary(t jobs.DeviceExecution) jobsdata.ExecutionSummary {
	return jobsdata.ExecutionSummary{
		JobID: jobsdata.JobID(t.JobID), QueuedAt: t.QueuedAt.Unix(), StartedAt: seconds(t.StartedAt),
		LastUpdatedAt: t.UpdatedAt.Unix(), ExecutionNumber: t.Number, VersionNumber: t.Version,
	}
}

// details are absent when empty (R-MQTT-15).
func details(d map[string]string) jobsdata.StatusDetails {
	if len(d) == 0 {
		return nil
	}
	return d
}

// data is an execution in full as MQTT shows it; nil for none.
func data(t *jobs.DeviceExecution, now time.Time) *jobsdata.ExecutionData {
	if t == nil {
		return nil
	}
	d := &jobsdata.ExecutionData{
		JobID: jobsdata.JobID(t.JobID), Status: jobsdata.ExecutionStatus(t.Status.String()), StatusDetails: details(t.Details),
		QueuedAt: t.QueuedAt.Unix(), StartedAt: seconds(t.StartedAt), LastUpdatedAt: t.UpdatedAt.Unix(),
		VersionNumber: t.Version, ExecutionNumber: t.Number,
	}
	if left, ok := t.SecondsBeforeTimedOut(now); ok {
		d.ApproximateSecondsBeforeTimedOut = &left
	}
	d.JobDocument = document(t.Document)
	return d
}

// document is a job document as MQTT carries it, verbatim; nil when it was not asked for (R-MQTT-9).
func document(text string) schema.RawJSON {
	if text == "" {
		return nil
	}
	return schema.RawJSON(text)
}

// state is what an update answers and what a refusal carries.
func state(e job.Execution) *jobsdata.ExecutionState {
	return &jobsdata.ExecutionState{
		Status: jobsdata.ExecutionStatus(e.Status.String()), StatusDetails: details(e.Details), VersionNumber: e.Version,
	}
}

// State returns the execution that a fault carries for the device; nil when it carries none (R-HTTP-27, R-HTTP-28).
func State(err error) *jobsdata.ExecutionState {
	if f := fault.Of(err); f != nil {
		if e, ok := f.State.(job.Execution); ok {
			return state(e)
		}
	}
	return nil
}

// number turns an optional whole number of the wire into one of the engine.
func number[T ~int64](n *T) *int64 {
	if n == nil {
		return nil
	}
	value := int64(*n)
	return &value
}

func is(flag *bool) bool { return flag != nil && *flag }

// split puts tasks into a list of what runs and one of what waits; nil where there is none.
func split[T any](tasks []jobs.DeviceExecution, convert func(jobs.DeviceExecution) T) (inProgress, queued []T) {
	for _, task := range tasks {
		if task.Status == job.ExecutionInProgress {
			inProgress = append(inProgress, convert(task))
		} else {
			queued = append(queued, convert(task))
		}
	}
	return inProgress, queued
}

// shown is a list of an answer that has it even when it is empty.
func shown[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
