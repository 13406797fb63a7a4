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

// The chart of a forecast: time goes to the right, the share of all targets upwards. Minus signs are
// the things that have had their turn, hashes those that have ended in half of all cases, and colons
// the band in which that is in eight of ten.

// chartRows is how high a chart is, chartWidth how wide where the terminal does not say.
const chartRows, chartWidth = 10, 72

// chart draws the curve of a forecast.
func chart(f *drover.ForecastResponse, columns int, colors bool) (lines []string) {
	width := chartWidth
	if columns > 0 {
		width = min(max(columns-len("100% |"), 10), 2*chartWidth)
	}
	curve := f.Curve
	if len(curve) < 2 || f.Targets == 0 {
		return []string{"There is nothing to draw."}
	}
	from, until := curve[0].At.Time(), chartEnd(f)
	cells := make([][]byte, chartRows)
	for i := range cells {
		cells[i] = []byte(strings.Repeat(" ", width))
	}
	row := func(n int64) int {
		return min(max(int(n*chartRows/max(f.Targets, 1)), 0), chartRows-1)
	}
	for x := range width {
		at := from.Add(until.Sub(from) * time.Duration(x) / time.Duration(max(width-1, 1)))
		p := pointAt(curve, at)
		for y := row(p.Ended.P10); y <= row(p.Ended.P90); y++ {
			cells[y][x] = ':'
		}
		cells[row(p.Released.P50)][x] = '-'
		cells[row(p.Ended.P50)][x] = '#'
	}
	for y, cell := range slices.Backward(cells) {
		label := "     "
		switch y {
		case chartRows - 1:
			label = "100% "
		case 0:
			label = "  0% "
		}
		lines = append(lines, label+"|"+painted(string(cell), colors))
	}
	end := "in " + follow.Span(until.Sub(from))
	lines = append(lines, "     +"+strings.Repeat("-", width),
		"      now"+strings.Repeat(" ", max(width-len("now")-len(end), 1))+end,
		terminal.Cut("      - released, # ended, : 8 of 10 cases", columns))
	return lines
}

// chartEnd is where a chart ends: a quarter behind the time at which the half of all cases has come to
// its end, which a few stragglers may follow much later.
func chartEnd(f *drover.ForecastResponse) time.Time {
	from, last := f.Curve[0].At.Time(), f.Curve[len(f.Curve)-1]
	at, _ := slices.BinarySearchFunc(f.Curve, last.Ended.P50, func(p drover.ForecastPoint, n int64) int {
		return int(min(max(p.Ended.P50-n, -1), 1))
	})
	ended := f.Curve[min(at, len(f.Curve)-1)].At.Time()
	end := from.Add(ended.Sub(from) * 5 / 4)
	if !end.After(from) || end.After(last.At.Time()) {
		return last.At.Time()
	}
	return end
}

// pointAt is the curve at a time: the last point that is not after it.
func pointAt(curve []drover.ForecastPoint, at time.Time) drover.ForecastPoint {
	i, _ := slices.BinarySearchFunc(curve, at, func(p drover.ForecastPoint, at time.Time) int {
		return p.At.Time().Compare(at.Add(1))
	})
	return curve[max(i-1, 0)]
}

// painted is a row of a chart in colours.
func painted(row string, colors bool) string {
	if !colors {
		return strings.TrimRight(row, " ")
	}
	styles := map[rune]terminal.Style{
		'-': terminal.Blue,
		'#': terminal.Green,
		':': terminal.Dim,
		'!': terminal.Red,
	}
	var text strings.Builder
	for _, sign := range strings.TrimRight(row, " ") {
		text.WriteString(terminal.Paint(fmt.Sprintf("%c", sign), styles[sign], styles[sign] != ""))
	}
	return text.String()
}
