// Package terminal says what a terminal can show, and shows it: its size, colours, a text cut to
// its width, and a part of it that is drawn again and again. Everywhere else the same text stands
// as plain lines. It knows nothing of jobs.
package terminal

import (
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/drover-iot/drover/cli/output"
)

// Of is the terminal that a writer writes to, nil when it is a file or a pipe.
func Of(out io.Writer) *os.File {
	file, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	return file
}

// Size is how many columns and rows a terminal has, each 0 when there is none or it does not say.
func Size(terminal *os.File) (columns, rows int) {
	if terminal == nil {
		return 0, 0
	}
	columns, rows, err := term.GetSize(int(terminal.Fd()))
	if err != nil {
		return 0, 0
	}
	return columns, rows
}

// Moves reports whether the cursor of a terminal can be moved. A dumb one writes line after line.
func Moves(terminal *os.File, getenv func(string) string) bool {
	return terminal != nil && getenv("TERM") != "dumb"
}

// Colors reports whether a text on a terminal may have colours and bold letters (R-CMD-138).
func Colors(terminal *os.File, getenv func(string) string) bool {
	return Moves(terminal, getenv) && getenv("NO_COLOR") == ""
}

// Cut is a text on one line that fits into a number of columns, with … for what had to go; 0 is
// no limit. Control characters are shown as JSON escapes them, so that no value can steer the
// terminal.
func Cut(text string, columns int) string {
	text = output.OneLine(text)
	if columns <= 0 || output.DisplayWidth(text) <= columns {
		return text
	}
	// The sign for what is missing may be two columns wide, as ambiguous characters are.
	room, used := columns-output.DisplayWidth("…"), 0
	if room < 0 {
		return ""
	}
	for i, r := range text {
		if used += output.DisplayWidth(string(r)); used > room {
			return text[:i] + "…"
		}
	}
	return text
}

// Pad is a text with as many blanks behind it as a column of a table needs.
func Pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(columns-output.DisplayWidth(text), 0))
}
