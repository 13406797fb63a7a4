package job

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The grammar of drover:guard, its defaults and its bounds on both sides (R-STR-2, R-STR-30,
// R-STR-32, R-STR-33).
func TestParseGuard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text string
		want Guard
	}{
		{"FAILED 5pct", Guard{FailureFailed, 500, 500, 10 * time.Minute, ActionPause}},
		{"REJECTED 0.01pct", Guard{FailureRejected, 1, 500, 10 * time.Minute, ActionPause}},
		{"TIMED_OUT 99.99pct alpha=50pct",
			Guard{FailureTimedOut, 9999, 5000, 10 * time.Minute, ActionPause}},
		{"ALL 5pct settle=1s", Guard{FailureAll, 500, 500, time.Second, ActionPause}},
		{"SILENT 5pct settle=24h", Guard{FailureSilent, 500, 500, 24 * time.Hour, ActionPause}},
		{"FAILED 5pct then=cancel", Guard{FailureFailed, 500, 500, 10 * time.Minute, ActionCancel}},
		{"FAILED 5pct then=pause", Guard{FailureFailed, 500, 500, 10 * time.Minute, ActionPause}},
		{" FAILED  2.5pct then=observe settle=1h30m alpha=0.01pct ",
			Guard{FailureFailed, 250, 1, 90 * time.Minute, ActionObserve}},
	} {
		got, err := parseGuard(tt.text)
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", tt.text, err, diff)
		}
	}
}

// What is refused says what stands there and what would fit (R-STR-2).
func TestParseGuardErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                  `a failure type and a rate are needed`,
		"FAILED":            `a failure type and a rate are needed`,
		"FAIL 5pct":         `"FAIL" is not one of FAILED, REJECTED, TIMED_OUT, ALL, SILENT`,
		"failed 5pct":       `failure type: "failed" is not one of`,
		"CANCELED 5pct":     `failure type: "CANCELED" is not one of`,
		"5pct FAILED":       `failure type: "5pct" is not one of`,
		"FAILED 5%":         `rate: "5%" is not a percentage`,
		"FAILED 0pct":       `rate: "0pct" is not more than 0pct and less than 100pct`,
		"FAILED 100pct":     `rate: "100pct" is not more than 0pct and less than 100pct`,
		"FAILED 101pct":     `rate: "101pct" is more than 100pct`,
		"FAILED 5pct x":     `option: "x" is not one of alpha=, settle=, then=`,
		"FAILED 5pct ALL":   `option: "ALL" is not one of alpha=, settle=, then=`,
		"FAILED 5pct =1":    `option: "" is not one of`,
		"FAILED 5pct then":  `then: "" is not one of pause, cancel, observe`,
		"FAILED 5pct then=": `then: "" is not one of pause, cancel, observe`,

		"FAILED 5pct then=abort":           `then: "abort" is not one of pause, cancel, observe`,
		"FAILED 5pct alpha=0pct":           `alpha: "0pct" is not more than 0pct and at most 50pct`,
		"FAILED 5pct alpha=50.01pct":       `alpha: "50.01pct" is not more than 0pct and at most 50pct`,
		"FAILED 5pct alpha=5":              `alpha: "5" is not a percentage`,
		"FAILED 5pct settle=10":            `settle: "10" is not a duration`,
		"FAILED 5pct settle=0s":            `settle: "0s" is not between 1s and 1d`,
		"FAILED 5pct settle=24h1s":         `settle: "24h1s" is not between 1s and 1d`,
		"FAILED 5pct settle=1m settle=1m":  `settle is given twice`,
		"FAILED 5pct alpha=5pct alpha=1":   `alpha is given twice`,
		"FAILED 5pct then=pause then=x":    `then is given twice`,
		"FAILED 5pct alpha=5pct=6pct":      `alpha: "5pct=6pct" is not a percentage`,
		"FAILED 5pct\tsettle=10m\nbecause": `option: "because" is not one of`,
	} {
		if got, err := parseGuard(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %+v, %v, want an error that says %s", text, got, err, want)
		}
	}
}

// Whatever is accepted is within the bounds, and its buckets are at most 31 for its settle time.
func FuzzParseGuard(f *testing.F) {
	for _, text := range []string{
		"FAILED 5pct", "ALL 0.5pct alpha=1pct settle=1h30m then=cancel", "SILENT 99.99pct settle=1s",
		"FAILED 5pct settle=31s then=observe", "FAILED", "X 5%",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		g, err := parseGuard(text)
		if err != nil {
			return
		}
		if g.FailureType == "" || g.RateHundredths < 1 || g.RateHundredths > 9999 ||
			g.AlphaHundredths < 1 || g.AlphaHundredths > 5000 ||
			g.Settle < time.Second || g.Settle > 24*time.Hour || g.Then == "" {
			t.Fatalf("%q is out of bounds: %+v", text, g)
		}
		oldest := g.bucketOf(start)
		for !start.Before(g.bucketCounts(oldest)) {
			oldest++
		}
		for start.Before(g.bucketCounts(oldest - 1)) {
			oldest--
		}
		if n := g.bucketOf(start) - oldest + 1; n > 31 {
			t.Errorf("%q needs %d buckets", text, n)
		}
	})
}

// What counts as failed, by type (R-STR-30, R-ABT-5). SILENT is a success that was not heard of
// again, and ALL includes it.
func TestGuardFails(t *testing.T) {
	t.Parallel()
	want := map[FailureType]string{
		FailureFailed:   "FAILED",
		FailureRejected: "REJECTED",
		FailureTimedOut: "TIMED_OUT",
		FailureSilent:   "silent",
		FailureAll:      "silent FAILED TIMED_OUT REJECTED",
	}
	for kind, want := range want {
		var got []string
		for _, status := range ExecutionStatuses() {
			if (Guard{FailureType: kind}).fails(Execution{Status: status}) {
				got = append(got, status.String())
			} else if (Guard{FailureType: kind}).fails(Execution{Status: status, Silent: true}) {
				got = append(got, "silent")
				if status != ExecutionSucceeded {
					t.Errorf("%s: %s can be silent", kind, status)
				}
			}
		}
		if got := strings.Join(got, " "); got != want {
			t.Errorf("%s: %s, want %s", kind, got, want)
		}
	}
}
