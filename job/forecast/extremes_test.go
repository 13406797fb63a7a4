package forecast_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
)

// Whatever a job has and devices do, a forecast keeps count: nobody has a turn twice, nothing ends
// that had none, and what simulations agree about least is not outside of what they say (R-FCT-3).
func TestExtremes(t *testing.T) { // R-FCT-3, R-FCT-6
	t.Parallel()
	for seed := range uint64(40) {
		in := extreme(rand.New(rand.NewPCG(seed, 3)))
		f := forecast.Run(in)
		last := forecast.Point{}
		for i, p := range f.Curve {
			for _, b := range []forecast.Band{p.Released, p.InProgress, p.Ended} {
				if b.P10 > b.P50 || b.P50 > b.P90 || b.P10 < 0 || b.P90 > f.Targets {
					t.Fatalf("seed %d, point %d: %+v of %d", seed, i, p, f.Targets)
				}
			}
			if p.Released.P50 < last.Released.P50 || i > 0 && !p.At.After(last.At) || p.Ended.P90 > p.Released.P90 {
				t.Fatalf("seed %d, point %d: %+v follows %+v", seed, i, p, last)
			}
			last = p
		}
		sum := 0.0
		for _, n := range f.Finished.Never {
			sum += n.Share
		}
		if sum > 1.000001 || (sum > 0.9) != f.Finished.P10.IsZero() && (sum < 0.89 || sum > 0.91) {
			t.Errorf("seed %d: %+v", seed, f.Finished)
		}
	}
}

// extreme draws a job of any size, with delays from none to a year.
func extreme(r *rand.Rand) forecast.Input {
	chance := func(p float64) bool { return r.Float64() < p }
	delays := []time.Duration{0, time.Millisecond, time.Second, time.Minute, time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour}
	delay := func() forecast.Delay {
		i := r.IntN(len(delays))
		return forecast.Delay{Median: delays[i], P90: delays[i+r.IntN(len(delays)-i)]}
	}
	tags := map[string]string{}
	for key, values := range map[string][]string{
		"drover:max-outstanding": {"1", "100", "1000000"},
		"drover:guard":           {"ALL 1pct settle=1s", "TIMED_OUT 50pct settle=24h then=observe"},
		"drover:retry-backoff":   {"1s/1s", "30d/30d"},
		"drover:waves":           {"1pct / 2pct soak=1s / 3pct ok=1pct", "group=g soak=30d / 50pct approve"},
		"drover:abort":           {"pause", "observe"},
	} {
		if chance(0.3) {
			tags[key] = values[r.IntN(len(values))]
		}
	}
	j := created(func(j *job.Job) {
		settings(j, tags)
		if chance(0.5) {
			j.Rollout = &job.RolloutConfig{MaximumPerMinute: 1 + r.IntN(1000)}
		}
		if chance(0.3) {
			j.Rollout = &job.RolloutConfig{Exponential: &job.Exponential{
				BasePerMinute: 1, IncrementTenths: 11 + r.IntN(40), NotifiedThings: 1 + r.Int64N(1000)}}
		}
		if chance(0.3) {
			j.Abort = failedPercent(r.Int64N(101), 1+r.Int64N(50))
		}
		if chance(0.3) {
			j.Timeout = &job.TimeoutConfig{InProgressMinutes: 1 + r.Int64N(10080)}
		}
		if chance(0.3) {
			j.Retry = &job.RetryConfig{Criteria: []job.RetryCriterion{
				{FailureType: job.FailureFailed, Retries: r.IntN(6)}, {FailureType: job.FailureTimedOut, Retries: r.IntN(5)}}}
		}
		if chance(0.3) {
			j.Schedule = &job.ScheduleConfig{Windows: []job.Window{
				{StartTime: "cron(0 2 * * ? *)", Minutes: 1}, {StartTime: "cron(0/30 * * * ? *)", Minutes: 1 + r.IntN(40)}}}
		}
		if chance(0.3) {
			j.Schedule = &job.ScheduleConfig{EndAt: start.Add(time.Duration(1+r.IntN(100000)) * time.Minute),
				EndBehavior: []job.EndBehavior{job.StopRollout, job.CancelAtEnd, job.ForceCancel}[r.IntN(3)]}
		}
	})
	rate := r.Float64() / 3
	return forecast.Input{
		Job:        j,
		Now:        start,
		Left:       []int64{0, 1, 10, 1000, 1_000_000}[r.IntN(5)],
		WaveThings: []int64{3, 0, 0, 0},
		Assume: forecast.Assumptions{
			Started: delay(), Ended: delay(), Failed: delay(), FailureRate: rate, RejectionRate: r.Float64() / 3,
			TimeoutRate: r.Float64() / 3, SilentRate: []float64{0, 0.1, 1}[r.IntN(3)],
		},
		Runs: 40,
		Seed: r.Uint64(),
	}
}
