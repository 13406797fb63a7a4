package control

import (
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/job/forecast"
	"github.com/drover-iot/drover/schema"
)

// What the answer of a forecast shows.

// showForecast shows a forecast.
func showForecast(f answers.Forecast) *drover.ForecastResponse {
	shown := &drover.ForecastResponse{
		Runs:     int32(f.Runs),
		Seed:     drover.ForecastSeed(f.Seed),
		At:       schema.At(f.At),
		Targets:  f.Targets,
		LeftOut:  []drover.ForecastLeftOut{},
		Assumed:  showAssumed(f.Assumed),
		Curve:    make([]drover.ForecastPoint, len(f.Curve)),
		Released: showMoment(f.Released),
		Finish:   showMoment(f.Finished),

		PeakBytesPerSecond: optional(f.PeakBytesPerSecond),

		NeverReached: []drover.ForecastNeverReached{},
		Stop:         drover.ForecastStop{Assumed: showStop(f.Stop.Assumed)},
		Warnings:     []drover.ForecastWarning{},
	}
	for _, left := range f.LeftOut {
		shown.LeftOut = append(shown.LeftOut, drover.ForecastLeftOut{
			Reason:   drover.LeftOutReason(left.Reason),
			Count:    left.Count,
			Examples: thingNames(left.Examples),
		})
	}
	for i, point := range f.Curve {
		shown.Curve[i] = drover.ForecastPoint{
			At:         schema.At(point.At),
			Released:   drover.ForecastBand(point.Released),
			InProgress: drover.ForecastBand(point.InProgress),
			Ended:      drover.ForecastBand(point.Ended),
		}
	}
	for i, w := range f.Waves {
		shown.Waves = append(shown.Waves, drover.ForecastWave{
			Number: drover.WaveNumber(i + 1),
			Takes:  w.Takes,
			Things: drover.ForecastBand(w.Things),
			Begins: showTimes(w.Began),
			Judged: showTimes(w.Judged),
		})
	}
	if f.Stop.HasHalf {
		shown.Stop.HalfThreshold = new(showStop(f.Stop.Half))
	}
	for _, n := range f.NeverReached {
		shown.NeverReached = append(shown.NeverReached, drover.ForecastNeverReached(n))
	}
	for _, w := range f.Windows {
		shown.Windows = append(shown.Windows, drover.ForecastWindow{
			Opens:  schema.At(w.From),
			Closes: schema.At(w.Until),
		})
	}
	for _, w := range f.Warnings {
		shown.Warnings = append(shown.Warnings, drover.ForecastWarning{
			Code: drover.WarningCode(w.Code),
			Text: w.Text,
		})
	}
	return shown
}

// showAssumed shows what was assumed, and from where.
func showAssumed(a answers.Assumed) drover.ForecastAssumed {
	delay := func(d forecast.Delay, from answers.AssumedFrom) drover.AssumedDelay {
		return drover.AssumedDelay{
			MedianSeconds: int64(d.Median / time.Second),
			P90Seconds:    int64(d.P90 / time.Second),
			From:          drover.AssumedFrom(from),
		}
	}
	share := func(rate float64, from answers.AssumedFrom) drover.AssumedShare {
		return drover.AssumedShare{Percentage: figures(rate * 100), From: drover.AssumedFrom(from)}
	}
	of := a.Assumptions
	return drover.ForecastAssumed{
		Started:  delay(of.Started, a.Started),
		Ended:    delay(of.Ended, a.Ended),
		Failed:   delay(of.Failed, a.Failed),
		FailedOf: share(of.FailureRate, a.FailureRate),
		Rejected: share(of.RejectionRate, a.RejectionRate),
		TimedOut: share(of.TimeoutRate, a.TimeoutRate),
		Silent:   share(of.SilentRate, a.SilentRate),
	}
}

// showMoment shows a time and why it may never come.
func showMoment(m forecast.Moment) drover.ForecastMoment {
	shown := drover.ForecastMoment{
		P10:   at(m.P10),
		P50:   at(m.P50),
		P90:   at(m.P90),
		Never: []drover.ForecastNever{},
	}
	for _, n := range m.Never {
		shown.Never = append(shown.Never, drover.ForecastNever{
			Reason:     drover.NeverReason(n.Reason),
			Percentage: figures(n.Share * 100),
		})
	}
	return shown
}

// showTimes shows a time, nil for one that hardly ever comes.
func showTimes(m forecast.Moment) *drover.ForecastTimes {
	if m.P10.IsZero() {
		return nil
	}
	return &drover.ForecastTimes{P10: at(m.P10), P50: at(m.P50), P90: at(m.P90)}
}

// showStop shows how likely it is that something stops a job, in percent.
func showStop(s forecast.Stop) drover.StopPercentages {
	return drover.StopPercentages{Abort: figures(s.Abort * 100), Guard: figures(s.Guard * 100)}
}
