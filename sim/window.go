package sim

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drover-iot/drover/job"
)

// window is a maintenance window as the simulation reads it, of the few forms of cron text that operators use: at a minute
// of some hours, every day or on one date.
type window struct {
	minute int
	hours  []int
	// day, month and year are 0 for every day.
	day, month, year int
	length           time.Duration
}

// cron writes the window's cron text (R-SCH-14).
func (w window) cron() string {
	var hours []string
	for _, h := range w.hours {
		hours = append(hours, strconv.Itoa(h))
	}
	if w.day == 0 {
		return fmt.Sprintf("cron(%d %s * * ? *)", w.minute, strings.Join(hours, ","))
	}
	return fmt.Sprintf("cron(%d %s %d %d ? %d)", w.minute, strings.Join(hours, ","), w.day, w.month, w.year)
}

// readWindows reads what cron wrote.
func readWindows(stored []job.Window) (windows []window) {
	for _, s := range stored {
		fields := strings.Fields(strings.Trim(s.StartTime, "cron()"))
		number := func(text string) int {
			n, _ := strconv.Atoi(text) // "*" is 0
			return n
		}
		w := window{minute: number(fields[0]), length: time.Duration(s.Minutes) * time.Minute}
		for _, h := range strings.Split(fields[1], ",") {
			w.hours = append(w.hours, number(h))
		}
		w.day, w.month, w.year = number(fields[2]), number(fields[3]), number(fields[5])
		windows = append(windows, w)
	}
	return windows
}

// starts lists when the window opens on the day of t.
func (w window) starts(t time.Time) (found []time.Time) {
	if w.day != 0 && (t.Day() != w.day || int(t.Month()) != w.month || t.Year() != w.year) {
		return nil
	}
	for _, h := range w.hours {
		found = append(found, time.Date(t.Year(), t.Month(), t.Day(), h, w.minute, 0, 0, time.UTC))
	}
	return found
}

// open says whether any window is open: from its start, until before its end (R-SCH-15).
func open(windows []window, t time.Time) bool {
	return slices.ContainsFunc(windows, func(w window) bool {
		day := t.Truncate(24 * time.Hour)
		return slices.ContainsFunc(append(w.starts(day.Add(-24*time.Hour)), w.starts(day)...), func(start time.Time) bool {
			return !t.Before(start) && t.Before(start.Add(w.length))
		})
	})
}

// opensAfter says whether any window opens after t.
func opensAfter(windows []window, t time.Time) bool {
	return slices.ContainsFunc(windows, func(w window) bool {
		if w.day == 0 {
			return true
		}
		date := time.Date(w.year, time.Month(w.month), w.day, 0, 0, 0, 0, time.UTC)
		return slices.ContainsFunc(w.starts(date), t.Before)
	})
}
