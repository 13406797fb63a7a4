package job

import "math"

// The arithmetic of a guard. The question is whether a release fails more often than a rate, and it
// is asked again after every thing that counts. A test that is made for one look is wrong then: of
// enough looks, one shows a bad streak. So the guard weighs evidence in the way of a bet. It stakes
// 1 on "more failures than the rate" at odds that are fair for a release at the rate. Whoever plays
// fair odds multiplies the stake by twenty with a probability of at most 1 in 20, however long the
// game goes on and whenever it is looked at (Ville's inequality). So a stake that has grown to 1 ÷
// alpha is evidence at the level alpha, at any time (R-STR-32).
//
// The stake is divided evenly among 40 alternatives, each of which supposes another failure rate.
// What the part of one has grown to is the likelihood ratio of its rate against the guard's. It
// depends only on how many things have counted and how many of them failed, in whatever order. So
// the state of a guard needs these two numbers and not the 40.

// alternatives is how many failure rates the evidence is divided among.
const alternatives = 40

// alternative is the i-th of the failure rates above a rate, from 1 to 40. They are evenly spaced
// on a logarithmic scale from the rate to 1, both left out: each is the same multiple of the one
// before. Above 10 percent they begin with 10.6, 11.2 and 11.8 percent, above 1 percent with 1.12,
// 1.25 and 1.4 percent. Spaced evenly without the logarithm the lowest would be 3.4 percent there,
// and a release at 1.5 percent would never be stopped.
func alternative(rate float64, i int) float64 {
	return math.Pow(rate, 1-float64(i)/(alternatives+1))
}

// logEvidence is the natural logarithm of the evidence E against "the failure rate is at most
// rate", when failed of counted things have failed. It stays finite for any counts: the sum over
// the alternatives is taken relative to the largest of them.
//
// For example, with a rate of 0.1, E is 3.87 after one thing that failed, 9.83 after 4 failures
// among 10 things, and 0.07 after 40 things without one.
func logEvidence(counted, failed int64, rate float64) float64 {
	var logs [alternatives]float64
	largest, goesOn := math.Inf(-1), math.Log1p(-rate)
	for i := range logs {
		p := alternative(rate, i+1)
		logs[i] = float64(failed)*math.Log(p/rate) +
			float64(counted-failed)*(math.Log1p(-p)-goesOn)
		largest = max(largest, logs[i])
	}
	sum := 0.0
	for _, l := range logs {
		sum += math.Exp(l - largest)
	}
	return largest + math.Log(sum/alternatives)
}

// maxEvidence bounds the evidence that is shown, so that it is always a number.
const maxEvidence = 1e9

// Evidence is E: 1 before anything has counted, larger the more the failures exceed the rate,
// smaller the fewer there are. It is shown as at most 1e9.
func (s GuardState) Evidence(g Guard) float64 {
	return min(maxEvidence, math.Exp(logEvidence(s.Counted, s.Failed, g.rate())))
}

// Threshold is the evidence at which the guard fires: 1 ÷ alpha.
func (g Guard) Threshold() float64 { return 10000 / float64(g.AlphaHundredths) }

// isProven reports whether the failures that have counted are evidence enough (R-STR-32).
func (g Guard) isProven(counted, failed int64) bool {
	if mostEvidence(counted, failed, g.rate()) < math.Log(g.Threshold()) {
		return false
	}
	return logEvidence(counted, failed, g.rate()) >= math.Log(g.Threshold())
}

// mostEvidence is a bound that logEvidence never exceeds and that takes a fortieth of the time: no
// alternative explains the failures better than their own share does.
func mostEvidence(counted, failed int64, rate float64) float64 {
	n, k := float64(counted), float64(failed)
	if k <= n*rate {
		return 0 // every alternative is further from the share than the rate is
	}
	most := k * math.Log(k/(n*rate))
	if failed < counted {
		most += (n - k) * math.Log((n-k)/(n*(1-rate)))
	}
	return most
}

// rate is the failure rate that a release may have, as a fraction.
func (g Guard) rate() float64 { return float64(g.RateHundredths) / 10000 }

// Band returns the lowest and the highest failure rate that the things counted so far leave open
// (R-STR-34). A guard at a rate below low would have fired by what has counted; above high, so
// would the same test of successes in place of failures. So the guard of a job has evidence enough
// exactly when its rate is below low. alphaHundredths is alpha in hundredths of a percent. Before
// anything has counted, everything is open: 0 to 1.
func Band(counted, failed, alphaHundredths int64) (low, high float64) {
	enough := math.Log(10000 / float64(alphaHundredths))
	return lowestRate(counted, failed, enough), 1 - lowestRate(counted, counted-failed, enough)
}

// lowestRate is the lowest failure rate against which the logarithm of the evidence is below
// enough. Against the share of failures itself there is no evidence, and less of it the nearer a
// lower rate comes to that share, so halving an interval finds the border. The interval is of
// logarithms, because the border may be very near to zero.
func lowestRate(counted, failed int64, enough float64) float64 {
	if failed == 0 {
		return 0
	}
	share := float64(failed) / float64(counted)
	refuted, open := -100.0, math.Log(share)
	for range 45 {
		middle := (refuted + open) / 2
		if logEvidence(counted, failed, math.Exp(middle)) >= enough {
			refuted = middle
		} else {
			open = middle
		}
	}
	return math.Exp(open)
}
