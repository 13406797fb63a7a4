package job

import (
	"math"
	"math/big"
	"testing"
)

// exactEvidence is E from its definition, with products instead of logarithms and 200 bits of
// precision (R-STR-32).
func exactEvidence(counted, failed int64, rate float64) *big.Float {
	float := func(x float64) *big.Float { return new(big.Float).SetPrec(200).SetFloat64(x) }
	one, sum := float(1), float(0)
	q := float(rate)
	for i := 1; i <= 40; i++ {
		p := float(math.Pow(rate, 1-float64(i)/41))
		fails := new(big.Float).Quo(p, q)
		goesOn := new(big.Float).Quo(new(big.Float).Sub(one, p), new(big.Float).Sub(one, q))
		ratio := float(1)
		for n := range counted {
			if n < failed {
				ratio.Mul(ratio, fails)
			} else {
				ratio.Mul(ratio, goesOn)
			}
		}
		sum.Add(sum, ratio)
	}
	return sum.Quo(sum, float(40))
}

// The evidence in logarithms is the evidence from its definition (R-STR-32).
func TestEvidence(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.0001, 0.001, 0.01, 0.05, 0.1, 0.3, 0.5, 0.9, 0.9999} {
		for _, n := range []int64{0, 1, 2, 5, 20, 100, 1000} {
			for _, k := range []int64{0, 1, n / 10, n / 2, n} {
				if k > n {
					continue
				}
				want := exactEvidence(n, k, rate)
				got := logEvidence(n, k, rate)
				exponent := want.MantExp(nil)
				mantissa, _ := new(big.Float).SetMantExp(want, -exponent).Float64()
				wantLog := math.Log(mantissa) + float64(exponent)*math.Ln2
				if math.Abs(got-wantLog) > 1e-9*max(1, math.Abs(wantLog)) {
					t.Errorf("rate %v, %d of %d: %.12f, want %.12f", rate, k, n, got, wantLog)
				}
			}
		}
	}
}

// Values that are easy to follow: nothing counted is no evidence either way, and the figures of
// the doc comments.
func TestEvidenceExamples(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		counted, failed int64
		rate            float64
		want            string
	}{
		{0, 0, 0.1, "1.00"},
		{1, 1, 0.1, "3.87"},
		{10, 4, 0.1, "9.83"},
		{40, 0, 0.1, "0.07"},
	} {
		got := big.NewFloat(math.Exp(logEvidence(tt.counted, tt.failed, tt.rate))).Text('f', 2)
		if got != tt.want {
			t.Errorf("%d of %d at %v: %s, want %s", tt.failed, tt.counted, tt.rate, got, tt.want)
		}
	}
	for i, want := range map[int]string{1: "0.0112", 2: "0.0125", 3: "0.0140", 40: "0.8938"} {
		if got := big.NewFloat(alternative(0.01, i)).Text('f', 4); got != want {
			t.Errorf("alternative %d above 1 percent: %s, want %s", i, got, want)
		}
	}
}

// The stake is fair: for a release at the rate, the expectation of the evidence after n things is
// 1, which is what Ville's inequality needs; below the rate it is less (R-STR-32).
func TestEvidenceIsFair(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{0.01, 0.1, 0.3} {
		for _, n := range []int64{1, 2, 10, 100} {
			for _, share := range []float64{1, 0.5} {
				mean := 0.0
				for k := range n + 1 {
					all, _ := math.Lgamma(float64(n + 1))
					bad, _ := math.Lgamma(float64(k + 1))
					good, _ := math.Lgamma(float64(n - k + 1))
					log := all - bad - good + float64(k)*math.Log(rate*share) +
						float64(n-k)*math.Log1p(-rate*share)
					mean += math.Exp(log + logEvidence(n, k, rate))
				}
				if share == 1 && math.Abs(mean-1) > 1e-9 || share < 1 && mean >= 1 {
					t.Errorf("rate %v, %d things at %v of it: the mean is %v", rate, n, share, mean)
				}
			}
		}
	}
}

// Ten million things of any kind leave every number finite (R-STR-32, R-STR-34).
func TestEvidenceOfVeryMany(t *testing.T) {
	t.Parallel()
	finite := func(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
	for _, n := range []int64{1, 1_000_000, 10_000_000} {
		for _, k := range []int64{0, 1, n / 1000, n / 2, n - 1, n} {
			for _, rate := range []int64{1, 100, 5000, 9999} {
				g := Guard{RateHundredths: rate, AlphaHundredths: 1}
				s := GuardState{Counted: n, Failed: k}
				log, shown := logEvidence(n, k, g.rate()), s.Evidence(g)
				if !finite(log) || !finite(shown) || shown < 0 || shown > maxEvidence {
					t.Errorf("%d of %d at %d: %v, shown as %v", k, n, rate, log, shown)
				}
			}
			low, high := Band(n, k, 1)
			share := float64(k) / float64(n)
			if !finite(low) || !finite(high) || low < 0 || low > share || high < share || high > 1 {
				t.Errorf("%d of %d: band %v to %v", k, n, low, high)
			}
		}
	}
}

// The band is what the data leave open: a guard has evidence enough exactly when its rate is below
// the band (R-STR-34), and the other border is the same for successes. There is one border on each
// side, so that halving finds it.
func TestBand(t *testing.T) {
	t.Parallel()
	for _, n := range []int64{1, 2, 37, 400, 1_000_000} {
		for _, k := range []int64{0, 1, n / 100, n / 10, n / 2, n - 1, n} {
			if k > n || k < 0 {
				continue
			}
			for _, alpha := range []int64{1, 100, 500, 5000} {
				low, high := Band(n, k, alpha)
				for at := int64(1); at < 10000; at += 43 {
					g := Guard{RateHundredths: at, AlphaHundredths: alpha}
					mirrored := Guard{RateHundredths: 10000 - at, AlphaHundredths: alpha}
					below := g.isProven(n, k) && g.rate() < float64(k)/float64(n)
					above := mirrored.isProven(n, n-k) && g.rate() > float64(k)/float64(n)
					if below != (g.rate() < low) || above != (g.rate() > high) {
						t.Fatalf("%d of %d, alpha %d: band %v to %v, but at %v below %v above %v",
							k, n, alpha, low, high, g.rate(), below, above)
					}
				}
			}
		}
	}
	if low, high := Band(0, 0, 500); low != 0 || high != 1 {
		t.Errorf("before anything has counted: %v to %v, want 0 to 1", low, high)
	}
}
