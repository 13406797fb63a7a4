package answers_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/engine/answers"
	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
)

// The jobs are counted, also when they are more than one page: their executions, how fast rollouts
// may go on together, and what guards have found.
func TestTotals(t *testing.T) { // R-OBS-4
	t.Parallel()
	w := newWorld(t, job.Limits{})
	w.group("site", "", 3)
	for i := range 250 {
		in := newJob(fmt.Sprintf("continuous-%03d", i), nil, []string{"site-00"})
		in.Definition.TargetSelection = job.Continuous
		w.create(in)
	}
	slow := newJob("slow", []string{"site"}, nil)
	slow.Definition.Rollout = &job.RolloutConfig{MaximumPerMinute: 2}
	slow.Tags = []registry.Tag{{Key: "drover:guard", Value: "FAILED 5pct settle=30m then=pause"}}
	w.create(slow)
	paused := newJob("paused", []string{"site"}, nil)
	paused.Tags = []registry.Tag{{Key: "drover:paused", Value: "why"}}
	w.create(paused)
	got, err := w.Answers.Totals(t.Context())
	w.must(err)
	want := answers.Totals{
		Jobs: map[job.Status]int{
			job.Scheduled: 0, job.InProgress: 252, job.Canceled: 0, job.Completed: 0,
			job.DeletionInProgress: 0,
		},
		Executions:  job.Counts{job.ExecutionQueued: 252},
		Rollouts:    1,
		RolloutRate: 2,
		Guarded:     1,
		Paused:      1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Jobs that retention should have removed are counted, with how long ago: not at the last moment
// that they are kept, and no more once their removal has begun.
func TestExpired(t *testing.T) { // R-OBS-4, R-LIM-44
	t.Parallel()
	const kept = 48 * time.Hour
	w := newWorld(t, job.Limits{Retention: kept})
	w.group("site", "", 1)
	for _, id := range []string{"first", "second"} {
		w.create(newJob(id, []string{"site"}, nil))
		_, err := w.Jobs.CancelJob(t.Context(), id, job.Cancellation{})
		w.must(err)
		w.clock.Set(w.clock.Now().Add(time.Hour))
	}
	expired := func(want int, lag time.Duration) {
		t.Helper()
		got, err := w.Answers.Totals(t.Context())
		w.must(err)
		if got.Expired != want || got.ExpiredFor != lag {
			t.Errorf("got %d for %s, want %d for %s", got.Expired, got.ExpiredFor, want, lag)
		}
	}
	expired(0, 0)
	w.clock.Set(w.clock.Now().Add(kept - 2*time.Hour)) // the first was canceled 48 hours ago
	expired(0, 0)
	w.clock.Set(w.clock.Now().Add(30 * time.Minute))
	expired(1, 30*time.Minute)
	w.clock.Set(w.clock.Now().Add(time.Hour))
	expired(2, 90*time.Minute)
	w.must(w.RunDue(t.Context()))
	expired(0, 0)
}
