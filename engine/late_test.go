package engine

import (
	"log/slog"
	"testing"
	"time"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store/memory"
)

// What enters a continuous job after its end, or between its windows, gets no execution, also when
// the due loop has not come to that yet (R-SCH-16, R-SCH-22).
func TestLateForTheSchedule(t *testing.T) {
	t.Parallel()
	for name, schedule := range map[string]job.ScheduleConfig{
		"past its end":    {EndTime: "2026-03-01 13:00"},
		"window has shut": {Windows: []job.Window{{StartTime: "0 12 * * ? *", Minutes: 60}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
			e := lateEngine(now)
			ctx, group := t.Context(), []job.Target{job.GroupTarget(registry.DefaultScope, "g")}
			must := func(err error) {
				t.Helper()
				if err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"g", "h"} {
				_, err := e.Fleet.CreateGroup(ctx, fleet.NewGroup{Name: name})
				must(err)
			}
			_, err := e.Fleet.CreateThing(ctx, fleet.NewThing{Name: "t"})
			must(err)
			_, err = e.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
				TargetSelection: job.Continuous, Targets: group, Schedule: &schedule,
			}})
			must(err)
			now.Set(time.Date(2026, 3, 1, 13, 0, 0, 1e6, time.UTC))
			must(e.Fleet.AddMember(ctx, "g", "t"))
			if _, err := e.Jobs.DescribeExecution(ctx, "t", "j", nil); !fault.Is(err, fault.NotFound) {
				t.Errorf("the thing has an execution: %v", err)
			}
			if _, err := e.Jobs.AssociateTargets(ctx, "j", nil, []job.Target{job.GroupTarget(registry.DefaultScope, "h")}, nil); !fault.Is(err, fault.Invalid) {
				t.Errorf("a group is associated: %v", err)
			}
		})
	}
}

func lateEngine(now clock.Clock) *Engine {
	return New(Config{
		Store: memory.Open(), Clock: now, IDs: &ids.Counting{}, Events: events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}}, Log: slog.New(slog.DiscardHandler), Stepped: true,
	})
}

// An execution whose timer and whose job's last window both passed while the server was away is not
// retried (R-SCH-21, R-RTY-9).
func TestLastWindowMissed(t *testing.T) {
	t.Parallel()
	now := clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	e := lateEngine(now)
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := e.Fleet.CreateThing(ctx, fleet.NewThing{Name: "t"})
	must(err)
	_, err = e.Jobs.CreateJob(ctx, jobs.NewJob{ID: "j", Document: "{}", Definition: job.Definition{
		Targets:  []job.Target{job.ThingTarget(registry.DefaultScope, "t")},
		Timeout:  &job.TimeoutConfig{InProgressMinutes: 30},
		Retry:    &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureAll, Retries: 3}}},
		Schedule: &job.ScheduleConfig{Windows: []job.Window{{StartTime: "0 12,13 1 3 ? 2026", Minutes: 1}}},
	}})
	must(err)
	_, err = e.Jobs.StartNext(ctx, "t", nil, nil)
	must(err)
	now.Set(time.Date(2026, 3, 1, 12, 1, 0, 0, time.UTC))
	must(e.RunDue(ctx)) // between the windows
	now.Set(time.Date(2026, 3, 1, 15, 0, 0, 0, time.UTC))
	must(e.RunDue(ctx))
	if x, err := e.Jobs.DescribeExecution(ctx, "t", "j", nil); err != nil || x.Status != job.ExecutionTimedOut || x.Number != 1 {
		t.Errorf("the latest execution is %+v (%v), want #1 TIMED_OUT", x, err)
	}
	if j, err := e.Jobs.DescribeJob(ctx, "j"); err != nil || j.Status != job.Completed {
		t.Errorf("the job is %s (%v), want COMPLETED", j.Status, err)
	}
}
