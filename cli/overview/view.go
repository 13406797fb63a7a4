package overview

import (
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
)

// A job as a view: everything that an operator looks at while it runs, on one screen.

// A Snapshot is what was seen of a job at a time.
type Snapshot struct {
	Job     *iot.Job
	Paused  string // why it is paused; "" when it is not
	Total   int    // things that are targets; -1 when that is not known
	History *follow.History
	Latest  []Execution // those that changed last come first
	Partly  bool        // the job has more executions than were looked at
	Now     time.Time   // by the server's clock
	Problem string      // why there is nothing newer; "" for none
}

// An Execution is one of the latest.
type Execution struct {
	Thing   string
	Status  iot.ExecutionStatus
	Details string
	Changed time.Time
}

// header is how many lines a view has at most above the executions.
const header = 14

// room is how many executions a screen of so many rows has room for.
func room(rows int) int { return min(max(rows-header-2, 0), 20) }

// View draws a snapshot as lines, each cut to a width, as many as there are rows.
func View(s Snapshot, columns, rows int, colors bool) (lines []string) {
	j := s.Job
	c := follow.CountsOf(j)
	add := func(term, text string) {
		if text != "" {
			term = terminal.Pad(term, labelWidth)
			lines = append(lines, terminal.Paint(term, terminal.Dim, colors)+
				terminal.Cut(text, behind(columns, labelWidth)))
		}
	}
	id := terminal.Cut(string(j.JobID), behind(columns, len("  ")+len(j.Status)))
	lines = append(lines, terminal.Paint(id, terminal.Bold, colors)+"  "+
		terminal.Paint(string(j.Status), styleOf(j.Status), colors), "")
	if j.Description != nil {
		add("Description", string(*j.Description))
	}
	add("Targets", targets(j.Targets)+size(s.Total)+", "+string(j.TargetSelection))
	add("Paused", s.Paused)
	add("Next", nextWindow(j))
	lines = append(lines, bar(c, s.Total, columns, colors))
	add("Counts", c.Text(s.Total))
	add("Rollout", "configured "+Rollout(j)+seen(s))
	for _, text := range Abort(j, c) {
		add("Abort", text)
	}
	if s.Problem != "" {
		lines = append(lines, terminal.Paint(terminal.Cut(s.Problem, columns), terminal.Red, colors))
	}
	lines = append(lines, executions(s, columns, rows-len(lines)-1, colors)...)
	return append(lines[:max(min(len(lines), rows-1), 0)],
		terminal.Paint(terminal.Cut("q quits; the job goes on", columns), terminal.Dim, colors))
}

// behind is how many columns of a terminal are left behind some that are used, eight at least: what a
// very narrow screen has no room for is cut there, and does not hide what is in front of it. It is 0,
// which is no limit, only on a terminal that does not say how wide it is.
func behind(columns, used int) int {
	if columns == 0 {
		return 0
	}
	return max(columns-used, 8)
}

// nextWindow is what a job waits for, or when its next maintenance window opens.
func nextWindow(j *iot.Job) string {
	if len(j.ScheduledJobRollouts) == 0 || j.ScheduledJobRollouts[0].StartTime == nil ||
		j.Status != "IN_PROGRESS" {
		return follow.NextStart(j)
	}
	return "maintenance window at " + string(*j.ScheduledJobRollouts[0].StartTime)
}

// labelWidth is the width of the words at the left.
const labelWidth = len("Description ")

// size says how many things the targets are.
func size(total int) string {
	switch {
	case total < 0:
		return ""
	case total == 1:
		return " (1 thing)"
	}
	return fmt.Sprintf(" (%d things)", total)
}

// bar is the executions of a job by status as a bar of letters: # succeeded, ! ended otherwise,
// > in progress, - queued, and blanks for what is not released. Each status that there is has a
// letter at least.
func bar(c follow.Counts, total, columns int, colors bool) string {
	width := max(columns-len("[] 100%"), 1)
	waiting := 0
	if c.Releasing {
		waiting = max(total-c.Released(), 0)
	}
	all := max(c.Released()+waiting, 1)
	parts := []struct {
		count int
		sign  string
		style terminal.Style
	}{
		{c.Succeeded, "#", terminal.Green},
		{c.Unsuccessful(), "!", terminal.Red},
		{c.InProgress, ">", terminal.Blue},
		{c.Queued, "-", terminal.Yellow},
	}
	following := 0 // parts that still need a letter
	for _, part := range parts {
		following += min(part.count, 1)
	}
	var text strings.Builder
	left := width
	for _, part := range parts {
		if part.count == 0 {
			continue
		}
		following--
		n := max(min(max(part.count*width/all, 1), left-following), 0)
		left -= n
		text.WriteString(terminal.Paint(strings.Repeat(part.sign, n), part.style, colors))
	}
	return fmt.Sprintf("[%s%s] %3d%%", text.String(), strings.Repeat(" ", left), c.Ended()*100/all)
}

// seen are the rates of late and the time that is left.
func seen(s Snapshot) string {
	released, ended, known := s.History.PerMinute()
	if !known {
		return ""
	}
	return fmt.Sprintf("; of late released %.1f/min, ended %.1f/min, %s left",
		released, ended, s.History.Left(s.Job, s.Total))
}

// Rollout is the rate at which a job is configured to release executions.
func Rollout(j *iot.Job) string {
	most := fmt.Sprintf("%.0f/min", follow.ReleasesPerMinute(j))
	c := j.JobExecutionsRolloutConfig
	if c == nil || c.ExponentialRate == nil {
		return most
	}
	e := c.ExponentialRate
	text := fmt.Sprintf("from %d/min, times %v", e.BaseRatePerMinute, e.IncrementFactor)
	if n := e.RateIncreaseCriteria.NumberOfNotifiedThings; n != nil {
		text += fmt.Sprintf(" after every %d notified", *n)
	}
	if n := e.RateIncreaseCriteria.NumberOfSucceededThings; n != nil {
		text += fmt.Sprintf(" after every %d succeeded", *n)
	}
	return text + ", up to " + most
}

// Abort says of each abort criterion how near it is (R-ABT-2): how many of the executions that a
// device or a timer brought to an end failed in its way.
//
//	FAILED 1 of 25 (4.0 %), cancels from 20 % of at least 10
func Abort(j *iot.Job, c follow.Counts) (lines []string) {
	if j.AbortConfig == nil {
		return nil
	}
	executed := c.Succeeded + c.Failed + c.Rejected + c.TimedOut
	for _, k := range j.AbortConfig.CriteriaList {
		failures := map[iot.AbortFailureType]int{
			"FAILED": c.Failed, "REJECTED": c.Rejected, "TIMED_OUT": c.TimedOut,
			"ALL": c.Failed + c.Rejected + c.TimedOut,
		}[k.FailureType]
		lines = append(lines, fmt.Sprintf("%s %d of %d (%.1f %%), cancels from %v %% of at least %d",
			k.FailureType, failures, executed, float64(failures)*100/float64(max(executed, 1)),
			k.ThresholdPercentage, k.MinNumberOfExecutedThings))
	}
	return lines
}

// executions are the latest ones as a table of so many lines at most.
func executions(s Snapshot, columns, most int, colors bool) []string {
	if len(s.Latest) == 0 || most < 3 {
		return nil
	}
	t := Table{
		Titles:  []string{"LATEST", "STATUS", "CHANGED", "DETAILS"},
		Shrinks: []int{0, 3},
	}
	if s.Partly {
		t.Titles[0] = "LATEST OF SOME"
	}
	for _, e := range s.Latest[:min(len(s.Latest), most-2)] {
		t.Rows = append(t.Rows, []Cell{
			{Text: e.Thing},
			{string(e.Status), styleOf(e.Status)},
			{follow.Ago(e.Changed, s.Now), terminal.Dim},
			{Text: e.Details},
		})
	}
	text := strings.TrimSuffix(t.String(columns, colors), "\n")
	return append([]string{""}, strings.Split(text, "\n")...)
}
