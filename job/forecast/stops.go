package forecast

import (
	"math"

	"github.com/drover-iot/drover/job"
)

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
	half.decided = half.decidedAfter()
	s.Half, s.HasHalf = stopped(half.simulate(len(results))), true
	return s
}

// stopped is the share of simulations that abort criteria and the guard stopped.
func stopped(results []result) (s Stop) {
	for i := range results {
		switch results[i].by {
		case NeverAborted:
			s.Abort++
		case NeverGuarded:
			s.Guard++
		}
	}
	s.Abort, s.Guard = s.Abort/float64(len(results)), s.Guard/float64(len(results))
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

// sure is by how much the evidence that a job is never stopped any more must exceed the contrary: e
// to this power.
const sure = 20

// decidedAfter is after how many ended executions nothing stops the job any more that has not
// stopped it yet: among so many, the share of failures is not above the threshold by chance. It is 0
// when that cannot be said.
func (p *plan) decidedAfter() (n int64) {
	a := p.in.Assume
	add := func(kind job.FailureType, hundredths, least int64) bool {
		rates := map[job.FailureType]float64{
			job.FailureFailed:   a.FailureRate,
			job.FailureRejected: a.RejectionRate,
			job.FailureTimedOut: a.TimeoutRate,
			job.FailureAll:      a.FailureRate + a.RejectionRate + a.TimeoutRate,
		}
		rate, threshold := max(rates[kind], negligible), float64(hundredths)/10000
		if rate >= threshold {
			return false
		}
		// The divergence of the threshold from the rate: so much evidence each execution has.
		each := threshold * math.Log(threshold/rate)
		if threshold < 1 {
			each += (1 - threshold) * math.Log((1-threshold)/(1-rate))
		}
		n = max(n, least, int64(min(sure/each, math.MaxInt32)))
		return true
	}
	if abort := p.in.Job.Abort; abort != nil {
		for _, c := range abort.Criteria {
			if !add(c.FailureType, c.ThresholdHundredths, c.MinExecuted) {
				return 0
			}
		}
	}
	if p.guard != nil && !add(p.guard.FailureType, p.guard.RateHundredths, 0) {
		return 0
	}
	return n
}
