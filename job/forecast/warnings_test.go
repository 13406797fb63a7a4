package forecast_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
)

// failedPercent is a criterion for FAILED.
func failedPercent(percent, least int64) *job.AbortConfig {
	return &job.AbortConfig{Criteria: []job.AbortCriterion{
		{FailureType: job.FailureFailed, ThresholdHundredths: percent * 100, MinExecuted: least},
	}}
}

// settings gives a job settings.
func settings(j *job.Job, tags map[string]string) {
	var err error
	if j.Steering, j.Paused, err = job.ParseSteering(tags); err != nil {
		panic(err)
	}
}

// Each warning has a case that has it, and one beside the boundary that has it not (R-FCT-7). A good
// job has none.
func TestWarnings(t *testing.T) { // R-FCT-7
	t.Parallel()
	slow := func(j *job.Job) { j.Rollout = &job.RolloutConfig{MaximumPerMinute: 10} }
	for _, tt := range []struct {
		name   string
		left   int64
		change func(*job.Job)
		assume func(*forecast.Assumptions)
		want   []string
	}{
		{"a good job", 200, func(j *job.Job) { slow(j); j.Abort = failedPercent(20, 100) }, nil, nil},
		{"no configuration", 200, nil, nil, nil},
		{"no targets", 0, slow, nil, []string{forecast.NoTargets}},
		{"one target", 1, slow, nil, nil},
		{"a tight criterion", 200, func(j *job.Job) { slow(j); j.Abort = failedPercent(10, 3) }, nil,
			[]string{forecast.AbortStopsGoodRelease}},
		{"a tight criterion that is observed", 200, func(j *job.Job) {
			slow(j)
			j.Abort = failedPercent(10, 3)
			settings(j, map[string]string{"drover:abort": "observe"})
		}, nil, nil},
		{"a criterion for all", 200, func(j *job.Job) { slow(j); j.Abort = failedPercent(20, 200) }, nil, nil},
		{"a criterion for more than all", 200, func(j *job.Job) { slow(j); j.Abort = failedPercent(20, 201) }, nil,
			[]string{forecast.AbortNeverReached}},
		{"a criterion that retries reach", 200, func(j *job.Job) {
			slow(j)
			j.Abort = failedPercent(20, 201)
			j.Retry = &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureAll, Retries: 1}}}
		}, nil, nil},
		{"a short timeout", 200, func(j *job.Job) {
			slow(j)
			j.Timeout = &job.TimeoutConfig{InProgressMinutes: 14}
		}, nil, []string{forecast.TimeoutBelowUsualDuration}},
		{"a guess", 200, func(j *job.Job) {
			slow(j)
			j.Timeout = &job.TimeoutConfig{InProgressMinutes: 14}
			settings(j, map[string]string{"drover:max-outstanding": "5"})
			j.Schedule = &job.ScheduleConfig{Windows: []job.Window{{StartTime: "cron(0 2 * * ? *)", Minutes: 30}}}
		}, func(a *forecast.Assumptions) { a.Started = forecast.Delay{Median: time.Hour, P90: 2 * time.Hour} }, nil},
		{"a timeout that nine of ten keep", 200, func(j *job.Job) {
			slow(j)
			j.Timeout = &job.TimeoutConfig{InProgressMinutes: 16}
		}, nil, nil},
		{"a flat ramp", 200, func(j *job.Job) {
			j.Rollout = &job.RolloutConfig{Exponential: &job.Exponential{
				BasePerMinute: 10, IncrementTenths: 20, NotifiedThings: 200}}
		}, nil, []string{forecast.RampNeverRises}},
		{"a ramp that rises last", 200, func(j *job.Job) {
			j.Rollout = &job.RolloutConfig{Exponential: &job.Exponential{
				BasePerMinute: 10, IncrementTenths: 20, NotifiedThings: 190}}
		}, nil, nil},
		{"a short window", 200, func(j *job.Job) {
			slow(j)
			j.Schedule = &job.ScheduleConfig{Windows: []job.Window{{StartTime: "cron(0 2 * * ? *)", Minutes: 30}}}
		}, func(a *forecast.Assumptions) { a.Started = forecast.Delay{Median: time.Hour, P90: 2 * time.Hour} },
			[]string{forecast.WindowTooShort}},
		{"an early end", 200, func(j *job.Job) {
			slow(j)
			j.Schedule = &job.ScheduleConfig{EndAt: start.Add(19 * time.Minute)}
		}, nil, []string{forecast.EndsBeforeRollout}},
		{"an end in time", 200, func(j *job.Job) {
			slow(j)
			j.Schedule = &job.ScheduleConfig{EndAt: start.Add(20 * time.Minute)}
		}, nil, nil},
		{"all at once", 10, slow, nil, []string{forecast.RateAboveTargets}},
		{"all but one at once", 11, slow, nil, nil},
		{"few places", 200, func(j *job.Job) {
			slow(j)
			settings(j, map[string]string{"drover:max-outstanding": "5"})
		}, nil, []string{forecast.BudgetStarves}},
		{"places for all", 200, func(j *job.Job) {
			slow(j)
			settings(j, map[string]string{"drover:max-outstanding": "200"})
		}, nil, nil},
	} {
		in := forecast.Input{Job: created(tt.change), Now: start, Left: tt.left, Assume: forecast.Defaults, Seed: 1}
		if tt.assume != nil {
			tt.assume(&in.Assume)
		}
		if tt.name != "a guess" {
			in.Known = forecast.Known{Started: true, Ended: true}
		}
		f := forecast.Run(in)
		var got []string
		for _, w := range f.Warnings {
			got = append(got, w.Code)
			if len(w.Text) < 40 {
				t.Errorf("%s: %s says only %q", tt.name, w.Code, w.Text)
			}
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s%+v", tt.name, diff, f.Stop)
		}
	}
}

// The last things of a rollout that has begun have their turn within a minute at any rate, which is
// no reason to lower it.
func TestRateOfLastMinute(t *testing.T) { // R-FCT-5
	t.Parallel()
	in := forecast.Input{
		Job: created(func(j *job.Job) { j.Rollout = &job.RolloutConfig{MaximumPerMinute: 10} }),
		Now: start, Left: 10, Assume: forecast.Defaults, Seed: 1,
	}
	if w := forecast.Run(in).Warnings; len(w) != 1 || w[0].Code != forecast.RateAboveTargets {
		t.Errorf("before the rollout: %v", w)
	}
	in.Job.Progress.Notified = 40
	if w := forecast.Run(in).Warnings; len(w) != 0 {
		t.Errorf("after 40 of 50: %v", w)
	}
}

// What never comes says why (R-FCT-3).
func TestNever(t *testing.T) { // R-FCT-3
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*job.Job)
		assume func(*forecast.Assumptions)
		want   string
	}{
		{"it ends", nil, nil, ""},
		{"criteria", func(j *job.Job) { j.Abort = failedPercent(10, 5) },
			func(a *forecast.Assumptions) { a.FailureRate = 0.9 }, forecast.NeverAborted},
		{"the guard", func(j *job.Job) { settings(j, map[string]string{"drover:guard": "FAILED 1pct settle=1h"}) },
			func(a *forecast.Assumptions) { a.FailureRate = 0.9 }, forecast.NeverGuarded},
		{"the guard only records", func(j *job.Job) {
			settings(j, map[string]string{"drover:guard": "FAILED 1pct settle=1h then=observe"})
		}, func(a *forecast.Assumptions) { a.FailureRate = 0.9 }, ""},
		{"a pause", func(j *job.Job) { settings(j, map[string]string{"drover:paused": "why"}) }, nil, forecast.NeverPaused},
		{"an approval", func(j *job.Job) { settings(j, map[string]string{"drover:waves": "50pct approve"}) }, nil,
			forecast.NeverGate},
		{"a gate", func(j *job.Job) { settings(j, map[string]string{"drover:waves": "50pct ok=100pct"}) },
			func(a *forecast.Assumptions) { a.FailureRate = 0.9 }, forecast.NeverGate},
		{"a gate that opens", func(j *job.Job) { settings(j, map[string]string{"drover:waves": "50pct soak=1h ok=90pct"}) }, nil, ""},
		{"no answer", nil, func(a *forecast.Assumptions) { a.SilentRate = 0.2 }, forecast.NeverAnswered},
		{"a hang", nil, func(a *forecast.Assumptions) { a.TimeoutRate = 0.2 }, forecast.NeverAnswered},
		{"a hang that times out", func(j *job.Job) { j.Timeout = &job.TimeoutConfig{InProgressMinutes: 60} },
			func(a *forecast.Assumptions) { a.TimeoutRate = 0.2 }, ""},
		{"the end time", func(j *job.Job) {
			j.Rollout = &job.RolloutConfig{MaximumPerMinute: 1}
			j.Schedule = &job.ScheduleConfig{EndAt: start.Add(time.Hour)}
		}, nil, forecast.NeverInTime},
		{"no window", func(j *job.Job) {
			j.Rollout = &job.RolloutConfig{MaximumPerMinute: 1}
			j.Schedule = &job.ScheduleConfig{Windows: []job.Window{{StartTime: "cron(0 12 2 1 ? 2030)", Minutes: 60}}}
		}, nil, forecast.NeverOpens},
	} {
		in := forecast.Input{Job: created(tt.change), Now: start, Left: 200, Assume: forecast.Defaults, Seed: 1}
		if tt.assume != nil {
			tt.assume(&in.Assume)
		}
		f := forecast.Run(in)
		got := ""
		if len(f.Finished.Never) > 0 {
			got = f.Finished.Never[0].Reason
		}
		if got != tt.want || (tt.want == "") == f.Finished.P90.IsZero() {
			t.Errorf("%s: %q, want %q: %+v", tt.name, got, tt.want, f.Finished)
		}
	}
}

// Windows and the end time bound when things have their turn (R-FCT-3).
func TestSchedule(t *testing.T) { // R-FCT-3
	t.Parallel()
	day := 24 * time.Hour
	f := forecast.Run(forecast.Input{
		Job: created(func(j *job.Job) {
			j.Rollout = &job.RolloutConfig{MaximumPerMinute: 1}
			j.Schedule = &job.ScheduleConfig{Windows: []job.Window{{StartTime: "cron(0 2 * * ? *)", Minutes: 60}}}
		}),
		Now:    start,
		Left:   150,
		Assume: forecast.Defaults,
	})
	opens := start.Truncate(day).Add(day + 2*time.Hour)
	if want := opens.Add(2*day + 29*time.Minute); !f.Released.P50.Equal(want) {
		t.Errorf("released at %v, want %v", f.Released.P50, want)
	}
	at := func(when time.Time) int64 {
		i := slices.IndexFunc(f.Curve, func(p forecast.Point) bool { return !p.At.Before(when) })
		return f.Curve[i].Released.P50
	}
	for _, tt := range []struct {
		when time.Time
		want int64
	}{
		{opens, 0}, {opens.Add(12 * time.Minute), 12}, {opens.Add(time.Hour), 60}, {opens.Add(day), 60},
		{opens.Add(day + time.Hour), 120}, {opens.Add(2*day + time.Hour), 150},
	} {
		if got := at(tt.when); got != tt.want {
			t.Errorf("%v: %d released, want %d", tt.when, got, tt.want)
		}
	}
}

// Waves follow each other, each behind its soak time (R-FCT-3).
func TestWaves(t *testing.T) { // R-FCT-3, R-STR-50
	t.Parallel()
	f := forecast.Run(forecast.Input{
		Job: created(func(j *job.Job) {
			j.Rollout = &job.RolloutConfig{MaximumPerMinute: 10}
			settings(j, map[string]string{"drover:waves": "group=canary soak=1h / 50pct soak=2h / 100pct"})
		}),
		Now:        start,
		Left:       1000,
		WaveThings: []int64{20, 0, 0},
		Assume:     forecast.Defaults,
	})
	first := forecast.Band{P10: 20, P50: 20, P90: 20}
	if len(f.Waves) != 3 || f.Waves[0].Things != first || f.Waves[0].Takes != "group=canary" {
		t.Fatalf("%+v", f.Waves)
	}
	if n := f.Waves[1].Things.P50; n < 470 || n > 510 {
		t.Errorf("the second wave takes %d of 980 things", n)
	}
	// The last of 20 things has its turn after a minute, and the gate is judged an hour later.
	if got, want := f.Waves[1].Began.P50, start.Add(61*time.Minute); got.Before(want) || got.After(want.Add(2*time.Minute)) {
		t.Errorf("the second wave begins at %v, want %v", got, want)
	}
	if !f.Waves[2].Began.P50.After(f.Waves[1].Began.P50.Add(2 * time.Hour)) {
		t.Errorf("the third wave begins at %v", f.Waves[2].Began.P50)
	}
}

// A criterion that is looked at after every report stops good releases on few of them; the guard
// does not. What is expected was computed one report after the other, without steps.
func TestStops(t *testing.T) { // R-FCT-5
	t.Parallel()
	in := forecast.Input{
		Job: created(func(j *job.Job) {
			j.Abort = failedPercent(10, 20)
			settings(j, map[string]string{"drover:guard": "FAILED 10pct settle=1h then=cancel"})
		}),
		Now:    start,
		Left:   2000,
		Assume: forecast.Defaults,
		Runs:   4000,
	}
	in.Assume.FailureRate = 0.02
	f := forecast.Run(in)
	// The probability that of n reports a tenth have failed for some n of 20 or more.
	for _, tt := range []struct{ got, want float64 }{
		{f.Stop.Assumed.Abort, firstPassage(0.02)}, {f.Stop.Half.Abort, firstPassage(0.05)},
	} {
		if tt.got < tt.want-0.03 || tt.got > tt.want+0.03 {
			t.Errorf("%.3f are stopped, want %.3f", tt.got, tt.want)
		}
	}
	if f.Stop.Assumed.Guard+f.Stop.Half.Guard > 0.01 {
		t.Errorf("the guard stops %+v", f.Stop)
	}
	// Failures that report after a minute, and successes after twenty, are all that is seen at first.
	in.Assume.Failed = forecast.Delay{Median: time.Minute, P90: time.Minute}
	in.Assume.Ended = forecast.Delay{Median: 20 * time.Minute, P90: 20 * time.Minute}
	if f := forecast.Run(in); f.Stop.Assumed.Abort < 0.95 {
		t.Errorf("with failures first %.3f are stopped", f.Stop.Assumed.Abort)
	}
}

// firstPassage is the probability that at a failure rate at least a tenth of n reports have failed,
// for some n from 20 to 600; later it hardly ever happens.
func firstPassage(rate float64) float64 {
	alive := map[int]float64{0: 1} // by how many have failed
	stopped := 0.0
	for n := 1; n <= 600; n++ {
		next := map[int]float64{}
		for failed, p := range alive {
			next[failed] += p * (1 - rate)
			next[failed+1] += p * rate
		}
		for failed, p := range next {
			if n >= 20 && failed > 0 && failed*10 >= n {
				stopped += p
				delete(next, failed)
			}
		}
		alive = next
	}
	return stopped
}
