package answers_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/device/events"
	"github.com/drover-iot/drover/engine"
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/engine/fleet"
	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/internal/clock"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/internal/ids"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/store/memory"
)

// world is an engine that does nothing by itself, on a virtual clock, with things in groups.
type world struct {
	*testing.T
	*engine.Engine
	clock *clock.Virtual
}

func newWorld(t *testing.T, limits job.Limits) world {
	t.Helper()
	now := clock.NewVirtual(time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC))
	return world{t, engine.New(engine.Config{
		Store:   memory.Open(),
		Clock:   now,
		IDs:     &ids.Counting{},
		Events:  events.Renderer{Scope: registry.DefaultScope, IDs: &ids.Counting{}},
		Limits:  limits,
		Log:     slog.New(slog.DiscardHandler),
		Stepped: true,
	}), now}
}

// must ends the test when something fails that has to work.
func (w world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// group makes a group of so many things, with names that begin with that of the group.
func (w world) group(name, parent string, things int) {
	w.Helper()
	_, err := w.Fleet.CreateGroup(w.Context(), fleet.NewGroup{Name: name, Parent: parent})
	w.must(err)
	for i := range things {
		w.thing(fmt.Sprintf("%s-%02d", name, i), name)
	}
}

// thing makes a thing in groups.
func (w world) thing(name string, groups ...string) {
	w.Helper()
	_, err := w.Fleet.CreateThing(w.Context(), fleet.NewThing{Name: name})
	w.must(err)
	w.must(w.Fleet.ChangeMemberships(w.Context(), name, fleet.MembershipChange{Add: groups}))
}

// newJob is a job on groups and things.
func newJob(id string, groups, things []string) jobs.NewJob {
	in := jobs.NewJob{ID: id, Document: "{}"}
	for _, name := range groups {
		in.Definition.Targets = append(in.Definition.Targets, job.GroupTarget(registry.DefaultScope, name))
	}
	for _, name := range things {
		in.Definition.Targets = append(in.Definition.Targets, job.ThingTarget(registry.DefaultScope, name))
	}
	return in
}

// create creates a job and does what is due.
func (w world) create(in jobs.NewJob) {
	w.Helper()
	_, err := w.Jobs.CreateJob(w.Context(), in)
	w.must(err)
	w.must(w.RunDue(w.Context()))
}

// report reports for a thing.
func (w world) report(thing, id string, event job.Event) {
	w.Helper()
	_, err := w.Jobs.Report(w.Context(), thing, id, job.Report{Event: event}, false)
	w.must(err)
}

// run lets things work on a job: each starts after a time and ends after another.
func (w world) run(id string, from, until int, started, ended time.Duration, event job.Event) {
	w.Helper()
	w.clock.Set(w.clock.Now().Add(started))
	for i := from; i < until; i++ {
		w.report(fmt.Sprintf("site-%02d", i), id, job.ReportInProgress)
	}
	w.clock.Set(w.clock.Now().Add(ended))
	for i := from; i < until; i++ {
		w.report(fmt.Sprintf("site-%02d", i), id, event)
	}
}

func (w world) forecast(of answers.ForecastOf, a answers.Assume) answers.Forecast {
	w.Helper()
	f, err := w.Answers.Forecast(w.Context(), of, a, nil)
	w.must(err)
	return f
}

// Targets are counted once each, also through groups below others; those that a job does not reach,
// or not as it seems, are said (R-FCT-3).
func TestTargets(t *testing.T) { // R-FCT-3
	t.Parallel()
	w := newWorld(t, job.Limits{})
	w.group("site", "", 10)
	w.group("hall", "site", 5)
	w.group("canary", "", 1)
	w.thing("both", "site", "canary")
	w.thing("alone")
	for _, thing := range []string{"site-00", "canary-00", "alone"} {
		_, err := w.Jobs.Hold(w.Context(), thing, "why", nil)
		w.must(err)
	}
	in := newJob("j", []string{"site", "canary"}, []string{"alone", "hall-01"})
	in.Tags = []registry.Tag{{Key: "drover:waves", Value: "group=canary soak=1m / 100pct"}}
	f := w.forecast(answers.ForecastOf{Create: &in}, answers.Assume{})
	want := []answers.LeftOut{
		{Reason: answers.LeftHeld, Count: 3, Examples: []string{"site-00", "canary-00", "alone"}},
		{Reason: answers.LeftCovered, Count: 2, Examples: []string{"hall-01"}},
	}
	if diff := cmp.Diff(want, f.LeftOut); diff != "" || f.Targets != 18 {
		t.Errorf("%d targets (-want +got):\n%s", f.Targets, diff)
	}
	if n := f.Waves[0].Things.P50; n != 2 {
		t.Errorf("the first wave takes %d things, want 2", n)
	}

	in.Tags = nil
	in.Definition.Rollout = &job.RolloutConfig{MaximumPerMinute: 2}
	w.create(in)
	w.must(w.Fleet.RemoveMember(w.Context(), "site", "site-09"))
	f = w.forecast(answers.ForecastOf{JobID: "j"}, answers.Assume{})
	want[0], want[1] = answers.LeftOut{Reason: answers.LeftTargets, Count: 1, Examples: []string{"site-09"}}, want[0]
	if diff := cmp.Diff(want, f.LeftOut[:2]); diff != "" || f.Targets != 17 {
		t.Errorf("while it goes on %d targets (-want +got):\n%s", f.Targets, diff)
	}
}

// Assumptions come from the request, from executions of the job, from earlier jobs, or are the
// defaults; from 30 executions on (R-FCT-2).
func TestAssumptions(t *testing.T) { // R-FCT-2
	t.Parallel()
	w := newWorld(t, job.Limits{})
	w.group("site", "", 60)
	check := func(when string, of answers.ForecastOf, given answers.Assume, want answers.Assumed) {
		t.Helper()
		got := w.forecast(of, given).Assumed
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
	}
	second := newJob("second", []string{"site"}, nil)
	want := answers.Assumed{
		Assumptions: forecast.Defaults, Started: answers.FromDefault, Ended: answers.FromDefault,
		Failed: answers.FromDefault, FailureRate: answers.FromDefault, RejectionRate: answers.FromDefault,
		TimeoutRate: answers.FromDefault, SilentRate: answers.FromDefault,
	}
	check("nothing is known", answers.ForecastOf{Create: &second}, answers.Assume{}, want)

	w.create(newJob("first", []string{"site"}, nil))
	w.run("first", 0, 29, 10*time.Second, 20*time.Second, job.ReportSucceeded)
	check("29 have ended", answers.ForecastOf{JobID: "first"}, answers.Assume{}, want)

	w.run("first", 29, 30, 0, 0, job.ReportFailed)
	want.Assumptions.Started, want.Started = forecast.Delay{Median: 10 * time.Second, P90: 10 * time.Second}, answers.FromJob
	want.Assumptions.FailureRate, want.FailureRate = 1.0/30, answers.FromJob
	want.RejectionRate, want.TimeoutRate = answers.FromJob, answers.FromJob
	check("30 have ended, 29 of them well", answers.ForecastOf{JobID: "first"}, answers.Assume{}, want)

	w.run("first", 30, 31, 0, 20*time.Second, job.ReportSucceeded)
	want.Assumptions.Ended, want.Ended = forecast.Delay{Median: 20 * time.Second, P90: 20 * time.Second}, answers.FromJob
	want.Assumptions.Failed, want.Failed = want.Assumptions.Ended, answers.FromJob
	want.Assumptions.FailureRate = 1.0 / 31
	check("31 have ended", answers.ForecastOf{JobID: "first"}, answers.Assume{}, want)

	want.Started, want.Ended, want.Failed = answers.FromEarlier, answers.FromEarlier, answers.FromEarlier
	want.FailureRate, want.RejectionRate, want.TimeoutRate = answers.FromEarlier, answers.FromEarlier, answers.FromEarlier
	check("another job on the group", answers.ForecastOf{Create: &second}, answers.Assume{}, want)

	given := forecast.Delay{Median: time.Hour, P90: 2 * time.Hour}
	share := 0.25
	want.Assumptions.Ended, want.Ended = given, answers.FromRequest
	want.Assumptions.Failed, want.Failed = given, answers.FromRequest
	want.Assumptions.SilentRate, want.SilentRate = share, answers.FromRequest
	check("the request says something", answers.ForecastOf{Create: &second},
		answers.Assume{Ended: &given, SilentRate: &share}, want)
}

// A forecast refuses what the operation refuses, with the same error, and changes nothing (R-FCT-1).
func TestRefusals(t *testing.T) { // R-FCT-1
	t.Parallel()
	w := newWorld(t, job.Limits{ActiveSnapshot: 1})
	w.group("site", "", 3)
	wave := newJob("j", []string{"site"}, nil)
	wave.Tags = []registry.Tag{{Key: "drover:waves", Value: "group=none"}}
	long := newJob("j", []string{"site"}, nil)
	long.Definition.Schedule = &job.ScheduleConfig{EndTime: "2030-01-02 12:10"}
	refused := []jobs.NewJob{
		newJob("j", []string{"none"}, nil), {ID: "j"}, wave, long,
		{ID: "j", Document: "{", Definition: newJob("j", []string{"site"}, nil).Definition},
	}
	same := func(in jobs.NewJob) {
		t.Helper()
		_, got := w.Answers.Forecast(w.Context(), answers.ForecastOf{Create: &in}, answers.Assume{}, nil)
		_, want := w.Jobs.CreateJob(w.Context(), in)
		if want == nil || got == nil || got.Error() != want.Error() || fault.Of(got).Code != fault.Of(want).Code {
			t.Errorf("%+v: %v, want %v", in, got, want)
		}
	}
	for _, in := range refused {
		same(in)
	}
	in := newJob("j", []string{"site"}, nil)
	w.forecast(answers.ForecastOf{Create: &in}, answers.Assume{})
	if _, err := w.Jobs.DescribeJob(w.Context(), "j"); !fault.Is(err, fault.NotFound) {
		t.Errorf("a forecast made the job: %v", err)
	}
	w.create(in)
	same(in)                                       // it exists
	same(newJob("another", []string{"site"}, nil)) // as many are active as may be

	retries := job.Update{Retry: &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: 1}}}}
	flat := job.Update{Rollout: &job.RolloutConfig{Exponential: &job.Exponential{BasePerMinute: 1, IncrementTenths: 20}}}
	for _, tt := range []struct {
		id     string
		update job.Update
	}{{"j", retries}, {"j", flat}, {"none", job.Update{}}} {
		of := answers.ForecastOf{Update: &answers.JobUpdate{ID: tt.id, Update: tt.update}}
		_, got := w.Answers.Forecast(w.Context(), of, answers.Assume{}, nil)
		want := w.Jobs.UpdateJob(w.Context(), tt.id, nil, tt.update)
		if want == nil || got == nil || got.Error() != want.Error() {
			t.Errorf("%+v: %v, want %v", tt, got, want)
		}
	}
	slower := job.Update{Rollout: &job.RolloutConfig{MaximumPerMinute: 1}}
	w.forecast(answers.ForecastOf{Update: &answers.JobUpdate{ID: "j", Update: slower}}, answers.Assume{})
	if j, err := w.Jobs.DescribeJob(w.Context(), "j"); err != nil || j.Rollout != nil {
		t.Errorf("a forecast changed the job: %v %v", j.Rollout, err)
	}
}

// sizes are artifacts of a size.
type sizes map[string]int64

func (s sizes) Size(_ context.Context, key string) (int64, bool) {
	size, known := s[key]
	return size, known
}

// The busiest time is known when the artifacts of the document are (R-FCT-3).
func TestPeak(t *testing.T) { // R-FCT-3
	t.Parallel()
	w := newWorld(t, job.Limits{})
	w.Jobs.ObjectStore = job.ObjectStore("").WithArtifacts("artifacts")
	w.Answers.Sizes = sizes{"fw.bin": 6000}
	w.group("site", "", 50)
	immediate := forecast.Delay{Median: time.Second, P90: time.Second}
	for key, want := range map[string]int64{"fw.bin": 50 * 100, "none": 0} {
		in := newJob("j", []string{"site"}, nil)
		in.Document = `{"url":"${aws:iot:s3-presigned-url:s3://artifacts/` + key + `}"}`
		f := w.forecast(answers.ForecastOf{Create: &in}, answers.Assume{Started: &immediate})
		if f.PeakBytesPerSecond != want {
			t.Errorf("%s: %d bytes a second, want %d", key, f.PeakBytesPerSecond, want)
		}
	}
}
