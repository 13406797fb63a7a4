// Package events renders lifecycle events: it turns what happened to a job or to a job execution
// into the topic and the payload that subscribers of reserved MQTT topics get (docs/spec/24), and
// what happened to a job that is steered into those of Drover's own topics (docs/spec/50). It
// decides nothing; which event is due, and whether its kind is switched on, is known before it is
// called.
package events

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/drover-iot/drover/api/events"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store"
)

// Renderer renders the events of one server.
type Renderer struct {
	Scope registry.Scope // of the ARNs in payloads
	IDs   ids.Source     // of event ids
}

// Execution renders an event of an execution of a job on the named thing. operation is the last
// word of the topic.
func (r Renderer) Execution(
	operation string, j job.Job, thing string, x job.Execution, now time.Time,
) (store.Event, error) {
	event := events.Execution{
		EventType:     events.KindExecution,
		EventID:       r.IDs.UUID(),
		Timestamp:     now.Unix(),
		Operation:     operation,
		JobID:         j.ID,
		ThingARN:      r.Scope.ARN(registry.KindThing, thing),
		Status:        x.Status.String(),
		StatusDetails: x.Details,
	}
	if event.StatusDetails == nil {
		event.StatusDetails = map[string]string{} // R-EVT-26
	}
	topic := events.ExecutionTopic(j.ID, operation)
	if operation == job.ExecutionSilentEvent { // the vendor has no such event (R-STR-70)
		topic = events.SteeringTopic(j.ID, operation)
	}
	payload, err := json.Marshal(event)
	return store.Event{Topic: topic, Payload: payload}, err
}

// Job renders an event of a job as it is after the change. Which members an operation carries
// stands in R-EVT-13 to R-EVT-16.
func (r Renderer) Job(operation job.JobEvent, j job.Job, now time.Time) (store.Event, error) {
	event := events.Job{
		EventType:       events.KindJob,
		EventID:         r.IDs.UUID(),
		Timestamp:       now.Unix(),
		Operation:       operation.Name,
		JobID:           j.ID,
		Status:          operation.Status,
		TargetSelection: string(j.TargetSelection),
		Targets:         job.ARNs(j.Targets),
		Description:     j.Description,
		CreatedAt:       j.CreatedAt.UnixMilli(),
		LastUpdatedAt:   j.UpdatedAt.UnixMilli(),
		Comment:         j.Comment,
	}
	switch operation {
	case job.JobCompleted:
		event.CompletedAt = j.CompletedAt.UnixMilli()
		event.ProcessDetails = counters(j.Counts)
	case job.JobCanceling:
		event.ReasonCode = j.ReasonCode
	case job.JobCanceled:
		event.ReasonCode, event.ForceCanceled = j.ReasonCode, j.ForceCanceled
		event.ProcessDetails = counters(j.Counts)
	}
	payload, err := json.Marshal(event)
	return store.Event{Topic: events.JobTopic(j.ID, operation.Name), Payload: payload}, err
}

// Steering renders an event of what the server did by itself to a job that is steered, as the job
// is after that (R-STR-70).
func (r Renderer) Steering(e job.SteeringEvent, j job.Job, now time.Time) (store.Event, error) {
	event := events.Steering{
		EventType:       events.KindJob,
		EventID:         r.IDs.UUID(),
		Timestamp:       now.Unix(),
		Operation:       e.Name,
		JobID:           j.ID,
		Status:          string(j.Status),
		TargetSelection: string(j.TargetSelection),
		Targets:         job.ARNs(j.Targets),
		Description:     j.Description,
		CreatedAt:       j.CreatedAt.UnixMilli(),
		LastUpdatedAt:   j.UpdatedAt.UnixMilli(),
	}
	switch e.Name {
	case job.PausedEvent:
		event.Reason = j.Paused
	case job.ObservedEvent:
		event.Observation = &events.Observation{
			Criterion: e.Observation.Criterion,
			Failures:  e.Observation.Failures,
			Executed:  e.Observation.Executed,
			Action:    string(e.Observation.Action),
		}
	case job.WaveReleasedEvent:
		event.Wave = &events.Wave{
			Number:  e.Wave.Number,
			Takes:   e.Wave.Takes,
			Created: e.Wave.State.Created,
		}
	}
	payload, err := json.Marshal(event)
	return store.Event{Topic: events.SteeringTopic(j.ID, e.Name), Payload: payload}, err
}

// CertificateRegistered renders the event that a certificate was registered because its device has
// connected (R-ID-72).
func (r Renderer) CertificateRegistered(
	c registry.Certificate, now time.Time,
) (store.Event, error) {
	payload, err := json.Marshal(events.Certificate{
		CertificateID:   c.ID,
		CACertificateID: c.CA,
		Timestamp:       now.UnixMilli(),
		Status:          string(c.Status),
		AccountID:       r.Scope.Account,
		RegisteredAt:    strconv.FormatInt(now.UnixMilli(), 10),
	})
	return store.Event{Topic: events.CertificateTopic(c.CA), Payload: payload}, err
}

func counters(c job.Counts) *events.Counters {
	return &events.Counters{
		Canceled:  c[job.ExecutionCanceled],
		Rejected:  c[job.ExecutionRejected],
		Failed:    c[job.ExecutionFailed],
		Removed:   c[job.ExecutionRemoved],
		Succeeded: c[job.ExecutionSucceeded],
		TimedOut:  c[job.ExecutionTimedOut],
	}
}
