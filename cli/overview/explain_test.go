package overview

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/schema"
)

// An explanation has its verdict above, and its sentences side by side with their codes, wrapped
// into the columns that there are.
func TestExplanation(t *testing.T) { // R-EXP-1, R-CMD-165
	t.Parallel()
	e := ThingExplanation(&drover.ThingExplanation{
		ThingName:       "pump-07",
		JobID:           new(iot.JobID("fw-2")),
		Target:          new("thinggroup/site-1"),
		ExecutionNumber: new(int64(2)),
		Status:          new(iot.ExecutionStatus("QUEUED")),
		Verdict:         "BLOCKED",
		Reasons: []drover.Reason{
			{
				Code:  "WINDOW_CLOSED",
				Text:  "Job fw-2 waits for its next maintenance window.",
				Since: new(schema.At(now.Add(-5 * time.Minute))),
				Until: new(schema.At(now.Add(9 * time.Hour))),
			},
			{Code: "THING_HELD", Text: "An operator holds pump-07: its line is busy."},
		},
	})
	const wide = `pump-07, job fw-2: BLOCKED (a target by thinggroup/site-1; execution 2 is QUEUED)
WINDOW_CLOSED  Job fw-2 waits for its next maintenance window.
               since 5 min ago, until 2026-01-01T21:00:00Z (in 9 h 0 min)
THING_HELD     An operator holds pump-07: its line is busy.
`
	if diff := cmp.Diff(wide, e.String(now, 0, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	const narrow = `job fw-2: RUNNING (it is IN_PROGRESS)
ROLLOUT_GOES_ON  It releases up to 50 a minute,
                 the next in the next tick.
                 expected for 2026-01-01T12:00:00Z (now)
`
	e = JobExplanation(&drover.JobExplanation{
		JobID:   "fw-2",
		Status:  "IN_PROGRESS",
		Verdict: "RUNNING",
		Reasons: []drover.Reason{{
			Code:     "ROLLOUT_GOES_ON",
			Text:     "It releases up to 50 a minute, the next in the next tick.",
			Expected: new(schema.At(now)),
		}},
	})
	if diff := cmp.Diff(narrow, e.String(now, 40, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
