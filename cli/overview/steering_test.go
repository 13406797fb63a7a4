package overview

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/schema"
)

// The settings of a job stand above what they have come to.
func TestSteeringTable(t *testing.T) { // R-STR-1, R-STR-20
	t.Parallel()
	const want = `JOB              fw
status           IN_PROGRESS
max-outstanding  50
paused           abort: criterion 2 ALL 3 of 4 - threshold 50pct
observed         3 min ago: abort criterion 2, 3 of 4 failed, and the job was paused
observed         1 min ago: 7 of 9 failed
retries          5 wait until the job goes on
retrying         what is FAILED or TIMED_OUT, of 3 things
`
	table := SteeringTable(&drover.Steering{
		JobID:  "fw",
		Status: "IN_PROGRESS",
		Settings: drover.Settings{
			"paused":          "abort: criterion 2 ALL 3 of 4 - threshold 50pct",
			"max-outstanding": "50",
		},
		State: drover.SteeringState{
			Observed: []drover.Observation{
				{
					At:        schema.At(now.Add(-3 * time.Minute)),
					Criterion: new(int32(2)),
					Failures:  3,
					Executed:  4,
					Action:    "pause",
				},
				{At: schema.At(now.Add(-time.Minute)), Failures: 7, Executed: 9, Action: "observe"},
			},
			RetriesWaiting: 5,
			Retrying: &drover.RetryPass{
				Statuses:   drover.FailedStatuses{"FAILED", "TIMED_OUT"},
				ThingsLeft: new(int64(3)),
			},
		},
	}, now)
	if diff := cmp.Diff(want, table.String(0, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
