package rules

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
)

// window is a maintenance window. The rules read only the forms of cron expression that the
// simulated operators write: at one minute of some hours, every day or on one date.
type window struct {
	minute int
	hours  []int
	// day, month and year are 0 for every day.
	day, month, year int
	length           time.Duration
}

// readWindows reads windows such as cron(30 2,14 * * ? *), at 02:30 and 14:30 every day, and
// cron(30 2 29 2 ? 2028), on one date (R-SCH-14).
func readWindows(stored []job.Window) (windows []window) {
	for _, s := range stored {
		fields := strings.Fields(strings.Trim(s.StartTime, "cron()"))
		number := func(text string) int {
			n, _ := strconv.Atoi(text) // "*" is 0
			return n
		}
		w := window{minute: number(fields[0]), length: time.Duration(s.Minutes) * time.Minute}
		for _, hour := range strings.Split(fields[1], ",") {
			w.hours = append(w.hours, number(hour))
		}
		w.day, w.month, w.year = number(fields[2]), number(fields[3]), number(fields[5])
		windows = append(windows, w)
	}
	return windows
}

// openings lists when the window opens on the day of t.
func (w window) openings(t time.Time) (found []time.Time) {
	if w.day != 0 && (t.Day() != w.day || int(t.Month()) != w.month || t.Year() != w.year) {
		return nil
	}
	for _, hour := range w.hours {
		at := time.Date(t.Year(), t.Month(), t.Day(), hour, w.minute, 0, 0, time.UTC)
		found = append(found, at)
	}
	return found
}

// anyOpen says whether any window is open: from its start until before its end (R-SCH-15). A window
// of five minutes at 23:58 is open at 23:58:00 and at 00:02:59.999 of the next day, and closed at
// 00:03:00.
func anyOpen(windows []window, t time.Time) bool {
	today := t.Truncate(24 * time.Hour)
	yesterday := today.Add(-24 * time.Hour)
	return slices.ContainsFunc(windows, func(w window) bool {
		openings := append(w.openings(yesterday), w.openings(today)...)
		return slices.ContainsFunc(openings, func(start time.Time) bool {
			return !t.Before(start) && t.Before(start.Add(w.length))
		})
	})
}

// anyOpensAfter says whether any window opens after t. One without a date always does.
func anyOpensAfter(windows []window, t time.Time) bool {
	return slices.ContainsFunc(windows, func(w window) bool {
		if w.day == 0 {
			return true
		}
		date := time.Date(w.year, time.Month(w.month), w.day, 0, 0, 0, 0, time.UTC)
		return slices.ContainsFunc(w.openings(date), t.Before)
	})
}
