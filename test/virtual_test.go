package test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	awsv1 "github.com/aws/aws-sdk-go/aws"
	"github.com/aws/aws-sdk-go/service/iotjobsdataplane"
)

// fleet makes things in a group, named t0001, t0002, …
func (s *server) fleet(group string, n int) {
	s.t.Helper()
	ctx, client := within(s.t, time.Minute), s.Control()
	must[*iot.CreateThingGroupOutput](s.t)(client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &group}))
	for i := range n {
		name := thingName(i)
		must[*iot.CreateThingOutput](s.t)(client.CreateThing(ctx, &iot.CreateThingInput{ThingName: &name}))
		must[*iot.AddThingToThingGroupOutput](s.t)(client.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{ThingName: &name, ThingGroupName: &group}))
	}
}

func thingName(i int) string { return fmt.Sprintf("t%04d", i+1) }

// create makes a job on a group.
func (s *server) create(id, group string, change func(*iot.CreateJobInput)) {
	s.t.Helper()
	in := &iot.CreateJobInput{JobId: &id, Targets: []string{s.ARN("thinggroup", group)}, Document: aws.String(`{"do":"it"}`)}
	if change != nil {
		change(in)
	}
	must[*iot.CreateJobOutput](s.t)(s.Control().CreateJob(within(s.t, 20*time.Second), in))
}

func (s *server) update(in *iot.UpdateJobInput) {
	s.t.Helper()
	must[*iot.UpdateJobOutput](s.t)(s.Control().UpdateJob(within(s.t, 20*time.Second), in))
}

// counts shows a job as "STATUS queued inProgress succeeded failed timedOut canceled".
func (s *server) counts(id string) string {
	s.t.Helper()
	job := must[*iot.DescribeJobOutput](s.t)(s.Control().DescribeJob(within(s.t, 20*time.Second), &iot.DescribeJobInput{JobId: &id})).Job
	n := job.JobProcessDetails
	return fmt.Sprintf("%s q%d p%d s%d f%d t%d c%d", job.Status, *n.NumberOfQueuedThings, *n.NumberOfInProgressThings, *n.NumberOfSucceededThings,
		*n.NumberOfFailedThings, *n.NumberOfTimedOutThings, *n.NumberOfCanceledThings)
}

// want ends the test unless the job shows these counts.
func (s *server) want(id, want string) {
	s.t.Helper()
	if got := s.counts(id); got != want {
		s.t.Fatalf("job %s is %s, want %s", id, got, want)
	}
}

// report reports for a thing over the device HTTPS API.
func (s *server) report(thing, job, status string) error {
	_, err := s.data().UpdateJobExecution(&iotjobsdataplane.UpdateJobExecutionInput{ThingName: &thing, JobId: &job, Status: awsv1.String(status)})
	return err
}

// A rollout and its update, to the tick (R-ROLL-3, R-ROLL-11, R-UPD-11; table I of chapter 22).
func TestRolloutToTheTick(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 300)
	s.create("j", "g", func(in *iot.CreateJobInput) {
		in.JobExecutionsRolloutConfig = &types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(100)}
	})
	s.want("j", "IN_PROGRESS q100 p0 s0 f0 t0 c0") // R-ROLL-21: with the answer
	s.clock(`{"advance":"59s"}`)
	s.want("j", "IN_PROGRESS q100 p0 s0 f0 t0 c0")
	s.clock(`{"advance":"1s"}`)
	s.want("j", "IN_PROGRESS q200 p0 s0 f0 t0 c0")
	s.update(&iot.UpdateJobInput{JobId: aws.String("j"), JobExecutionsRolloutConfig: &types.JobExecutionsRolloutConfig{
		ExponentialRate: &types.ExponentialRolloutRate{BaseRatePerMinute: aws.Int32(10), IncrementFactor: aws.Float64(2),
			RateIncreaseCriteria: &types.RateIncreaseCriteria{NumberOfNotifiedThings: aws.Int32(20)}},
	}})
	for _, want := range []int{210, 220, 240, 280, 300} {
		s.clock(`{"advance":"59999ms"}`)
		s.clock(`{"advance":"1ms"}`)
		s.want("j", fmt.Sprintf("IN_PROGRESS q%d p0 s0 f0 t0 c0", want))
	}
	for i := range 300 {
		if err := s.report(thingName(i), "j", "SUCCEEDED"); err != nil {
			t.Fatal(err)
		}
	}
	s.want("j", "COMPLETED q0 p0 s300 f0 t0 c0")
}

// Timers to the second (R-TMO-1, R-TMO-8, R-TMO-9, R-TMO-10, R-UPD-9, R-LIM-17), with a retry of
// the one that timed out (R-RTY-2).
func TestTimersToTheSecond(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 2)
	s.create("j", "g", func(in *iot.CreateJobInput) {
		in.TimeoutConfig = &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(60)}
		in.JobExecutionsRetryConfig = &types.JobExecutionsRetryConfig{CriteriaList: []types.RetryCriteria{{FailureType: types.RetryableFailureTypeTimedOut, NumberOfRetries: aws.Int32(1)}}}
	})
	if err := s.report("t0001", "j", "IN_PROGRESS"); err != nil {
		t.Fatal(err)
	}
	s.clock(`{"advance":"10m"}`)
	s.update(&iot.UpdateJobInput{JobId: aws.String("j"), TimeoutConfig: &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(5)}})
	if err := s.report("t0002", "j", "IN_PROGRESS"); err != nil {
		t.Fatal(err)
	}
	s.clock(`{"advance":"4m59s"}`)
	s.want("j", "IN_PROGRESS q0 p2 s0 f0 t0 c0")
	s.clock(`{"advance":"1s"}`)
	s.want("j", "IN_PROGRESS q1 p1 s0 f0 t1 c0") // t0002 by the new value, and its retry
	s.clock(`{"advance":"44m59s"}`)
	s.want("j", "IN_PROGRESS q1 p1 s0 f0 t1 c0")
	now := s.clock(`{"next":true}`) // t0001 by the value it started under
	s.want("j", "IN_PROGRESS q2 p0 s0 f0 t2 c0")
	x := must[*iot.DescribeJobExecutionOutput](t)(s.Control().DescribeJobExecution(t.Context(), &iot.DescribeJobExecutionInput{JobId: aws.String("j"), ThingName: aws.String("t0001")}))
	if *x.Execution.ExecutionNumber != 2 || x.Execution.Status != types.JobExecutionStatusQueued || !x.Execution.QueuedAt.Equal(now) {
		t.Errorf("the retry is %+v at %v, want number 2 queued at %v", x.Execution, x.Execution.QueuedAt, now)
	}
}

// Abort by the criteria that an update brings, at once (R-UPD-13, R-ABT-9, R-ABT-12), and by a
// report.
func TestAbort(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 20)
	abort := func(percent float64) *types.AbortConfig {
		return &types.AbortConfig{CriteriaList: []types.AbortCriteria{{FailureType: types.JobExecutionFailureTypeFailed, Action: types.AbortActionCancel,
			ThresholdPercentage: &percent, MinNumberOfExecutedThings: aws.Int32(10)}}}
	}
	s.create("j", "g", func(in *iot.CreateJobInput) {
		in.AbortConfig = abort(50)
		in.JobExecutionsRolloutConfig = &types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(12)}
	})
	for i := range 10 {
		status := "SUCCEEDED"
		if i < 3 {
			status = "FAILED"
		}
		if err := s.report(thingName(i), "j", status); err != nil {
			t.Fatal(err)
		}
	}
	s.want("j", "IN_PROGRESS q2 p0 s7 f3 t0 c0")
	s.update(&iot.UpdateJobInput{JobId: aws.String("j"), AbortConfig: abort(30.01)})
	s.want("j", "IN_PROGRESS q2 p0 s7 f3 t0 c0")
	s.update(&iot.UpdateJobInput{JobId: aws.String("j"), AbortConfig: abort(30)})
	s.want("j", "CANCELED q0 p0 s7 f3 t0 c2")
	s.clock(`{"advance":"24h"}`)
	s.want("j", "CANCELED q0 p0 s7 f3 t0 c2") // R-ABT-18: nothing is released any more
	job := must[*iot.DescribeJobOutput](t)(s.Control().DescribeJob(t.Context(), &iot.DescribeJobInput{JobId: aws.String("j")})).Job
	if aws.ToString(job.ReasonCode) != "ABORT_CRITERIA_MET" || aws.ToString(job.Comment) == "" || aws.ToBool(job.ForceCanceled) {
		t.Errorf("an aborted job shows reason %v, comment %v, forced %v", job.ReasonCode, job.Comment, job.ForceCanceled)
	}
	s.create("k", "g", func(in *iot.CreateJobInput) { in.AbortConfig = abort(10) })
	for i := range 9 {
		if err := s.report(thingName(i), "k", "SUCCEEDED"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.report("t0020", "k", "FAILED"); err != nil {
		t.Fatal(err)
	}
	s.want("k", "CANCELED q0 p0 s9 f1 t0 c10")
}

// An update while it rolls out keeps what was not given, and is refused as a whole (R-UPD-1,
// R-UPD-6, R-UPD-15, R-UPD-16).
func TestUpdateRefusals(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 3)
	retry := func(n int32) *types.JobExecutionsRetryConfig {
		return &types.JobExecutionsRetryConfig{CriteriaList: []types.RetryCriteria{{FailureType: types.RetryableFailureTypeFailed, NumberOfRetries: &n}}}
	}
	s.create("j", "g", func(in *iot.CreateJobInput) { in.JobExecutionsRetryConfig = retry(3) })
	ctx, client, id := within(t, 20*time.Second), s.Control(), aws.String("j")
	before := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: id})).Job
	s.clock(`{"advance":"1h"}`)
	for name, in := range map[string]*iot.UpdateJobInput{
		"more retries":                {JobExecutionsRetryConfig: retry(5)},
		"a good member and a bad one": {Description: aws.String("new"), JobExecutionsRetryConfig: retry(1)},
		"base above maximum": {JobExecutionsRolloutConfig: &types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(20), ExponentialRate: &types.ExponentialRolloutRate{
			BaseRatePerMinute: aws.Int32(50), IncrementFactor: aws.Float64(2), RateIncreaseCriteria: &types.RateIncreaseCriteria{NumberOfNotifiedThings: aws.Int32(1)}}}},
		"three decimals": {AbortConfig: &types.AbortConfig{CriteriaList: []types.AbortCriteria{{FailureType: "FAILED", Action: "CANCEL",
			ThresholdPercentage: aws.Float64(10.999), MinNumberOfExecutedThings: aws.Int32(1)}}}},
		"no description":     {Description: aws.String("")},
		"lifetime too long":  {PresignedUrlConfig: &types.PresignedUrlConfig{ExpiresInSec: aws.Int64(3601)}},
		"timeout of a month": {TimeoutConfig: &types.TimeoutConfig{InProgressTimeoutInMinutes: aws.Int64(43200)}},
	} {
		in.JobId = id
		_, err := client.UpdateJob(ctx, in)
		t.Log(name, err)
		wantError(t, err, "InvalidRequestException")
	}
	s.update(&iot.UpdateJobInput{JobId: id}) // R-UPD-7: no member, no change
	after := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: id})).Job
	if !after.LastUpdatedAt.Equal(*before.LastUpdatedAt) || after.Description != nil || *after.JobExecutionsRetryConfig.CriteriaList[0].NumberOfRetries != 3 {
		t.Errorf("refused updates changed the job: %+v", after)
	}
	s.update(&iot.UpdateJobInput{JobId: id, JobExecutionsRetryConfig: retry(0)})
	if err := s.report("t0001", "j", "FAILED"); err != nil {
		t.Fatal(err)
	}
	s.want("j", "IN_PROGRESS q2 p0 s0 f1 t0 c0")
}

// The virtual clock itself, and the wipe.
func TestClock(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	start := s.clock(`{"advance":"0s"}`)
	if now := s.clock(`{"set":"` + start.Add(720*time.Hour).Format(time.RFC3339Nano) + `"}`); !now.Equal(start.Add(720 * time.Hour)) {
		t.Errorf("set to %v, the clock says %v", start.Add(720*time.Hour), now)
	}
	for _, body := range []string{``, `{}`, `{"advance":"-1s"}`, `{"advance":"soon"}`, `{"set":"2001-01-01T00:00:00Z"}`, `{"set":"x"}`, `{"advance":"1s","next":true}`, `{"speed":2}`} {
		if status, text := s.post("/_drover/clock", body); status != 400 {
			t.Errorf("%s: %d %s, want 400", body, status, text)
		}
	}
	s.fleet("g", 2)
	if status, text := s.post("/_drover/reset", `{}`); status != 200 {
		t.Fatalf("reset: %d %s", status, text)
	}
	things := must[*iot.ListThingsOutput](t)(s.Control().ListThings(t.Context(), &iot.ListThingsInput{}))
	if len(things.Things) != 0 {
		t.Errorf("%d things after a reset", len(things.Things))
	}
	s.fleet("g", 2)
	real := serve(t)
	if status, _ := real.post("/_drover/clock", `{"advance":"1s"}`); status != 400 {
		t.Errorf("moving the real clock: %d, want 400", status)
	}
	if status, _ := real.post("/_drover/reset", `{}`); status != 400 {
		t.Errorf("wiping a server on the real clock: %d, want 400", status)
	}
}
