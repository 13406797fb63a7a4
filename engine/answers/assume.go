package answers

import (
	"context"
	"slices"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/job/forecast"
	"github.com/drover-iot/drover/store"
)

// What is assumed of the devices of a job. What the request does not say is learned from executions
// that have ended, those of the job itself first, then those of earlier jobs that have a target in
// common with it. A bounded number of them is read, so that the question does not cost more as
// there is more to learn from.

// AssumedFrom says where an assumption comes from.
type AssumedFrom string

// Where assumptions come from, the best first (R-FCT-2).
const (
	FromRequest AssumedFrom = "REQUEST"
	FromJob     AssumedFrom = "JOB"
	FromEarlier AssumedFrom = "EARLIER_JOBS"
	FromDefault AssumedFrom = "DEFAULT"
)

// Assumed is what is assumed, and where each of it comes from.
type Assumed struct {
	forecast.Assumptions
	Started, Ended, Failed     AssumedFrom
	FailureRate, RejectionRate AssumedFrom
	TimeoutRate, SilentRate    AssumedFrom
}

const (
	// maxSamples is how many executions of one source are read, in pages of samplePage.
	maxSamples, samplePage = 2000, 250
	// earlierJobs is how many jobs of each of the first targets are looked at.
	earlierJobs, targetsLooked = 5, 10
)

// assume finds out what to assume of a job.
func (s *Service) assume(ctx context.Context, j job.Job, given Assume) (a Assumed, err error) {
	a = assumedDefaults()
	if !given.complete() {
		earlier, err := s.earlierSamples(ctx, j)
		if err != nil {
			return a, err
		}
		a.learn(earlier, FromEarlier)
		own, err := s.samples(ctx, j.Key, nil)
		if err != nil {
			return a, err
		}
		a.learn(own, FromJob)
	}
	a.give(given)
	return a, nil
}

// assumedDefaults is what is assumed when nothing is known.
func assumedDefaults() Assumed {
	return Assumed{
		Assumptions:   forecast.Defaults,
		Started:       FromDefault,
		Ended:         FromDefault,
		Failed:        FromDefault,
		FailureRate:   FromDefault,
		RejectionRate: FromDefault,
		TimeoutRate:   FromDefault,
		SilentRate:    FromDefault,
	}
}

// known says which of them are more than the defaults.
func (a Assumed) known() forecast.Known {
	return forecast.Known{
		Started: a.Started != FromDefault,
		Ended:   a.Ended != FromDefault,
		Failed:  a.Failed != FromDefault,
		Rates:   a.FailureRate != FromDefault,
	}
}

// complete reports whether nothing has to be found out.
func (a Assume) complete() bool {
	return a.Started != nil && a.Ended != nil && a.FailureRate != nil && a.RejectionRate != nil &&
		a.TimeoutRate != nil
}

// learn takes what samples show.
func (a *Assumed) learn(samples []forecast.Sample, from AssumedFrom) {
	learned, known := forecast.Learn(samples)
	if known.Started {
		a.Assumptions.Started, a.Started = learned.Started, from
	}
	if known.Ended {
		a.Assumptions.Ended, a.Ended = learned.Ended, from
	}
	if known.Failed {
		a.Assumptions.Failed, a.Failed = learned.Failed, from
	}
	if known.Rates {
		a.Assumptions.FailureRate, a.FailureRate = learned.FailureRate, from
		a.Assumptions.RejectionRate, a.RejectionRate = learned.RejectionRate, from
		a.Assumptions.TimeoutRate, a.TimeoutRate = learned.TimeoutRate, from
	}
}

// give takes what the request says. Failures take as long as successes unless it says so too.
func (a *Assumed) give(given Assume) {
	if given.Ended != nil && given.Failed == nil {
		given.Failed = given.Ended
	}
	giveOne(&a.Assumptions.Started, &a.Started, given.Started)
	giveOne(&a.Assumptions.Ended, &a.Ended, given.Ended)
	giveOne(&a.Assumptions.Failed, &a.Failed, given.Failed)
	giveOne(&a.Assumptions.FailureRate, &a.FailureRate, given.FailureRate)
	giveOne(&a.Assumptions.RejectionRate, &a.RejectionRate, given.RejectionRate)
	giveOne(&a.Assumptions.TimeoutRate, &a.TimeoutRate, given.TimeoutRate)
	giveOne(&a.Assumptions.SilentRate, &a.SilentRate, given.SilentRate)
}

// giveOne takes one value of the request, if it is given.
func giveOne[T any](to *T, from *AssumedFrom, given *T) {
	if given != nil {
		*to, *from = *given, FromRequest
	}
}

// earlierSamples are ended executions of earlier jobs with a target in common.
func (s *Service) earlierSamples(ctx context.Context, j job.Job) (all []forecast.Sample, err error) {
	var keys []job.Key
	err = s.Store.Read(ctx, func(r store.Reader) error {
		for _, target := range j.Targets[:min(targetsLooked, len(j.Targets))] {
			found, err := r.Jobs(store.JobQuery{Target: target.Resource(), Limit: earlierJobs})
			if err != nil {
				return err
			}
			for _, earlier := range found {
				if earlier.Key != j.Key && !slices.Contains(keys, earlier.Key) {
					keys = append(keys, earlier.Key)
				}
			}
		}
		return nil
	})
	for _, key := range keys {
		if err != nil || len(all) >= maxSamples {
			break
		}
		all, err = s.samples(ctx, key, all)
	}
	return all, err
}

// samples adds ended executions of a job to those that there are.
func (s *Service) samples(
	ctx context.Context, key job.Key, all []forecast.Sample,
) ([]forecast.Sample, error) {
	if key == 0 { // it is not made yet
		return all, nil
	}
	var after *store.JobExecutionCursor
	for range maxSamples / samplePage {
		var page []store.NamedExecution
		err := s.Store.Read(ctx, func(r store.Reader) (err error) {
			q := store.JobExecutionQuery{Job: key, After: after, Limit: samplePage}
			page, err = r.ExecutionsOfJob(q)
			return err
		})
		if err != nil {
			return all, err
		}
		for _, x := range page {
			if x.Status.Terminal() {
				all = append(all, forecast.Sample{
					Status:    x.Status,
					QueuedAt:  x.QueuedAt,
					StartedAt: x.StartedAt,
					EndedAt:   x.UpdatedAt,
				})
			}
		}
		if len(page) < samplePage || len(all) >= maxSamples {
			break
		}
		last := page[len(page)-1]
		after = &store.JobExecutionCursor{ThingName: last.ThingName, Thing: last.Thing, Number: last.Number}
	}
	return all, nil
}
