package follow

import (
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/iot"
)

// A job as one line.

// Line is a job as a line of progress, and the facts that it says, without what changes by itself:
//
//	fw-7 IN_PROGRESS: released 40 of 100, in progress 10, succeeded 24, failed 1 (12.0/min, 5 min left)
//
// One that is paused says why, and has no time left.
func (h *History) Line(j *iot.Job, paused string, total int) (line, facts string) {
	c := CountsOf(j)
	facts = fmt.Sprintf("%s %s", j.JobID, j.Status)
	if c.Released() > 0 || j.Status != "SCHEDULED" {
		facts += ": " + c.Text(total)
	}
	if next := NextStart(j); next != "" {
		facts += ", " + next
	}
	if paused != "" {
		facts += ", paused: " + paused
	}
	if j.Status != "IN_PROGRESS" || paused != "" {
		return facts, facts
	}
	rate, left := h.pace(j, total)
	return fmt.Sprintf("%s (%s, %s left)", facts, rate, left), facts
}

// pace is how many executions end in a minute, and how long the job may still take; a dash is what
// is not known.
func (h *History) pace(j *iot.Job, total int) (rate, left string) {
	const unknown = "—"
	_, ended, known := h.PerMinute()
	if !known {
		return unknown + "/min", unknown
	}
	rate, left = fmt.Sprintf("%.1f/min", ended), unknown
	if d, estimated := CountsOf(j).TimeLeft(total, ended, ReleasesPerMinute(j)); estimated {
		left = Span(d)
	}
	return rate, left
}

// Left is how long a job may still take, a dash when that is not known.
func (h *History) Left(j *iot.Job, total int) string {
	_, left := h.pace(j, total)
	return left
}

// NextStart says what a job waits for that is SCHEDULED: its start, or its next maintenance
// window. It is "" for other jobs.
func NextStart(j *iot.Job) string {
	if j.Status != "SCHEDULED" {
		return ""
	}
	s := j.SchedulingConfig
	windows := s != nil && len(s.MaintenanceWindows) > 0
	switch {
	case windows && len(j.ScheduledJobRollouts) > 0 && j.ScheduledJobRollouts[0].StartTime != nil:
		return "waits for its maintenance window at " +
			strings.TrimSpace(string(*j.ScheduledJobRollouts[0].StartTime))
	case windows:
		return "waits for its maintenance window"
	case s != nil && s.StartTime != nil:
		return "waits for its start at " + string(*s.StartTime)
	}
	return "waits for its start"
}

// Ago is how long ago a time was, for people: 3 min ago.
func Ago(t, now time.Time) string {
	return Span(now.Sub(t)) + " ago"
}
