package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// The kinds of lifecycle event that this server publishes; it keeps the flags of all others too (R-EVT-3, R-EVT-6).
const (
	jobEvents       = "JOB"
	executionEvents = "JOB_EXECUTION"
)

// eventsSetting is the name of the setting that holds the EventConfigurations.
const eventsSetting = "event-configurations"

// EventConfigurations says which kinds of lifecycle event are published. Its times are zero until the first update
// (R-EVT-4).
type EventConfigurations struct {
	Enabled    map[string]bool `json:"enabled,omitempty"`
	CreatedAt  time.Time       `json:"createdAt,omitzero"`
	ModifiedAt time.Time       `json:"modifiedAt,omitzero"`
}

func readEventConfigurations(r store.Reader) (c EventConfigurations, err error) {
	value, err := r.Setting(eventsSetting)
	if missing(err) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	return c, json.Unmarshal(value, &c)
}

// EventConfigurations returns which kinds of event are published.
func (e *Engine) EventConfigurations(ctx context.Context) (c EventConfigurations, err error) {
	err = e.Store.Read(ctx, func(r store.Reader) error {
		c, err = readEventConfigurations(r)
		return err
	})
	return c, err
}

// UpdateEventConfigurations switches kinds of event on and off; kinds that are not named stay as they are (R-EVT-1). The
// change counts for what is committed after it (R-EVT-5).
func (e *Engine) UpdateEventConfigurations(ctx context.Context, enabled map[string]bool) error {
	return e.update(ctx, func(g *group) (out outcome, err error) {
		c, err := readEventConfigurations(g)
		if err != nil {
			return out, err
		}
		if c.Enabled == nil {
			c.Enabled, c.CreatedAt = map[string]bool{}, g.now
		}
		for kind, on := range enabled {
			c.Enabled[kind] = on
		}
		c.ModifiedAt = g.now
		value, err := json.Marshal(c)
		out.Settings = []store.Setting{{Name: eventsSetting, Value: value}}
		return out, err
	})
}

// publishes reports whether events of a kind are published. What was read is kept for the group.
func (g *group) publishes(kind string) (bool, error) {
	if g.events == nil {
		c, err := readEventConfigurations(g)
		if err != nil {
			return false, fmt.Errorf("event configurations: %w", err)
		}
		g.events = &c
	}
	return g.events.Enabled[kind], nil
}

// executionEvent is the payload of $aws/events/jobExecution/{jobId}/{operation}, in exactly these members (R-EVT-20,
// R-EVT-25).
type executionEvent struct {
	EventType     string            `json:"eventType"`
	EventID       string            `json:"eventId"`
	Timestamp     int64             `json:"timestamp"` // seconds
	Operation     string            `json:"operation"`
	JobID         string            `json:"jobId"`
	ThingARN      string            `json:"thingArn"`
	Status        string            `json:"status"`
	StatusDetails map[string]string `json:"statusDetails"`
}

// ended names the event of an execution that ended; there is none for QUEUED and IN_PROGRESS (R-EVT-24).
var ended = map[job.ExecutionStatus]string{
	job.ExecutionSucceeded: "succeeded", job.ExecutionFailed: "failed", job.ExecutionRejected: "rejected", job.ExecutionTimedOut: "timed_out",
	job.ExecutionCanceled: "canceled", job.ExecutionRemoved: "removed",
}

// deletedEvent is the operation of an execution that was deleted; its status is the one it had (R-EVT-22).
const deletedEvent = "deleted"

// announceExecution adds the event of an execution to the outcome, if such are published.
func (g *group) announceExecution(out *outcome, operation string, x job.Execution) error {
	if operation == "" {
		return nil
	}
	on, err := g.publishes(executionEvents)
	if err != nil || !on {
		return err
	}
	j, err := g.Job(x.Job)
	if err != nil {
		return err
	}
	name, err := g.ThingName(x.Thing)
	if err != nil {
		return err
	}
	event := executionEvent{
		EventType: executionEvents, EventID: g.config.IDs.UUID(), Timestamp: g.now.Unix(), Operation: operation, JobID: j.ID,
		ThingARN: g.config.Scope.ARN(registry.KindThing, name), Status: x.Status.String(), StatusDetails: x.Details,
	}
	if event.StatusDetails == nil {
		event.StatusDetails = map[string]string{} // R-EVT-26
	}
	payload, err := json.Marshal(event)
	out.events = append(out.events, store.Event{Topic: "$aws/events/jobExecution/" + j.ID + "/" + operation, Payload: payload})
	return err
}

// jobEvent is the payload of $aws/events/job/{jobId}/{operation} (24, section 2).
type jobEvent struct {
	EventType       string              `json:"eventType"`
	EventID         string              `json:"eventId"`
	Timestamp       int64               `json:"timestamp"` // seconds, where the other times are milliseconds (R-EVT-13)
	Operation       string              `json:"operation"`
	JobID           string              `json:"jobId"`
	Status          string              `json:"status"`
	ForceCanceled   bool                `json:"forceCanceled,omitempty"`
	TargetSelection job.TargetSelection `json:"targetSelection"`
	Targets         []string            `json:"targets"`
	Description     string              `json:"description,omitempty"`
	CompletedAt     int64               `json:"completedAt,omitempty"`
	CreatedAt       int64               `json:"createdAt"`
	LastUpdatedAt   int64               `json:"lastUpdatedAt"`
	Comment         string              `json:"comment,omitempty"`
	ReasonCode      string              `json:"reasonCode,omitempty"`
	ProcessDetails  *endedCounters      `json:"jobProcessDetails,omitempty"`
}

// endedCounters are the six counters of executions that ended (R-EVT-15).
type endedCounters struct {
	Canceled  int64 `json:"numberOfCanceledThings"`
	Rejected  int64 `json:"numberOfRejectedThings"`
	Failed    int64 `json:"numberOfFailedThings"`
	Removed   int64 `json:"numberOfRemovedThings"`
	Succeeded int64 `json:"numberOfSucceededThings"`
	TimedOut  int64 `json:"numberOfTimedOutThings"`
}

// The operations of job events and the status words in their payload, two of which the API never shows (R-EVT-12).
var (
	jobCompleted   = jobOperation{"completed", "COMPLETED"}
	jobCanceling   = jobOperation{"cancellation_in_progress", "CANCELLATION_IN_PROGRESS"}
	jobCanceled    = jobOperation{"canceled", "CANCELED"}
	jobDeleting    = jobOperation{"deletion_in_progress", "DELETION_IN_PROGRESS"}
	jobDeleted     = jobOperation{"deleted", "DELETED"}
	noJobOperation = jobOperation{}
)

type jobOperation struct{ name, status string }

// jobOperationOf names the event of a job that goes from before to after; none for creation, start and update
// (R-EVT-10).
func jobOperationOf(before, after job.Job) jobOperation {
	swept := before.Sweep != job.NoSweep && after.Sweep == job.NoSweep
	widened := after.Sweep != before.Sweep && after.Sweep == job.SweepPending
	switch {
	case after.Status == job.Completed && before.Status != job.Completed:
		return jobCompleted
	case after.Status == job.Canceled && (before.Status != job.Canceled || widened):
		return jobCanceling
	case after.Status == job.Canceled && swept:
		return jobCanceled
	case after.Status == job.DeletionInProgress && before.Status != job.DeletionInProgress:
		return jobDeleting
	}
	return noJobOperation
}

// announceJob keeps the event of a job, if such are published.
func (g *group) announceJob(operation jobOperation, j job.Job) error {
	if operation == noJobOperation {
		return nil
	}
	on, err := g.publishes(jobEvents)
	if err != nil || !on {
		return err
	}
	event := jobEvent{
		EventType: jobEvents, EventID: g.config.IDs.UUID(), Timestamp: g.now.Unix(), Operation: operation.name, JobID: j.ID,
		Status: operation.status, TargetSelection: j.TargetSelection, Targets: j.Targets, Description: j.Description,
		CreatedAt: j.CreatedAt.UnixMilli(), LastUpdatedAt: j.UpdatedAt.UnixMilli(), Comment: j.Comment,
	}
	if operation == jobCompleted {
		event.CompletedAt = j.CompletedAt.UnixMilli()
	}
	if operation == jobCanceling || operation == jobCanceled {
		event.ReasonCode = j.ReasonCode
	}
	if operation == jobCanceled {
		event.ForceCanceled = j.ForceCanceled
	}
	if operation == jobCompleted || operation == jobCanceled {
		event.ProcessDetails = &endedCounters{
			Canceled: j.Counts[job.ExecutionCanceled], Rejected: j.Counts[job.ExecutionRejected], Failed: j.Counts[job.ExecutionFailed],
			Removed: j.Counts[job.ExecutionRemoved], Succeeded: j.Counts[job.ExecutionSucceeded], TimedOut: j.Counts[job.ExecutionTimedOut],
		}
	}
	payload, err := json.Marshal(event)
	g.published = append(g.published, store.Event{Topic: "$aws/events/job/" + j.ID + "/" + operation.name, Payload: payload})
	return err
}

// takeJobs takes the jobs of an outcome into the hand, and keeps the events of what happened to them. They come after
// the events of the executions that caused it (R-EVT-11).
func (g *group) takeJobs(out outcome) error {
	keys := make([]job.Key, 0, len(out.jobs))
	for key := range out.jobs {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		after := out.jobs[key]
		var before job.Job
		if held := g.jobs[key]; held != nil {
			before = *held
		}
		if err := g.announceJob(jobOperationOf(before, after), after); err != nil {
			return err
		}
		g.hold(after)
	}
	for _, key := range out.Job.DeletedJobs {
		if held := g.jobs[key]; held != nil && held.Status == job.DeletionInProgress {
			if err := g.announceJob(jobDeleted, *held); err != nil {
				return err
			}
		}
		g.jobs[key] = nil
		delete(g.dirty, key)
	}
	return nil
}
