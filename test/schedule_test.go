package test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iot"
	"github.com/aws/aws-sdk-go-v2/service/iot/types"
	"github.com/aws/aws-sdk-go/service/iotjobsdataplane"
)

// at moves the clock to a time of day on a day counted from midnight after the start.
type calendar struct {
	*server
	midnight time.Time
	moving   *time.Duration // how long the clock took to move, in all
}

func newCalendar(s *server) calendar {
	return calendar{s, s.clock(`{"advance":"0s"}`).Truncate(24 * time.Hour).Add(24 * time.Hour), new(time.Duration)}
}

func (c calendar) at(day int, clock time.Duration) {
	c.t.Helper()
	began := time.Now()
	defer func() { *c.moving += time.Since(began) }()
	c.clock(`{"set":"` + c.midnight.AddDate(0, 0, day).Add(clock).Format(time.RFC3339Nano) + `"}`)
}

func (c calendar) describe(id string) *types.Job {
	c.t.Helper()
	return must[*iot.DescribeJobOutput](c.t)(c.Control().DescribeJob(within(c.t, 20*time.Second), &iot.DescribeJobInput{JobId: &id})).Job
}

// Thirty days of a continuous job that may run for an hour each night: ramp over several windows,
// devices that finish by day, things that enter while it waits, the end of the month (R-SCH-11 to
// R-SCH-25, R-JOB-56, R-ROLL-16).
func TestThirtyDays(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 200)
	c := newCalendar(s)
	c.at(0, time.Hour)
	end := c.midnight.AddDate(0, 0, 30)
	s.create("nightly", "g", func(in *iot.CreateJobInput) {
		in.TargetSelection = types.TargetSelectionContinuous
		in.JobExecutionsRolloutConfig = &types.JobExecutionsRolloutConfig{MaximumPerMinute: aws.Int32(1)}
		in.SchedulingConfig = &types.SchedulingConfig{
			EndTime: aws.String(end.Format("2006-01-02T15:04")), EndBehavior: types.JobEndBehaviorForceCancel,
			MaintenanceWindows: []types.MaintenanceWindow{{StartTime: aws.String("cron(0 2 * * ? *)"), DurationInMinutes: aws.Int32(60)}},
		}
	})
	s.want("nightly", "SCHEDULED q0 p0 s0 f0 t0 c0")
	shown := c.describe("nightly").ScheduledJobRollouts
	if want := c.midnight.Add(2 * time.Hour).Format("2006-01-02 15:04"); len(shown) != 7 || *shown[0].StartTime != want {
		t.Errorf("the next windows are %v, want seven from %s", shown, want)
	}
	c.at(0, 2*time.Hour)
	s.want("nightly", "IN_PROGRESS q1 p0 s0 f0 t0 c0")
	c.at(0, 3*time.Hour)
	s.want("nightly", "SCHEDULED q60 p0 s0 f0 t0 c0") // sixty ticks from 02:00 to 02:59
	if started, err := s.data().StartNextPendingJobExecution(startNext("t0001")); err != nil || started.Execution != nil {
		t.Errorf("between windows a device starts %v, %v (R-SCH-17)", started, err)
	}
	for day := 1; day < 4; day++ {
		c.at(day, 3*time.Hour)
		s.want("nightly", fmt.Sprintf("SCHEDULED q%d p0 s0 f0 t0 c0", min(200, 60*(day+1))))
	}
	for i := range 150 {
		if err := s.report(thingName(i), "nightly", "SUCCEEDED"); err != nil {
			t.Fatal(err)
		}
	}
	s.want("nightly", "SCHEDULED q50 p0 s150 f0 t0 c0")
	late := "late"
	must[*iot.CreateThingOutput](t)(s.Control().CreateThing(t.Context(), &iot.CreateThingInput{ThingName: &late}))
	must[*iot.AddThingToThingGroupOutput](t)(s.Control().AddThingToThingGroup(t.Context(), &iot.AddThingToThingGroupInput{ThingName: &late, ThingGroupName: aws.String("g")}))
	s.want("nightly", "SCHEDULED q50 p0 s150 f0 t0 c0")
	c.at(4, 2*time.Hour)
	s.want("nightly", "IN_PROGRESS q51 p0 s150 f0 t0 c0") // R-JOB-56
	c.at(29, 12*time.Hour)
	s.want("nightly", "SCHEDULED q51 p0 s150 f0 t0 c0")
	c.at(30, 0)
	s.want("nightly", "CANCELED q0 p0 s150 f0 t0 c51")
	if job := c.describe("nightly"); aws.ToString(job.ReasonCode) != "SCHEDULE_END_FORCE_CANCEL" || !aws.ToBool(job.ForceCanceled) || job.ScheduledJobRollouts != nil {
		t.Errorf("at its end the job is %+v", job)
	}
	t.Logf("thirty days took the clock %s", *c.moving)
}

// Schedules that cannot be are refused, and change nothing (R-VAL-30, R-SCH-1, R-SCH-2, R-SCH-4,
// R-SCH-7, R-SCH-8, R-SCH-14, R-LIM-23, R-LIM-24); what is accepted is echoed (R-SCH-5).
func TestScheduleRefusals(t *testing.T) {
	t.Parallel()
	s := serve(t, "--clock", "virtual")
	s.fleet("g", 1)
	now := s.clock(`{"advance":"0s"}`)
	in := func(d time.Duration) *string { return aws.String(now.Add(d).Format("2006-01-02 15:04")) }
	window := func(start string, minutes int32) []types.MaintenanceWindow {
		return []types.MaintenanceWindow{{StartTime: &start, DurationInMinutes: &minutes}}
	}
	for name, schedule := range map[string]*types.SchedulingConfig{
		"starts too soon":       {StartTime: in(29 * time.Minute)},
		"starts too late":       {StartTime: in(367 * 24 * time.Hour)},
		"ends too soon":         {EndTime: in(20 * time.Minute)},
		"ends too late":         {EndTime: in(732 * 24 * time.Hour)},
		"ends before it starts": {StartTime: in(2 * time.Hour), EndTime: in(time.Hour)},
		"no time":               {StartTime: aws.String("tomorrow")},
		"five fields":           {MaintenanceWindows: window("0 2 * * ?", 60)},
		"no such hour":          {MaintenanceWindows: window("cron(0 25 * * ? *)", 60)},
		"a whole day":           {MaintenanceWindows: window("cron(0 2 * * ? *)", 1431)},
		"eleven windows":        {MaintenanceWindows: append(make([]types.MaintenanceWindow, 10, 11), window("cron(0 2 * * ? *)", 1)...)},
		"behaviour":             {EndTime: in(time.Hour), EndBehavior: "STOP"},
	} {
		for i := range schedule.MaintenanceWindows {
			if schedule.MaintenanceWindows[i].StartTime == nil {
				schedule.MaintenanceWindows[i] = window("cron(0 2 * * ? *)", 1)[0]
			}
		}
		_, err := s.Control().CreateJob(within(t, 20*time.Second), &iot.CreateJobInput{
			JobId: aws.String("j"), Targets: []string{s.ARN("thinggroup", "g")}, Document: aws.String("{}"), SchedulingConfig: schedule,
		})
		t.Log(name, err)
		wantError(t, err, "InvalidRequestException")
	}
	given := &types.SchedulingConfig{
		StartTime: aws.String(now.Add(time.Hour).Format("2006-01-02T15:04:05Z")), EndTime: in(48 * time.Hour),
		MaintenanceWindows: window("0/30 * ? * MON-SUN *", 10),
	}
	s.create("j", "g", func(in *iot.CreateJobInput) { in.SchedulingConfig = given })
	got := newCalendar(s).describe("j").SchedulingConfig
	if *got.StartTime != *given.StartTime || *got.EndTime != *given.EndTime || got.EndBehavior != "" || *got.MaintenanceWindows[0].StartTime != "0/30 * ? * MON-SUN *" {
		t.Errorf("given %+v, shown %+v", given, got)
	}
}

func startNext(thing string) *iotjobsdataplane.StartNextPendingJobExecutionInput {
	return &iotjobsdataplane.StartNextPendingJobExecutionInput{ThingName: &thing}
}
