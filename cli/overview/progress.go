package overview

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/drover-iot/drover/api/drover"
	"github.com/drover-iot/drover/cli/follow"
	"github.com/drover-iot/drover/cli/terminal"
)

// How a job went, for people: the counts of now in a few lines, and a chart of all the time. Time
// goes to the right, and the number of executions upwards.

// Progress shows how a job went, in so many columns, 0 for as many as a line needs.
func Progress(p *drover.JobProgress, columns int, colors bool) string {
	if len(p.Points) == 0 {
		return "Nothing was released yet."
	}
	last := p.Points[len(p.Points)-1]
	var lines []string
	add := func(term, text string) {
		lines = append(lines, terminal.Paint(terminal.Pad(term, labelWidth), terminal.Dim, colors)+
			terminal.Cut(text, behind(columns, labelWidth)))
	}
	add("Released", fmt.Sprintf("%d since %s", last.Released, p.StartedAt.Time().Format("2006-01-02 15:04 UTC")))
	add("Ended", endedAs(last))
	lines = append(lines, "")
	return strings.Join(append(lines, progressChart(p, columns, colors)...), "\n")
}

// endedAs says how many executions have ended, and how.
func endedAs(p drover.ProgressPoint) string {
	var shown []string
	for _, of := range []struct {
		n    int64
		name string
	}{
		{p.Succeeded, "SUCCEEDED"}, {p.Failed, "FAILED"}, {p.TimedOut, "TIMED_OUT"},
		{p.Rejected, "REJECTED"}, {p.Removed, "REMOVED"}, {p.Canceled, "CANCELED"},
	} {
		if of.n > 0 {
			shown = append(shown, fmt.Sprintf("%d %s", of.n, of.name))
		}
	}
	text := fmt.Sprint(allEnded(p))
	if len(shown) > 0 {
		text += ": " + strings.Join(shown, ", ")
	}
	return text
}

// failedOf is how many executions have failed in one way or another.
func failedOf(p drover.ProgressPoint) int64 { return p.Failed + p.TimedOut + p.Rejected }

// allEnded is how many executions have ended.
func allEnded(p drover.ProgressPoint) int64 {
	return p.Succeeded + failedOf(p) + p.Removed + p.Canceled
}

// progressChart draws the curves of a job.
func progressChart(p *drover.JobProgress, columns int, colors bool) (lines []string) {
	const margin = 6 // digits of the largest number
	width := chartWidth
	if columns > 0 {
		width = min(max(columns-margin-len(" |"), 10), 2*chartWidth)
	}
	from, until := p.Points[0].At.Time(), p.Until.Time()
	most := p.Points[len(p.Points)-1].Released
	cells := make([][]byte, chartRows)
	for i := range cells {
		cells[i] = []byte(strings.Repeat(" ", width))
	}
	row := func(n int64) int {
		return min(int(n*chartRows/max(most, 1)), chartRows-1)
	}
	for x := range width {
		at := from.Add(until.Sub(from) * time.Duration(x) / time.Duration(max(width-1, 1)))
		point := progressAt(p.Points, at)
		cells[row(point.Released)][x] = '-'
		cells[row(allEnded(point))][x] = '#'
		if n := failedOf(point); n > 0 {
			cells[row(n)][x] = '!'
		}
	}
	for y, cell := range slices.Backward(cells) {
		label := ""
		switch y {
		case chartRows - 1:
			label = fmt.Sprint(most)
		case 0:
			label = "0"
		}
		lines = append(lines, fmt.Sprintf("%*s |", margin, label)+painted(string(cell), colors))
	}
	indent := strings.Repeat(" ", margin+len(" |"))
	end := "+" + follow.Span(until.Sub(from))
	start := from.Format("15:04:05")
	return append(lines, indent[1:]+"+"+strings.Repeat("-", width),
		indent+start+strings.Repeat(" ", max(width-len(start)-len(end), 1))+end,
		terminal.Cut(indent+"- released, # ended, ! failed, timed out or rejected", columns))
}

// progressAt is the last point that is not after a time.
func progressAt(points []drover.ProgressPoint, at time.Time) drover.ProgressPoint {
	i, _ := slices.BinarySearchFunc(points, at, func(p drover.ProgressPoint, at time.Time) int {
		return p.At.Time().Compare(at.Add(1))
	})
	return points[max(i-1, 0)]
}
