package forecast_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
)

// minutesApart returns what a forecast says was released at the first minutes after the start.
func releasedByMinute(f forecast.Forecast, minutes int) (released []int64) {
	for _, p := range f.Curve {
		at := p.At.Sub(start)
		if at > 0 && at%time.Minute == 0 && at <= time.Duration(minutes)*time.Minute {
			released = append(released, p.Released.P50)
		}
	}
	return released
}

// What is released follows the ramp, minute by minute: table C of chapter 22.
func TestRamp(t *testing.T) { // R-FCT-3, R-ROLL-4, R-ROLL-5
	t.Parallel()
	f := forecast.Run(forecast.Input{
		Job: created(func(j *job.Job) {
			j.Rollout = &job.RolloutConfig{
				Exponential: &job.Exponential{BasePerMinute: 5, IncrementTenths: 15, NotifiedThings: 10},
			}
		}),
		Now:    start,
		Left:   200,
		Assume: forecast.Defaults,
	})
	want := []int64{5, 10, 17, 24, 35, 51, 76, 113, 169, 200}
	if diff := cmp.Diff(want, releasedByMinute(f, 10)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if want := start.Add(9 * time.Minute); !f.Released.P50.Equal(want) || !f.Released.P90.Equal(want) {
		t.Errorf("released %v, want %v", f.Released, want)
	}
}

// The same input and seed give the same answer, however many cores there are; another seed another.
func TestSameSeed(t *testing.T) { // R-FCT-5
	t.Parallel()
	in := million(func(j *job.Job) { j.Rollout = nil })
	in.Left, in.Assume.FailureRate = 3000, 0.05
	first, second := forecast.Run(in), forecast.Run(in)
	exported := cmp.AllowUnexported(forecast.Forecast{})
	if diff := cmp.Diff(first, second, exported); diff != "" {
		t.Errorf("twice the same (-first +second):\n%s", diff)
	}
	in.Seed++
	if cmp.Equal(first.Curve, forecast.Run(in).Curve) {
		t.Error("another seed gave the same curve")
	}
}
