package forecast

import (
	"math"
	"slices"
	"time"

	"github.com/drover-iot/drover/job"
)

// What is assumed of devices. Either the operator says it, or it is learned from executions that
// have ended (R-FCT-2).

// Delay is how long something takes: half of the devices need no more than Median, nine of ten no
// more than P90. In between and beyond it follows a log-normal distribution, which has the long
// tail of devices that are seldom there.
type Delay struct{ Median, P90 time.Duration }

// Assumptions are what a forecast assumes of devices. Shares are from 0 to 1.
type Assumptions struct {
	// Started is the time from queued to started, Ended that from started to succeeded, Failed that
	// from started to failed or rejected.
	Started, Ended, Failed Delay
	// FailureRate, RejectionRate and TimeoutRate are the shares of attempts that end so. What would
	// time out in a job without a timeout stays IN_PROGRESS for good.
	FailureRate, RejectionRate, TimeoutRate float64
	// SilentRate is the share of things that never answer: their executions stay QUEUED.
	SilentRate float64
}

// Defaults are what is assumed when nothing is known (R-FCT-2): a minute until the start, five until
// the end, and nine of ten in three times that.
var Defaults = Assumptions{
	Started: Delay{time.Minute, 3 * time.Minute},
	Ended:   Delay{5 * time.Minute, 15 * time.Minute},
	Failed:  Delay{5 * time.Minute, 15 * time.Minute},
}

// deviationOf90 is by how many standard deviations the normal distribution exceeds its mean in one
// of ten cases.
const deviationOf90 = 1.2815515655446004

// spread is the standard deviation of the logarithm.
func (d Delay) spread() float64 {
	if d.Median <= 0 || d.P90 <= d.Median {
		return 0
	}
	return math.Log(float64(d.P90)/float64(d.Median)) / deviationOf90
}

// within is the probability that a delay is no longer than a time. A delay without a spread is
// always as long as its median.
func (d Delay) within(x time.Duration) float64 {
	sigma := d.spread()
	switch {
	case x < 0 || x == 0 && d.Median > 0:
		return 0
	case sigma == 0:
		if x >= d.Median {
			return 1
		}
		return 0
	}
	z := math.Log(float64(x)/float64(d.Median)) / sigma
	return 0.5 * math.Erfc(-z/math.Sqrt2)
}

// mean is how long a delay is on average, which is more than its median.
func (d Delay) mean() time.Duration {
	sigma := d.spread()
	return time.Duration(min(float64(d.Median)*math.Exp(sigma*sigma/2), math.MaxInt64/4))
}

// At is the delay below which a share of all delays lies: At(0.5) is the median.
func (d Delay) At(share float64) time.Duration {
	z := math.Sqrt2 * math.Erfinv(2*share-1)
	x := float64(d.Median) * math.Exp(z*d.spread())
	return time.Duration(min(x, math.MaxInt64/4))
}

// Sample is one execution of which something is learned.
type Sample struct {
	Status job.ExecutionStatus
	// QueuedAt, StartedAt and EndedAt are its times; StartedAt is zero when it never started.
	QueuedAt, StartedAt, EndedAt time.Time
}

// Enough is how many ended executions something must have been learned from (R-FCT-2).
const Enough = 30

// Known says which assumptions a source of samples has an answer to.
type Known struct {
	Started, Ended, Failed, Rates bool
}

// Learn reads what executions that have ended show of their devices. What fewer than 30 of them
// speak of is not known. The share of things that never answer cannot be learned from executions
// that have ended: whoever waits may still answer.
//
// The delay of failures is known only when 30 have failed; until then they are taken to take as long
// as successes.
func Learn(samples []Sample) (a Assumptions, known Known) {
	var started, ended, failed []time.Duration
	var of [4]float64 // succeeded, failed, rejected, timed out
	for _, s := range samples {
		if !s.StartedAt.IsZero() {
			started = append(started, s.StartedAt.Sub(s.QueuedAt))
		}
		took := s.EndedAt.Sub(s.StartedAt)
		switch s.Status {
		case job.ExecutionSucceeded:
			of[0]++
			ended = appendIf(ended, took, !s.StartedAt.IsZero())
		case job.ExecutionFailed, job.ExecutionRejected:
			of[1] += oneIf(s.Status == job.ExecutionFailed)
			of[2] += oneIf(s.Status == job.ExecutionRejected)
			failed = appendIf(failed, took, !s.StartedAt.IsZero())
		case job.ExecutionTimedOut:
			of[3]++
		}
	}
	a.Started, known.Started = delayOf(started)
	a.Ended, known.Ended = delayOf(ended)
	if a.Failed, known.Failed = delayOf(failed); !known.Failed && known.Ended {
		a.Failed, known.Failed = a.Ended, true
	}
	if all := of[0] + of[1] + of[2] + of[3]; all >= Enough {
		known.Rates = true
		a.FailureRate, a.RejectionRate, a.TimeoutRate = of[1]/all, of[2]/all, of[3]/all
	}
	return a, known
}

// delayOf is the delay that so many show; known is false when they are fewer than 30.
func delayOf(all []time.Duration) (d Delay, known bool) {
	if len(all) < Enough {
		return d, false
	}
	slices.Sort(all)
	return Delay{Median: all[len(all)/2], P90: all[len(all)*9/10]}, true
}

// appendIf adds a duration when something is so.
func appendIf(all []time.Duration, d time.Duration, when bool) []time.Duration {
	if when {
		return append(all, d)
	}
	return all
}

// oneIf is 1 for true.
func oneIf(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
