package failures

import "math"

// The exact test of Fisher. Of N attempts K have failed; a group has n of the attempts and x of the
// failures. If the group has no influence, each choice of n attempts is as probable as another one,
// and the number of failures among them has the hypergeometric distribution. The test adds up how
// probable all numbers are that are no more probable than x.
//
// No library that is kept up has it for Go. The sums are taken outwards from x and from its
// counterpart on the other side of the peak, until the terms stop to matter, so that a million
// attempts cost some thousand terms.

// fisher is the two-sided probability for x of n failures in the group, and K of N in all.
//
// For example, when 8 of 10 things of a group have failed and 1 of the 10 others, it is 0.0055.
func fisher(x, n, k, all int64) float64 {
	h := hypergeometric{n: n, k: k, all: all}
	lowest, highest := max(0, n+k-all), min(n, k)
	observed := h.log(x)
	peak := min(max((n+1)*(k+1)/(all+2), lowest), highest)
	p := 0.0
	if x <= peak {
		p = h.tail(x, lowest, -1)
		p += h.tail(h.first(peak, highest, 1, observed), highest, 1)
	} else {
		p = h.tail(x, highest, 1)
		p += h.tail(h.first(peak, lowest, -1, observed), lowest, -1)
	}
	return min(1, p)
}

type hypergeometric struct{ n, k, all int64 }

// log is the logarithm of the probability of x failures in the group.
func (h hypergeometric) log(x int64) float64 {
	return logChoose(h.k, x) + logChoose(h.all-h.k, h.n-x) - logChoose(h.all, h.n)
}

// first is the place nearest to the peak, on the way to end, that is no more probable than the
// observed one; a place beyond end when there is none. Probabilities fall on that way.
func (h hypergeometric) first(peak, end, step int64, observed float64) int64 {
	const rounding = 1e-7                    // two places that are equally probable may differ in the last digits
	low, high := int64(0), (end-peak)*step+1 // distances from the peak
	for low < high {
		middle := (low + high) / 2
		if h.log(peak+middle*step) <= observed+rounding {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return peak + low*step
}

// tail is the sum of the probabilities from x to end.
func (h hypergeometric) tail(x, end, step int64) (sum float64) {
	if (end-x)*step < 0 {
		return 0
	}
	term := math.Exp(h.log(x))
	for ; (end-x)*step >= 0; x += step {
		sum += term
		if term < sum*1e-17 {
			break
		}
		term *= h.ratio(x, step)
	}
	return sum
}

// ratio is the probability of the place next to x divided by that of x.
func (h hypergeometric) ratio(x, step int64) float64 {
	if step < 0 {
		return 1 / h.ratio(x-1, 1)
	}
	return float64(h.k-x) * float64(h.n-x) / (float64(x+1) * float64(h.all-h.k-h.n+x+1))
}

// logChoose is the logarithm of the number of ways to choose k of n.
func logChoose(n, k int64) float64 {
	return logFactorial(n) - logFactorial(k) - logFactorial(n-k)
}

func logFactorial(n int64) float64 {
	l, _ := math.Lgamma(float64(n) + 1)
	return l
}
