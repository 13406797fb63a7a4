package overview

import (
	"strings"

	"github.com/drover-iot/drover/cli/output"
	"github.com/drover-iot/drover/cli/terminal"
)

// A Table is rows of short texts below titles. It has no lines, so that it can be cut into words.
type Table struct {
	Titles []string
	Rows   [][]Cell
	// Shrinks are the columns, by index, that may become narrower where the terminal is narrow.
	Shrinks []int
}

// A Cell is a text in a style.
type Cell struct {
	Text  string
	Style terminal.Style
}

const (
	gap       = 2  // blanks between two columns
	narrowest = 12 // below which a column is not shrunk
)

// String draws a table into so many columns of a terminal; 0 is no limit. Colours have no width.
func (t Table) String(width int, colors bool) string {
	widths := t.widths(width)
	titles := make([]Cell, len(t.Titles))
	for i, title := range t.Titles {
		titles[i] = Cell{title, terminal.Bold}
	}
	var out strings.Builder
	for _, row := range append([][]Cell{titles}, t.Rows...) {
		var line strings.Builder
		used := 0 // columns up to the last letter
		for i, cell := range row {
			text := terminal.Cut(cell.Text, widths[i])
			if text == "" {
				continue
			}
			at := 0
			for _, w := range widths[:i] {
				at += w + gap
			}
			line.WriteString(strings.Repeat(" ", at-used))
			line.WriteString(terminal.Paint(text, cell.Style, colors))
			used = at + output.DisplayWidth(text)
		}
		out.WriteString(line.String() + "\n")
	}
	return out.String()
}

// widths are the widths of the columns. Where they are more than the terminal has, the widest of
// those that may shrink becomes narrower, by one column after the other.
func (t Table) widths(most int) []int {
	widths := make([]int, len(t.Titles))
	for i, title := range t.Titles {
		widths[i] = output.DisplayWidth(title)
		for _, row := range t.Rows {
			widths[i] = max(widths[i], output.DisplayWidth(output.OneLine(row[i].Text)))
		}
	}
	total := gap * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; most > 0 && total > most; total-- {
		widest := -1
		for _, i := range t.Shrinks {
			if widths[i] > narrowest && (widest < 0 || widths[i] > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		widths[widest]--
	}
	return widths
}

// styleOf is the colour of a status, of a job or of an execution.
func styleOf[S ~string](status S) terminal.Style {
	switch status {
	case "COMPLETED", "SUCCEEDED":
		return terminal.Green
	case "IN_PROGRESS":
		return terminal.Blue
	case "SCHEDULED", "QUEUED":
		return terminal.Yellow
	case "FAILED", "TIMED_OUT", "REJECTED":
		return terminal.Red
	}
	return terminal.Dim // CANCELED, REMOVED, DELETION_IN_PROGRESS
}
