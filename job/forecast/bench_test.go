package forecast_test

import (
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
)

var start = time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)

// created is a job that begins its rollout now.
func created(change func(*job.Job)) job.Job {
	j := job.Job{ID: "fw", Definition: job.Definition{
		Targets:         []job.Target{{Kind: "thinggroup", Name: "all"}},
		TargetSelection: job.Snapshot,
		CreatedAt:       start,
	}}
	if change != nil {
		change(&j)
	}
	if !j.WaitForSchedule(start) {
		j.StartRollout([]job.Source{{Group: 1}}, 1, start)
	}
	return j
}

// million is a rollout to 10^6 things that takes 30 days.
func million(change func(*job.Job)) forecast.Input {
	return forecast.Input{
		Job: created(func(j *job.Job) {
			j.Rollout = &job.RolloutConfig{MaximumPerMinute: 24}
			if change != nil {
				change(j)
			}
		}),
		Now:    start,
		Left:   1_000_000,
		Assume: forecast.Defaults,
		Seed:   1,
	}
}

// A forecast of 10^6 things and 30 days takes less than 200 ms (R-FCT-6).
func BenchmarkMillionThings(b *testing.B) {
	in := million(nil)
	for b.Loop() {
		forecast.Run(in)
	}
}

func BenchmarkMillionThingsFast(b *testing.B) {
	in := million(func(j *job.Job) { j.Rollout = nil })
	for b.Loop() {
		forecast.Run(in)
	}
}

func BenchmarkMillionThingsSteered(b *testing.B) {
	in := million(func(j *job.Job) {
		j.Abort = &job.AbortConfig{Criteria: []job.AbortCriterion{
			{FailureType: job.FailureFailed, ThresholdHundredths: 1000, MinExecuted: 20},
		}}
		j.Retry = &job.RetryConfig{Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: 3}}}
		j.Steering, _, _ = job.ParseSteering(map[string]string{
			"drover:guard": "FAILED 5pct", "drover:waves": "1pct soak=1h / 10pct soak=1d / 100pct",
		})
	})
	in.Assume.FailureRate = 0.01
	for b.Loop() {
		forecast.Run(in)
	}
}
