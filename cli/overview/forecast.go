package overview

import (
	"fmt"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
	"github.com/drover-iot/drover/schema"
)

// A forecast for people: what becomes of the job in a few lines, a chart of it, and what to change.

// Forecast shows a forecast in so many columns, 0 for as many as a line needs.
func Forecast(f *drover.ForecastResponse, columns int, colors bool) string {
	var lines []string
	add := func(term, text string, style terminal.Style) {
		term = terminal.Pad(term, labelWidth)
		lines = append(lines, terminal.Paint(term, terminal.Dim, colors)+
			terminal.Paint(terminal.Cut(text, behind(columns, labelWidth)), style, colors))
	}
	add("Targets", things(f.Targets), terminal.Plain)
	for _, l := range f.LeftOut {
		add("", leftOut(l), terminal.Yellow)
	}
	add("Assumed", delays(f.Assumed), terminal.Plain)
	add("", shares(f.Assumed), terminal.Plain)
	add("Released", moment(f.Released.P10, f.Released.P50, f.Released.P90, f.At), terminal.Plain)
	add("Finish", moment(f.Finish.P10, f.Finish.P50, f.Finish.P90, f.At), terminal.Plain)
	for _, n := range f.Finish.Never {
		add("", fmt.Sprintf("%s%% never: %s", n.Percentage, neverTexts[n.Reason]), terminal.Yellow)
	}
	for _, w := range f.Waves {
		add(fmt.Sprintf("Wave %d", w.Number), forecastWave(w, f.At), terminal.Plain)
	}
	if next := nextWindows(f); next != "" {
		add("Windows", next, terminal.Plain)
	}
	if f.PeakBytesPerSecond != nil {
		add("Downloads", fmt.Sprintf("up to %s a second", Bytes(*f.PeakBytesPerSecond)), terminal.Plain)
	}
	if half := f.Stop.HalfThreshold; half != nil {
		add("Stopped", fmt.Sprintf("by criteria %s%%, by the guard %s%%; with failures at half of the threshold "+
			"%s%% and %s%%", f.Stop.Assumed.Abort, f.Stop.Assumed.Guard, half.Abort, half.Guard), terminal.Plain)
	}
	for _, n := range f.NeverReached {
		add("No effect", n.Setting+": "+n.Why, terminal.Yellow)
	}
	lines = append(lines, "")
	lines = append(lines, chart(f, columns, colors)...)
	for _, w := range f.Warnings {
		lines = append(lines, "", terminal.Paint("warning: "+w.Text+" ("+string(w.Code)+")", terminal.Red, colors))
	}
	return strings.Join(lines, "\n")
}

// shownWindows is how many maintenance windows are listed.
const shownWindows = 3

// nextWindows are the maintenance windows that are open or open next, "" without any.
func nextWindows(f *drover.ForecastResponse) string {
	var next []string
	for _, w := range f.Windows {
		switch {
		case w.Closes <= f.At || len(next) == shownWindows:
		case w.Opens <= f.At:
			next = append(next, "open until "+when(&w.Closes, f.At))
		default:
			next = append(next, fmt.Sprintf("%s for %s", when(&w.Opens, f.At),
				follow.Span(w.Closes.Time().Sub(w.Opens.Time()))))
		}
	}
	return strings.Join(next, "; ")
}

// things is a number of things.
func things(n int64) string {
	if n == 1 {
		return "1 thing"
	}
	return fmt.Sprintf("%d things", n)
}

// leftOutTexts say why things are left out.
var leftOutTexts = map[drover.LeftOutReason]string{
	"NO_TARGET_ANY_MORE": "not targets any more",
	"HELD":               "held by an operator",
	"COVERED":            "targets in more than one way, and counted once",
	"BEYOND_END_TIME":    "without a turn before the end time",
}

// leftOut says how many things are left out, why, and names some.
func leftOut(l drover.ForecastLeftOut) string {
	text := fmt.Sprintf("%d %s", l.Count, leftOutTexts[l.Reason])
	if len(l.Examples) > 0 {
		var names []string
		for _, name := range l.Examples {
			names = append(names, string(name))
		}
		text += ": " + strings.Join(names, ", ")
		if l.Count > int64(len(names)) {
			text += " and others"
		}
	}
	return text
}

// neverTexts say why a job never finishes.
var neverTexts = map[drover.NeverReason]string{
	"ABORTED":   "an abort criterion stops it",
	"GUARD":     "the guard stops it",
	"PAUSED":    "it is paused",
	"GATE":      "the gate behind a wave stays closed, or waits for approval",
	"NO_ANSWER": "some things never answer",
	"NO_WINDOW": "no maintenance window opens any more",
	"END_TIME":  "the end time comes before",
	"TOO_LATE":  "it takes more than two years",
}

// fromTexts say where an assumption comes from.
var fromTexts = map[drover.AssumedFrom]string{
	"REQUEST": "given", "JOB": "seen in this job", "EARLIER_JOBS": "seen in earlier jobs", "DEFAULT": "not known",
}

// delays says how long devices are assumed to take.
func delays(a drover.ForecastAssumed) string {
	one := func(d drover.AssumedDelay) string {
		return fmt.Sprintf("%s (9 of 10 within %s, %s)", seconds(d.MedianSeconds), seconds(d.P90Seconds),
			fromTexts[d.From])
	}
	text := "they start after " + one(a.Started) + " and end after " + one(a.Ended)
	if a.Failed.MedianSeconds != a.Ended.MedianSeconds || a.Failed.P90Seconds != a.Ended.P90Seconds {
		text += ", failures after " + one(a.Failed)
	}
	return text
}

// shares says how many are assumed to fail.
func shares(a drover.ForecastAssumed) string {
	one := func(s drover.AssumedShare) string {
		return fmt.Sprintf("%s%% (%s)", s.Percentage, fromTexts[s.From])
	}
	return "FAILED " + one(a.FailedOf) + ", REJECTED " + one(a.Rejected) + ", TIMED_OUT " + one(a.TimedOut) +
		", no answer " + one(a.Silent)
}

// seconds is a number of seconds as people read it.
func seconds(n int64) string { return follow.Span(time.Duration(n) * time.Second) }

// moment says when something comes.
func moment(p10, p50, p90 *schema.Timestamp, now schema.Timestamp) string {
	switch {
	case p10 == nil:
		return "never"
	case p50 == nil:
		return fmt.Sprintf("%s at the earliest, less than half of the times", when(p10, now))
	case p90 == nil:
		return fmt.Sprintf("%s, not always", when(p50, now))
	case *p10 == *p90:
		return when(p50, now)
	}
	return fmt.Sprintf("%s; 1 of 10 times after %s, 9 of 10 within %s", when(p50, now),
		follow.Span(p10.Time().Sub(now.Time())), follow.Span(p90.Time().Sub(now.Time())))
}

// when is a time, and how far away it is.
func when(at *schema.Timestamp, now schema.Timestamp) string {
	return fmt.Sprintf("%s (in %s)", at.Time().UTC().Format("2006-01-02 15:04 UTC"),
		follow.Span(at.Time().Sub(now.Time())))
}

// forecastWave says what a wave takes, when it begins and when its gate is judged.
func forecastWave(w drover.ForecastWave, now schema.Timestamp) string {
	text := fmt.Sprintf("%s, %s", w.Takes, things(w.Things.P50))
	if w.Begins == nil {
		return text + ", never begins"
	}
	text += ", begins " + moment(w.Begins.P10, w.Begins.P50, w.Begins.P90, now)
	if w.Judged != nil {
		text += ", gate " + moment(w.Judged.P10, w.Judged.P50, w.Judged.P90, now)
	}
	return text
}

// Bytes is a number of bytes in the largest unit that leaves a whole one.
func Bytes(n int64) string {
	units := []string{"bytes", "KiB", "MiB", "GiB", "TiB"}
	x, unit := float64(n), 0
	for x >= 1024 && unit < len(units)-1 {
		x, unit = x/1024, unit+1
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0") + " " + units[unit]
}

// Warnings are those of a forecast, one a line.
func Warnings(f *drover.ForecastResponse) (lines []string) {
	for _, w := range f.Warnings {
		lines = append(lines, fmt.Sprintf("warning: %s (%s)", w.Text, w.Code))
	}
	return lines
}

// FinishChange says when a job will have finished before a change and after it, and what the
// difference is, in half of all simulations.
func FinishChange(before, after *drover.ForecastResponse) string {
	was, is := before.Finish.P50, after.Finish.P50
	switch {
	case was == nil && is == nil:
		return "never, before and after"
	case was == nil:
		return when(is, after.At) + ", never without the change"
	case is == nil:
		return "never, without the change " + when(was, before.At)
	}
	difference := is.Time().Sub(was.Time())
	switch {
	case difference.Abs() < time.Second: // the two were asked for one after the other
		return when(is, after.At) + ", as without the change"
	case difference < 0:
		return when(is, after.At) + ", " + follow.Span(-difference) + " sooner"
	}
	return when(is, after.At) + ", " + follow.Span(difference) + " later"
}
