package overview

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/output"
)

// seenJob is a snapshot of a job of 100 things after a minute.
func seenJob() Snapshot {
	count := func(n int32) *int32 { return &n }
	j := &iot.Job{
		JobID: "fw-2-5", Status: "IN_PROGRESS", TargetSelection: "SNAPSHOT", Description: new(iot.Text("new firmware\x1b[2J")),
		Targets: []string{"arn:aws:iot:us-east-1:000000000000:thinggroup/site-1"},
		JobProcessDetails: &iot.JobProcessDetails{
			ProcessingTargets:       []string{"arn:aws:iot:us-east-1:000000000000:thinggroup/site-1"},
			NumberOfSucceededThings: count(24), NumberOfFailedThings: count(1), NumberOfInProgressThings: count(10), NumberOfQueuedThings: count(5),
		},
		JobExecutionsRolloutConfig: &iot.JobExecutionsRolloutConfig{
			MaximumPerMinute: new(iot.MaximumPerMinute(40)),
			ExponentialRate: &iot.ExponentialRolloutRate{BaseRatePerMinute: 10, IncrementFactor: "1.5",
				RateIncreaseCriteria: iot.RateIncreaseCriteria{NumberOfSucceededThings: new(iot.ThingCount(20))}},
		},
		AbortConfig: &iot.AbortConfig{CriteriaList: iot.AbortCriteriaList{
			{FailureType: "FAILED", Action: "CANCEL", ThresholdPercentage: "20", MinNumberOfExecutedThings: 10},
		}},
	}
	h := &follow.History{}
	h.Add(now.Add(-time.Minute), follow.Counts{Queued: 20})
	h.Add(now, follow.CountsOf(j))
	return Snapshot{Job: j, Paused: "wave: 1 waits for approval", Total: 100, History: h, Now: now, Latest: []Execution{
		{Thing: "pump-07", Status: "FAILED", Details: "step=flash", Changed: now.Add(-5 * time.Second)},
		{Thing: "pump-01", Status: "SUCCEEDED", Changed: now.Add(-time.Minute)},
	}}
}

// A view shows all that matters of a job, and no control character of its texts.
func TestView(t *testing.T) { // R-CMD-158
	t.Parallel()
	want := `fw-2-5  IN_PROGRESS

Description new firmware\u001b[2J
Targets     thinggroup/site-1 (100 things), SNAPSHOT
Paused      wave: 1 waits for approval
[#################!#######---                                             ]  25%
Counts      released 40 of 100, in progress 10, succeeded 24, failed 1, queued 5
Rollout     configured from 10/min, times 1.5 after every 20 succeeded, up to …
Abort       FAILED 1 of 25 (4.0 %), cancels from 20 % of at least 10

LATEST   STATUS     CHANGED    DETAILS
pump-07  FAILED     5 s ago    step=flash
pump-01  SUCCEEDED  1 min ago
q quits; the job goes on`
	want = strings.Replace(want, "#!#######---", "#!>>>>>>>---", 1)
	if diff := cmp.Diff(strings.Split(want, "\n"), View(seenJob(), 80, 24, false)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	wide := strings.Join(View(seenJob(), 160, 24, false), "\n")
	if !strings.Contains(wide, "up to 40/min; of late released 20.0/min, ended 25.0/min, 3 min left") {
		t.Errorf("no rates in\n%s", wide)
	}
	away := seenJob()
	away.Problem = "the server does not answer"
	if text := strings.Join(View(away, 80, 24, false), "\n"); !strings.Contains(text, "\nthe server does not answer\n") {
		t.Errorf("no problem in\n%s", text)
	}
}

// A view fits every terminal, also one that says no size.
func TestViewFits(t *testing.T) { // R-CMD-158
	t.Parallel()
	for _, columns := range []int{0, 1, 10, 13, 40, 79, 200} {
		for _, rows := range []int{0, 1, 5, 12, 24, 100} {
			lines := View(seenJob(), columns, rows, false)
			if len(lines) > max(rows, 1) {
				t.Errorf("%d rows of %d", len(lines), rows)
			}
			for _, line := range lines {
				// The names of lines and columns, and the status, stay whole.
				if w := output.DisplayWidth(line); columns > 0 && w > max(columns, 50) {
					t.Errorf("%d of %d columns: %q", w, columns, line)
				}
			}
		}
	}
}

// The bar shows each status that there is, and is never wider than it may be.
func TestBar(t *testing.T) { // R-CMD-158
	t.Parallel()
	for name, tt := range map[string]struct {
		counts follow.Counts
		total  int
		want   string
	}{
		"nothing":      {follow.Counts{Releasing: true}, -1, "[          ]   0%"},
		"all of it":    {follow.Counts{Succeeded: 7}, 7, "[##########] 100%"},
		"one of many":  {follow.Counts{Succeeded: 10_000, Failed: 1}, -1, "[#########!] 100%"},
		"not released": {follow.Counts{InProgress: 2, Queued: 3, Releasing: true}, 10, "[>>---     ]   0%"},
		"small ones":   {follow.Counts{Succeeded: 10_000, Failed: 1, InProgress: 1, Queued: 1}, -1, "[#######!>-]  99%"},
		"too many":     {follow.Counts{Succeeded: 1, Failed: 1, InProgress: 1, Queued: 10_000}, -1, "[#!>-------]   0%"},
	} {
		if got := bar(tt.counts, tt.total, 17, false); got != tt.want {
			t.Errorf("%s: %s, want %s", name, got, tt.want)
		}
	}
}
