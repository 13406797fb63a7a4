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
guard counted    120 things, 9 failed: 3.1% to 14.2% are possible; evidence 21.3 of 20; it fired 2 min ago
wave 1           group=canary DONE: 5 of 5 ended, 4 succeeded; last release 1 h 0 min ago
wave 2           100pct TO_COME
observed         3 min ago: abort criterion 2, 3 of 4 failed, and the job was paused
observed         1 min ago: the guard, 7 of 9 failed
confirmed        8, 7 are waited for, 9 silent
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
			Guard: &drover.Guard{
				Counted:           120,
				Failed:            9,
				Evidence:          "21.3",
				Threshold:         "20",
				LowestPercentage:  "3.1",
				HighestPercentage: "14.2",
				FiredAt:           new(schema.At(now.Add(-2 * time.Minute))),
			},
			Waves: []drover.Wave{
				{
					Number:      1,
					Takes:       "group=canary",
					Status:      "DONE",
					Created:     5,
					Ended:       5,
					Succeeded:   4,
					LastRelease: new(schema.At(now.Add(-time.Hour))),
				},
				{Number: 2, Takes: "100pct", Status: "TO_COME"},
			},
			Confirming:     7,
			Confirmed:      8,
			Silent:         9,
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

// A thing that is held says until when, and why.
func TestHoldTable(t *testing.T) { // R-STR-14
	t.Parallel()
	const want = `THING    HELD       UNTIL                 REASON
pump-07  3 min ago  it is released        its line is busy
pump-08  1 min ago  2030-01-02T15:04:05Z  ticket 4711
`
	table := HoldTable([]drover.Hold{
		{ThingName: "pump-07", Reason: "its line is busy", Since: schema.At(now.Add(-3 * time.Minute))},
		{
			ThingName: "pump-08",
			Reason:    "ticket 4711",
			Since:     schema.At(now.Add(-time.Minute)),
			Until:     new(schema.At(time.Date(2030, 1, 2, 15, 4, 5, 0, time.UTC))),
		},
	}, now)
	if diff := cmp.Diff(want, table.String(0, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
