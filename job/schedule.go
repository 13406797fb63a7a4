package job

import (
	"fmt"
	"time"

	"github.com/drover-iot/drover/internal/fault"
	"github.com/drover-iot/drover/job/cron"
)

// Bounds of a schedule.
const (
	MaxWindows       = 10   // R-SCH-8
	MaxWindowMinutes = 1430 // R-SCH-7
	shownWindows     = 7    // R-SCH-19
)

// ScheduleConfig says when a job starts, when it ends, and inside which maintenance windows it may
// roll out.
type ScheduleConfig struct {
	// StartTime and EndTime are the texts as they were given, empty when absent (R-SCH-5).
	StartTime string `json:"startTime,omitzero"`
	EndTime   string `json:"endTime,omitzero"`
	// EndBehavior is empty when it was not given, which means STOP_ROLLOUT (R-SCH-6).
	EndBehavior EndBehavior `json:"endBehavior,omitzero"`
	Windows     []Window    `json:"windows,omitempty"`
	// StartAt and EndAt are the times that the texts mean, in UTC; zero when absent. Check fills
	// them in.
	StartAt time.Time `json:"startAt,omitzero"`
	EndAt   time.Time `json:"endAt,omitzero"`
}

// EndBehavior is what happens at the end time to executions that have not ended.
type EndBehavior string

// The end behaviors.
const (
	StopRollout EndBehavior = "STOP_ROLLOUT" // what exists goes on, nothing more is created
	CancelAtEnd EndBehavior = "CANCEL"       // like CancelJob
	ForceCancel EndBehavior = "FORCE_CANCEL" // like CancelJob with force
)

// Window is one maintenance window.
type Window struct {
	StartTime string `json:"startTime"` // when it opens, as a cron expression (R-SCH-14)
	Minutes   int    `json:"minutes"`   // how long it stays open, 1..1430
}

// Check reads the times and refuses a schedule that breaks a rule (R-SCH-1 to R-SCH-8). now is when
// the request was received; it counts in whole minutes, so at 12:00:59 a start at 12:30 is 30
// minutes ahead, which is enough by default, and one at 12:29 is not (R-SCH-3).
func (c *ScheduleConfig) Check(l RequestLimits, now time.Time) error {
	if c == nil {
		return nil
	}
	now = now.UTC().Truncate(time.Minute) // R-SCH-3
	var err error
	if c.StartTime != "" {
		if c.StartAt, err = parseTime("startTime", c.StartTime); err != nil {
			return err
		}
		bounds := timeBounds{least: l.StartAhead, years: 1}
		if err := bounds.check("startTime", c.StartAt, now); err != nil {
			return err
		}
	}
	if c.EndTime != "" {
		if c.EndAt, err = parseTime("endTime", c.EndTime); err != nil {
			return err
		}
		bounds := timeBounds{least: l.EndAhead, years: 2}
		if err := bounds.check("endTime", c.EndAt, now); err != nil {
			return err
		}
		if from := c.StartAt; !from.IsZero() && !bounds.contain(c.EndAt, from) {
			return fault.New(fault.Invalid,
				"schedulingConfig.endTime: %s must be %s to 2 years after startTime %s",
				c.EndTime, inMinutes(l.EndAhead), c.StartTime)
		}
	}
	return c.checkWindows(now)
}

// timeBounds are how long after another time a time must be: at least so long, at most so many
// years. Both bounds are accepted themselves.
type timeBounds struct {
	least time.Duration
	years int
}

// contain reports whether a time is within the bounds after another one.
func (b timeBounds) contain(at, from time.Time) bool {
	return !at.Before(from.Add(b.least)) && !at.After(from.AddDate(b.years, 0, 0))
}

// check refuses a time that is not within the bounds from now.
func (b timeBounds) check(member string, at, now time.Time) error {
	if b.contain(at, now) {
		return nil
	}
	most := "1 year"
	if b.years > 1 {
		most = fmt.Sprintf("%d years", b.years)
	}
	return fault.New(fault.Invalid,
		"schedulingConfig.%s: %s must be at least %s and at most %s from now, which is %s",
		member, at.Format(shownTime), inMinutes(b.least), most, now.Format(shownTime))
}

// inMinutes is a duration as messages have it: in minutes when it is a whole number of them.
func inMinutes(d time.Duration) string {
	if d%time.Minute == 0 {
		return fmt.Sprintf("%d minutes", d/time.Minute)
	}
	return d.String()
}

// shownTime is the form in which the server writes scheduling times, in UTC (R-SCH-5).
const shownTime = "2006-01-02 15:04"

// checkWindows refuses maintenance windows that cannot be read or that never open.
func (c *ScheduleConfig) checkWindows(now time.Time) error {
	const member = "schedulingConfig.maintenanceWindows"
	if err := CheckWindows(member, c.Windows); err != nil || len(c.Windows) == 0 {
		return err
	}
	if from := later(now, c.StartAt); c.windows().opening(from).IsZero() {
		return fault.New(fault.Invalid,
			"%s: none of them ever opens after %s", member, from.Format(shownTime))
	}
	return nil
}

// CheckWindows refuses maintenance windows that cannot be read, or too many of them; member is
// where they stand in the request.
func CheckWindows(member string, windows []Window) error {
	if len(windows) > MaxWindows {
		return fault.New(fault.Invalid,
			"%s: %d items, at most %d are allowed", member, len(windows), MaxWindows)
	}
	for i, w := range windows {
		if _, err := cron.Parse(w.StartTime); err != nil {
			return fault.New(fault.Invalid, "%s[%d].startTime: %q: %v", member, i, w.StartTime, err)
		}
	}
	return nil
}
