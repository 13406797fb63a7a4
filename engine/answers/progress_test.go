package answers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job"
)

// points are those of a curve in short: seconds after its start, released, succeeded, failed.
func points(p answers.Progress) (shown []string) {
	for _, point := range p.Points {
		shown = append(shown, fmt.Sprint(point.At.Sub(p.Start).Seconds(), " ", point.Released, " ",
			point.Ended[job.ExecutionSucceeded], " ", point.Ended[job.ExecutionFailed]))
	}
	return shown
}

// A curve follows the job while it goes on, counts a retry as one more execution, and ends with the
// last execution (R-WEB-30, R-WEB-31).
func TestProgress(t *testing.T) {
	t.Parallel()
	w := newWorld(t, job.Limits{})
	w.group("site", "", 2)
	in := newJob("fw", []string{"site"}, nil)
	in.Definition.Retry = &job.RetryConfig{
		Criteria: []job.RetryCriterion{{FailureType: job.FailureFailed, Retries: 1}},
	}
	want := func(points_ ...string) {
		t.Helper()
		p, err := w.Answers.Progress(t.Context(), "fw")
		w.must(err)
		if diff := cmp.Diff(points_, points(p)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	w.create(in)
	want("0 2 0 0")
	w.run("fw", 0, 1, time.Second, time.Second, job.ReportFailed)
	want("0 2 0 0", "1 2 0 0", "2 3 0 1")
	w.run("fw", 0, 2, time.Second, time.Second, job.ReportSucceeded)
	want("0 2 0 0", "1 2 0 0", "2 3 0 1", "3 3 0 1", "4 3 2 1")
	w.clock.Set(w.clock.Now().Add(time.Hour)) // it has completed: nothing goes on
	want("0 2 0 0", "1 2 0 0", "2 3 0 1", "3 3 0 1", "4 3 2 1")
	if _, err := w.Answers.Progress(t.Context(), "none"); !fault.Is(err, fault.NotFound) {
		t.Errorf("no job: %v", err)
	}
}

// A job of which nothing was released has no points (R-WEB-31).
func TestProgressOfNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, job.Limits{})
	w.group("empty", "", 0)
	in := newJob("fw", []string{"empty"}, nil)
	in.Definition.TargetSelection = job.Continuous
	w.create(in)
	p, err := w.Answers.Progress(t.Context(), "fw")
	w.must(err)
	if !p.Start.IsZero() || !p.Until.IsZero() || len(p.Points) != 0 {
		t.Errorf("%+v", p.Curve)
	}
}
