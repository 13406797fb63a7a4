package overview

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/schema"
)

// The chart of a job goes from its first release to now: what was released, what has ended, and
// what of that has failed (R-WEB-30).
func TestProgress(t *testing.T) {
	t.Parallel()
	start := time.Date(2030, 1, 2, 12, 0, 0, 0, time.UTC)
	at := func(minutes int) schema.Timestamp { return schema.At(start.Add(time.Duration(minutes) * time.Minute)) }
	p := &drover.JobProgress{
		JobID:         "fw",
		StartedAt:     new(at(0)),
		Until:         new(at(10)),
		StepInSeconds: 300,
		Points: []drover.ProgressPoint{
			{At: at(0), Released: 40},
			{At: at(5), Released: 100, Succeeded: 60, Failed: 10, TimedOut: 4, Rejected: 1},
			{At: at(10), Released: 100, Succeeded: 80, Failed: 10, TimedOut: 4, Rejected: 1, Canceled: 2},
		},
	}
	want := strings.TrimPrefix(`
Released    100 since 2030-01-02 12:00…
Ended       97: 80 SUCCEEDED, 10 FAILE…

   100 |                ---------------#
       |
       |                ###############
       |
       |
       |----------------
       |
       |
       |                !!!!!!!!!!!!!!!!
     0 |################
       +--------------------------------
        12:00:00                 +10 min
        - released, # ended, ! failed,…`, "\n")
	if diff := cmp.Diff(want, Progress(p, 40, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := Progress(&drover.JobProgress{JobID: "fw"}, 40, false); got != "Nothing was released yet." {
		t.Errorf("nothing: %q", got)
	}
}
