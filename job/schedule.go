package job

import (
	"fmt"
	"slices"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job/cron"
)

// Bounds of a schedule.
const (
	MaxWindows       = 10               // R-SCH-8
	MaxWindowMinutes = 1430             // R-SCH-7
	minAhead         = 30 * time.Minute // R-SCH-1, R-SCH-2
	shownWindows     = 7                // R-SCH-19
)

// ScheduleConfig says when a job starts, when it ends, and inside which maintenance windows it may roll out.
type ScheduleConfig struct {
	StartTime   string      `json:"startTime,omitzero"` // as given, R-SCH-5
	EndTime     string      `json:"endTime,omitzero"`
	EndBehavior EndBehavior `json:"endBehavior,omitzero"`
	Windows     []Window    `json:"windows,omitempty"`
	// StartAt and EndAt are the times that the texts mean, zero when absent; Check fills them in.
	StartAt time.Time `json:"startAt,omitzero"`
	EndAt   time.Time `json:"endAt,omitzero"`
}

// EndBehavior is what happens to executions that have not ended at the end time.
type EndBehavior string

// The end behaviours. None given means STOP_ROLLOUT (R-SCH-6).
const (
	StopRollout EndBehavior = "STOP_ROLLOUT"
	CancelAtEnd EndBehavior = "CANCEL"
	ForceCancel EndBehavior = "FORCE_CANCEL"
)

// Window is one maintenance window: when it opens, as a cron text, and how long it stays open.
type Window struct {
	StartTime string `json:"startTime"` // R-SCH-14
	Minutes   int    `json:"minutes"`   // 1..1430
}

// timeForms are the accepted forms of a start or end time; without a zone it is UTC (R-SCH-4). A fraction after the
// seconds is read too.
var timeForms = []string{
	"2006-01-02 15:04", "2006-01-02T15:04", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05", "2006-01-02T15:04:05Z07:00",
}

// parseTime reads a scheduling time and drops its seconds.
func parseTime(member, text string) (time.Time, error) {
	for _, form := range timeForms {
		if at, err := time.Parse(form, text); err == nil && text[len("2006-01-02 15")] == ':' { // package time takes 3:00 too
			return at.UTC().Truncate(time.Minute), nil
		}
	}
	return time.Time{}, fault.New(fault.Invalid, "schedulingConfig.%s: %q is not a time like 2026-12-31 23:59 or 2026-12-31T23:59Z", member, text)
}

// Check reads the times and refuses a schedule that breaks a rule; now is when the request was received (R-SCH-1 to
// R-SCH-8).
func (c *ScheduleConfig) Check(now time.Time) error {
	if c == nil {
		return nil
	}
	now = now.UTC().Truncate(time.Minute) // R-SCH-3
	var err error
	if c.StartTime != "" {
		if c.StartAt, err = parseTime("startTime", c.StartTime); err != nil {
			return err
		}
		if err := within("startTime", c.StartAt, now, now.AddDate(1, 0, 0), "1 year"); err != nil {
			return err
		}
	}
	if c.EndTime != "" {
		if c.EndAt, err = parseTime("endTime", c.EndTime); err != nil {
			return err
		}
		if err := within("endTime", c.EndAt, now, now.AddDate(2, 0, 0), "2 years"); err != nil {
			return err
		}
		if from := c.StartAt; !from.IsZero() && (c.EndAt.Before(from.Add(minAhead)) || c.EndAt.After(from.AddDate(2, 0, 0))) {
			return fault.New(fault.Invalid, "schedulingConfig.endTime: %s must be 30 minutes to 2 years after startTime %s", c.EndTime, c.StartTime)
		}
	}
	return c.checkWindows(now)
}

// within refuses a time that is less than 30 minutes after now or later than the limit, both inclusive.
func within(member string, at, now, limit time.Time, words string) error {
	if at.Before(now.Add(minAhead)) || at.After(limit) {
		return fault.New(fault.Invalid, "schedulingConfig.%s: %s must be at least 30 minutes and at most %s from now, which is %s",
			member, at.Format(shownTime), words, now.Format(shownTime))
	}
	return nil
}

// shownTime is how the server writes scheduling times, in UTC (R-SCH-5).
const shownTime = "2006-01-02 15:04"

func (c *ScheduleConfig) checkWindows(now time.Time) error {
	if err := CheckWindows("schedulingConfig.maintenanceWindows", c.Windows); err != nil || len(c.Windows) == 0 {
		return err
	}
	if c.windows().opening(later(now, c.StartAt)).IsZero() {
		return fault.New(fault.Invalid, "schedulingConfig.maintenanceWindows: none of them ever opens after %s",
			later(now, c.StartAt).Format(shownTime))
	}
	return nil
}

// CheckWindows refuses maintenance windows that cannot be read; member is where they stand in the request.
func CheckWindows(member string, windows []Window) error {
	if len(windows) > MaxWindows {
		return fault.New(fault.Invalid, "%s: %d items, at most %d are allowed", member, len(windows), MaxWindows)
	}
	for i, w := range windows {
		if _, err := cron.Parse(w.StartTime); err != nil {
			return fault.New(fault.Invalid, "%s[%d].startTime: %q: %v", member, i, w.StartTime, err)
		}
	}
	return nil
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// windows are maintenance windows ready to be asked; as one they are open whenever one of them is (R-SCH-8).
type windows []openWindow

type openWindow struct {
	cron.Schedule
	length time.Duration
}

// Windowed reports whether the schedule has maintenance windows.
func (c *ScheduleConfig) Windowed() bool { return c != nil && len(c.Windows) > 0 }

// windows returns the windows of a schedule, none for a nil one. What cannot be read was refused before it was stored.
func (c *ScheduleConfig) windows() windows {
	if c == nil {
		return nil
	}
	ready := make(windows, 0, len(c.Windows))
	for _, w := range c.Windows {
		if opens, err := cron.Parse(w.StartTime); err == nil {
			ready = append(ready, openWindow{opens, time.Duration(w.Minutes) * time.Minute})
		}
	}
	return ready
}

// until is the end of the window that is open at a time and stays open longest, zero when none is open: a window is
// half open, [start, start + length) (R-SCH-15).
func (ws windows) until(at time.Time) (end time.Time) {
	for _, w := range ws {
		if start := w.Last(at); !start.IsZero() && at.Before(start.Add(w.length)) {
			end = later(end, start.Add(w.length))
		}
	}
	return end
}

// opening is the first time at or after from at which a window is open; zero when there is none.
func (ws windows) opening(from time.Time) (first time.Time) {
	if !ws.until(from).IsZero() {
		return from
	}
	for _, w := range ws {
		if next := w.Next(from); !next.IsZero() && (first.IsZero() || next.Before(first)) {
			first = next
		}
	}
	return first
}

// closing is when the windows that are open at a time close: those that overlap or touch count as one (R-SCH-15).
// Windows that hardly ever close are followed only so far; at the time returned they may be open still.
func (ws windows) closing(at time.Time) time.Time {
	for range 1000 {
		end := ws.until(at)
		if end.IsZero() {
			break
		}
		at = end
	}
	return at
}

// starts are the next n times after now, not before from, at which a window opens (R-SCH-19).
func (ws windows) starts(now, from time.Time, n int) (starts []time.Time) {
	for _, w := range ws {
		at := later(now.Add(1), from)
		for range n {
			next := w.Next(at)
			if next.IsZero() {
				break
			}
			starts = append(starts, next)
			at = next.Add(time.Minute)
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	starts = slices.CompactFunc(starts, time.Time.Equal)
	return starts[:min(n, len(starts))]
}

// ScheduledRollouts returns the next seven starts of maintenance windows as DescribeJob shows them, nil for a job
// without windows or one that will not use them any more (R-SCH-19).
func (j Job) ScheduledRollouts(now time.Time) (shown []string) {
	if !j.Status.Active() || j.Schedule == nil || j.RolloutEnded {
		return nil
	}
	for _, at := range j.Schedule.windows().starts(now, j.Schedule.StartAt, shownWindows) {
		if end := j.Schedule.EndAt; end.IsZero() || at.Before(end) {
			shown = append(shown, at.Format(shownTime))
		}
	}
	return shown
}

// WaitForSchedule puts a new job on SCHEDULED until its time comes; it reports false when nothing holds the job back (R-SCH-9 to
// R-SCH-12).
func (j *Job) WaitForSchedule(now time.Time) bool {
	if j.Schedule == nil {
		return false
	}
	from := later(now, j.Schedule.StartAt)
	j.WindowEdge = from
	if windows := j.Schedule.windows(); len(windows) > 0 {
		j.WindowEdge = windows.opening(from)
	}
	if !j.WindowEdge.After(now) {
		return false
	}
	j.Status = Scheduled
	j.Recompute(now)
	return true
}

// RolloutStarted reports whether the rollout has begun: the targets are frozen then (R-JOB-52). Where none of them existed any
// more, it has ended at once.
func (j Job) RolloutStarted() bool { return len(j.Sources) > 0 || j.Progress.Finished }

// ReachedWindowEdge reports whether a scheduled job may go on: its start time has come, or one of its windows opens.
func (j Job) ReachedWindowEdge(now time.Time) bool {
	return j.Status == Scheduled && !j.WindowEdge.IsZero() && !now.Before(j.WindowEdge)
}

// SkipMissedWindow reports whether the window whose opening was waited for has closed again, because the server was away; the job
// then waits for the next one.
func (j *Job) SkipMissedWindow(now time.Time) bool {
	windows := j.Schedule.windows()
	if len(windows) == 0 || !windows.until(now).IsZero() {
		return false
	}
	j.waitForWindow(windows, now)
	j.Recompute(now)
	return true
}

// ResumeRollout goes on in a window that opens: the first tick is due at once, the ramp goes on where it was (R-SCH-18,
// R-ROLL-16). The things that may see their executions again are told, and those that entered meanwhile get theirs
// (R-JOB-56).
func (j *Job) ResumeRollout(now time.Time) {
	j.Status, j.UpdatedAt = InProgress, now
	j.WindowEdge = j.closing(now)
	if !j.Progress.Finished {
		j.Progress.NextTick = now
	}
	j.NotifyCursor, j.LateJoinersWaiting = &ExecutionCursor{}, j.TargetSelection == Continuous
	j.Recompute(now)
}

// closing is when the window that is open now closes, zero for a job without windows.
func (j Job) closing(now time.Time) time.Time {
	if windows := j.Schedule.windows(); len(windows) > 0 {
		return windows.closing(now)
	}
	return time.Time{}
}

// closeWindow leaves a window that closes: the rollout stops, executions keep their status (R-SCH-16). When no window opens
// any more, the rollout ends for good (R-SCH-21).
func (j *Job) closeWindow(now time.Time) {
	if j.Status != InProgress || j.WindowEdge.IsZero() || now.Before(j.WindowEdge) {
		return
	}
	windows := j.Schedule.windows()
	if !windows.until(now).IsZero() {
		j.WindowEdge = windows.closing(now)
		return
	}
	j.waitForWindow(windows, now)
}

// waitForWindow makes the job wait for the next opening, or ends its rollout when there is none.
func (j *Job) waitForWindow(windows windows, now time.Time) {
	j.WindowEdge = windows.opening(now)
	if j.WindowEdge.IsZero() {
		j.stopRollout(now)
		return
	}
	if j.Status == InProgress {
		j.Status, j.UpdatedAt = Scheduled, now
		j.Progress.pause()
		j.NotifyCursor, j.LateJoinersWaiting = &ExecutionCursor{}, false
	}
}

// stopRollout ends releases, late joiners, windows and retries for good; what exists goes on (R-SCH-22, R-SCH-23).
func (j *Job) stopRollout(now time.Time) {
	if j.Status == Scheduled {
		j.Status = InProgress
		if j.RolloutStarted() {
			j.NotifyCursor = &ExecutionCursor{} // what was hidden shows again
		}
	}
	j.UpdatedAt = now
	j.RolloutEnded, j.WindowEdge, j.LateJoinersWaiting, j.Backfill = true, time.Time{}, false, nil
	j.Progress.finish()
}

// applyEndTime does what the end time asks for (R-SCH-22 to R-SCH-27).
func (j *Job) applyEndTime(now time.Time) {
	if j.Schedule == nil || j.Schedule.EndAt.IsZero() || now.Before(j.Schedule.EndAt) {
		return
	}
	behavior := j.Schedule.EndBehavior
	ended := j.RolloutStarted() && j.Counts.Pending() == 0 // R-SCH-25; a job that never started is R-SCH-26
	switch {
	case ended || behavior == StopRollout || behavior == "":
		if !j.RolloutEnded { // else after the last window
			j.stopRollout(now)
		}
		return
	case behavior == ForceCancel:
		j.ForceCanceled, j.ReasonCode = true, ReasonScheduleForce
		j.cancel(SweepPending, now)
	default:
		j.ReasonCode = ReasonScheduleEnd
		j.cancel(SweepQueued, now)
	}
	j.Comment = fmt.Sprintf("the end time %s was reached", j.Schedule.EndAt.Format(shownTime))
}

// CancelAtLimit cancels a scheduled job that may not start, because too many jobs are concurrent (R-JOB-4).
func (j *Job) CancelAtLimit(limit int, now time.Time) {
	j.ReasonCode = ReasonConcurrency
	j.Comment = fmt.Sprintf("the job could not start: %d jobs were rolling out or being canceled, the most that are allowed", limit)
	j.cancel(SweepQueued, now)
}
