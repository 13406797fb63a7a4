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

// startedOfTwo is an engine on which a thing t has started j, which times out after five minutes,
// and has k to start after it.
func startedOfTwo(t *testing.T) (*Engine, *clock.Virtual) {
	t.Helper()
	now := clock.NewVirtual(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	e := lateEngine(now)
	if _, err := e.Fleet.CreateThing(t.Context(), fleet.NewThing{Name: "t"}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"j", "k"} {
		_, err := e.Jobs.CreateJob(t.Context(), jobs.NewJob{ID: id, Document: "{}", Definition: job.Definition{
			Targets: []job.Target{job.ThingTarget(registry.DefaultScope, "t")},
			Timeout: &job.TimeoutConfig{InProgressMinutes: 5},
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Jobs.StartNext(t.Context(), "t", nil, nil); err != nil {
		t.Fatal(err)
	}
	return e, now
}

// A report at the deadline or later is refused, also when the due loop has not looked at the timer
// yet; the timeout stays recorded all the same. A millisecond earlier it is in time (R-TMO-10).
func TestReportAfterTheTimer(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		after  time.Duration
		late   bool
		status job.ExecutionStatus
	}{
		{"a millisecond early", 5*time.Minute - time.Millisecond, false, job.ExecutionSucceeded},
		{"at the deadline", 5 * time.Minute, true, job.ExecutionTimedOut},
		{"long after", time.Hour, true, job.ExecutionTimedOut},
	} {
		e, now := startedOfTwo(t)
		now.Set(now.Now().Add(tt.after))
		_, err := e.Jobs.Report(t.Context(), "t", "j", job.Report{Event: job.ReportSucceeded}, false)
		if fault.Is(err, fault.BadTransition) != tt.late || !tt.late && err != nil {
			t.Errorf("R-TMO-10 %s: the report: %v", tt.name, err)
		}
		x, err := e.Jobs.DescribeExecution(t.Context(), "t", "j", nil)
		if err != nil || x.Status != tt.status {
			t.Errorf("R-TMO-10 %s: the execution is %s (%v), want %s", tt.name, x.Status, err, tt.status)
		}
	}
}

// Before the deadline a device that starts the next execution gets the one again that it works on,
// and from then on the one after it (R-TMO-10, R-HTTP-14).
func TestStartAfterTheTimer(t *testing.T) {
	t.Parallel()
	e, now := startedOfTwo(t)
	for _, row := range []struct {
		after time.Duration
		want  string
	}{
		{5*time.Minute - time.Millisecond, "j"}, {time.Millisecond, "k"},
	} {
		now.Set(now.Now().Add(row.after))
		started, err := e.Jobs.StartNext(t.Context(), "t", nil, nil)
		if err != nil || started == nil || started.JobID != row.want {
			t.Fatalf("R-TMO-10 %v later: %+v (%v), want job %s", row.after, started, err, row.want)
		}
	}
}
