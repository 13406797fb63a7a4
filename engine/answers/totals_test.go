package answers_test

import (
	"fmt"
	"testing"

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
