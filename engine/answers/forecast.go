package answers

import (
	"context"
	"time"

	"github.com/drover-iot/drover/engine/jobs"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
)

// What will become of a job (docs/spec/51, section 1). The job is decided by the code of CreateJob
// and UpdateJob; here its targets are counted, and what is known of its devices is read.

// ForecastOf is what is asked about: one of the three.
type ForecastOf struct {
	Create *jobs.NewJob
	Update *JobUpdate
	JobID  string
}

// JobUpdate is what UpdateJob asks for.
type JobUpdate struct {
	ID        string
	Namespace *string
	job.Update
}

// Assume is what the request assumes; what is nil is found out (R-FCT-2).
type Assume struct {
	Started, Ended, Failed                              *forecast.Delay
	FailureRate, RejectionRate, TimeoutRate, SilentRate *float64
}

// Forecast is what will become of a job, and what that is founded on.
type Forecast struct {
	forecast.Forecast
	At      time.Time
	Job     job.Job
	LeftOut []LeftOut
	Assumed Assumed
	// Windows are when the maintenance windows of the job are open (R-FCT-9).
	Windows []job.Span
}

// usualSeed is that of forecasts for which nobody has asked for another one: the same question has
// the same answer.
const usualSeed = 1

// Forecast says what will become of a job. It refuses what the operation that is asked about would
// refuse, with the same error, and changes nothing (R-FCT-1). seed may be nil.
func (s *Service) Forecast(
	ctx context.Context, of ForecastOf, a Assume, seed *uint64,
) (f Forecast, err error) {
	planned, err := s.plan(ctx, of)
	if err != nil {
		return f, err
	}
	f.At, f.Job = s.Clock.Now(), planned.Job
	in := forecast.Input{Job: planned.Job, Now: f.At, Seed: usualSeed}
	if seed != nil {
		in.Seed = *seed
	}
	if f.Assumed, err = s.assume(ctx, planned.Job, a); err != nil {
		return f, err
	}
	in.Assume, in.Known = f.Assumed.Assumptions, f.Assumed.known()
	if f.LeftOut, err = s.countTargets(ctx, planned, &in); err != nil {
		return f, err
	}
	if in.Pending, err = s.pending(ctx, planned.Job, in.Now); err != nil {
		return f, err
	}
	in.Bytes = s.bytes(ctx, planned.Document)
	f.Forecast = forecast.Run(in)
	f.LeftOut = append(f.LeftOut, beyondEnd(f)...)
	f.Windows = shownWindows(f)
	return f, nil
}

const (
	// windowsBefore is how long before the forecast windows are shown.
	windowsBefore = 7 * 24 * time.Hour
	// leastWindows are shown however soon the curve ends, and mostWindows however late.
	leastWindows, mostWindows = 5, 100
)

// shownWindows are the windows of a job that a forecast shows: those of the last week that the job
// has seen, those of the curve, and at least the next five.
func shownWindows(f Forecast) []job.Span {
	schedule := f.Job.Schedule
	if !schedule.Windowed() || len(f.Curve) == 0 {
		return nil
	}
	from := f.At.Add(-windowsBefore)
	for _, begin := range []time.Time{schedule.StartAt, f.Job.CreatedAt} {
		if from.Before(begin) {
			from = begin
		}
	}
	before := schedule.OpenWindows(from, f.At, 0, mostWindows/2)
	if from.Before(f.At) {
		from = f.At
	}
	if n := len(before); n > 0 && from.Before(before[n-1].Until) {
		from = before[n-1].Until // that one is open now
	}
	ahead := schedule.OpenWindows(from, f.Curve[len(f.Curve)-1].At, leastWindows, mostWindows/2)
	return append(before, ahead...)
}

// plan is the job as it would be.
func (s *Service) plan(ctx context.Context, of ForecastOf) (p jobs.Planned, err error) {
	switch {
	case of.Create != nil:
		return s.Jobs.PlanJob(ctx, *of.Create)
	case of.Update != nil:
		return s.Jobs.PlanUpdate(ctx, of.Update.ID, of.Update.Namespace, of.Update.Update)
	}
	return s.Jobs.PlanAsItIs(ctx, of.JobID)
}

// bytes is how much a device downloads of the artifacts that a document names, 0 when that is not
// known.
func (s *Service) bytes(ctx context.Context, document string) (sum int64) {
	if s.Sizes == nil {
		return 0
	}
	for _, key := range s.Jobs.Artifacts(document) {
		size, known := s.Sizes.Size(ctx, key)
		if !known {
			return 0
		}
		sum += size
	}
	return sum
}
