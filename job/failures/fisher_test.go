package failures

import (
	"math"
	"testing"
)

// The probabilities of the exact test, as R's fisher.test and plain adding up give them (R-FAIL-1).
func TestFisher(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		x, n, k, all int64
		want         float64
	}{
		{8, 10, 9, 20, 0.005477},     // two groups of ten, 8 against 1
		{1, 10, 9, 20, 0.005477},     // the same from the other side
		{3, 4, 4, 8, 0.485714},       // the lady who tastes tea
		{0, 5, 0, 10, 1},             // nothing has failed
		{5, 5, 10, 10, 1},            // all have
		{10, 10, 10, 20, 0.00001083}, // 2 ÷ (20 over 10)
		{2, 7, 12, 23, 0.193027},
	} {
		got := fisher(tt.x, tt.n, tt.k, tt.all)
		if math.Abs(got-tt.want) > 1e-6 {
			t.Errorf("%+v: %v", tt, got)
		}
	}
}

// Every table with small margins, against the sum over all of its kind.
func TestFisherAgainstSum(t *testing.T) {
	t.Parallel()
	choose := func(n, k int64) float64 { return math.Round(math.Exp(logChoose(n, k))) }
	for all := int64(1); all <= 14; all++ {
		for n := int64(0); n <= all; n++ {
			for k := int64(0); k <= all; k++ {
				at := func(x int64) float64 { return choose(k, x) * choose(all-k, n-x) }
				for x := max(0, n+k-all); x <= min(n, k); x++ {
					sum := 0.0
					for y := max(0, n+k-all); y <= min(n, k); y++ {
						if at(y) <= at(x) {
							sum += at(y)
						}
					}
					want, got := sum/choose(all, n), fisher(x, n, k, all)
					if math.Abs(got-want) > 1e-9 {
						t.Fatalf("fisher(%d, %d, %d, %d) is %v, want %v", x, n, k, all, got, want)
					}
				}
			}
		}
	}
}

// A million attempts give a number, and one that is small where the difference is large.
func TestFisherOfMany(t *testing.T) {
	t.Parallel()
	if p := fisher(10_100, 500_000, 20_000, 1_000_000); p < 0.1 || p > 0.2 {
		t.Errorf("p is %v for 2.02 percent against 1.98", p)
	}
	if p := fisher(12_000, 500_000, 20_000, 1_000_000); !(p >= 0 && p < 1e-100) {
		t.Errorf("p is %v for 2.4 percent against 1.6", p)
	}
}

func BenchmarkFisher(b *testing.B) {
	for b.Loop() {
		fisher(10_050, 500_000, 20_000, 1_000_000)
	}
}
