package job

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSteeringWarnings(t *testing.T) { // R-STR-4
	t.Parallel()
	const (
		noAbort  = "abort: the job has no abortConfig, so no criterion is ever met"
		finished = "max-outstanding: the rollout has finished, so nothing is left that it would bound"
	)
	criteria := &AbortConfig{Criteria: []AbortCriterion{{FailureType: FailureFailed}}}
	for _, tt := range []struct {
		name  string
		tags  map[string]string
		state State
		abort *AbortConfig
		want  []string
	}{
		{"no settings", nil, State{Status: InProgress}, nil, nil},
		{
			"abort, and criteria", map[string]string{"drover:abort": "pause"},
			State{Status: InProgress}, criteria, nil,
		},
		{
			"abort alone", map[string]string{"drover:abort": "observe"},
			State{Status: Scheduled}, nil, []string{noAbort},
		},
		{
			"abort with an empty list", map[string]string{"drover:abort": "observe"},
			State{Status: InProgress}, &AbortConfig{}, []string{noAbort},
		},
		{
			"a bound while the rollout goes on", map[string]string{"drover:max-outstanding": "5"},
			State{Status: InProgress}, nil, nil,
		},
		{
			"a bound after the rollout", map[string]string{"drover:max-outstanding": "5"},
			State{Status: InProgress, Progress: Progress{Finished: true}}, nil, []string{finished},
		},
		{
			"both", map[string]string{"drover:max-outstanding": "5", "drover:abort": "pause"},
			State{Status: InProgress, Progress: Progress{Finished: true}}, nil,
			[]string{noAbort, finished},
		},
		{
			"a guard of silence, and none is waited for", map[string]string{"drover:guard": "SILENT 5pct"},
			State{Status: InProgress}, nil,
			[]string{"guard: no success is waited for without the setting confirm, so none is ever SILENT"},
		},
		{
			"a guard of silence", map[string]string{"drover:guard": "SILENT 5pct", "drover:confirm": "5m"},
			State{Status: InProgress}, nil, nil,
		},
		{
			"a guard of all failures", map[string]string{"drover:guard": "ALL 5pct"},
			State{Status: InProgress}, nil, nil,
		},
		{
			"back-off of no retries", map[string]string{"drover:retry-backoff": "10m/12h"},
			State{Status: InProgress}, nil,
			[]string{"retry-backoff: the job has no jobExecutionsRetryConfig, so nothing is retried"},
		},
		{
			"waves", map[string]string{"drover:waves": "5pct"}, State{Status: InProgress}, nil, nil,
		},
		{
			"waves that come too late", map[string]string{"drover:waves": "5pct"},
			State{Status: InProgress, Progress: Progress{Finished: true}}, nil,
			[]string{"waves: the rollout has finished, so no wave begins any more"},
		},
		{
			"waves that have begun", map[string]string{"drover:waves": "5pct"},
			State{
				Status:   InProgress,
				Progress: Progress{Finished: true},
				Steered:  &Steered{Waves: []WaveState{{}, {}}},
			}, nil, nil,
		},
		{
			"a job that has ended", map[string]string{"drover:abort": "pause"},
			State{Status: Completed, Progress: Progress{Finished: true}}, nil, nil,
		},
	} {
		s, _, err := ParseSteering(tt.tags)
		if err != nil {
			t.Fatal(err)
		}
		j := Job{Definition: Definition{Steering: s, Abort: tt.abort}, State: tt.state}
		if diff := cmp.Diff(tt.want, j.SteeringWarnings()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}

// A job that retries has something to wait with.
func TestBackoffWithRetries(t *testing.T) { // R-STR-4
	t.Parallel()
	s, _, err := ParseSteering(map[string]string{"drover:retry-backoff": "10m/12h"})
	if err != nil {
		t.Fatal(err)
	}
	retry := &RetryConfig{Criteria: []RetryCriterion{{FailureType: FailureFailed, Retries: 1}}}
	j := Job{Definition: Definition{Steering: s, Retry: retry}, State: State{Status: InProgress}}
	if warnings := j.SteeringWarnings(); warnings != nil {
		t.Errorf("warned of %q", warnings)
	}
}
