package curve

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// after is a time so many milliseconds after noon.
func after(ms int64) time.Time { return noon.Add(time.Duration(ms) * time.Millisecond) }

// An attempt is an execution as it is counted.
type attempt struct {
	status            job.ExecutionStatus
	queued, updatedMS int64
}

// counted counts attempts.
func counted(attempts ...attempt) *Counter {
	var c Counter
	for _, a := range attempts {
		c.Add(a.status, after(a.queued), after(a.updatedMS))
	}
	return &c
}

// shown is a curve in short: the step, and each point as seconds after noon, released, ended.
func shown(c Curve) (points []string) {
	points = append(points, c.Step.String())
	for _, p := range c.Points {
		text := fmt.Sprint(p.At.Sub(noon).Seconds(), " ", p.Released)
		for _, s := range job.ExecutionStatuses() {
			if n := p.Ended[s]; n > 0 {
				text += fmt.Sprint(" ", s, "=", n)
			}
		}
		points = append(points, text)
	}
	return points
}

// A point counts everything up to its time and that included, the last one everything
// (R-WEB-30, R-WEB-31).
func TestCurve(t *testing.T) {
	t.Parallel()
	const queued, inProgress = job.ExecutionQueued, job.ExecutionInProgress
	const succeeded, failed = job.ExecutionSucceeded, job.ExecutionFailed
	rows := []struct {
		name     string
		attempts []attempt
		until    time.Time
		want     []string
	}{
		{"nothing", nil, after(5000), []string{"0s"}},
		{"nothing has ended", []attempt{{queued, 0, 0}, {inProgress, 0, 900}}, after(2000),
			[]string{"1s", "0 2", "1 2", "2 2"}},
		{"both sides of a step", []attempt{{succeeded, 0, 1000}, {succeeded, 0, 1001}}, time.Time{},
			[]string{"1s", "0 2", "1 2 SUCCEEDED=1", "1.001 2 SUCCEEDED=2"}},
		{"a retry is one more", []attempt{{failed, 0, 500}, {succeeded, 500, 1500}}, after(1500),
			[]string{"1s", "0 1", "1 2 FAILED=1", "1.5 2 SUCCEEDED=1 FAILED=1"}},
		{"it ends after the time asked for", []attempt{{failed, 0, 2000}}, after(1000),
			[]string{"1s", "0 1", "1 1", "2 1 FAILED=1"}},
		{"a clock that was set back", []attempt{{failed, 1000, 0}}, after(0),
			[]string{"1s", "0 0 FAILED=1", "1 1 FAILED=1"}},
		{"before 1970", []attempt{{failed, -2_000_000_000_000, -1_999_999_999_500}}, time.Time{},
			[]string{"1s", "-2e+09 1", "-1.9999999995e+09 1 FAILED=1"}},
	}
	for _, row := range rows {
		got := shown(counted(row.attempts...).Curve(row.until))
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, diff)
		}
	}
}

// However long a job takes, and however many executions it has, there are at most 200 points, each
// of which is what counting one by one gives, and the counter has at most 4,096 steps (R-WEB-31).
func TestCurveIsExact(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for _, span := range []time.Duration{
		time.Millisecond, time.Second, 199 * time.Second, 200 * time.Second, time.Hour,
		30 * time.Hour, 100 * 24 * time.Hour, 3 * 365 * 24 * time.Hour,
	} {
		var c Counter
		var attempts []attempt
		for range 20_000 {
			a := attempt{job.ExecutionStatus(random.IntN(8)), random.Int64N(span.Milliseconds()), 0}
			a.updatedMS = a.queued + random.Int64N(span.Milliseconds()-a.queued)
			c.Add(a.status, after(a.queued), after(a.updatedMS))
			attempts = append(attempts, a)
		}
		curve := c.Curve(noon)
		if n := len(curve.Points); n > maxPoints || n < min(maxPoints/2, int(span.Seconds())) {
			t.Errorf("%s: %d points", span, n)
		}
		if len(c.steps) > maxSteps {
			t.Errorf("%s: %d steps", span, len(c.steps))
		}
		if last := curve.Points[len(curve.Points)-1]; !last.At.Equal(curve.Until) || last.Released != 20_000 {
			t.Errorf("%s: the last point is %+v, the end %s", span, last, curve.Until)
		}
		for _, p := range curve.Points {
			want := Point{At: p.At}
			for _, a := range attempts {
				if !after(a.queued).After(p.At) {
					want.Released++
				}
				if a.status.Terminal() && !after(a.updatedMS).After(p.At) {
					want.Ended[a.status]++
				}
			}
			if want != p {
				t.Fatalf("%s: got %+v, want %+v", span, p, want)
			}
		}
	}
}

func BenchmarkCounter(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		var c Counter
		for i := range int64(100_000) {
			c.Add(job.ExecutionSucceeded, after(i*36), after(i*36+i*7919%100_000))
		}
		c.Curve(noon)
	}
}
