package events

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 900e6, time.UTC)

// Each event carries the members that its operation has, and no other: times of the job in
// milliseconds, its own in seconds (R-EVT-11 to R-EVT-16).
func TestJob(t *testing.T) {
	t.Parallel()
	j := job.Job{ID: "fw", Definition: job.Definition{
		TargetSelection: job.Snapshot,
		Targets:         []job.Target{job.GroupTarget(registry.DefaultScope, "site-1")},
		CreatedAt:       now.Add(-time.Hour),
	}}
	j.UpdatedAt, j.CompletedAt = now, now
	j.ReasonCode, j.Comment, j.ForceCanceled = "WHY", "because", true
	j.Counts[job.ExecutionSucceeded], j.Counts[job.ExecutionFailed] = 3, 1
	const (
		head = `{"eventType":"JOB","eventId":"00000000-0000-4000-8000-000000000001","timestamp":1772366400,"operation":`
		body = `"targetSelection":"SNAPSHOT","targets":["arn:aws:iot:us-east-1:000000000000:thinggroup/site-1"],`
		time = `"createdAt":1772362800900,"lastUpdatedAt":1772366400900,"comment":"because"`
		sum  = `,"jobProcessDetails":{"numberOfCanceledThings":0,"numberOfRejectedThings":0,"numberOfFailedThings":1,` +
			`"numberOfRemovedThings":0,"numberOfSucceededThings":3,"numberOfTimedOutThings":0}}`
	)
	for _, row := range []struct {
		event job.JobEvent
		want  string
	}{
		{
			job.JobCompleted,
			head + `"completed","jobId":"fw","status":"COMPLETED",` + body + `"completedAt":1772366400900,` + time + sum,
		},
		{
			job.JobCanceling, head + `"cancellation_in_progress","jobId":"fw","status":"CANCELLATION_IN_PROGRESS",` +
				body + time + `,"reasonCode":"WHY"}`,
		},
		{
			job.JobCanceled, head + `"canceled","jobId":"fw","status":"CANCELED","forceCanceled":true,` + body + time +
				`,"reasonCode":"WHY"` + sum,
		},
		{
			job.JobDeleting,
			head + `"deletion_in_progress","jobId":"fw","status":"DELETION_IN_PROGRESS",` + body + time + `}`,
		},
		{job.JobDeleted, head + `"deleted","jobId":"fw","status":"DELETED",` + body + time + `}`},
	} {
		r := Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}
		got, err := r.Job(row.event, j, now)
		if topic := "$aws/events/job/fw/" + row.event.Name; err != nil || got.Topic != topic {
			t.Errorf("%s: topic %s, %v", row.event.Name, got.Topic, err)
		}
		if string(got.Payload) != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.event.Name, got.Payload, row.want)
		}
	}
}

// An event of an execution has exactly these members, and an empty object for no details (R-EVT-20,
// R-EVT-26).
func TestExecution(t *testing.T) {
	t.Parallel()
	const head = `{"eventType":"JOB_EXECUTION","eventId":"00000000-0000-4000-8000-000000000001","timestamp":1772366400,` +
		`"operation":"failed","jobId":"fw","thingArn":"arn:aws:iot:us-east-1:000000000000:thing/pump","status":"FAILED",`
	for details, want := range map[string]string{"": `"statusDetails":{}}`, "disk": `"statusDetails":{"why":"disk"}}`} {
		x := job.Execution{Status: job.ExecutionFailed}
		if details != "" {
			x.Details = map[string]string{"why": details}
		}
		r := Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}
		got, err := r.Execution("failed", job.Job{ID: "fw"}, "pump", x, now)
		if err != nil || got.Topic != "$aws/events/jobExecution/fw/failed" || string(got.Payload) != head+want {
			t.Errorf("%v: %s %s\nwant %s", err, got.Topic, got.Payload, head+want)
		}
	}
}

// A thing that is silent is told of on a topic of our own, in the form of an event of an execution.
func TestSilent(t *testing.T) { // R-STR-41, R-STR-70
	t.Parallel()
	const want = `{"eventType":"JOB_EXECUTION","eventId":"00000000-0000-4000-8000-000000000001",` +
		`"timestamp":1772366400,"operation":"silent","jobId":"fw",` +
		`"thingArn":"arn:aws:iot:us-east-1:000000000000:thing/pump","status":"SUCCEEDED","statusDetails":{}}`
	r := Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}
	x := job.Execution{Status: job.ExecutionSucceeded}
	got, err := r.Execution(job.ExecutionSilentEvent, job.Job{ID: "fw"}, "pump", x, now)
	if err != nil || got.Topic != "drover/events/job/fw/silent" || string(got.Payload) != want {
		t.Errorf("%v: %s %s\nwant %s", err, got.Topic, got.Payload, want)
	}
}

// An event of what the server did by itself has the members of an event of a job, and the figures of
// its own. It is never on a topic of the vendor (R-STR-70).
func TestSteering(t *testing.T) {
	t.Parallel()
	j := job.Job{ID: "fw", Definition: job.Definition{
		TargetSelection: job.Snapshot,
		Targets:         []job.Target{job.GroupTarget(registry.DefaultScope, "site-1")},
		CreatedAt:       now.Add(-time.Hour),
		Description:     "d",
	}}
	j.Status, j.UpdatedAt, j.Paused = job.InProgress, now, "abort: criterion 1"
	const (
		head = `{"eventType":"JOB","eventId":"00000000-0000-4000-8000-000000000001","timestamp":1772366400,"operation":`
		body = `"jobId":"fw","status":"IN_PROGRESS","targetSelection":"SNAPSHOT",` +
			`"targets":["arn:aws:iot:us-east-1:000000000000:thinggroup/site-1"],"description":"d",` +
			`"createdAt":1772362800900,"lastUpdatedAt":1772366400900`
	)
	observation := job.Observation{At: now, Criterion: 1, Failures: 2, Executed: 4, Action: job.ActionPause}
	ofGuard := observation
	ofGuard.Criterion = 0
	wave := job.ShownWave{Number: 2, Takes: "5pct", State: job.WaveState{Created: 7}}
	for _, row := range []struct {
		event job.SteeringEvent
		want  string
	}{
		{
			job.SteeringEvent{Name: job.ObservedEvent, Observation: observation}, head + `"observed",` + body +
				`,"observation":{"criterion":1,"failures":2,"executed":4,"action":"pause"}}`,
		},
		{
			job.SteeringEvent{Name: job.ObservedEvent, Observation: ofGuard}, head + `"observed",` + body +
				`,"observation":{"failures":2,"executed":4,"action":"pause"}}`,
		},
		{
			job.SteeringEvent{Name: job.PausedEvent}, head + `"paused",` + body +
				`,"reason":"abort: criterion 1"}`,
		},
		{
			job.SteeringEvent{Name: job.WaveReleasedEvent, Wave: wave}, head + `"wave_released",` + body +
				`,"wave":{"number":2,"takes":"5pct","created":7}}`,
		},
	} {
		r := Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}
		got, err := r.Steering(row.event, j, now)
		if topic := "drover/events/job/fw/" + row.event.Name; err != nil || got.Topic != topic {
			t.Errorf("%s: topic %s, %v", row.event.Name, got.Topic, err)
		}
		if string(got.Payload) != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.event.Name, got.Payload, row.want)
		}
	}
}
