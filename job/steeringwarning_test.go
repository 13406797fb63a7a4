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
