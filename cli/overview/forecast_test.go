package overview

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// shownForecast is the forecast of a job that is stopped in some cases.
func shownForecast() *drover.ForecastResponse {
	start := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) schema.Timestamp { return schema.At(start.Add(time.Duration(minutes) * time.Minute)) }
	band := func(p10, p50, p90 int64) drover.ForecastBand {
		return drover.ForecastBand{P10: p10, P50: p50, P90: p90}
	}
	point := func(minutes int, released, low, ended, high int64) drover.ForecastPoint {
		return drover.ForecastPoint{At: at(minutes), Released: band(released, released, released), Ended: band(low, ended, high)}
	}
	known := drover.AssumedDelay{MedianSeconds: 60, P90Seconds: 180, From: "JOB"}
	none := drover.AssumedShare{Percentage: "0", From: "DEFAULT"}
	return &drover.ForecastResponse{
		Runs:    400,
		Seed:    1,
		At:      at(0),
		Targets: 100,
		LeftOut: []drover.ForecastLeftOut{
			{Reason: "HELD", Count: 2, Examples: []iot.ThingName{"a", "b"}},
			{Reason: "COVERED", Count: 7, Examples: []iot.ThingName{"c"}},
		},
		Assumed: drover.ForecastAssumed{
			Started:  known,
			Ended:    known,
			Failed:   drover.AssumedDelay{MedianSeconds: 5, P90Seconds: 10, From: "REQUEST"},
			FailedOf: drover.AssumedShare{Percentage: "2.5", From: "EARLIER_JOBS"},
			Rejected: none,
			TimedOut: none,
			Silent:   none,
		},
		Curve: []drover.ForecastPoint{
			point(0, 0, 0, 0, 0), point(10, 40, 10, 20, 30), point(20, 80, 30, 50, 70), point(30, 100, 60, 80, 90),
			point(40, 100, 99, 100, 100), point(90, 100, 100, 100, 100),
		},
		Released:           drover.ForecastMoment{P10: new(at(30)), P50: new(at(30)), P90: new(at(30))},
		Finish:             drover.ForecastMoment{P10: new(at(35)), P50: new(at(40)), Never: []drover.ForecastNever{{Reason: "ABORTED", Percentage: "12"}}},
		PeakBytesPerSecond: new(int64(1536)),
		Waves: []drover.ForecastWave{
			{Number: 1, Takes: "group=canary", Things: band(5, 5, 5), Begins: &drover.ForecastTimes{P10: new(at(0)), P50: new(at(0)), P90: new(at(0))},
				Judged: &drover.ForecastTimes{P10: new(at(9)), P50: new(at(10)), P90: new(at(11))}},
			{Number: 2, Takes: "100pct", Things: band(0, 0, 0)},
		},
		NeverReached: []drover.ForecastNeverReached{{Setting: "maximumPerMinute", Why: "the ramp ends below"}},
		Stop: drover.ForecastStop{
			Assumed:       drover.StopPercentages{Abort: "12", Guard: "0"},
			HalfThreshold: &drover.StopPercentages{Abort: "30", Guard: "1"},
		},
		Warnings: []drover.ForecastWarning{{Code: "RATE_ABOVE_TARGETS", Text: "lower the rate"}},
	}
}

// A forecast says in a few lines what becomes of the job, draws it, and says what to change.
func TestForecast(t *testing.T) { // R-FCT-1
	t.Parallel()
	const want = `Targets     100 things
            2 held by an operator: a, b
            7 targets in more than one way, and counted once: c and others
Assumed     they start after 1 min (9 of 10 within 3 min, seen in this job) and end after 1 min (9 of 10 within 3 min, seen in this job), failures after 5 s (9 of 10 within 10 s, given)
            FAILED 2.5% (seen in earlier jobs), REJECTED 0% (not known), TIMED_OUT 0% (not known), no answer 0% (not known)
Released    2030-01-02 12:30 UTC (in 30 min)
Finish      2030-01-02 12:40 UTC (in 40 min), not always
            12% never: an abort criterion stops it
Wave 1      group=canary, 5 things, begins 2030-01-02 12:00 UTC (in 0 s), gate 2030-01-02 12:10 UTC (in 10 min); 1 of 10 times after 9 min, 9 of 10 within 11 min
Wave 2      100pct, 0 things, never begins
Downloads   up to 1.5 KiB a second
Stopped     by criteria 12%, by the guard 0%; with failures at half of the threshold 30% and 1%
No effect   maximumPerMinute: the ramp ends below
`
	got := Forecast(shownForecast(), 0, false)
	head, chart, _ := strings.Cut(got, "\n\n")
	if diff := cmp.Diff(want, head+"\n"); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(chart, "\n\nwarning: lower the rate (RATE_ABOVE_TARGETS)") {
		t.Errorf("it ends with %q", chart)
	}
}

// The windows that are open or open next, three of them (R-FCT-9).
func TestNextWindows(t *testing.T) {
	t.Parallel()
	f := shownForecast()
	if got := nextWindows(f); got != "" {
		t.Errorf("without windows: %q", got)
	}
	for day := -1; day < 4; day++ {
		opens := f.At.Time().Add(time.Duration(day)*24*time.Hour - time.Hour)
		f.Windows = append(f.Windows, drover.ForecastWindow{
			Opens:  schema.At(opens),
			Closes: schema.At(opens.Add(2 * time.Hour)),
		})
	}
	const want = "open until 2030-01-02 13:00 UTC (in 1 h 0 min); 2030-01-03 11:00 UTC (in 23 h 0 min) for 2 h 0 min; " +
		"2030-01-04 11:00 UTC (in 1 d 23 h) for 2 h 0 min"
	if got := nextWindows(f); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The chart shows what had its turn, what has ended, and the band, as far as half of all cases go
// and a quarter more.
func TestChart(t *testing.T) { // R-FCT-1
	t.Parallel()
	lines := chart(shownForecast(), 46, false)
	if len(lines) != chartRows+3 {
		t.Fatalf("%d lines", len(lines))
	}
	for _, line := range lines {
		if len([]rune(line)) > 46 {
			t.Errorf("a line is too wide: %q", line)
		}
	}
	if first, last := lines[0], lines[chartRows-1]; !strings.HasPrefix(first, "100% |") || !strings.HasSuffix(first, "#") ||
		!strings.HasPrefix(last, "  0% |#") {
		t.Errorf("the chart begins with %q and ends with %q", first, last)
	}
	if !strings.HasSuffix(lines[chartRows+1], "in 50 min") {
		t.Errorf("it goes %q", lines[chartRows+1])
	}
	none := &drover.ForecastResponse{Curve: shownForecast().Curve}
	if got := chart(none, 46, false); len(got) != 1 {
		t.Errorf("of no targets: %q", got)
	}
}
