package output

import (
	"math"
	"strings"

	"github.com/drover-iot/drover/cli/value"
)

// The sections of a table are drawn below each other, all equally wide, each between as many bars
// as it is indented. The widest section decides how wide the table is; a table that is wider than
// the terminal has its sections of one row turned, and is not cut.

const (
	// defaultWidth is that of the terminal when there is none (R-CMD-81).
	defaultWidth = 80

	// cellPadding is what a column has beside its widest cell: two blanks on either side of it, one
	// of which the edge takes.
	cellPadding = 4

	// borders are the two edges of a line.
	borders = 2
)

// The escape sequences of colours, as the reference writes them (R-CMD-84).
const (
	brightBlue = "\x1b[1m\x1b[34m"
	dimYellow  = "\x1b[2m\x1b[33m"
	resetColor = "\x1b[0m"
)

// appendTable writes a value as a table, and nothing for one that says nothing.
func appendTable(dst []byte, s Style, v value.Value) []byte {
	sections := sectionsOf(s.Title, v)
	if len(sections) == 0 {
		return dst
	}
	terminal := s.Width
	if terminal <= 0 {
		terminal = defaultWidth
	}
	all := tableWidth(sections)
	if all > terminal {
		for _, section := range sections {
			section.turn()
		}
		all = tableWidth(sections)
	}
	d := &drawing{color: s.Color}
	d.out.WriteString(strings.Repeat("-", all) + "\n")
	for _, section := range sections {
		d.section(section, all)
	}
	return append(dst, d.out.String()...)
}

// tableWidth is that of the widest section.
func tableWidth(sections []*section) int {
	n := 0
	for _, s := range sections {
		n = max(n, s.naturalWidth())
	}
	return n
}

// naturalWidth is the least that a section needs, for its title and for its columns.
func (s *section) naturalWidth() int {
	columns := borders
	for _, w := range s.contentWidths() {
		columns += w + cellPadding
	}
	return max(DisplayWidth(s.title)+borders, columns) + 2*s.indent
}

// contentWidths are the widths of the widest cell or name of each column.
func (s *section) contentWidths() []int {
	var widths []int
	for _, row := range append([][]string{s.header}, s.rows...) {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], widest(cellLines(cell)))
		}
	}
	return widths
}

// columnWidths spreads a width over the columns in proportion to what they need (R-CMD-82): columns
// that need 8 and 12 become 10 and 15 of 25. What rounding leaves over is added from the right,
// what it takes too much is taken from the left.
func (s *section) columnWidths(all int) []int {
	widths := s.contentWidths()
	sum := 0
	for i := range widths {
		widths[i] += cellPadding
		sum += widths[i]
	}
	scale := float64(all) / float64(sum)
	surplus := -all
	for i, w := range widths {
		widths[i] = int(math.RoundToEven(scale * float64(w)))
		surplus += widths[i]
	}
	// Rounding is off by less than one for each column, so one turn over them is enough.
	for i := 0; i < len(widths) && surplus > 0; i++ {
		widths[i]--
		surplus--
	}
	for i := len(widths) - 1; i >= 0 && surplus < 0; i-- {
		widths[i]++
		surplus++
	}
	return widths
}

// A drawing is the lines of a table so far.
type drawing struct {
	out   strings.Builder
	color bool
}

// paint puts a text between the sequences of a colour, when colours are on.
func (d *drawing) paint(color, text string) string {
	if !d.color {
		return text
	}
	return color + text + resetColor
}

// line writes a line of a section, between its bars.
func (d *drawing) line(s *section, text string) {
	bars := strings.Repeat(d.paint(dimYellow, "|"), s.indent)
	d.out.WriteString(bars + text + bars + "\n")
}

// section draws a section: its title, the names of its columns, its rows. all is the width of the
// table (R-CMD-83).
func (d *drawing) section(s *section, all int) {
	inner := all - 2*s.indent
	if s.title != "" {
		d.line(s, centered(s.title, inner, "|"))
	}
	if s.title != "" && len(s.header) == 0 && len(s.rows) == 0 {
		d.line(s, "+"+strings.Repeat("-", inner-borders)+"+")
	}
	widths := s.columnWidths(inner)
	if len(widths) == 0 {
		return
	}
	border := borderLine(widths)
	if len(s.header) > 0 {
		d.line(s, border)
		line, edge := "", "|"
		for i, name := range s.header {
			line += centered(name, widths[i], edge)
			edge = ""
		}
		d.line(s, line)
	}
	if len(s.rows) > 0 {
		d.line(s, border)
		for _, row := range s.rows {
			d.row(s, row, widths)
		}
		d.line(s, border)
	}
}

// row draws a row, over as many lines as its tallest cell has.
func (d *drawing) row(s *section, row []string, widths []int) {
	lines, tallest := make([][]string, len(row)), 1
	for i, cell := range row {
		lines[i] = cellLines(cell)
		tallest = max(tallest, len(lines[i]))
	}
	for n := range tallest {
		line, edge := "", "|"
		for i := range row {
			piece := ""
			if n < len(lines[i]) {
				piece = lines[i][n]
			}
			line += d.cell(piece, widths[i], edge)
			edge = ""
		}
		d.line(s, line)
	}
}

// cell draws a text behind two blanks, if there is room for them, and the bar after it. Only the
// first cell of a row has an edge in front.
func (d *drawing) cell(text string, width int, edge string) string {
	free := width - DisplayWidth(text) - len(edge) - 1
	margin := 2
	if free < margin {
		margin = 0
	}
	return edge + blanks(margin) + d.paint(brightBlue, text) + blanks(free-margin) + "|"
}

// centered draws a text in the middle of a width that includes the edges: a bar after it, and edge
// before it.
func centered(text string, width int, edge string) string {
	n := DisplayWidth(text)
	left := max(width/2-n/2-1, 0)
	return edge + blanks(left) + text + blanks(width-len(edge)-left-n-1) + "|"
}

// blanks are n blanks, none when n is negative.
func blanks(n int) string { return strings.Repeat(" ", max(n, 0)) }

// borderLine is a line of dashes with a plus where columns end.
func borderLine(widths []int) string {
	var b strings.Builder
	b.WriteString("+" + strings.Repeat("-", max(widths[0]-borders, 0)) + "+")
	for _, w := range widths[1:] {
		b.WriteString(strings.Repeat("-", max(w-1, 0)) + "+")
	}
	return b.String()
}
