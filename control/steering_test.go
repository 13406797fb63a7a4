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
func TestSteeringState(t *testing.T) { // R-STR-20, R-STR-34, R-STR-41, R-STR-60
	t.Parallel()
	settings, _, err := job.ParseSteering(map[string]string{
		"drover:guard": "FAILED 5pct",
		"drover:waves": "group=canary approve / 100pct",
	})
	if err != nil {
		t.Fatal(err)
	}
	j := job.Job{ID: "fw", Definition: job.Definition{Steering: settings}, State: job.State{
		Status: job.InProgress,
		Paused: "abort: criterion 2 ALL 3 of 4 - threshold 50pct",
		Steered: &job.Steered{
			Confirming:     7,
			Confirmed:      8,
			Silent:         9,
			RetriesWaiting: 2,
			Guard: &job.GuardState{
				Counted: 10,
				Failed:  4,
				Fired:   &job.GuardFiring{At: time.Unix(1772366300, 0)},
			},
			Waves: []job.WaveState{{
				Created:     5,
				Ended:       4,
				Succeeded:   3,
				Confirmed:   2,
				Silent:      1,
				LastRelease: time.Unix(1772366000, 0),
			}},
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
		`"settings":{"guard":"FAILED 5pct","paused":"abort: criterion 2 ALL 3 of 4 - threshold 50pct",` +
		`"waves":"group=canary approve / 100pct"},` +
		`"state":{"observed":[{"at":1772366400.5,"criterion":2,"failures":3,"executed":4,"action":"pause"}],` +
		`"guard":{"counted":10,"failed":4,"evidence":88.55,"threshold":20,` +
		`"lowestPercentage":7.912,"highestPercentage":80.2,"firedAt":1772366300},` +
		`"waves":[{"number":1,"takes":"group=canary","status":"RELEASING","created":5,"ended":4,` +
		`"succeeded":3,"confirmed":2,"silent":1,"lastRelease":1772366000},` +
		`{"number":2,"takes":"100pct","status":"TO_COME","created":0,"ended":0,"succeeded":0,"confirmed":0,"silent":0}],` +
		`"confirming":7,"confirmed":8,"silent":9,` +
		`"retriesWaiting":2,"retrying":{"statuses":["FAILED","TIMED_OUT"],"thingsLeft":3}},"warnings":[]}`
	if diff := cmp.Diff(want, string(schema.Append(nil, steering(j)))); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Figures are JSON numbers that a person can read.
func TestFigures(t *testing.T) { // R-STR-34
	t.Parallel()
	for x, want := range map[float64]schema.Decimal{
		0: "0", 1: "1", 20: "20", 0.073449: "0.07345", 12.3456: "12.35", 1e9: "1000000000",
		99.99996: "100", 1e-12: "0", 3.2e-7: "0.00000032",
	} {
		if got := figures(x); got != want {
			t.Errorf("%v: %s, want %s", x, got, want)
		}
	}
}
