package forecast

import "github.com/drover-iot/drover/job"

// How likely it is that something stops the job (R-FCT-5): at the failure rates that are assumed,
// and at half of those from which on the job is to be stopped. A release that fails half as often as
// it may is a good one, and what stops it nevertheless is set too tightly.

// Stop is the probability that abort criteria, and the guard, stop the job.
type Stop struct{ Abort, Guard float64 }

// Stops are those probabilities. Half is that at half of the threshold; HasHalf is false for a job
// that has neither criteria nor a guard.
type Stops struct {
	Assumed, Half Stop
	HasHalf       bool
}

// stops makes the simulations at half of the threshold and compares.
func (p *plan) stops(results []result) (s Stops) {
	s.Assumed = stopped(results)
	a, ok := p.atHalf()
	if !ok {
		return s
	}
	half := *p
	half.assume(a)
	s.Half, s.HasHalf = stopped(half.simulate(len(results))), true
	return s
}

// stopped is the share of simulations that abort criteria and the guard stopped.
func stopped(results []result) (s Stop) {
	for i := range results {
		switch results[i].by {
		case NeverAborted:
			s.Abort += 1 / float64(len(results))
		case NeverGuarded:
			s.Guard += 1 / float64(len(results))
		}
	}
	return s
}

// atHalf is the assumptions with failure rates that are half of the lowest threshold for each kind
// of failure. What counts several kinds is taken to be about FAILED.
func (p *plan) atHalf() (a Assumptions, ok bool) {
	a = p.in.Assume
	lowest := map[job.FailureType]float64{}
	add := func(kind job.FailureType, hundredths int64) {
		if kind == job.FailureAll || kind == job.FailureSilent {
			kind = job.FailureFailed
		}
		threshold := float64(hundredths) / 10000
		if had, given := lowest[kind]; !given || threshold < had {
			lowest[kind] = threshold
		}
	}
	if abort := p.in.Job.Abort; abort != nil {
		for _, c := range abort.Criteria {
			add(c.FailureType, c.ThresholdHundredths)
		}
	}
	if p.guard != nil {
		add(p.guard.FailureType, p.guard.RateHundredths)
	}
	for kind, threshold := range lowest {
		switch kind {
		case job.FailureFailed:
			a.FailureRate = threshold / 2
		case job.FailureRejected:
			a.RejectionRate = threshold / 2
		case job.FailureTimedOut:
			a.TimeoutRate = threshold / 2
		}
	}
	return a, len(lowest) > 0
}
