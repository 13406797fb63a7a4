package test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
)

// A continuous job as an operator sees it: late joiners, associated groups, single executions, and
// what is refused (R-JOB-55, R-API-19, R-API-20, R-API-22, R-API-29, R-EXE-30 to R-EXE-36,
// R-EXE-48).
func TestContinuous(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 2)
	ctx, client, id := within(t, time.Minute), s.Control(), aws.String("j")
	s.create("j", "g", func(in *iot.CreateJobInput) { in.TargetSelection = types.TargetSelectionContinuous })
	for _, name := range []string{"late", "other"} {
		must[*iot.CreateThingOutput](t)(client.CreateThing(ctx, &iot.CreateThingInput{ThingName: &name}))
	}
	must[*iot.AddThingToThingGroupOutput](t)(client.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{ThingName: aws.String("late"), ThingGroupName: aws.String("g")}))
	s.want("j", "IN_PROGRESS q3 p0 s0 f0 t0 c0") // R-JOB-61: with the answer
	for i := range 2 {
		if err := s.report(thingName(i), "j", "SUCCEEDED"); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.report("late", "j", "SUCCEEDED"); err != nil {
		t.Fatal(err)
	}
	s.want("j", "IN_PROGRESS q0 p0 s3 f0 t0 c0") // R-JOB-12
	must[*iot.CreateThingGroupOutput](t)(client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: aws.String("h")}))
	must[*iot.AddThingToThingGroupOutput](t)(client.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{ThingName: aws.String("other"), ThingGroupName: aws.String("h")}))
	associate := func(targets ...string) error {
		_, err := client.AssociateTargetsWithJob(ctx, &iot.AssociateTargetsWithJobInput{JobId: id, Targets: targets, Comment: aws.String("more")})
		return err
	}
	if err := associate(s.ARN("thinggroup", "h"), s.ARN("thinggroup", "g")); err != nil {
		t.Fatal(err)
	}
	s.want("j", "IN_PROGRESS q1 p0 s3 f0 t0 c0")
	job := must[*iot.DescribeJobOutput](t)(client.DescribeJob(ctx, &iot.DescribeJobInput{JobId: id})).Job
	if len(job.Targets) != 2 || aws.ToString(job.Comment) != "more" {
		t.Errorf("targets %v, comment %v", job.Targets, job.Comment)
	}
	wantError(t, associate(s.ARN("thing", "late")), "InvalidRequestException")
	wantError(t, associate(s.ARN("thinggroup", "nope")), "ResourceNotFoundException")
	var many []string
	for i := range 99 {
		name := "many" + thingName(i)
		must[*iot.CreateThingGroupOutput](t)(client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &name}))
		many = append(many, s.ARN("thinggroup", name))
	}
	wantError(t, associate(many...), "LimitExceededException") // R-API-20
	s.create("snapshot", "g", nil)
	_, err := client.AssociateTargetsWithJob(ctx, &iot.AssociateTargetsWithJobInput{JobId: aws.String("snapshot"), Targets: []string{s.ARN("thinggroup", "h")}})
	wantError(t, err, "InvalidRequestException") // R-API-19

	// Single executions, with the SDK's own errors.
	if err := s.report("other", "j", "IN_PROGRESS"); err != nil {
		t.Fatal(err)
	}
	cancel := func(force bool, version int64) error {
		_, err := client.CancelJobExecution(ctx, &iot.CancelJobExecutionInput{
			JobId: id, ThingName: aws.String("other"), Force: force, ExpectedVersion: &version, StatusDetails: map[string]string{"why": "operator"},
		})
		return err
	}
	wantError(t, cancel(false, 2), "InvalidStateTransitionException")
	wantError(t, cancel(true, 1), "VersionConflictException")
	if err := cancel(true, 2); err != nil {
		t.Fatal(err)
	}
	wantError(t, cancel(true, 9), "InvalidStateTransitionException")
	x := must[*iot.DescribeJobExecutionOutput](t)(client.DescribeJobExecution(ctx, &iot.DescribeJobExecutionInput{JobId: id, ThingName: aws.String("other")})).Execution
	if x.Status != types.JobExecutionStatusCanceled || !aws.ToBool(x.ForceCanceled) || x.StatusDetails.DetailsMap["why"] != "operator" || x.VersionNumber != 3 {
		t.Errorf("cancelled: %+v", x)
	}
	remove := func(namespace *string) error {
		_, err := client.DeleteJobExecution(ctx, &iot.DeleteJobExecutionInput{JobId: id, ThingName: aws.String("other"), ExecutionNumber: aws.Int64(1), NamespaceId: namespace})
		return err
	}
	wantError(t, remove(aws.String("ns")), "ResourceNotFoundException") // R-EXE-48
	if err := remove(nil); err != nil {
		t.Fatal(err)
	}
	wantError(t, remove(nil), "ResourceNotFoundException")
	s.want("j", "IN_PROGRESS q0 p0 s3 f0 t0 c0")
}
