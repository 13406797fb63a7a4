package test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// Lifecycle events on MQTT, in order, with exactly the members of chapter 24 (R-EVT-1 to R-EVT-28).
func TestEvents(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 2)
	ctx, client := within(t, time.Minute), s.control()
	configurations := func() *iot.DescribeEventConfigurationsOutput {
		return must[*iot.DescribeEventConfigurationsOutput](t)(client.DescribeEventConfigurations(ctx, &iot.DescribeEventConfigurationsInput{}))
	}
	if c := configurations(); len(c.EventConfigurations) != 11 || c.EventConfigurations["JOB"].Enabled || c.CreationDate != nil || c.LastModifiedDate != nil {
		t.Errorf("at first: %+v", c)
	}
	in := newInbox(t)
	watcher := must[*v3](t)(connect3(t, s.MQTT, "watcher", nil, in))
	watcher.subscribe("$aws/events/job/#")
	watcher.subscribe("$aws/events/jobExecution/#")
	report := func(thing, job, status string) {
		t.Helper()
		if err := s.report(thing, job, status); err != nil {
			t.Fatal(err)
		}
	}
	s.create("silent", "g", nil)
	report("t0001", "silent", "SUCCEEDED")
	report("t0002", "silent", "SUCCEEDED")
	must[*iot.UpdateEventConfigurationsOutput](t)(client.UpdateEventConfigurations(ctx, &iot.UpdateEventConfigurationsInput{
		EventConfigurations: map[string]types.Configuration{"JOB": {Enabled: true}, "JOB_EXECUTION": {Enabled: true}},
	}))
	if c := configurations(); !c.EventConfigurations["JOB"].Enabled || c.EventConfigurations["THING"].Enabled || c.CreationDate == nil || c.LastModifiedDate == nil {
		t.Errorf("switched on: %+v", c)
	}
	_, err := client.UpdateEventConfigurations(ctx, &iot.UpdateEventConfigurationsInput{EventConfigurations: map[string]types.Configuration{"WEATHER": {Enabled: true}}})
	wantError(t, err, "InvalidRequestException")

	s.create("j1", "g", func(in *iot.CreateJobInput) { in.Description = aws.String("first") })
	report("t0001", "j1", "SUCCEEDED")
	report("t0002", "j1", "FAILED")
	now := s.clock(`{"advance":"0s"}`)
	job := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: aws.String("j1")})).Job

	in.expectEvent("jobExecution/j1/succeeded", map[string]any{
		"eventType": "JOB_EXECUTION", "operation": "succeeded", "jobId": "j1", "thingArn": s.arn("thing", "t0001"), "status": "SUCCEEDED",
		"statusDetails": map[string]any{}, "timestamp": float64(now.Unix()),
	})
	in.expectEvent("jobExecution/j1/failed", map[string]any{
		"eventType": "JOB_EXECUTION", "operation": "failed", "jobId": "j1", "thingArn": s.arn("thing", "t0002"), "status": "FAILED",
		"statusDetails": map[string]any{}, "timestamp": float64(now.Unix()),
	})
	in.expectEvent("job/j1/completed", map[string]any{
		"eventType": "JOB", "operation": "completed", "jobId": "j1", "status": "COMPLETED", "targetSelection": "SNAPSHOT", "description": "first",
		"targets": []any{s.arn("thinggroup", "g")}, "timestamp": float64(now.Unix()), "completedAt": float64(job.CompletedAt.UnixMilli()),
		"createdAt": float64(job.CreatedAt.UnixMilli()), "lastUpdatedAt": float64(job.LastUpdatedAt.UnixMilli()),
		"jobProcessDetails": map[string]any{"numberOfCanceledThings": 0.0, "numberOfRejectedThings": 0.0, "numberOfFailedThings": 1.0,
			"numberOfRemovedThings": 0.0, "numberOfSucceededThings": 1.0, "numberOfTimedOutThings": 0.0},
	})

	s.create("j2", "g", nil)
	must[*iot.CancelJobOutput](t)(client.CancelJob(ctx, &iot.CancelJobInput{JobId: aws.String("j2"), ReasonCode: aws.String("STOP"), Comment: aws.String("enough"), Force: true}))
	canceling := in.next()
	if !strings.HasSuffix(canceling.Topic, "job/j2/cancellation_in_progress") || canceling.at("status") != "CANCELLATION_IN_PROGRESS" ||
		canceling.at("reasonCode") != "STOP" || canceling.at("comment") != "enough" || canceling.at("forceCanceled") != nil || canceling.at("jobProcessDetails") != nil {
		t.Errorf("%s %s", canceling.Topic, canceling.Text)
	}
	in.expect("jobExecution/j2/canceled")
	in.expect("jobExecution/j2/canceled")
	if canceled := in.expect("job/j2/canceled"); canceled.at("forceCanceled") != true || canceled.at("reasonCode") != "STOP" || canceled.at("jobProcessDetails.numberOfCanceledThings") != 2.0 {
		t.Errorf("%s %s", canceled.Topic, canceled.Text)
	}
	s.create("j3", "g", nil)
	report("t0001", "j3", "IN_PROGRESS")
	must[*iot.DeleteJobOutput](t)(client.DeleteJob(ctx, &iot.DeleteJobInput{JobId: aws.String("j3"), Force: true}))
	in.expect("job/j3/deletion_in_progress")
	in.expect("jobExecution/j3/deleted")
	in.expect("jobExecution/j3/deleted")
	if deleted := in.expect("job/j3/deleted"); deleted.at("status") != "DELETED" {
		t.Errorf("%s %s", deleted.Topic, deleted.Text)
	}
	in.empty()
}

// expectEvent returns once the next message is this event: exactly these members and an eventId.
func (in *inbox) expectEvent(suffix string, want map[string]any) {
	in.t.Helper()
	m := in.expect("$aws/events/" + suffix)
	var got map[string]any
	if err := json.Unmarshal([]byte(m.Text), &got); err != nil {
		in.t.Fatalf("%s: %v", m.Text, err)
	}
	if id, _ := got["eventId"].(string); len(id) != 36 {
		in.t.Errorf("%s: eventId %q is no UUID", suffix, id)
	}
	delete(got, "eventId")
	if diff := cmp.Diff(want, got); diff != "" {
		in.t.Errorf("%s (-want +got):\n%s", suffix, diff)
	}
}
