package test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/google/go-cmp/cmp"
)

// Lifecycle events on MQTT, in order, with exactly the members of chapter 24 (R-EVT-1, R-EVT-2,
// R-EVT-4, R-EVT-6, R-EVT-11, R-EVT-12, R-EVT-13, R-EVT-15, R-EVT-20, R-EVT-21, R-EVT-22, R-EVT-25,
// R-EVT-26, R-EVT-28).
func TestEvents(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 2)
	ctx, client := within(t, time.Minute), s.Control()
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
	var kinds []string
	for kind := range configurations().EventConfigurations {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	if want := "CA_CERTIFICATE CERTIFICATE JOB JOB_EXECUTION POLICY THING THING_GROUP THING_GROUP_HIERARCHY THING_GROUP_MEMBERSHIP THING_TYPE THING_TYPE_ASSOCIATION"; strings.Join(kinds, " ") != want {
		t.Errorf("R-EVT-2: kinds %v, want %s", kinds, want)
	}
	// R-EVT-6: what is not offered is stored and echoed. R-EVT-2: Enabled has a capital, another
	// spelling is unknown and ignored.
	s.ask("PATCH", "/event-configurations", `{"eventConfigurations":{"THING":{"Enabled":true},"POLICY":{"enabled":true}}}`)
	if c := s.ask("GET", "/event-configurations", ""); at(c, "eventConfigurations.THING.Enabled") != true || at(c, "eventConfigurations.POLICY.Enabled") != false ||
		at(c, "eventConfigurations.JOB.Enabled") != true || c["creationDate"] == nil || c["lastModifiedDate"] == nil { // R-EVT-1, R-EVT-4
		t.Errorf("R-EVT-6: %v", c)
	}
	_, err := client.UpdateEventConfigurations(ctx, &iot.UpdateEventConfigurationsInput{EventConfigurations: map[string]types.Configuration{"WEATHER": {Enabled: true}}})
	wantError(t, err, "InvalidRequestException")

	s.create("j1", "g", func(in *iot.CreateJobInput) { in.Description = aws.String("first") })
	report("t0001", "j1", "SUCCEEDED")
	report("t0002", "j1", "FAILED")
	now := s.clock(`{"advance":"0s"}`)
	job := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: aws.String("j1")})).Job

	in.expectEvent("jobExecution/j1/succeeded", map[string]any{
		"eventType": "JOB_EXECUTION", "operation": "succeeded", "jobId": "j1", "thingArn": s.ARN("thing", "t0001"), "status": "SUCCEEDED",
		"statusDetails": map[string]any{}, "timestamp": float64(now.Unix()),
	})
	in.expectEvent("jobExecution/j1/failed", map[string]any{
		"eventType": "JOB_EXECUTION", "operation": "failed", "jobId": "j1", "thingArn": s.ARN("thing", "t0002"), "status": "FAILED",
		"statusDetails": map[string]any{}, "timestamp": float64(now.Unix()),
	})
	in.expectEvent("job/j1/completed", map[string]any{
		"eventType": "JOB", "operation": "completed", "jobId": "j1", "status": "COMPLETED", "targetSelection": "SNAPSHOT", "description": "first",
		"targets": []any{s.ARN("thinggroup", "g")}, "timestamp": float64(now.Unix()), "completedAt": float64(job.CompletedAt.UnixMilli()),
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
	if listed := s.ask("GET", "/jobs?status=CANCELED", ""); len(listed["jobs"].([]any)) != 1 { // R-EVT-12: the API has another word
		t.Errorf("the job is listed as %v", listed)
	}
	if status, _, text := s.send(call{method: "GET", path: "/jobs?status=CANCELLATION_IN_PROGRESS"}); status != 400 {
		t.Errorf("R-EVT-12: %d %s", status, text)
	}
	in.expect("jobExecution/j2/canceled")
	in.expect("jobExecution/j2/canceled")
	if canceled := in.expect("job/j2/canceled"); canceled.at("forceCanceled") != true || canceled.at("reasonCode") != "STOP" || canceled.at("jobProcessDetails.numberOfCanceledThings") != 2.0 {
		t.Errorf("%s %s", canceled.Topic, canceled.Text)
	}
	s.create("j3", "g", nil)
	s.askFor("iot-jobs-data", "POST", "/things/t0001/jobs/j3", `{"status":"IN_PROGRESS","statusDetails":{"a":"1","b":"2"}}`)
	must[*iot.DeleteJobOutput](t)(client.DeleteJob(ctx, &iot.DeleteJobInput{JobId: aws.String("j3"), Force: true}))
	in.expect("job/j3/deletion_in_progress")
	// R-EVT-22: the status before the deletion; R-EVT-20: details as a flat map.
	in.expectEvent("jobExecution/j3/deleted", map[string]any{
		"eventType": "JOB_EXECUTION", "operation": "deleted", "jobId": "j3", "thingArn": s.ARN("thing", "t0001"), "status": "IN_PROGRESS",
		"statusDetails": map[string]any{"a": "1", "b": "2"}, "timestamp": float64(now.Unix()),
	})
	in.expectEvent("jobExecution/j3/deleted", map[string]any{
		"eventType": "JOB_EXECUTION", "operation": "deleted", "jobId": "j3", "thingArn": s.ARN("thing", "t0002"), "status": "QUEUED",
		"statusDetails": map[string]any{}, "timestamp": float64(now.Unix()),
	})
	if deleted := in.expect("job/j3/deleted"); deleted.at("status") != "DELETED" {
		t.Errorf("%s %s", deleted.Topic, deleted.Text)
	}
	in.empty()
	// R-EVT-27: not retained; who subscribes later hears of nothing that was.
	late := newInbox(t)
	must[*v3](t)(connect3(t, s.MQTT, "late", nil, late)).subscribe("$aws/events/job/#")
	s.create("j4", "g", nil)
	must[*iot.CancelJobOutput](t)(client.CancelJob(ctx, &iot.CancelJobInput{JobId: aws.String("j4")}))
	if m := late.next(); !strings.HasSuffix(m.Topic, "job/j4/cancellation_in_progress") {
		t.Errorf("the first event of a late subscriber is %s", m.Topic)
	}
}

// What devices are told (R-EVT-30, R-EVT-31, R-EVT-32, R-EVT-33): lists grouped by status and
// without documents (R-DOC-10), the head with its document, nothing more when nothing is pending;
// jobs of a namespace on the ordinary topics; with events off (R-EVT-3).
func TestNotifications(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 1)
	now := float64(s.clock(`{"advance":"0s"}`).Unix())
	in := newInbox(t)
	device := must[*v3](t)(connect3(t, s.MQTT, "t0001", nil, in))
	device.subscribe("$aws/things/t0001/jobs/notify")
	device.subscribe("$aws/things/t0001/jobs/notify-next")
	told := func(suffix string, want map[string]any) {
		t.Helper()
		m := in.expect(suffix)
		if diff := cmp.Diff(want, m.Body); diff != "" {
			t.Errorf("%s (-want +got):\n%s", suffix, diff)
		}
	}
	summary := func(job string, version float64, more ...string) map[string]any {
		x := map[string]any{"jobId": job, "queuedAt": now, "lastUpdatedAt": now, "executionNumber": 1.0, "versionNumber": version}
		for _, name := range more {
			x[name] = now
		}
		return x
	}
	head := func(job, status string, version float64, more ...string) map[string]any {
		x := summary(job, version, more...)
		x["status"], x["jobDocument"] = status, map[string]any{"do": "it"}
		return map[string]any{"timestamp": now, "execution": x}
	}
	s.create("a", "g", func(in *iot.CreateJobInput) { in.NamespaceId = aws.String("ns") }) // R-EVT-32
	told("/jobs/notify", map[string]any{"timestamp": now, "jobs": map[string]any{"QUEUED": []any{summary("a", 1)}}})
	told("/jobs/notify-next", head("a", "QUEUED", 1))
	s.create("b", "g", nil)
	told("/jobs/notify", map[string]any{"timestamp": now, "jobs": map[string]any{"QUEUED": []any{summary("a", 1), summary("b", 1)}}})
	if err := s.report("t0001", "b", "IN_PROGRESS"); err != nil {
		t.Fatal(err)
	}
	told("/jobs/notify-next", head("b", "IN_PROGRESS", 2, "startedAt")) // R-ORD-6: it became the head
	s.create("c", "g", nil)
	told("/jobs/notify", map[string]any{"timestamp": now, "jobs": map[string]any{
		"IN_PROGRESS": []any{summary("b", 2, "startedAt")}, "QUEUED": []any{summary("a", 1), summary("c", 1)},
	}})
	// Neither a nor c is the head. A notice has what is pending when it is published, so each is
	// waited for before the next report.
	for _, done := range []struct {
		job  string
		left map[string]any
	}{
		{"a", map[string]any{"IN_PROGRESS": []any{summary("b", 2, "startedAt")}, "QUEUED": []any{summary("c", 1)}}},
		{"c", map[string]any{"IN_PROGRESS": []any{summary("b", 2, "startedAt")}}},
		{"b", map[string]any{}},
	} {
		if err := s.report("t0001", done.job, "SUCCEEDED"); err != nil {
			t.Fatal(err)
		}
		told("/jobs/notify", map[string]any{"timestamp": now, "jobs": done.left})
	}
	told("/jobs/notify-next", map[string]any{"timestamp": now})
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
