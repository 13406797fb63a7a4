package job

import (
	"slices"
	"time"

	"github.com/drover-iot/drover/job/cron"
)

// Several maintenance windows act as one that is open whenever one of them is (R-SCH-8). Windows
// that overlap or touch count as one longer window (R-SCH-15): with 02:00 for 60 minutes and 03:00
// for 60 minutes, the job goes on until 04:00 and notices nothing at 03:00.

// windows are the maintenance windows of a schedule, ready to be asked.
type windows []window

// window is one of them: when it opens, and how long it stays open.
type window struct {
	cron.Schedule
	length time.Duration
}

// Windowed reports whether the schedule has maintenance windows.
func (c *ScheduleConfig) Windowed() bool { return c != nil && len(c.Windows) > 0 }

// windows returns the windows of a schedule, none for a nil one. Texts that cannot be read were
// refused before they were stored.
func (c *ScheduleConfig) windows() windows {
	if c == nil {
		return nil
	}
	ready := make(windows, 0, len(c.Windows))
	for _, w := range c.Windows {
		if opens, err := cron.Parse(w.StartTime); err == nil {
			ready = append(ready, window{opens, time.Duration(w.Minutes) * time.Minute})
		}
	}
	return ready
}

// until is the end of the window that is open at a time and stays open longest, zero when none is
// open. A window includes its first minute and not the one at which it ends: 02:00 for 60 minutes
// is open at 02:00 and at 02:59, and closed at 03:00 (R-SCH-15).
func (ws windows) until(at time.Time) (end time.Time) {
	for _, w := range ws {
		if start := w.Last(at); !start.IsZero() && at.Before(start.Add(w.length)) {
			end = later(end, start.Add(w.length))
		}
	}
	return end
}

// closed is when the windows closed last that are closed at a time; zero when none was ever open.
func (ws windows) closed(at time.Time) (since time.Time) {
	for _, w := range ws {
		if start := w.Last(at); !start.IsZero() {
			since = later(since, start.Add(w.length))
		}
	}
	return since
}

// opening is the first time, at or after from, at which a window is open; zero when there is none.
func (ws windows) opening(from time.Time) (first time.Time) {
	if !ws.until(from).IsZero() {
		return from
	}
	for _, w := range ws {
		first = earliest(first, w.Next(from))
	}
	return first
}

// closing is when the windows that are open at a time close, those that overlap or touch taken as
// one; the time itself when none is open. Windows that hardly ever close are followed for so long
// only: they may still be open at the time returned, which is then looked at again when it comes.
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

// starts are the next n times after now, and not before from, at which a window opens (R-SCH-19).
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

// A Span is a part of time, without its end.
type Span struct{ From, Until time.Time }

// OpenWindows are the times from one time to another in which the maintenance windows are open,
// those that overlap or touch taken as one: at most so many, and also later ones when they would be
// fewer than least. None begins after the end time. It is empty without windows. A window that is open at from begins there:
// OpenWindows(02:30, 03:00, 2, 9) of windows at 02:00 for an hour is from 02:30 to 03:00, and the
// one of the next day.
func (c *ScheduleConfig) OpenWindows(from, until time.Time, least, most int) (open []Span) {
	if !c.Windowed() {
		return nil
	}
	windows := c.windows()
	for at := from; len(open) < most; {
		at = windows.opening(at)
		if at.IsZero() || len(open) >= least && !at.Before(until) ||
			!c.EndAt.IsZero() && !at.Before(c.EndAt) {
			break
		}
		end := windows.closing(at)
		open = append(open, Span{at, end})
		at = end
	}
	return open
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
