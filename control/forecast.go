package control

import (
	"context"
	"strconv"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job/forecast"
	"github.com/drover-iot/drover/schema"
)

// The forecast of a job (docs/spec/51, section 1). What is asked about is read by the code of
// CreateJob and UpdateJob; what the answer shows is in forecastdetails.go.

// bindForecast binds the operation of this file.
func (p *Plane) bindForecast(r *schema.Router) { schema.Handle(r, drover.Forecast, p.Forecast) }

// Forecast says what will become of a job.
func (p *Plane) Forecast(
	ctx context.Context, in *drover.ForecastRequest,
) (*drover.ForecastResponse, error) {
	of, err := p.forecastOf(in)
	if err != nil {
		return nil, err
	}
	assume, err := assumptions(in.Assume)
	if err != nil {
		return nil, err
	}
	var seed *uint64
	if in.Seed != nil {
		seed = new(uint64(*in.Seed))
	}
	f, err := p.Answers.Forecast(ctx, of, assume, seed)
	if err != nil {
		return nil, err
	}
	return showForecast(f), nil
}

// forecastOf reads what a forecast is asked of.
func (p *Plane) forecastOf(in *drover.ForecastRequest) (of answers.ForecastOf, err error) {
	given := 0
	for _, is := range []bool{in.Create != nil, in.Update != nil, in.JobID != nil} {
		if is {
			given++
		}
	}
	switch {
	case given != 1:
		return of, fault.New(fault.Invalid, "give one of create, update and jobId, not %d of them", given)
	case in.Create != nil:
		created, err := p.newJob(in.Create)
		of.Create = &created
		return of, err
	case in.Update != nil:
		of.Update = &answers.JobUpdate{
			ID:        string(in.Update.JobID),
			Namespace: text(in.Update.NamespaceID),
			Update:    update(in.Update),
		}
	default:
		of.JobID = string(*in.JobID)
	}
	return of, nil
}

// assumptions reads what a request assumes.
func assumptions(in *drover.ForecastAssumptions) (a answers.Assume, err error) {
	if in == nil {
		return a, nil
	}
	a = answers.Assume{
		FailureRate:   share(in.FailedPercentage),
		RejectionRate: share(in.RejectedPercentage),
		TimeoutRate:   share(in.TimedOutPercentage),
		SilentRate:    share(in.SilentPercentage),
	}
	sum := 0.0
	for _, rate := range []*float64{a.FailureRate, a.RejectionRate, a.TimeoutRate} {
		sum += value(rate)
	}
	if sum > 1 {
		return a, fault.New(fault.Invalid, "assume: failedPercentage, rejectedPercentage and "+
			"timedOutPercentage are %.6g in sum, at most 100 are possible", sum*100)
	}
	for _, delay := range []struct {
		name string
		in   *drover.ForecastDelay
		to   **forecast.Delay
	}{
		{"started", in.Started, &a.Started}, {"ended", in.Ended, &a.Ended}, {"failed", in.Failed, &a.Failed},
	} {
		if delay.in == nil {
			continue
		}
		if delay.in.P90Seconds < delay.in.MedianSeconds {
			return a, fault.New(fault.Invalid, "assume.%s.p90Seconds: %d is less than medianSeconds, "+
				"which is %d", delay.name, delay.in.P90Seconds, delay.in.MedianSeconds)
		}
		*delay.to = &forecast.Delay{
			Median: time.Duration(delay.in.MedianSeconds) * time.Second,
			P90:    time.Duration(delay.in.P90Seconds) * time.Second,
		}
	}
	return a, nil
}

// share reads a percentage as a number from 0 to 1, nil for none.
func share(p *drover.Percentage) *float64 {
	if p == nil {
		return nil
	}
	percent, err := strconv.ParseFloat(string(*p), 64)
	if err != nil { // its description has checked it
		return nil
	}
	return new(percent / 100)
}

// thingNames are names as answers show them, an empty list for none.
func thingNames(names []string) []iot.ThingName {
	return append([]iot.ThingName{}, convert(names, func(n string) iot.ThingName {
		return iot.ThingName(n)
	})...)
}
