package job

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/registry"
)

// The state of a job stays small, whatever its settings have come to: it is written with every
// commit that touches the job.
func TestStateIsSmall(t *testing.T) { // R-STR-35
	t.Parallel()
	const many = 10_000_000
	j := Job{}
	j.Paused = strings.Repeat("x", 256)
	for i := range statuses {
		j.Counts[i] = many
	}
	s := j.steered()
	for i := range DefaultRequestLimits.AbortCriteria + 1 {
		s.Observed = append(s.Observed, Observation{start.Add(time.Millisecond), i, many, many, ActionObserve})
	}
	for range maxWaves {
		s.Waves = append(s.Waves, WaveState{math.MaxInt32, many, many, many, many, many, many, start.Add(time.Millisecond), true, true})
	}
	s.Retry = &RetryPass{Statuses: []ExecutionStatus{1, 2, 3}} // with things it has no place among all
	for i := range MaxRetryThings {
		s.Retry.Things = append(s.Retry.Things, registry.ThingID(many+i))
	}
	s.RetriesWaiting, s.Confirming, s.Confirmed, s.Silent = many, many, many, many
	s.Guard = &GuardState{
		Since:   start.Add(time.Millisecond),
		Counted: many,
		Failed:  many,
		First:   math.MaxInt32,
		Started: slices.Repeat([]int64{many / 10}, guardBuckets+1),
		Failing: slices.Repeat([]int64{many / 10}, guardBuckets+1),
		Fired:   &GuardFiring{start.Add(time.Millisecond), many, many},
	}
	text, err := json.Marshal(j.State)
	if err != nil || len(text) >= 4096 {
		t.Errorf("%v: %d bytes, want fewer than 4096:\n%s", err, len(text), text)
	}
	var read State
	if err := json.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(j.State, read); diff != "" {
		t.Errorf("written and read (-want +got):\n%s", diff)
	}
}

// A job that is copied shares nothing with its copy that either changes.
func TestSteeredIsCopied(t *testing.T) {
	t.Parallel()
	j := inWaves("5pct ok=1pct")
	j.observe(Observation{Criterion: 1})
	copied := j
	copied.observe(Observation{Criterion: 2})
	copied.countInWave(1, func(w *WaveState) { w.Created = 7 })
	copied.steered().Observed[0].Criterion = 3
	if j.Steered.Observed[0].Criterion != 1 || len(j.Steered.Observed) != 1 || j.Steered.Waves[0].Created != 0 {
		t.Errorf("the copy has changed the job: %+v", j.Steered)
	}
}
