package test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/smithy-go"
)

// largeFleet is fleet from many callers.
func (s *server) largeFleet(group string, n int) {
	s.t.Helper()
	ctx, client := within(s.t, time.Minute), s.Control()
	must[*iot.CreateThingGroupOutput](s.t)(client.CreateThingGroup(ctx, &iot.CreateThingGroupInput{ThingGroupName: &group}))
	var all sync.WaitGroup
	failed := make(chan error, 16)
	for worker := range 16 {
		all.Go(func() {
			for i := worker; i < n; i += 16 {
				name := thingName(i)
				_, err := client.CreateThing(ctx, &iot.CreateThingInput{ThingName: &name})
				if err == nil {
					_, err = client.AddThingToThingGroup(ctx, &iot.AddThingToThingGroupInput{ThingName: &name, ThingGroupName: &group})
				}
				if err != nil {
					failed <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-failed:
		s.t.Fatal(err)
	default:
	}
}

// A cancellation and a deletion of a large job that a power cut interrupts go on after the restart,
// and what DescribeJob counts adds up at each moment (R-CON-24 to R-CON-26, R-JOB-34, R-JOB-49,
// R-JOB-62). The rollout creates a thousand a minute, the cancellation all at once on a clock that
// stands still (R-LIM-46).
func TestSweepsSurviveKills(t *testing.T) {
	t.Parallel()
	const things = 2000
	s := serve(t, "--clock", "virtual")
	s.largeFleet("g", things)
	s.create("j", "g", nil)
	eventually(t, "tick 0 is done", func() bool { return s.counts("j") == "IN_PROGRESS q1000 p0 s0 f0 t0 c0" })
	s.clock(`{"advance":"59999ms"}`)
	s.want("j", "IN_PROGRESS q1000 p0 s0 f0 t0 c0")
	s.clock(`{"advance":"1ms"}`)
	s.want("j", fmt.Sprintf("IN_PROGRESS q%d p0 s0 f0 t0 c0", things))
	ctx := within(t, 2*time.Minute)
	describe := func() (*types.Job, bool) {
		out, err := s.Control().DescribeJob(ctx, &iot.DescribeJobInput{JobId: aws.String("j")})
		var refused smithy.APIError
		if errors.As(err, &refused) && refused.ErrorCode() == "ResourceNotFoundException" {
			return nil, false
		}
		return must[*iot.DescribeJobOutput](t)(out, err).Job, true
	}
	kills := 0
	again := func() { // a power cut, and up again
		kills++
		s.Kill()
		s.Start("--clock", "virtual")
	}
	must[*iot.CancelJobOutput](t)(s.Control().CancelJob(ctx, &iot.CancelJobInput{JobId: aws.String("j")}))
	for {
		job, _ := describe()
		n := job.JobProcessDetails
		if sum := *n.NumberOfQueuedThings + *n.NumberOfCanceledThings; sum != things || job.Status != types.JobStatusCanceled {
			t.Fatalf("%s with %d queued and %d canceled", job.Status, *n.NumberOfQueuedThings, *n.NumberOfCanceledThings)
		}
		if !*job.IsConcurrent {
			break
		}
		if kills < 3 {
			again()
		}
	}
	s.want("j", fmt.Sprintf("CANCELED q0 p0 s0 f0 t0 c%d", things))
	canceled := kills
	must[*iot.DeleteJobOutput](t)(s.Control().DeleteJob(ctx, &iot.DeleteJobInput{JobId: aws.String("j")}))
	for {
		job, there := describe()
		if !there {
			break
		}
		if job.Status != types.JobStatusDeletionInProgress {
			t.Fatalf("the job is %s while it is deleted", job.Status)
		}
		if kills < canceled+3 {
			again()
		}
	}
	s.create("j", "g", nil) // the id is free (R-JOB-37)
	if kills == 0 {
		t.Error("no kill came in the middle of a sweep")
	}
	t.Logf("%d kills in the cancellation, %d in the deletion", canceled, kills-canceled)
}
