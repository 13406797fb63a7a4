package control

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/job"
	"github.com/drover-iot/drover/registry"
	"github.com/drover-iot/drover/schema"
)

// What the settings have come to is shown in words and figures.
func TestSteeringState(t *testing.T) { // R-STR-20, R-STR-60
	t.Parallel()
	j := job.Job{ID: "fw", State: job.State{
		Status: job.InProgress,
		Paused: "abort: criterion 2 ALL 3 of 4 - threshold 50pct",
		Steered: &job.Steered{
			RetriesWaiting: 2,
			Retry: &job.RetryPass{
				Statuses: []job.ExecutionStatus{job.ExecutionFailed, job.ExecutionTimedOut},
				Things:   []registry.ThingID{4, 5, 6},
			},
			Observed: []job.Observation{{
				At:        time.Unix(1772366400, 5e8),
				Criterion: 2,
				Failures:  3,
				Executed:  4,
				Action:    job.ActionPause,
			}},
		},
	}}
	const want = `{"jobId":"fw","status":"IN_PROGRESS",` +
		`"settings":{"paused":"abort: criterion 2 ALL 3 of 4 - threshold 50pct"},` +
		`"state":{"observed":[{"at":1772366400.5,"criterion":2,"failures":3,"executed":4,"action":"pause"}],` +
		`"retriesWaiting":2,"retrying":{"statuses":["FAILED","TIMED_OUT"],"thingsLeft":3}},"warnings":[]}`
	if diff := cmp.Diff(want, string(schema.Append(nil, steering(j)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
