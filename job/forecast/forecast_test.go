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

// With drover:max-outstanding a place is taken again as soon as its execution has ended, however
// long the steps of a forecast are: at any time 200 executions are pending, of which each takes 1.44
// and 7.2 minutes on average, so that 23.1 things a minute have their turn.
func TestMaxOutstanding(t *testing.T) { // R-FCT-3, R-STR-15
	t.Parallel()
	const perMinute = 23.1
	for _, left := range []int64{5_000, 50_000, 1_000_000} {
		in := million(func(j *job.Job) {
			j.Rollout = nil
			settings(j, map[string]string{"drover:max-outstanding": "200"})
		})
		in.Left = left
		f := forecast.Run(in)
		minutes := f.Released.P50.Sub(start).Minutes()
		if want := float64(left) / perMinute; minutes < want*0.94 || minutes > want*1.06 {
			t.Errorf("%d things: released after %.0f minutes, want %.0f", left, minutes, want)
		}
		for _, p := range f.Curve {
			young := p.At.Before(start.Add(30 * time.Minute))
			if n := p.InProgress.P50; !young && p.At.Before(f.Released.P10) && (n < 155 || n > 180) {
				t.Errorf("%d things: %d are in progress at %v, want 166", left, n, p.At)
				break
			}
		}
	}
}

// An update whose criteria are met already stops the job at once (R-UPD-13).
func TestUpdateThatAborts(t *testing.T) { // R-FCT-1, R-FCT-5
	t.Parallel()
	j := created(nil)
	j.ReleasedExecutions(100, job.RolloutCursor{}, false, start)
	j.Counts = job.Counts{job.ExecutionFailed: 20, job.ExecutionSucceeded: 20, job.ExecutionQueued: 60}
	if _, err := j.ApplyUpdate(job.Update{Abort: failedPercent(50, 40)}, start); err != nil {
		t.Fatal(err)
	}
	f := forecast.Run(forecast.Input{Job: j, Now: start, Left: 900, Assume: forecast.Defaults})
	if f.Stop.Assumed.Abort < 0.999 || len(f.Finished.Never) != 1 || f.Finished.Never[0].Reason != forecast.NeverAborted {
		t.Errorf("%+v %+v", f.Stop, f.Finished)
	}
	if last := f.Curve[len(f.Curve)-1]; last.Released.P90 != 100 {
		t.Errorf("it goes on: %+v", last)
	}
}
