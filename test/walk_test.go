package test

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	awsv1 "github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/iotjobsdataplane"
	"github.com/eclipse/paho.golang/paho"
	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// The main job, from an empty folder to COMPLETED, with the SDK and with devices on both MQTT
// versions over mutual TLS: registry, a job on a group, the devices' conversation, an update of
// each kind while it runs, the counts.
func TestWalk(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, client := within(t, time.Minute), s.Control()
	policy := "jobs"
	must[*iot.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iot.CreatePolicyInput{PolicyName: &policy, PolicyDocument: aws.String(s.JobsPolicy())}))
	must[*iot.CreateThingGroupOutput](t)(client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: aws.String("site-1")}))
	for _, thing := range []string{"pump-07", "pump-08"} {
		must[*iot.CreateThingOutput](t)(client.CreateThing(ctx, &iot.CreateThingInput{ThingName: &thing}))
		must[*iot.AddThingToThingGroupOutput](t)(client.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{ThingName: &thing, ThingGroupName: aws.String("site-1")}))
	}
	one, two := s.Identify("pump-07", policy), s.Identify("pump-08", policy)
	inOne, inTwo := newInbox(t), newInbox(t)
	first := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&one), inOne))
	second := must[*v5](t)(connect5(t, s.MQTTS, "pump-08", s.TLS(&two), inTwo))
	first.subscribe("$aws/things/pump-07/jobs/notify")
	first.subscribe("$aws/things/pump-07/jobs/notify-next")
	second.subscribe("$aws/things/pump-08/jobs/notify-next")

	create := &iot.CreateJobInput{
		JobId: aws.String("fw-2"), Targets: []string{s.ARN("thinggroup", "site-1")}, Document: aws.String(`{"operation":"upgrade", "to": 2.40}`),
		JobExecutionsRolloutConfig: &types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(50)},
		TimeoutConfig:              &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(30)},
		AbortConfig: &types.AbortConfig{CriteriaList: []types.AbortCriteria{{
			FailureType: types.JobExecutionFailureTypeFailed, Action: types.AbortActionCancel,
			ThresholdPercentage: aws.Float64(12.5), MinNumberOfExecutedThings: aws.Int32(10),
		}}},
	}
	must[*iot.CreateJobOutput](t)(client.CreateJob(ctx, create))
	_, err := client.CreateJob(ctx, create)
	wantError(t, err, "ResourceAlreadyExistsException")

	// R-MQTT-40, R-MQTT-41: the list, then the head with its document, numbers as the author wrote
	// them (R-DOC-8).
	if m := inOne.expect("/jobs/notify"); m.at("jobs.QUEUED") == nil || m.at("jobs.IN_PROGRESS") != nil {
		t.Errorf("notify: %s", m.Text)
	}
	if m := inOne.expect("/jobs/notify-next"); m.at("execution.jobId") != "fw-2" || !strings.Contains(m.Text, `"jobDocument":{"operation":"upgrade", "to": 2.40}`) {
		t.Errorf("notify-next: %s", m.Text)
	}
	inTwo.expect("/jobs/notify-next")
	s.converse(first, inOne)
	s.updates()
	s.overHTTPS(second, inTwo)

	job := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: aws.String("fw-2")})).Job
	counts := job.JobProcessDetails
	if job.Status != types.JobStatusCompleted || *counts.NumberOfSucceededThings != 1 || *counts.NumberOfRejectedThings != 1 || job.CompletedAt == nil {
		t.Errorf("job %s with %+v, want COMPLETED with one SUCCEEDED and one REJECTED", job.Status, counts)
	}
	s.lists()
	if err := s.Stop(); err != nil {
		t.Errorf("clean shutdown: %v\n%s", err, s.Output)
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "endpoints.json")); !os.IsNotExist(err) {
		t.Errorf("endpoints.json is still there after a clean shutdown: %v", err)
	}
}

// converse is one device's whole conversation over MQTT, answers without a subscription
// (R-MQTT-29).
func (s *server) converse(d device, in *inbox) {
	t := s.t
	t.Helper()
	jobs := "$aws/things/pump-07/jobs/"
	d.publish(jobs+"start-next", `{"clientToken":"a","stepTimeoutInMinutes":5,"statusDetails":{"phase":"fetch"}}`)
	m := in.expect("/start-next/accepted")
	if m.at("clientToken") != "a" || m.at("execution.status") != "IN_PROGRESS" || m.at("execution.versionNumber") != 2.0 ||
		m.at("execution.statusDetails.phase") != "fetch" || m.at("execution.approximateSecondsBeforeTimedOut") != 300.0 {
		t.Errorf("start-next/accepted: %s", m.Text)
	}
	d.publish(jobs+"fw-2/update", `{"status":"IN_PROGRESS","expectedVersion":"2","statusDetails":{"progress":"40"},"includeJobExecutionState":true}`)
	if m := in.expect("/fw-2/update/accepted"); m.at("executionState.versionNumber") != 3.0 || m.at("clientToken") != nil {
		t.Errorf("update/accepted: %s", m.Text)
	}
	d.publish(jobs+"fw-2/update", `{"status":"SUCCEEDED","expectedVersion":2,"clientToken":"b"}`)
	if m := in.expect("/fw-2/update/rejected"); m.at("code") != "VersionMismatch" || m.at("clientToken") != "b" || m.at("executionState.versionNumber") != 3.0 {
		t.Errorf("stale update: %s", m.Text)
	}
	d.publish(jobs+"$next/get", ``)
	if m := in.expect("/$next/get/accepted"); m.at("execution.jobDocument.operation") != "upgrade" || m.at("execution.statusDetails.progress") != "40" {
		t.Errorf("$next/get: %s", m.Text)
	}
	d.publish(jobs+"fw-2/update", `{"status":"SUCCEEDED","expectedVersion":3}`)
	in.expect("/fw-2/update/accepted")
	// The response first, then the list, then the head (R-MQTT-43); both are empty now.
	if m := in.expect("/jobs/notify"); !strings.Contains(m.Text, `"jobs":{}`) {
		t.Errorf("notify of an empty list: %s", m.Text)
	}
	if m := in.expect("/jobs/notify-next"); len(m.Body) != 1 || m.at("timestamp") == nil {
		t.Errorf("notify-next of an empty list: %s", m.Text)
	}
	in.empty()
}

// updates changes every member of the running job that can be changed, and reads each back
// (R-API-40).
func (s *server) updates() {
	t, client := s.t, s.Control()
	t.Helper()
	ctx, id := within(t, 30*time.Second), aws.String("fw-2")
	must[*iot.UpdateJobOutput](t)(client.UpdateJob(ctx, &iot.UpdateJobInput{
		JobId: id, Description: aws.String("to 2.4"),
		PresignedUrlConfig: &types.PresignedUrlConfig{RoleArn: aws.String("arn:aws:iam::123456789012:role/updates"), ExpiresInSec: aws.Int64(60)},
		JobExecutionsRolloutConfig: &types.JobExecutionsRolloutConfig{ExponentialRate: &types.ExponentialRolloutRate{
			BaseRatePerMinute: aws.Int32(5), IncrementFactor: aws.Float64(1.5), RateIncreaseCriteria: &types.RateIncreaseCriteria{NumberOfSucceededThings: aws.Int32(10)},
		}},
		AbortConfig: &types.AbortConfig{CriteriaList: []types.AbortCriteria{{
			FailureType: types.JobExecutionFailureTypeAll, Action: types.AbortActionCancel,
			ThresholdPercentage: aws.Float64(99.99), MinNumberOfExecutedThings: aws.Int32(50),
		}}},
		TimeoutConfig: &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(10080)},
		JobExecutionsRetryConfig: &types.JobExecutionsRetryConfig{CriteriaList: []types.RetryCriteria{{
			FailureType: types.RetryableFailureTypeAll, NumberOfRetries: aws.Int32(0),
		}}},
	}))
	job := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: id})).Job
	shown := fmt.Sprint(*job.Description, *job.PresignedUrlConfig.RoleArn, *job.PresignedUrlConfig.ExpiresInSec,
		*job.JobExecutionsRolloutConfig.ExponentialRate.IncrementFactor, job.JobExecutionsRolloutConfig.MaximumPerMinute,
		*job.AbortConfig.CriteriaList[0].ThresholdPercentage, *job.TimeoutConfig.InProgressTimeoutInMinutes, *job.JobExecutionsRetryConfig.CriteriaList[0].NumberOfRetries)
	if want := "to 2.4arn:aws:iam::123456789012:role/updates60 1.5<nil> 99.99 10080 0"; strings.ReplaceAll(shown, " ", "") != strings.ReplaceAll(want, " ", "") {
		t.Errorf("after the update the job shows\n%s, want\n%s", shown, want)
	}
	_, err := client.UpdateJob(ctx, &iot.UpdateJobInput{JobId: id, TimeoutConfig: &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(10081)}})
	wantError(t, err, "InvalidRequestException")
	_, err = client.UpdateJob(ctx, &iot.UpdateJobInput{JobId: aws.String("nope"), Description: aws.String("x")})
	wantError(t, err, "ResourceNotFoundException")
}

// overHTTPS ends the second device's execution over the device HTTPS API, by signature and by
// certificate; MQTT hears of it (R-HTTP-34).
func (s *server) overHTTPS(d device, in *inbox) {
	t, data := s.t, s.data()
	t.Helper()
	thing := awsv1.String("pump-08")
	pending := must[*iotjobsdataplane.GetPendingJobExecutionsOutput](t)(data.GetPendingJobExecutions(&iotjobsdataplane.GetPendingJobExecutionsInput{ThingName: thing}))
	if len(pending.QueuedJobs) != 1 || len(pending.InProgressJobs) != 0 || *pending.QueuedJobs[0].QueuedAt > time.Now().Unix() {
		t.Errorf("pending: %v", pending)
	}
	next := must[*iotjobsdataplane.DescribeJobExecutionOutput](t)(data.DescribeJobExecution(&iotjobsdataplane.DescribeJobExecutionInput{ThingName: thing, JobId: awsv1.String("$next")}))
	if *next.Execution.JobDocument != `{"operation":"upgrade", "to": 2.40}` || *next.Execution.ThingName != "pump-08" {
		t.Errorf("describe $next: %v", next)
	}
	started := must[*iotjobsdataplane.StartNextPendingJobExecutionOutput](t)(data.StartNextPendingJobExecution(&iotjobsdataplane.StartNextPendingJobExecutionInput{ThingName: thing}))
	_, err := data.UpdateJobExecution(&iotjobsdataplane.UpdateJobExecutionInput{
		ThingName: thing, JobId: awsv1.String("fw-2"), Status: awsv1.String("REJECTED"), ExpectedVersion: awsv1.Int64(1),
	})
	if err == nil || !strings.Contains(err.Error(), "VersionMismatchException") {
		t.Errorf("a stale version: %v", err)
	}
	must[*iotjobsdataplane.UpdateJobExecutionOutput](t)(data.UpdateJobExecution(&iotjobsdataplane.UpdateJobExecutionInput{
		ThingName: thing, JobId: awsv1.String("fw-2"), Status: awsv1.String("REJECTED"), ExpectedVersion: started.Execution.VersionNumber,
	}))
	if m := in.expect("/jobs/notify-next"); m.at("execution") != nil {
		t.Errorf("notify-next after an update over HTTP: %s", m.Text)
	}
	_, err = data.DescribeJobExecution(&iotjobsdataplane.DescribeJobExecutionInput{ThingName: thing, JobId: awsv1.String("fw-2")})
	if err == nil || !strings.Contains(err.Error(), "TerminalStateException") {
		t.Errorf("describe of an ended execution: %v", err)
	}
}

// lists reads everything back, pages, and removes it again.
func (s *server) lists() {
	t, client := s.t, s.Control()
	t.Helper()
	ctx, id := within(t, 30*time.Second), aws.String("fw-2")
	page := must[*iot.ListJobExecutionsForJobOutput](t)(client.ListJobExecutionsForJob(ctx, &iot.ListJobExecutionsForJobInput{JobId: id, MaxResults: aws.Int32(1)}))
	rest := must[*iot.ListJobExecutionsForJobOutput](t)(client.ListJobExecutionsForJob(ctx, &iot.ListJobExecutionsForJobInput{JobId: id, NextToken: page.NextToken}))
	if len(page.ExecutionSummaries) != 1 || len(rest.ExecutionSummaries) != 1 || rest.NextToken != nil || *rest.ExecutionSummaries[0].ThingArn != s.ARN("thing", "pump-08") {
		t.Errorf("pages: %v then %v", page, rest)
	}
	_, err := client.ListJobExecutionsForJob(ctx, &iot.ListJobExecutionsForJobInput{JobId: id, Status: types.JobExecutionStatusQueued, NextToken: page.NextToken})
	wantError(t, err, "InvalidRequestException") // R-WIRE-23: a token of other filters
	of := must[*iot.ListJobExecutionsForThingOutput](t)(client.ListJobExecutionsForThing(ctx, &iot.ListJobExecutionsForThingInput{ThingName: aws.String("pump-07"), Status: types.JobExecutionStatusSucceeded}))
	if len(of.ExecutionSummaries) != 1 || *of.ExecutionSummaries[0].JobId != "fw-2" {
		t.Errorf("executions of a thing: %v", of.ExecutionSummaries)
	}
	jobs := must[*iot.ListJobsOutput](t)(client.ListJobs(ctx, &iot.ListJobsInput{ThingGroupName: aws.String("site-1"), Status: types.JobStatusCompleted}))
	if len(jobs.Jobs) != 1 || jobs.Jobs[0].ThingGroupId == nil {
		t.Errorf("jobs of a group: %v", jobs.Jobs)
	}
	document := must[*iot.GetJobDocumentOutput](t)(client.GetJobDocument(ctx, &iot.GetJobDocumentInput{JobId: id}))
	if *document.Document != `{"operation":"upgrade", "to": 2.40}` { // R-API-7
		t.Errorf("document: %s", *document.Document)
	}
	must[*iot.DeleteJobOutput](t)(client.DeleteJob(ctx, &iot.DeleteJobInput{JobId: id}))
	_, err = client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: id}) // R-JOB-62
	wantError(t, err, "ResourceNotFoundException")
}

// The doors: what a certificate may reach, by which listener and by which protocol.
func TestDoors(t *testing.T) {
	t.Parallel()
	s := serve(t)
	ctx, client := within(t, time.Minute), s.Control()
	policy := "jobs"
	must[*iot.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iot.CreatePolicyInput{PolicyName: &policy, PolicyDocument: aws.String(s.JobsPolicy())}))
	for _, thing := range []string{"pump-07", "pump-08"} {
		must[*iot.CreateThingOutput](t)(client.CreateThing(ctx, &iot.CreateThingInput{ThingName: &thing}))
	}
	id := s.Identify("pump-07", policy)

	t.Run("R-BRK-2 MQTT by ALPN on the HTTPS listener", func(t *testing.T) {
		d := must[*v5](t)(connect5(t, s.HTTPS, "pump-07", s.TLS(&id, "x-amzn-mqtt-ca"), newInbox(t)))
		d.close()
	})
	t.Run("R-HTTP-33 HTTPS by certificate", func(t *testing.T) {
		for path, want := range map[string]int{"/things/pump-07/jobs": 200, "/things/pump-08/jobs": 403} {
			get := http.Client{Transport: &http.Transport{TLSClientConfig: s.TLS(&id)}}
			answer := must[*http.Response](t)(get.Get(strings.Replace(s.HTTPS, "127.0.0.1", "localhost", 1) + path))
			answer.Body.Close()
			if answer.StatusCode != want {
				t.Errorf("%s: %d, want %d", path, answer.StatusCode, want)
			}
		}
	})
	t.Run("R-HTTP-33 no connection thing over HTTPS", func(t *testing.T) {
		own, exclusive := "own", types.ThingPrincipalTypeExclusiveThing
		document := strings.Replace(s.JobsPolicy(), "thing/pump-07", "thing/${iot:Connection.Thing.ThingName}", 1)
		must[*iot.CreatePolicyOutput](t)(client.CreatePolicy(ctx, &iot.CreatePolicyInput{PolicyName: &own, PolicyDocument: &document}))
		other := s.Identify("pump-08", own)
		must[*iot.AttachThingPrincipalOutput](t)(client.AttachThingPrincipal(ctx, &iot.AttachThingPrincipalInput{
			ThingName: &other.Thing, Principal: &other.ARN, ThingPrincipalType: exclusive,
		}))
		get := http.Client{Transport: &http.Transport{TLSClientConfig: s.TLS(&other)}}
		answer := must[*http.Response](t)(get.Get(strings.Replace(s.HTTPS, "127.0.0.1", "localhost", 1) + "/things/pump-08/jobs"))
		answer.Body.Close()
		if answer.StatusCode != http.StatusForbidden {
			t.Errorf("answered %d", answer.StatusCode)
		}
	})
	t.Run("R-ERR-9 state before version", func(t *testing.T) {
		thing, version := "pump-07", int64(99)
		_, err := client.DeleteThing(ctx, &iot.DeleteThingInput{ThingName: &thing, ExpectedVersion: &version})
		wantError(t, err, "InvalidRequestException") // its certificate is attached
		parent, child := "parent", "child"
		must[*iot.CreateThingGroupOutput](t)(client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &parent}))
		must[*iot.CreateThingGroupOutput](t)(client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &child, ParentGroupName: &parent}))
		_, err = client.DeleteThingGroup(ctx, &iot.DeleteThingGroupInput{ThingGroupName: &parent, ExpectedVersion: &version})
		wantError(t, err, "InvalidRequestException")
		_, err = client.DeleteThingGroup(ctx, &iot.DeleteThingGroupInput{ThingGroupName: &child, ExpectedVersion: &version})
		wantError(t, err, "VersionConflictException")
	})
	t.Run("R-ID-25 another client id", func(t *testing.T) {
		if _, err := connect5(t, s.MQTTS, "pump-08", s.TLS(&id), newInbox(t)); err == nil {
			t.Error("connected as pump-08 with the certificate of pump-07")
		}
	})
	t.Run("R-BRK-17 another thing's topics", func(t *testing.T) {
		d := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&id), newInbox(t)))
		const other = "$aws/things/pump-08/jobs/notify"
		token := d.client.Subscribe(other, 1, nil).(*mqtt.SubscribeToken)
		if !token.WaitTimeout(5*time.Second) || token.Result()[other] != 0x80 {
			t.Errorf("subscribing to another thing's topic was answered %v, want 0x80", token.Result())
		}
		d.client.Publish("$aws/things/pump-08/jobs/start-next", 1, false, "{}")
		eventually(t, "the connection is closed", func() bool { return !d.client.IsConnected() })
	})
	t.Run("R-BRK-19 a policy that is detached", func(t *testing.T) {
		in := newInbox(t)
		d := must[*v5](t)(connect5(t, s.MQTTS, "pump-07", s.TLS(&id), in))
		d.publish("$aws/things/pump-07/jobs/get", "{}")
		in.expect("/get/accepted")
		target := &iot.DetachPolicyInput{PolicyName: &policy, Target: &id.ARN}
		must[*iot.DetachPolicyOutput](t)(client.DetachPolicy(ctx, target))
		eventually(t, "publishing is refused", func() bool {
			answer, err := d.client.Publish(ctx, &paho.Publish{Topic: "$aws/things/pump-07/jobs/get", QoS: 1, Payload: []byte("{}")})
			return err != nil && answer != nil && answer.ReasonCode == 0x87 // R-BRK-17: the connection stays
		})
		must[*iot.AttachPolicyOutput](t)(client.AttachPolicy(ctx, &iot.AttachPolicyInput{PolicyName: &policy, Target: &id.ARN}))
		eventually(t, "publishing is allowed again", func() bool {
			_, err := d.client.Publish(ctx, &paho.Publish{Topic: "$aws/things/pump-07/jobs/get", QoS: 1, Payload: []byte("{}")})
			return err == nil
		})
	})
	t.Run("R-BRK-6 a certificate that is not registered", func(t *testing.T) {
		stranger := id
		stranger.Pair = must[tls.Certificate](t)(tls.LoadX509KeyPair(filepath.Join(s.Dir, "server.pem"), filepath.Join(s.Dir, "server.key")))
		if _, err := connect5(t, s.MQTTS, "pump-07", s.TLS(&stranger), newInbox(t)); err == nil {
			t.Error("connected with an unknown certificate")
		}
	})
	t.Run("R-BRK-1 no certificate", func(t *testing.T) {
		if _, err := connect5(t, s.MQTTS, "pump-07", s.TLS(nil), newInbox(t)); err == nil {
			t.Error("connected without a certificate")
		}
	})
	t.Run("R-BRK-19 a certificate that leaves ACTIVE before CONNECT", func(t *testing.T) {
		revoked := s.Identify("pump-07", policy)
		conn := must[*tls.Conn](t)(tls.Dial("tcp", strings.TrimPrefix(s.MQTTS, "mqtts://"), s.TLS(&revoked)))
		defer conn.Close()
		update := &iot.UpdateCertificateInput{CertificateId: &revoked.CertificateID, NewStatus: types.CertificateStatusRevoked}
		must[*iot.UpdateCertificateOutput](t)(client.UpdateCertificate(ctx, update))
		connect := "\x10\x13\x00\x04MQTT\x04\x02\x00\x3c\x00\x07pump-07"
		_, _ = conn.Write([]byte(connect)) // the server may have closed already
		conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		answer, err := io.ReadAll(conn)
		if text := string(answer); text != "" && text != "\x20\x02\x00\x05" || errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("CONNECT was answered %x (%v), want CONNACK 5 or the end", answer, err)
		}
	})
	t.Run("R-BRK-19 a certificate that leaves ACTIVE", func(t *testing.T) {
		d := must[*v3](t)(connect3(t, s.MQTTS, "pump-07", s.TLS(&id), newInbox(t)))
		must[*iot.UpdateCertificateOutput](t)(client.UpdateCertificate(ctx, &iot.UpdateCertificateInput{CertificateId: &id.CertificateID, NewStatus: types.CertificateStatusInactive}))
		eventually(t, "the connection is closed", func() bool { return !d.client.IsConnected() })
		if _, err := connect5(t, s.MQTTS, "pump-07", s.TLS(&id), newInbox(t)); err == nil {
			t.Error("connected with an INACTIVE certificate")
		}
	})
}
