package forecast

import (
	"math"
	"math/rand/v2"
)

// Numbers that are drawn. Of so many things, each of which does something with the same probability,
// a binomially distributed number does it. Where that number is large it is drawn from the normal
// distribution of the same mean and deviation, which nobody could tell apart; so a draw takes the
// same time for ten things and for a million.

// dice draws for one simulation.
type dice struct{ *rand.Rand }

// newDice returns the dice of one simulation, which are those of no other with the same seed.
func newDice(seed uint64, simulation int) dice {
	return dice{rand.New(rand.NewPCG(seed, uint64(simulation)))}
}

// odds is a probability, with what a draw needs of it.
type odds struct {
	p         float64
	deviation float64 // sqrt(p × (1-p))
	logNot    float64 // ln(1-p)
}

// oddsOf is a probability as draws need it; one outside of 0 to 1 is the nearer of the two.
func oddsOf(p float64) odds {
	p = min(max(p, 0), 1)
	return odds{p: p, deviation: math.Sqrt(p * (1 - p)), logNot: math.Log1p(-p)}
}

// normalFrom is the variance from which on the normal distribution is drawn from.
const normalFrom = 12

// of draws how many of n things do what has these odds.
func (d dice) of(n int64, o odds) int64 {
	switch {
	case n <= 0 || o.p <= 0:
		return 0
	case o.p >= 1:
		return n
	}
	// For example, of 1,000 things with a probability of 0.02, 20 do it, with a deviation of 4.4.
	mean := float64(n) * o.p
	if mean*(1-o.p) >= normalFrom {
		x := mean + math.Sqrt(float64(n))*o.deviation*d.NormFloat64()
		return min(max(int64(math.Round(x)), 0), n)
	}
	if o.p > 0.5 {
		return n - d.few(n, 1-o.p, math.Log(o.p))
	}
	return d.few(n, o.p, o.logNot)
}

// few draws a small number, by adding up the probabilities of 0, 1, 2 and so on.
func (d dice) few(n int64, p, logNot float64) (x int64) {
	chance := math.Exp(float64(n) * logNot)
	ratio := p / (1 - p)
	for u := d.Float64(); u > chance && x < n; x++ {
		u -= chance
		chance *= ratio * float64(n-x) / float64(x+1)
	}
	return x
}

// share draws how many of n things do what has a probability.
func (d dice) share(n int64, p float64) int64 {
	if n <= 0 || p <= 0 {
		return 0
	}
	return d.of(n, oddsOf(p))
}
